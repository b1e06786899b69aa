use std::time::{Duration, Instant};

use http::{Method, StatusCode};

use super::client::{Protocol, empty, exchange, get, in_time, piece, request, send};
use super::process::Host;

#[tokio::test(flavor = "multi_thread")]
async fn each_piece_leaves_when_it_is_written() {
    let host = Host::start(&[]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        // The component sleeps after each piece, so a buffered piece would come one pause late.
        let pause = Duration::from_millis(400);
        let request = request(&host, protocol, "/stream?count=3&ms=400")
            .body(empty())
            .unwrap();
        let began = Instant::now();
        let mut body = send(host.address, protocol, request)
            .await
            .unwrap()
            .into_body();
        for number in 0..3 {
            let text = piece(&mut body).await.unwrap().unwrap();
            assert_eq!(text, format!("data: {number}\n\n"));
            let due = pause * number;
            assert!(
                began.elapsed() >= due.saturating_sub(pause / 20),
                "{:?}",
                began.elapsed()
            );
        }
        let before_end = began.elapsed();
        assert!(piece(&mut body).await.is_none());
        let last_pause = began.elapsed() - before_end;
        assert!(
            last_pause > pause / 2,
            "the last piece came with the end: {last_pause:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_before_the_answer_does_not_cancel_the_work() {
    let host = Host::start(&[]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        let name = format!("{protocol:?}");
        let request = request(&host, protocol, &format!("/slow?ms=300&name={name}"))
            .body(empty())
            .unwrap();
        let left = tokio::time::timeout(
            Duration::from_millis(100),
            send(host.address, protocol, request),
        );
        assert!(left.await.is_err());
        host.log_with(&format!("slow request {name} is done"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_a_stream_lets_the_component_know() {
    let host = Host::start(&[]);
    let request = request(&host, Protocol::Http1, "/stream?count=100000&ms=5&name=it")
        .body(empty())
        .unwrap();
    let mut response = send(host.address, Protocol::Http1, request).await.unwrap();
    piece(response.body_mut()).await.unwrap().unwrap();
    drop(response);
    host.log_with("the reader of it left");
    let entry = host.log_with("GET /stream 200");
    assert_eq!(entry["broken"], "the client left before the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_after_the_answer() {
    let host = Host::start(&[]);
    let began = Instant::now();
    let answer = get(&host, "/answer-then-work?ms=700&name=later").await;
    assert_eq!(answer.text, "answered");
    assert!(began.elapsed() < Duration::from_millis(700));
    assert!(
        !host
            .entries()
            .iter()
            .any(|entry| entry.to_string().contains("work later is done"))
    );
    host.log_with("work later is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_before_the_head_is_a_server_error_in_json() {
    let host = Host::start(&[]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        let answer = exchange(&host, protocol, "/trap-before", Method::GET, empty()).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.headers["content-type"], "application/json");
        let error: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(error["error"]["code"], 500);
        assert_eq!(error["error"]["status"], "INTERNAL");
    }
    let entry = host.log_with("the component trapped");
    assert_eq!(entry["severity"], "ERROR");
    let message = entry["message"].as_str().unwrap();
    assert!(message.contains("wasm backtrace"), "{message}");
    assert_eq!(get(&host, "/").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_after_the_head_breaks_the_response_off() {
    let host = Host::start(&[]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        let request = request(&host, protocol, "/trap-after?ms=20")
            .body(empty())
            .unwrap();
        let response = send(host.address, protocol, request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let mut body = response.into_body();
        assert_eq!(piece(&mut body).await.unwrap().unwrap(), "begun");
        let end = piece(&mut body).await;
        assert!(
            matches!(end, Some(Err(_))),
            "{protocol:?} ended cleanly: {end:?}"
        );
    }
    in_time(async { host.log("the broken request", |entry| entry.get("broken").is_some()) }).await;
}
