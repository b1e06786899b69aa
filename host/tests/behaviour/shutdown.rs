use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::client::{Protocol, empty, piece, request, send, until};
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
async fn a_running_request_finishes_and_nothing_new_is_accepted() {
    for signal in ["TERM", "INT"] {
        let mut host = Host::start(&[]);
        let mut body = stream(&host, "/stream?count=20&ms=50").await;
        host.signal(signal);
        let address = host.address;
        until(
            || async move { TcpStream::connect(address).await.is_err() },
            |refused| *refused,
        )
        .await;
        let mut pieces = 1;
        while let Some(piece) = piece(&mut body).await {
            piece.unwrap();
            pieces += 1;
        }
        assert_eq!(pieces, 20);
        assert_eq!(host.wait(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_after_the_answer_finishes_too() {
    let mut host = Host::start(&[]);
    super::client::get(&host, "/answer-then-work?ms=500&name=last").await;
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
