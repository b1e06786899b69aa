use std::convert::Infallible;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::Value;

use super::client::{
    Body, Protocol, bytes, empty, exchange, get, in_time, post, request, send, until, whole,
};
use super::process::Host;

/// A body that does not say how long it is.
fn chunks(count: usize, size: usize) -> Body {
    let chunk = Bytes::from(vec![b'x'; size]);
    let frames = (0..count).map(move |_| Ok::<_, Infallible>(Frame::data(chunk.clone())));
    StreamBody::new(futures_util::stream::iter(frames)).boxed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_within_the_limit_arrives_whole() {
    let host = Host::start(&["--max-body", "1MiB"]);
    assert_eq!(
        post(&host, "/body", bytes(vec![0; 1 << 20])).await.text,
        "1048576 whole"
    );
    assert_eq!(
        post(&host, "/body", chunks(16, 64 << 10)).await.text,
        "1048576 whole"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_grpc_is_refused_in_its_own_form() {
    let host = Host::start(&["--max-body", "1KiB"]);
    let request = request(&host, Protocol::H2c, "/body")
        .method(Method::POST)
        .header("content-type", "application/grpc+proto")
        .body(bytes(vec![0; 2048]))
        .unwrap();
    let sent = send(host.address, Protocol::H2c, request).await.unwrap();
    let answer = whole(sent).await;
    assert_eq!(answer.headers["content-type"], "application/grpc");
    assert_eq!(answer.headers["grpc-status"], "8");
    let message = answer.headers["grpc-message"].to_str().unwrap();
    assert!(message.contains("1KiB"), "{message}");
    assert_eq!(answer.text, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused_and_the_limit_is_named() {
    let host = Host::start(&["--max-body", "1MiB"]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        for body in [
            bytes(vec![0; (1 << 20) + 1]),
            chunks(17, 64 << 10),
            chunks(800, 64 << 10),
        ] {
            let answer = exchange(&host, protocol, "/body", Method::POST, body).await;
            assert_eq!(
                answer.status,
                StatusCode::PAYLOAD_TOO_LARGE,
                "{}",
                answer.text
            );
            let error: Value = serde_json::from_str(&answer.text).unwrap();
            assert_eq!(error["error"]["code"], 413);
            let message = error["error"]["message"].as_str().unwrap();
            assert_eq!(
                message,
                "the request body is larger than 1MiB (1048576 bytes)"
            );
        }
    }
    host.log_with("broken");
    assert_eq!(post(&host, "/body", bytes("next")).await.text, "4 whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_component_does_not_hold_up_others() {
    let host = Host::start(&[]);
    let threads = std::thread::available_parallelism().unwrap().get();
    let mut spinning = Vec::new();
    for _ in 0..threads * 2 {
        let request = request(&host, Protocol::Http1, "/spin")
            .body(empty())
            .unwrap();
        spinning.push(tokio::spawn(send(host.address, Protocol::Http1, request)));
    }
    until(
        || async {
            host.entries()
                .iter()
                .filter(|entry| entry["message"] == "spinning")
                .count()
        },
        |begun| *begun == threads * 2,
    )
    .await;
    let began = Instant::now();
    assert_eq!(in_time(get(&host, "/")).await.text, "ok");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    assert!(spinning.iter().all(|spinning| !spinning.is_finished()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_computes_for_too_long_is_stopped() {
    let host = Host::start(&["--cpu-ms", "100"]);
    let answer = in_time(get(&host, "/spin")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    host.log_with("ATTACHE_CPU_MS (--cpu-ms) sets this limit");
    // Sleeping is not computing.
    assert_eq!(get(&host, "/sleep?ms=300").await.text, "slept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_takes_too_much_memory_is_stopped() {
    let host = Host::start(&["--memory", "8MiB"]);
    assert_eq!(get(&host, "/memory?bytes=1000000").await.text, "1000000");
    let answer = get(&host, "/memory?bytes=16000000").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    host.log_with("more than 8MiB of memory; ATTACHE_MEMORY (--memory)");
}
