//! An agent that does what no agent should, and what its callers see of it.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{
    Answer, Protocol, bytes, empty, exchange, get, piece, request, send, until, whole,
};
use super::process::Host;
use super::raw::{self, DATA, HEADERS, RST_STREAM};

/// Little of everything, so that it is soon used up.
const LITTLE: &[&str] = &[
    "--cpu-ms",
    "300",
    "--memory",
    "32MiB",
    "--response-idle",
    "1",
    "--max-response",
    "1MiB",
    "--max-stream",
    "2MiB",
    "--max-log",
    "64KiB",
    "--store-calls",
    "50",
];

/// What it does before the head of its response, and what of it is said to the caller and the log.
const BEFORE_THE_HEAD: [(&str, &str, &str); 10] = [
    ("/trap-before", "stopped", "the component trapped"),
    ("/deep-recursion", "stopped", "the component trapped"),
    ("/memory", "stopped", "ATTACHE_MEMORY (--memory)"),
    ("/loop", "computed for longer", "ATTACHE_CPU_MS (--cpu-ms)"),
    (
        "/resource-flood",
        "opened more",
        "ATTACHE_MAX_RESOURCES (--max-resources)",
    ),
    (
        "/header-flood",
        "too many or too large",
        "ATTACHE_MAX_RESPONSE_HEAD (--max-response-head)",
    ),
    (
        "/header-bulk",
        "too many or too large",
        "ATTACHE_MAX_RESPONSE_HEAD (--max-response-head)",
    ),
    (
        "/header-bomb",
        "too many or too large",
        "ATTACHE_MAX_RESPONSE_HEAD (--max-response-head)",
    ),
    (
        "/boast",
        "too large",
        "ATTACHE_MAX_RESPONSE (--max-response)",
    ),
    (
        "/slow-head",
        "did not begin",
        "ATTACHE_RESPONSE_TIMEOUT (--response-timeout)",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_it_does_before_the_head_is_an_error_that_says_what_it_was() {
    let patient = Host::start_hostile(LITTLE);
    // On a busy machine everything might be late.
    let hurried = Host::start_hostile(&["--response-timeout", "1"]);
    for (path, told, logged) in BEFORE_THE_HEAD {
        let host = if path == "/slow-head" {
            &hurried
        } else {
            &patient
        };
        let (status, name, grpc) = if path == "/slow-head" {
            (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED", "4")
        } else {
            (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "13")
        };
        for protocol in [Protocol::Http1, Protocol::H2c] {
            let answer = exchange(host, protocol, path, Method::GET, empty()).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text);
            assert!(!answer.headers.contains_key("x-0"));
            let error: Value = serde_json::from_str(&answer.text).unwrap();
            assert_eq!(error["error"]["status"], name, "{path}");
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains(told), "{path}: {message}");
        }
        let request = request(host, Protocol::H2c, path)
            .header("content-type", "application/grpc")
            .body(empty())
            .unwrap();
        let answer = whole(send(host.address, Protocol::H2c, request).await.unwrap()).await;
        assert_eq!(answer.headers["grpc-status"], grpc, "{path}");
        let message = answer.headers["grpc-message"].to_str().unwrap();
        assert!(message.contains(told), "{path}: {message}");
        host.log_with(logged);
        assert_eq!(get(host, "/well").await.text, "well");
    }
}

/// What it does after the head, with the type of the response.
const AFTER_THE_HEAD: [(&str, &str); 7] = [
    ("/trap-after", "the component trapped"),
    ("/trap-after?text/event-stream", "the component trapped"),
    (
        "/silent-body",
        "paused for 1s; ATTACHE_RESPONSE_IDLE (--response-idle)",
    ),
    (
        "/silent-body?text/event-stream",
        "paused for 1s; ATTACHE_RESPONSE_IDLE (--response-idle)",
    ),
    (
        "/endless-body",
        "larger than 1MiB; ATTACHE_MAX_RESPONSE (--max-response)",
    ),
    (
        "/endless-body?text/event-stream",
        "larger than 2MiB; ATTACHE_MAX_STREAM (--max-stream)",
    ),
    (
        "/trailer-flood",
        "ATTACHE_MAX_RESPONSE_HEAD (--max-response-head)",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_it_does_after_the_head_breaks_the_response_off() {
    let host = Host::start_hostile(LITTLE);
    for (path, logged) in AFTER_THE_HEAD {
        for protocol in [Protocol::Http1, Protocol::H2c] {
            let request = request(&host, protocol, path)
                .header("te", "trailers")
                .body(empty())
                .unwrap();
            let response = send(host.address, protocol, request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            let mut body = response.into_body();
            let end = loop {
                match piece(&mut body).await {
                    Some(Ok(_)) => {}
                    end => break end,
                }
            };
            assert!(matches!(end, Some(Err(_))), "{path} ended cleanly");
        }
        host.log_with(logged);
        assert_eq!(get(&host, "/well").await.text, "well");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_wire_a_broken_response_has_no_end() {
    let host = Host::start_hostile(LITTLE);
    let whole = raw::http1(&host, "/well").await;
    assert!(whole.contains("transfer-encoding: chunked"), "{whole}");
    for path in ["/trap-after", "/silent-body"] {
        let text = raw::http1(&host, path).await;
        assert!(text.contains("transfer-encoding: chunked"), "{text}");
        assert!(text.contains("begun"), "{text}");
        // The last chunk has no bytes.
        assert!(!text.contains("\r\n0\r\n"), "{path}: {text}");
        for kind in ["", "application/grpc"] {
            let frames = raw::http2(&host, path, kind).await;
            let data = frames.iter().find(|frame| frame.kind == DATA).unwrap();
            assert_eq!(data.payload, b"begun");
            let last = frames.last().unwrap();
            assert_eq!(last.kind, RST_STREAM, "{path}: {frames:?}");
            assert_eq!(last.payload, [0, 0, 0, 2], "{path}: an internal error");
            // Without trailers a client of gRPC knows that the call failed.
            let heads = frames.iter().filter(|frame| frame.kind == HEADERS);
            assert_eq!(heads.count(), 1, "{path}: {frames:?}");
        }
    }
    let frames = raw::http2(&host, "/well", "").await;
    assert!(frames.last().unwrap().ends_stream());
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_in_a_stream_of_grpc_is_no_fault() {
    let host = Host::start_hostile(LITTLE);
    let sent = |path: &'static str| {
        let request = request(&host, Protocol::H2c, path).body(empty()).unwrap();
        send(host.address, Protocol::H2c, request)
    };
    let grpc = sent("/silent-body?application/grpc").await.unwrap();
    let mut body = grpc.into_body();
    assert_eq!(piece(&mut body).await.unwrap().unwrap(), "begun");
    let mut other = sent("/silent-body").await.unwrap().into_body();
    while let Some(Ok(_)) = piece(&mut other).await {}
    // Older than the one that was broken off, it is still there.
    let next = tokio::time::timeout(std::time::Duration::from_millis(50), piece(&mut body)).await;
    assert!(next.is_err(), "{next:?}");
}

async fn rpc(host: &Host, method: &str, params: Value) -> Answer {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let request = request(host, Protocol::Http1, "/")
        .method(Method::POST)
        .header("content-type", "application/json")
        .header("a2a-version", "1.0")
        .body(bytes(call.to_string()))
        .unwrap();
    let response = send(host.address, Protocol::Http1, request).await.unwrap();
    let (head, mut body) = response.into_parts();
    let mut text = String::new();
    while let Some(Ok(piece)) = piece(&mut body).await {
        text.push_str(&piece);
    }
    Answer {
        status: head.status,
        headers: head.headers,
        text,
    }
}

fn message(text: &str) -> Value {
    json!({"message": {
        "messageId": text, "role": "ROLE_USER", "parts": [{"text": text}],
    }})
}

async fn tasks(host: &Host) -> Vec<Value> {
    let answer = rpc(host, "ListTasks", json!({})).await;
    let listed: Value = serde_json::from_str(&answer.text).unwrap();
    listed["result"]["tasks"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_it_leaves_ends_failed() {
    let host = Host::start_hostile(LITTLE);
    for (number, (method, text)) in [
        ("SendMessage", "trap after an event"),
        ("SendMessage", "loop"),
        ("SendStreamingMessage", "trap after an event "),
        ("SendStreamingMessage", "loop "),
    ]
    .into_iter()
    .enumerate()
    {
        // The id of a message tells repeated ones.
        let mut params = message(text.trim());
        params["message"]["messageId"] = json!(format!("{number}"));
        let answer = rpc(&host, method, params).await;
        if method == "SendMessage" {
            assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        } else {
            assert_eq!(answer.status, StatusCode::OK);
            assert!(!answer.text.contains("COMPLETED"), "{}", answer.text);
        }
        let listed = until(
            || tasks(&host),
            |tasks| {
                tasks.len() == number + 1
                    && tasks
                        .iter()
                        .all(|task| task["status"]["state"] == "TASK_STATE_FAILED")
            },
        )
        .await;
        let id = &listed[0]["id"];
        let task = rpc(&host, "GetTask", json!({"id": id})).await;
        let task: Value = serde_json::from_str(&task.text).unwrap();
        assert_eq!(task["result"]["status"]["state"], "TASK_STATE_FAILED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_uses_up_the_log_is_told_so_and_the_task_too() {
    let host = Host::start_hostile(LITTLE);
    let answer = get(&host, "/store-flood").await.text;
    // 50 calls: the one that began the task, and 49 that wrote to it.
    assert!(
        answer.starts_with("written=49 ended=true later="),
        "{answer}"
    );
    assert!(answer.contains("Error::TooLarge"), "{answer}");
    host.log_with("more than 50 times in one request; ATTACHE_STORE_CALLS (--store-calls)");

    let answer = rpc(&host, "SendMessage", message("use up the log")).await;
    let task: Value = serde_json::from_str(&answer.text).unwrap();
    let status = &task["result"]["task"]["status"];
    assert_eq!(status["state"], "TASK_STATE_FAILED", "{task}");
    assert!(status.to_string().contains("the task log"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_lines_is_dropped_and_that_is_said() {
    let host = Host::start_hostile(LITTLE);
    let answer = get(&host, "/log-flood").await;
    assert_eq!(answer.text, "printed");
    host.log_with("printed 64KiB in one request, and the rest is dropped; ATTACHE_MAX_LOG");
    let printed: usize = host
        .entries()
        .iter()
        .filter_map(|entry| entry["message"].as_str())
        .filter(|line| line.starts_with("xxx"))
        .map(str::len)
        .sum();
    assert!(printed <= 64 << 10, "{printed}");
    assert_eq!(get(&host, "/well").await.text, "well");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_on_alone_does_not_keep_its_place() {
    // One limit each: on a busy machine there is no telling which of two comes first.
    let alone = Host::start_hostile(&["--max-instances", "1", "--background", "1"]);
    let busy = Host::start_hostile(&["--max-instances", "1", "--cpu-ms", "300"]);
    for (host, path, logged) in [
        (
            &alone,
            "/sleep-after-response",
            "nobody waiting for its response; ATTACHE_BACKGROUND (--background)",
        ),
        (&busy, "/spin-after-response", "ATTACHE_CPU_MS (--cpu-ms)"),
    ] {
        assert_eq!(get(host, path).await.text, "answered");
        until(
            || get(host, "/well"),
            |answer| answer.status == StatusCode::OK,
        )
        .await;
        host.log_with(logged);
    }
    // A client that leaves before the head is not waited for either.
    let (address, url) = (alone.address, alone.url("/slow-head"));
    let sending = tokio::spawn(async move {
        // The one place may be taken by whoever looks whether it is.
        loop {
            let request = http::Request::get(&url).body(empty()).unwrap();
            let answer = send(address, Protocol::H2c, request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    });
    until(
        || get(&alone, "/well"),
        |answer| answer.status == StatusCode::SERVICE_UNAVAILABLE,
    )
    .await;
    sending.abort();
    until(
        || get(&alone, "/well"),
        |answer| answer.status == StatusCode::OK,
    )
    .await;
}
