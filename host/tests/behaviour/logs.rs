use std::io::{BufRead, BufReader};
use std::process::Stdio;

use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::client::{Protocol, bytes, empty, get, keys, request, send, whole};
use super::process::{Host, binary, compiled_probe};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_per_request_in_the_form_of_cloud_logging() {
    let host = Host::start_with(&[], &[("GOOGLE_CLOUD_PROJECT", "my-project")]);
    let request = request(&host, Protocol::Http1, "/echo?token=in-the-query")
        .method("POST")
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .header("user-agent", "a-client/1.0")
        .header("authorization", "Bearer in-the-header")
        .body(bytes("in-the-body"))
        .unwrap();
    whole(send(host.address, Protocol::Http1, request).await.unwrap()).await;
    let entry = host.log_with("POST /echo 200");
    assert_eq!(entry["severity"], "INFO");
    assert_eq!(
        entry["logging.googleapis.com/trace"],
        format!("projects/my-project/traces/{TRACE}")
    );
    assert_eq!(entry["logging.googleapis.com/spanId"], "00f067aa0ba902b7");
    assert_eq!(entry["logging.googleapis.com/trace_sampled"], true);
    let http = &entry["httpRequest"];
    assert_eq!(http["requestMethod"], "POST");
    assert_eq!(http["requestUrl"], "/echo");
    assert_eq!(http["status"], 200);
    assert_eq!(http["protocol"], "HTTP/1.1");
    assert_eq!(http["userAgent"], "a-client/1.0");
    assert_eq!(http["remoteIp"], "127.0.0.1");
    assert!(
        http["responseSize"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 0
    );
    assert!(http["latency"].as_str().unwrap().ends_with('s'));
    for entry in host.entries() {
        let entry = entry.to_string();
        assert!(!entry.contains("in-the-"), "{entry}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_component_prints_is_logged_line_by_line_with_its_request() {
    let host = Host::start(&[]);
    let answer = get(&host, "/print").await;
    let id = answer.headers["x-request-id"].to_str().unwrap();
    for (line, stream) in [
        ("on stdout", "stdout"),
        ("on stderr", "stderr"),
        ("without an end", "stdout"),
    ] {
        let entry = host.log(line, |entry| entry["message"] == line);
        let labels = &entry["logging.googleapis.com/labels"];
        assert_eq!(labels["request_id"], id);
        assert_eq!(labels["stream"], stream);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_arrived_whole_is_not_logged_as_broken() {
    let host = Host::start(&[]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        for path in ["/sized", "/stream?count=2", "/", "/no-such-path"] {
            let request = request(&host, protocol, path).body(empty()).unwrap();
            let answer = whole(send(host.address, protocol, request).await.unwrap()).await;
            let id = answer.headers["x-request-id"].to_str().unwrap();
            let entry = host.log("the end of this request", |entry| {
                entry.get("httpRequest").is_some()
                    && entry["logging.googleapis.com/labels"]["request_id"] == id
            });
            assert_eq!(entry.get("broken"), None, "{entry}");
            assert_eq!(
                entry["httpRequest"]["responseSize"],
                answer.text.len().to_string()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_not_worth_a_line() {
    let host = Host::start(&[]);
    get(&host, "/health/ready").await;
    get(&host, "/").await;
    host.log_with("GET / 200");
    assert!(
        !host
            .entries()
            .iter()
            .any(|entry| entry.to_string().contains("/health/ready"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_the_start_says_where_to_look() {
    let mut child = binary()
        .args(["serve", "--data-dir", ":memory:"])
        .arg(compiled_probe())
        .env("PORT", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let first = lines.next().unwrap();
    let url = first.strip_prefix("listening on ").unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let rest: Vec<_> = lines.by_ref().take(4).collect();
    let rest = rest.join("\n");
    assert!(
        rest.contains(&format!("{url}/.well-known/agent-card.json")),
        "{rest}"
    );
    assert!(rest.contains("memory"), "{rest}");
    assert!(rest.contains(&format!("curl {url}/")), "{rest}");

    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    let request = http::Request::builder()
        .uri("/print")
        .header("host", "x")
        .body(empty())
        .unwrap();
    send(address, Protocol::Http1, request).await.unwrap();
    let log = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let line = log
        .into_iter()
        .find(|line| line.contains("| on stdout"))
        .unwrap();
    assert!(line.contains("INFO"), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A metadata server that knows one service.
async fn metadata_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                let asked_well = request
                    .headers()
                    .get("metadata-flavor")
                    .is_some_and(|v| v == "Google");
                let text = match request.uri().path() {
                    _ if !asked_well => "",
                    "/computeMetadata/v1/project/numeric-project-id" => "123456",
                    "/computeMetadata/v1/project/project-id" => "my-project",
                    "/computeMetadata/v1/instance/region" => "projects/123456/regions/europe-west1",
                    _ => "",
                };
                Ok::<_, std::convert::Infallible>(http::Response::new(Full::<bytes::Bytes>::from(
                    text,
                )))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    address.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_cloud_run_url_and_project_are_found_out() {
    let metadata = metadata_server().await;
    let environment = [
        ("K_SERVICE", "analyst"),
        ("GCE_METADATA_HOST", metadata.as_str()),
    ];
    let host = Host::start_with(&["--log-format", "auto"], &environment);
    let keys = keys(&host).await;
    assert_eq!(
        keys,
        "attache_max_body=33554432\n\
         attache_platform=cloud-run\n\
         attache_public_url=https://analyst-123456.europe-west1.run.app"
    );
    let request = request(&host, Protocol::Http1, "/print")
        .header("x-cloud-trace-context", format!("{TRACE}/255;o=1"))
        .body(empty())
        .unwrap();
    whole(send(host.address, Protocol::Http1, request).await.unwrap()).await;
    let entry = host.log_with("on stdout");
    assert_eq!(
        entry["logging.googleapis.com/trace"],
        format!("projects/my-project/traces/{TRACE}")
    );
    assert_eq!(entry["logging.googleapis.com/spanId"], "00000000000000ff");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_metadata_server_the_start_is_late_by_a_second_at_most() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    let began = std::time::Instant::now();
    let host = Host::start_with(
        &[],
        &[
            ("K_SERVICE", "analyst"),
            ("GCE_METADATA_HOST", address.as_str()),
        ],
    );
    assert!(began.elapsed() < std::time::Duration::from_secs(20));
    host.log_with("the card's URL is taken from each request");
    assert_eq!(
        keys(&host).await,
        "attache_max_body=33554432\nattache_platform=cloud-run"
    );
}
