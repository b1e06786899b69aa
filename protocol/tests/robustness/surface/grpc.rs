//! The parsers of gRPC: frames, and the messages in them.

use http::{HeaderValue, Method, Request};

use super::{Feed, Surface, request, value};
use crate::drive::{Got, TASK};
use crate::generate::{self, Rng};

pub(super) fn all() -> Vec<Surface> {
    let surface = |name, make| Surface {
        name,
        feed: Feed::Request(make, check),
    };
    vec![
        Surface {
            name: "gRPC frames",
            feed: Feed::Request(frames, check_frames),
        },
        surface("gRPC SendMessage", |rng| {
            let method = ["SendMessage", "SendStreamingMessage"][rng.below(2)];
            tampered(rng, method, &send())
        }),
        surface("gRPC other messages", others),
        surface("gRPC methods and metadata", metadata),
    ]
}

/// One field of a message: a length, and bytes.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len();
    let low = u8::try_from(length & 0x7f).unwrap();
    let high = u8::try_from(length >> 7).unwrap();
    let length = if high == 0 {
        vec![low]
    } else {
        vec![low | 0x80, high]
    };
    [&[tag << 3 | 2], &length[..], bytes].concat()
}

/// A number of a message.
fn number(tag: u8, value: u8) -> Vec<u8> {
    vec![tag << 3, value]
}

fn send() -> Vec<u8> {
    let nested = field(
        5,
        &field(1, &[field(1, b"a"), field(2, &number(4, 1))].concat()),
    );
    let parts = [
        field(5, &field(1, b"hello")),
        field(5, &[field(2, b"\xff\x00"), field(7, b"image/png")].concat()),
        field(5, &field(3, b"https://a.b")),
        field(5, &field(4, &nested)),
    ];
    let message = [
        field(1, b"m1"),
        field(2, b"c"),
        number(4, 1),
        parts.concat(),
    ]
    .concat();
    [field(1, b""), field(2, &message), field(3, &number(3, 2))].concat()
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), message].concat()
}

fn call(method: &str, body: Vec<u8>) -> Request<Vec<u8>> {
    let path = format!("/lf.a2a.v1.A2AService/{method}");
    let mut request = request(Method::POST, &path, body);
    let headers = request.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("te", HeaderValue::from_static("trailers"));
    request
}

/// The frame is right, the message in it is not.
fn tampered(rng: &mut Rng, method: &str, valid: &[u8]) -> Request<Vec<u8>> {
    let mut message = valid.to_vec();
    for _ in 0..rng.below(4) {
        if rng.once_in(6) {
            message = generate::noise(rng);
        }
        generate::scramble(rng, &mut message);
    }
    call(method, framed(&message))
}

fn frames(rng: &mut Rng) -> Request<Vec<u8>> {
    let mut body = match rng.below(3) {
        0 => generate::noise(rng),
        1 => [framed(&send()), framed(&send())].concat(),
        _ => framed(&send()),
    };
    for _ in 0..rng.below(3) {
        generate::scramble(rng, &mut body);
    }
    if let Some(byte) = body.first_mut()
        && rng.once_in(4)
    {
        *byte = u8::try_from(rng.below(256)).unwrap();
    }
    call("SendMessage", body)
}

fn others(rng: &mut Rng) -> Request<Vec<u8>> {
    let task = field(2, TASK.as_bytes());
    let valid = [
        ("GetTask", [task.clone(), number(3, 1)].concat()),
        (
            "ListTasks",
            [field(2, b"c"), number(3, 2), number(4, 9)].concat(),
        ),
        ("CancelTask", field(2, b"t")),
        ("SubscribeToTask", task),
        (
            "CreateTaskPushNotificationConfig",
            [
                field(2, b"c"),
                field(3, TASK.as_bytes()),
                field(4, b"https://a.b"),
            ]
            .concat(),
        ),
        ("ListTaskPushNotificationConfigs", field(1, TASK.as_bytes())),
        ("GetExtendedAgentCard", field(1, b"x")),
    ];
    let (method, valid) = &valid[rng.below(7)];
    tampered(rng, method, valid)
}

fn metadata(rng: &mut Rng) -> Request<Vec<u8>> {
    let names = ["ListTasks", "GetTask", "Nothing", ""];
    let mut request = call(names[rng.below(4)], framed(b""));
    for (name, valid) in [
        (
            "content-type",
            [
                "application/grpc",
                "application/grpc+proto",
                "application/grpc-web",
            ],
        ),
        ("grpc-timeout", ["1S", "99999999H", "-1m"]),
        ("grpc-encoding", ["identity", "gzip", ""]),
        ("a2a-version", ["1.0", "0.3", "9"]),
    ] {
        if rng.once_in(2) {
            let text = generate::text(rng, &valid);
            request.headers_mut().insert(name, value(text));
        }
    }
    request
}

/// As for messages; but a frame that says that it is compressed, after a head that does not, is INTERNAL
/// by the rules of gRPC.
fn check_frames(got: &Got) -> Result<(), String> {
    let status = got.trailers.get("grpc-status");
    if status.is_some_and(|status| status.as_bytes() == b"13") {
        return Ok(());
    }
    check(got)
}

/// gRPC says everything in its own status: HTTP's is 200, or tells that this is no gRPC.
fn check(got: &Got) -> Result<(), String> {
    if got.status.is_server_error() {
        return Err("blames the server".to_owned());
    }
    let status = got
        .trailers
        .get("grpc-status")
        .or(got.headers.get("grpc-status"));
    // 13 is INTERNAL, 2 UNKNOWN.
    match status.map(|s| s.as_bytes()) {
        Some(b"13" | b"2") => Err("blames the server".to_owned()),
        None if got.status == 200 && !got.streamed => Err("has no status of gRPC".to_owned()),
        _ => Ok(()),
    }
}
