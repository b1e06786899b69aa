//! Four times the input costs about four times the time. What grows with the square costs sixteen.

use std::time::Duration;

use http::{HeaderValue, Method, Request};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::drive::{Driver, TASK};
use crate::surface::{UNPARSED, call, request};

/// Between linear (4) and quadratic (16): caches and the allocator take their share.
const MOST: f64 = 9.0;
/// What distorts one measurement does not distort this many.
const ATTEMPTS: usize = 6;

type Make = fn(usize) -> Request<Vec<u8>>;

/// Shapes that parsers are known to be slow at, and the size at which they take about a millisecond.
const SHAPES: &[(&str, usize, Make)] = &[
    ("a long text", 200_000, |n| {
        message(&json!({"text": "é\\\"".repeat(n / 4)}).to_string())
    }),
    ("escapes", 20_000, |n| {
        message(&format!("{{\"text\":\"{}\"}}", "\\u00e9\\n".repeat(n)))
    }),
    ("many parts", 4_000, |n| {
        message(&vec!["{\"text\":\"a\"}"; n].join(","))
    }),
    ("many empty parts", 10_000, |n| {
        message(&vec!["{}"; n].join(","))
    }),
    ("many keys", 10_000, |n| {
        message(&format!("{{\"data\":{{{}}}}}", keys(n)))
    }),
    ("one key many times", 20_000, |n| {
        message(&format!(
            "{{\"data\":{{{}}}}}",
            vec!["\"k\":1"; n].join(",")
        ))
    }),
    ("an unknown field many times", 20_000, |n| {
        message(&format!(
            "{{\"text\":\"a\",{}}}",
            vec!["\"x\":1"; n].join(",")
        ))
    }),
    ("unknown fields", 20_000, |n| {
        raw(&format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ListTasks\",{}}}",
            keys(n)
        ))
    }),
    ("open brackets", 400_000, |n| raw(&"[".repeat(n))),
    ("open braces", 100_000, |n| raw(&"{\"a\":".repeat(n))),
    ("nested and closed", 200_000, |n| {
        raw(&format!("{}{}", "[".repeat(n), "]".repeat(n)))
    }),
    ("a nest within an unknown field", 200_000, |n| {
        raw(&format!("{{\"x\":{}{}}}", "[".repeat(n), "]".repeat(n)))
    }),
    ("a nest within a part", 200_000, |n| {
        message(&format!("{{\"data\":{}{}}}", "[".repeat(n), "]".repeat(n)))
    }),
    ("a long number", 200_000, |n| {
        message(&format!("{{\"data\":{}}}", "9".repeat(n)))
    }),
    ("a long method", 200_000, |n| {
        raw(&format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{}\"}}",
            "x".repeat(n)
        ))
    }),
    ("a long base64", 200_000, |n| {
        message(&format!("{{\"raw\":\"{}\"}}", "QUJD".repeat(n / 4)))
    }),
    ("a long page token", 100_000, |n| {
        call("ListTasks", &json!({"pageToken": "QUJD".repeat(n / 4)}))
    }),
    ("a long task id", 200_000, |n| {
        call("GetTask", &json!({"id": "é".repeat(n)}))
    }),
    ("a long webhook", 200_000, |n| {
        call(
            "CreateTaskPushNotificationConfig",
            &json!({"taskId": TASK, "url": "h".repeat(n), "token": "\n".repeat(n)}),
        )
    }),
    ("a long query", 2_500, |n| {
        request(
            Method::GET,
            &format!("/tasks?{}", "a=%20&".repeat(n)),
            Vec::new(),
        )
    }),
    ("a query of many names", 2_000, |n| {
        request(
            Method::GET,
            &format!(
                "/tasks?{}",
                (0..n).map(|i| format!("k{i}=1&")).collect::<String>()
            ),
            Vec::new(),
        )
    }),
    ("a long path", 2_500, |n| {
        request(
            Method::GET,
            &format!("/tasks/{}", "%C3%A9".repeat(n)),
            Vec::new(),
        )
    }),
    ("many segments", 8_000, |n| {
        request(Method::GET, &"/a".repeat(n), Vec::new())
    }),
    ("many extensions", 10_000, |n| {
        let mut request = request(Method::GET, "/tasks", Vec::new());
        let list = HeaderValue::from_str(&"urn:x,".repeat(n)).unwrap();
        request.headers_mut().insert("a2a-extensions", list);
        request
    }),
    ("many entity tags", 20_000, |n| {
        let mut request = request(Method::GET, "/.well-known/agent-card.json", Vec::new());
        let list = HeaderValue::from_str(&"W/\"x\",".repeat(n)).unwrap();
        request.headers_mut().insert("if-none-match", list);
        request
    }),
];

#[test]
fn four_times_the_input_is_not_sixteen_times_the_work() {
    let mut driver = Driver::new();
    let mut failures = Vec::new();
    for (name, size, make) in SHAPES {
        let mut best = f64::INFINITY;
        for _ in 0..ATTEMPTS {
            let one = least(&mut driver, *size, *make);
            let four = least(&mut driver, size * 4, *make);
            best = best.min(four.as_secs_f64() / one.as_secs_f64().max(1e-6));
            if best < MOST / 2.0 {
                break;
            }
        }
        println!("{name:<32} 4 times the size: {best:.1} times the time");
        if best > MOST {
            failures.push(*name);
        }
    }
    assert!(
        failures.is_empty(),
        "these cost more than their length: {failures:?}"
    );
}

fn least(driver: &mut Driver, size: usize, make: Make) -> Duration {
    (0..3)
        .map(|_| {
            let request = make(size);
            assert_ne!(request.uri().path(), UNPARSED, "the target is too long");
            let since = processor_time();
            let _ = driver.answer(request);
            processor_time().saturating_sub(since)
        })
        .min()
        .unwrap()
}

/// What this thread has used of a processor: other work on the machine is not in it.
fn processor_time() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(used.tv_sec).unwrap(),
        u32::try_from(used.tv_nsec).unwrap(),
    )
}

fn raw(body: &str) -> Request<Vec<u8>> {
    request(Method::POST, "/", body.into())
}

/// A message that is refused for its role, so that parsing is all that is measured.
fn message(parts: &str) -> Request<Vec<u8>> {
    raw(&format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SendMessage\",\"params\":{{\"message\":\
         {{\"messageId\":\"m\",\"parts\":[{parts}]}}}}}}"
    ))
}

fn keys(n: usize) -> String {
    (0..n)
        .map(|i| format!("\"k{i}\":1"))
        .collect::<Vec<_>>()
        .join(",")
}
