use http::{Method, StatusCode};

use super::client::{Protocol, empty, exchange, get, request, send, whole};
use super::process::Host;

#[tokio::test(flavor = "multi_thread")]
async fn one_port_answers_http1_and_h2c() {
    let host = Host::start(&[]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        let answer = exchange(&host, protocol, "/echo?a=b", Method::POST, empty()).await;
        assert_eq!(answer.status, StatusCode::OK, "{protocol:?}");
        assert!(
            answer.text.contains("method=Method::Post"),
            "{}",
            answer.text
        );
        assert!(answer.text.contains("target=/echo?a=b"), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_component_sees_authority_and_forwarding_headers_as_they_came() {
    let host = Host::start(&[]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        let request = match protocol {
            Protocol::Http1 => request(&host, protocol, "/echo"),
            Protocol::H2c => request(&host, protocol, "/echo"),
        };
        let request = request
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", "agent.example")
            .header("authorization", "Bearer of-the-user")
            .body(empty())
            .unwrap();
        let answer = whole(send(host.address, protocol, request).await.unwrap()).await;
        assert!(
            answer.text.contains(&format!("authority={}", host.address)),
            "{}",
            answer.text
        );
        for header in [
            "x-forwarded-proto: https",
            "x-forwarded-host: agent.example",
            "authorization: Bearer of-the-user",
        ] {
            assert!(answer.text.contains(header), "{header}: {}", answer.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_host_is_refused_in_json() {
    let host = Host::start(&[]);
    let request = http::Request::builder().uri("/echo").body(empty()).unwrap();
    let answer = whole(send(host.address, Protocol::Http1, request).await.unwrap()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let error: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(error["error"]["status"], "INVALID_ARGUMENT");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_answers_probes_by_itself() {
    let host = Host::start(&[]);
    for path in ["/health/live", "/health/ready", "/health/startup"] {
        let answer = get(&host, path).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::OK, r#"{"status":"ok"}"#)
        );
        let answer = exchange(&host, Protocol::Http1, path, Method::POST, empty()).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(
        get(&host, "/health/else").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_response_names_its_request() {
    let host = Host::start(&[]);
    let id =
        |answer: super::client::Answer| answer.headers["x-request-id"].to_str().unwrap().to_owned();
    let first = id(get(&host, "/").await);
    let second = id(get(&host, "/").await);
    assert_ne!(first, second);
    host.log("the access entry of that request", |entry| {
        entry.get("httpRequest").is_some()
            && entry["logging.googleapis.com/labels"]["request_id"] == first
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_does_not_answer_is_a_server_error() {
    let host = Host::start(&[]);
    let answer = get(&host, "/silent").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let error: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(error["error"]["status"], "INTERNAL");
    host.log_with("returned without an answer");
}
