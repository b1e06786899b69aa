//! How much a caller may send, and how many connections it may have.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{Answer, Protocol, empty, exchange, get, in_time, request, send, until, whole};
use super::process::Host;

async fn with_headers(host: &Host, protocol: Protocol, count: usize, size: usize) -> Answer {
    let mut request = request(host, protocol, "/");
    for number in 0..count {
        request = request.header(format!("x-{number}"), "v".repeat(size));
    }
    let request = request.body(empty()).unwrap();
    whole(send(host.address, protocol, request).await.unwrap()).await
}

/// Sends `text` over a connection of its own, and reads until it is closed.
async fn raw(host: &Host, text: &str) -> String {
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    // The host may have had enough before all is sent.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = in_time(stream.read_to_end(&mut answer)).await;
    String::from_utf8(answer).unwrap()
}

/// Whether a connection still lives, with a request over it.
async fn answers(stream: &mut TcpStream) -> bool {
    let request = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    if stream.write_all(request.as_bytes()).await.is_err() {
        return false;
    }
    let mut answer = Vec::new();
    while !answer.ends_with(br#"{"status":"ok"}"#) {
        match in_time(stream.read_buf(&mut answer)).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
    answer.starts_with(b"HTTP/1.1 200 OK")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_over_the_limits_is_refused_and_the_limit_is_named() {
    let host = Host::start(&["--max-header-size", "16KiB", "--max-headers", "50"]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        assert_eq!(
            with_headers(&host, protocol, 40, 10).await.status,
            StatusCode::OK
        );
        for (count, size, limit) in [
            (60, 1, "more than 50 header fields"),
            (3, 6 << 10, "larger than 16384 bytes"),
        ] {
            let answer = with_headers(&host, protocol, count, size).await;
            assert_eq!(
                answer.status,
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "{protocol:?} {limit}"
            );
            let error: Value = serde_json::from_str(&answer.text).unwrap();
            assert_eq!(error["error"]["code"], 431);
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains(limit), "{message}");
        }
    }
    assert_eq!(get(&host, "/").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_far_over_the_limits_is_not_read() {
    let host = Host::start(&["--max-header-size", "16KiB"]);
    let long = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "v".repeat(1 << 20)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "x: v\r\n".repeat(200)
    );
    assert!(raw(&host, &many).await.starts_with("HTTP/1.1 431 "));
    let answer = raw(&host, &long).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
    let answer = with_headers(&host, Protocol::H2c, 10, 8 << 10).await;
    assert_eq!(answer.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(get(&host, "/").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_uri_is_refused() {
    let host = Host::start(&["--max-uri", "1KiB"]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        let path = format!("/?{}", "q".repeat(1_022));
        let answer = exchange(&host, protocol, &path, Method::GET, empty()).await;
        assert_eq!(answer.status, StatusCode::OK);
        let answer = exchange(&host, protocol, &format!("{path}q"), Method::GET, empty()).await;
        assert_eq!(answer.status, StatusCode::URI_TOO_LONG);
        let error: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(error["error"]["code"], 414);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_connections() {
    let host = Host::start(&["--max-connections-per-address", "2"]);
    let mut first = TcpStream::connect(host.address).await.unwrap();
    let mut second = TcpStream::connect(host.address).await.unwrap();
    assert!(answers(&mut first).await && answers(&mut second).await);
    let mut third = TcpStream::connect(host.address).await.unwrap();
    assert!(!answers(&mut third).await);
    assert!(answers(&mut first).await);

    drop(second);
    until(
        || async { answers(&mut TcpStream::connect(host.address).await.unwrap()).await },
        |answered| *answered,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_has_as_many_connections_as_it_likes() {
    let arguments = [
        "--max-connections-per-address",
        "1",
        "--trusted-proxies",
        "127.0.0.1",
    ];
    let host = Host::start(&arguments);
    let mut first = TcpStream::connect(host.address).await.unwrap();
    let mut second = TcpStream::connect(host.address).await.unwrap();
    assert!(answers(&mut first).await && answers(&mut second).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_all_connections_the_next_waits() {
    let host = Host::start(&["--max-connections", "1"]);
    let mut first = TcpStream::connect(host.address).await.unwrap();
    assert!(answers(&mut first).await);
    let mut second = TcpStream::connect(host.address).await.unwrap();
    {
        let answered = answers(&mut second);
        let early = tokio::time::timeout(Duration::from_millis(200), answered).await;
        assert!(early.is_err());
    }
    drop(first);
    assert!(answers(&mut second).await);
}
