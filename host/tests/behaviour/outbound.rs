//! What the component may call, and how.

mod call;
mod credentials;
mod encrypted;
mod headers;
mod limits;
mod names;
mod ssrf;

pub(crate) use call::Call;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::client::get;
use super::process::Host;

/// Answers "reached PATH", `/slow` after ten seconds. Returns its address and a counter of
/// connections.
async fn elsewhere() -> (SocketAddr, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let answer = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                if request.uri().path() == "/slow" {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                }
                let host = request.headers()["host"].to_str().unwrap().to_owned();
                let text = format!("reached {} at {host}", request.uri());
                Ok::<_, Infallible>(http::Response::new(Full::<bytes::Bytes>::from(text)))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    (address, connections)
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_nothing_is_reached_and_the_log_says_what_would_allow_it() {
    let (address, connections) = elsewhere().await;
    let host = Host::start(&[]);
    let answer = get(&host, &format!("/fetch?url=http://{address}/secret-path")).await;
    assert_eq!(answer.text, "ErrorCode::HttpRequestDenied");
    let entry = host.log_with("not on the list of allowed hosts");
    let message = entry["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("--allow-outbound {address}")),
        "{message}"
    );
    assert!(!message.contains("secret-path"), "{message}");
    assert!(entry["logging.googleapis.com/labels"]["request_id"].is_string());
    assert_eq!(connections.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_host_with_a_private_address_is_still_refused() {
    let (address, connections) = elsewhere().await;
    let port = address.port();
    let host = Host::start(&["--allow-outbound", "*"]);
    for authority in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("127.1:{port}"),
        format!("2130706433:{port}"),
        "169.254.169.254".to_owned(),
        "metadata.google.internal".to_owned(),
    ] {
        let answer = get(&host, &format!("/fetch?url=http://{authority}/")).await;
        assert_eq!(answer.text, "ErrorCode::HttpRequestDenied", "{authority}");
    }
    host.log_with("--outbound-allow-private (ATTACHE_OUTBOUND_ALLOW_PRIVATE=1) would allow it");
    assert_eq!(connections.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_is_reached_over_connections_that_are_kept() {
    let (address, connections) = elsewhere().await;
    let allowed = format!("{address},localhost:*");
    let host = Host::start(&["--allow-outbound", &allowed, "--outbound-allow-private"]);
    for _ in 0..3 {
        let answer = get(&host, &format!("/fetch?url=http://{address}/a")).await;
        assert_eq!(answer.text, format!("200 reached /a at {address}"));
    }
    assert_eq!(connections.load(std::sync::atomic::Ordering::Relaxed), 1);
    let by_name = format!("localhost:{}", address.port());
    let answer = get(&host, &format!("/fetch?url=http://{by_name}/b")).await;
    assert_eq!(answer.text, format!("200 reached /b at {by_name}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_the_codes_of_the_interface() {
    let (address, _) = elsewhere().await;
    let host = Host::start(&["--allow-outbound", "*", "--outbound-allow-private"]);
    let slow = get(
        &host,
        &format!("/fetch?first_byte_ms=200&url=http://{address}/slow"),
    )
    .await;
    assert_eq!(slow.text, "ErrorCode::ConnectionReadTimeout");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let refused = get(&host, &format!("/fetch?url=http://{nobody}/")).await;
    assert_eq!(refused.text, "ErrorCode::ConnectionRefused");
    let not_tls = get(&host, &format!("/fetch?url=https://{address}/")).await;
    assert_eq!(not_tls.text, "ErrorCode::TlsProtocolError");
}
