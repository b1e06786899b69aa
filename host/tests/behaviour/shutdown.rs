use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{Protocol, empty, get, in_time, piece, request, send, until};
use super::process::Host;

async fn stream(host: &Host, path: &str) -> hyper::body::Incoming {
    let request = request(host, Protocol::Http1, path).body(empty()).unwrap();
    let mut body = send(host.address, Protocol::Http1, request)
        .await
        .unwrap()
        .into_body();
    piece(&mut body).await.unwrap().unwrap();
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_request_finishes_and_no_other_begins() {
    for signal in ["TERM", "INT"] {
        let mut host = Host::start(&["--drain", "60"]);
        let mut running = TcpStream::connect(host.address).await.unwrap();
        // More than the host reads before it asks the component.
        let begin = format!(
            "POST /body HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n8000\r\n{}\r\n",
            "x".repeat(0x8000)
        );
        running.write_all(begin.as_bytes()).await.unwrap();
        host.log_with("reading the body");

        host.signal(signal);
        let ready = until(
            || get(&host, "/health/ready"),
            |answer| answer.status != StatusCode::OK,
        )
        .await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(get(&host, "/health/live").await.status, StatusCode::OK);
        let refused = get(&host, "/").await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers["retry-after"], "1");

        assert!(!host.has_ended());
        running.write_all(b"0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        in_time(running.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.contains("32768 whole"), "{answer}");
        assert_eq!(host.wait(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_after_the_answer_finishes_too() {
    let mut host = Host::start(&[]);
    get(&host, "/answer-then-work?ms=500&name=last").await;
    host.signal("TERM");
    assert_eq!(host.wait(), Some(0));
    host.log_with("work last is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_longer_than_the_drain_is_cut_off() {
    let mut host = Host::start(&["--drain", "0.3"]);
    let mut body = stream(&host, "/stream?count=100000&ms=10").await;
    let began = Instant::now();
    host.signal("TERM");
    let broken = loop {
        match piece(&mut body).await {
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    assert!(
        matches!(broken, Some(Err(_))),
        "the stream ended cleanly: {broken:?}"
    );
    assert_eq!(host.wait(), Some(0));
    assert!(
        began.elapsed() >= Duration::from_millis(300),
        "{:?}",
        began.elapsed()
    );
    host.log_with("1 requests were cut off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_process_at_once() {
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        let mut host = Host::start(&["--drain", "60"]);
        let _body = stream(&host, "/stream?count=100000&ms=10").await;
        host.signal("TERM");
        host.log_with("running requests may finish");
        assert!(!host.has_ended());
        host.signal(signal);
        assert_eq!(host.wait(), Some(status));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_host_ends_at_once() {
    let mut host = Host::start(&[]);
    // Idle connections do not count.
    let _idle = TcpStream::connect(host.address).await.unwrap();
    let began = Instant::now();
    host.signal("TERM");
    assert_eq!(host.wait(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}
