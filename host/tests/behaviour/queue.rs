//! What happens to requests when every instance is busy.

use std::time::Duration;

use http::{Method, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::client::{
    Answer, Protocol, bytes, empty, get, in_time, piece, request, send, until, whole,
};
use super::process::Host;

/// Keeps the one instance busy until it is dropped.
async fn busy(host: &Host) -> Response<Incoming> {
    let request = request(host, Protocol::Http1, "/stream?count=1000000&ms=5")
        .body(empty())
        .unwrap();
    let mut response = send(host.address, Protocol::Http1, request).await.unwrap();
    piece(response.body_mut()).await.unwrap().unwrap();
    response
}

/// A request that a proxy brings from `address`.
fn from(host: &Host, protocol: Protocol, address: &str) -> JoinHandle<Answer> {
    let request = request(host, protocol, "/body")
        .method(Method::POST)
        .header("x-forwarded-for", address)
        .body(bytes("body"))
        .unwrap();
    let address = host.address;
    tokio::spawn(async move { whole(send(address, protocol, request).await.unwrap()).await })
}

fn start(queue: &str, wait: &str) -> Host {
    Host::start(&[
        "--max-instances",
        "1",
        "--trusted-proxies",
        "1",
        "--queue",
        queue,
        "--queue-wait",
        wait,
    ])
}

fn assert_busy(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let seconds: u64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let error: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(error["error"]["code"], 503);
    assert_eq!(error["error"]["status"], "UNAVAILABLE");
    let retry = &error["error"]["details"][0];
    assert_eq!(retry["@type"], "type.googleapis.com/google.rpc.RetryInfo");
    assert_eq!(retry["retryDelay"], format!("{seconds}s"));
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("all 1 instances")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_queue_there_is_a_time_to_retry() {
    let host = start("0", "60");
    let stream = busy(&host).await;
    assert_busy(&get(&host, "/").await);
    let request = request(&host, Protocol::H2c, "/")
        .header("content-type", "application/grpc")
        .body(empty())
        .unwrap();
    let answer = whole(send(host.address, Protocol::H2c, request).await.unwrap()).await;
    assert_eq!(answer.headers["grpc-status"], "14");
    assert_eq!(get(&host, "/health/ready").await.status, StatusCode::OK);

    drop(stream);
    until(|| get(&host, "/"), |answer| answer.status == StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_in_the_queue_leads_to_an_instance() {
    for protocol in [Protocol::Http1, Protocol::H2c] {
        let host = start("4", "60");
        let stream = busy(&host).await;
        // Half of the queue is one address's: of three requests one is refused, and two wait.
        let mut many = Vec::from([(); 3].map(|()| from(&host, protocol, "192.0.2.1")));
        let refused = until(
            || async { many.iter().position(JoinHandle::is_finished) },
            Option::is_some,
        )
        .await;
        assert_busy(&many.remove(refused.unwrap()).await.unwrap());
        // Another address finds a place, and then the queue is full.
        let mut others = vec![
            from(&host, protocol, "192.0.2.2"),
            from(&host, protocol, "192.0.2.3"),
            from(&host, protocol, "192.0.2.4"),
        ];
        let refused = until(
            || async { others.iter().position(JoinHandle::is_finished) },
            Option::is_some,
        )
        .await;
        assert_busy(&others.remove(refused.unwrap()).await.unwrap());
        assert!(!many.iter().chain(&others).any(JoinHandle::is_finished));

        drop(stream);
        for waiting in many.into_iter().chain(others) {
            let answer = in_time(waiting).await.unwrap();
            assert_eq!(answer.text, "4 whole", "{protocol:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_too_long_ends_with_a_time_to_retry() {
    let host = start("4", "0.2");
    let _stream = busy(&host).await;
    assert_busy(&from(&host, Protocol::Http1, "192.0.2.1").await.unwrap());
    assert_busy(&from(&host, Protocol::H2c, "192.0.2.1").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_gives_its_place_up() {
    let host = start("1", "60");
    let stream = busy(&host).await;
    let left = |count| {
        let entries = host.entries();
        let left = entries.iter().filter(|entry| {
            entry["message"]
                .as_str()
                .unwrap_or_default()
                .starts_with("POST /body 499")
        });
        left.count() == count
    };

    for (protocol, count) in [(Protocol::Http1, 1), (Protocol::H2c, 2)] {
        waiting(&host, protocol).await.abort();
        until(|| async { left(count) }, |left| *left).await;
    }
    let waiting = waiting(&host, Protocol::Http1).await;
    drop(stream);
    assert_eq!(in_time(waiting).await.unwrap().text, "4 whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_process_is_told_to_all_who_wait() {
    let mut host = start("4", "60");
    let stream = busy(&host).await;
    let waiting = from(&host, Protocol::Http1, "192.0.2.1");
    let other = from(&host, Protocol::Http1, "192.0.2.1");
    let third = from(&host, Protocol::Http1, "192.0.2.1");
    // One is refused when the others wait.
    until(
        || async { [&waiting, &other, &third].iter().any(|it| it.is_finished()) },
        |refused| *refused,
    )
    .await;
    host.signal("TERM");
    for told in [waiting, other, third] {
        let answer = in_time(told).await.unwrap();
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers.contains_key("retry-after"));
    }
    drop(stream);
    assert_eq!(host.wait(), Some(0));
}

/// A request that has the only place in the queue.
async fn waiting(host: &Host, protocol: Protocol) -> JoinHandle<Answer> {
    loop {
        let waiting = from(host, protocol, "192.0.2.1");
        let looked = || async { waiting.is_finished() || is_full(host).await };
        until(looked, |ended| *ended).await;
        // A look may have been in its place.
        if !waiting.is_finished() {
            return waiting;
        }
    }
}

/// Whether the only place in the queue is taken. A look that finds it free does not stay in it.
async fn is_full(host: &Host) -> bool {
    tokio::time::timeout(Duration::from_millis(100), get(host, "/"))
        .await
        .is_ok_and(|answer| answer.status.is_server_error())
}
