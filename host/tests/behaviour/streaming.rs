use http::{Method, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::client::{Protocol, empty, exchange, get, piece, request, send};
use super::process::Host;

#[tokio::test(flavor = "multi_thread")]
async fn each_piece_leaves_when_it_is_written() {
    let host = Host::start(&[]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        // The component goes on only when the test has read what it wrote before.
        let path = format!("/stream?count=3&gate={protocol:?}");
        let request = request(&host, protocol, &path).body(empty()).unwrap();
        let mut body = send(host.address, protocol, request)
            .await
            .unwrap()
            .into_body();
        for number in 0..3 {
            let text = piece(&mut body).await.unwrap().unwrap();
            assert_eq!(text, format!("data: {number}\n\n"));
            get(&host, &format!("/open-gate?gate={protocol:?}{number}")).await;
        }
        assert!(piece(&mut body).await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_before_the_answer_does_not_cancel_the_work() {
    let host = Host::start(&[]);
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    let head = "GET /slow?name=one&gate=g HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    host.log_with("slow request one has begun");
    drop(stream);
    let entry = host.log_with("GET /slow 499");
    assert_eq!(entry["broken"], "the client left before the answer");
    get(&host, "/open-gate?gate=g").await;
    host.log_with("slow request one is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_reset_before_the_answer_does_not_cancel_the_work() {
    let host = Host::start(&[]);
    let request = request(&host, Protocol::H2c, "/slow?name=two&gate=g")
        .body(empty())
        .unwrap();
    let sending = tokio::spawn(send(host.address, Protocol::H2c, request));
    host.log_with("slow request two has begun");
    sending.abort();
    host.log_with("GET /slow 499");
    get(&host, "/open-gate?gate=g").await;
    host.log_with("slow request two is done");
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
    let answer = get(&host, "/answer-then-work?name=later&gate=g").await;
    assert_eq!(answer.text, "answered");
    get(&host, "/open-gate?gate=g").await;
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
        let request = request(&host, protocol, &format!("/trap-after?gate={protocol:?}"))
            .body(empty())
            .unwrap();
        let response = send(host.address, protocol, request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let mut body = response.into_body();
        assert_eq!(piece(&mut body).await.unwrap().unwrap(), "begun");
        get(&host, &format!("/open-gate?gate={protocol:?}")).await;
        let end = piece(&mut body).await;
        assert!(
            matches!(end, Some(Err(_))),
            "{protocol:?} ended cleanly: {end:?}"
        );
    }
    host.log("the broken request", |entry| entry.get("broken").is_some());
}
