//! Reaching for what belongs to others.

use attache_sdk::bindings::attache::agent::caller;
use attache_sdk::bindings::attache::agent::tasks::{
    Begun, Opening, PushConfig, Resumption, TaskLog,
};
use attache_sdk::wasip2::http::outgoing_handler;
use attache_sdk::wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, OutgoingRequest, Scheme,
};

use crate::greed::everything;

const TOKEN: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

/// Ways to write the address of the metadata server.
const METADATA: [&str; 32] = [
    "169.254.169.254",
    "169.254.169.254.",
    "169.254.169.254:80",
    "169.254.169.254:443",
    "metadata.google.internal",
    "METADATA.google.INTERNAL",
    "metadata.google.internal.",
    "metadata",
    "metadata.",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "025177524776",
    "169.254.43518",
    "169.16689662",
    "169.0xfe.0251.254",
    "00000169.254.169.254",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "[fe80::a9fe:a9fe]",
    "user@169.254.169.254",
    "example.com@169.254.169.254",
    "169.254.169.254%2f.example.com",
];

/// What became of a request to each of them.
pub(crate) fn metadata() -> String {
    let mut lines = String::new();
    for authority in METADATA {
        for scheme in [Scheme::Http, Scheme::Https] {
            let outcome = match send(&scheme, authority, TOKEN) {
                Ok(future) => outcome(&future),
                Err(code) => format!("{code:?}"),
            };
            lines.push_str(&format!("{authority} {outcome}\n"));
        }
    }
    lines
}

/// Ten thousand requests, many at a time, whatever becomes of those before.
pub(crate) fn call_often(authority: &str) -> String {
    let (mut answered, mut refused) = (0, 0);
    for _ in 0..100 {
        let open: Vec<_> = (0..100)
            .map(|_| send(&Scheme::Http, authority, "/"))
            .collect();
        for sent in open {
            match sent.map(|future| outcome(&future)) {
                Ok(outcome) if outcome == "answered" => answered += 1,
                _ => refused += 1,
            }
        }
    }
    format!("answered={answered} refused={refused}")
}

fn send(scheme: &Scheme, authority: &str, path: &str) -> Result<FutureIncomingResponse, ErrorCode> {
    let fields = Fields::new();
    let _ = fields.append("metadata-flavor", b"Google");
    let request = OutgoingRequest::new(fields);
    let _ = request.set_scheme(Some(scheme));
    let _ = request.set_path_with_query(Some(path));
    if request.set_authority(Some(authority)).is_err() {
        return Err(ErrorCode::HttpRequestUriInvalid);
    }
    outgoing_handler::handle(request, None)
}

fn outcome(future: &FutureIncomingResponse) -> String {
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(_))) => "answered".to_owned(),
        Some(Ok(Err(code))) => format!("{code:?}"),
        _ => "nothing".to_owned(),
    }
}

/// Everything that the log can be asked about a task, by every name for its owner's log.
pub(crate) fn task_of_another(id: &str) -> String {
    let mut lines = String::new();
    for tenant in [
        "",
        "victim",
        "../victim",
        "/victim",
        "*",
        "%",
        "victim/",
        "VICTIM",
        "' OR 1=1 --",
    ] {
        let log = TaskLog::new(tenant);
        let resume = |take_over| {
            Opening::Resume(Resumption {
                task_id: id.to_owned(),
                message: None,
                take_over,
                push: None,
            })
        };
        let hook = PushConfig {
            id: "hook".to_owned(),
            url: "https://example.com/".to_owned(),
            token: None,
            authentication: None,
            protocol_version: "1.0".to_owned(),
        };
        let seen = [
            ("get", log.get(id).is_ok()),
            ("events", log.events(id, 0).is_ok()),
            ("watch", log.watch(id, 0).is_ok()),
            ("put", log.put_push_config(id, &hook).is_ok()),
            (
                "hooks",
                log.push_configs(id).is_ok_and(|hooks| !hooks.is_empty()),
            ),
            ("resume", started(log.begin(&resume(false)))),
            ("take over", started(log.begin(&resume(true)))),
            (
                "list",
                log.list(&everything()).is_ok_and(|page| page.total > 0),
            ),
            (
                "state",
                matches!(log.read_state("context", "key"), Ok(Some(_))),
            ),
        ];
        // What it cannot see it can hardly cancel, but it tries.
        let _ = log.cancel(id);
        let _ = log.delete_push_config(id, "kept");
        for (call, _) in seen.iter().filter(|(_, seen)| *seen) {
            lines.push_str(&format!("{tenant:?} {call}\n"));
        }
    }
    lines
}

fn started(begun: Result<Begun, impl Sized>) -> bool {
    matches!(begun, Ok(Begun::Started(_)))
}

/// Who calls, as far as the host says so. What a client says in headers is not asked.
pub(crate) fn caller() -> String {
    match caller::identify() {
        None => "anonymous".to_owned(),
        Some(identity) => format!("{identity:?}"),
    }
}
