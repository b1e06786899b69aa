use std::convert::Infallible;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use super::client::{Protocol, bytes, empty, get, request, send, until, whole};
use super::collector::Collector;
use super::process::Host;
use super::receiver::Receiver;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Exports at once.
fn exporting(collector: &Collector, arguments: &[&str], variables: &[(&str, &str)]) -> Host {
    let url = collector.url();
    let mut all = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
        ("GOOGLE_CLOUD_PROJECT", "my-project"),
    ];
    all.extend(variables);
    Host::start_with(arguments, &all)
}

async fn get_in(host: &Host, path: &str, header: (&str, &str)) -> String {
    let request = request(host, Protocol::Http1, path)
        .header(header.0, header.1)
        .body(empty())
        .unwrap();
    whole(send(host.address, Protocol::Http1, request).await.unwrap())
        .await
        .text
}

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{CALLER}-{flags}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_one_trace_from_the_edge_to_what_it_calls() {
    let collector = Collector::start().await;
    let elsewhere = Receiver::answering(&[200]).await;
    let allowed = elsewhere.address.to_string();
    let arguments = ["--allow-outbound", &allowed, "--outbound-allow-private"];
    let host = exporting(&collector, &arguments, &[]);
    let path = format!("/journey?id=one&url=http://{}/there", elsewhere.address);
    let answer = get_in(&host, &path, ("traceparent", &traceparent("01"))).await;
    assert_eq!(answer, "Ok(2) 200 ");

    let of_trace =
        |name: &'static str| collector.span(move |span| span.name == name && span.trace == TRACE);
    let edge = of_trace("GET http_json").await;
    let guest = of_trace("guest").await;
    let store = of_trace("Append").await;
    let outbound = of_trace("GET").await;
    assert_eq!(edge.parent, CALLER);
    assert_eq!(guest.parent, edge.id);
    assert_eq!(store.parent, guest.id);
    assert_eq!(outbound.parent, guest.id);
    assert_eq!(edge.attributes["http.response.status_code"], "200");
    assert_eq!(edge.attributes["url.path"], "/journey");
    assert_eq!(edge.attributes["a2a.task.id"], "one");
    assert_eq!(store.attributes["db.system.name"], "sqlite");
    assert_eq!(outbound.attributes["http.response.status_code"], "200");

    let called = &elsewhere.taken()[0];
    assert_eq!(
        called.headers["traceparent"],
        format!("00-{TRACE}-{}-01", outbound.id)
    );

    let joined = |text: &str, span: &str| {
        let entry = host.log_with(text);
        assert_eq!(
            entry["logging.googleapis.com/trace"],
            format!("projects/my-project/traces/{TRACE}")
        );
        assert_eq!(entry["logging.googleapis.com/spanId"], span);
        assert_eq!(entry["logging.googleapis.com/trace_sampled"], true);
        entry
    };
    let access = joined("GET /journey 200", &edge.id);
    assert_eq!(access["logging.googleapis.com/labels"]["task_id"], "one");
    joined("the journey begins", &guest.id);
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "attache-host");
    assert_eq!(resource["gcp.project_id"], "my-project");
    assert_eq!(resource["cloud.account.id"], "my-project");
    assert!(resource.contains_key("service.instance.id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_finds_its_own_span_in_its_request() {
    let collector = Collector::start().await;
    let host = exporting(&collector, &[], &[]);
    let cloud = ("x-cloud-trace-context", format!("{TRACE}/255;o=1"));
    let seen = get_in(&host, "/echo", (cloud.0, &cloud.1)).await;
    let guest = collector.span(|span| span.name == "guest").await;
    let edge = collector.span(|span| span.name == "GET http_json").await;
    assert_eq!(edge.parent, "00000000000000ff");
    assert!(
        seen.contains(&format!("traceparent: 00-{TRACE}-{}-01", guest.id)),
        "{seen}"
    );
    let decimal = u64::from_str_radix(&guest.id, 16).unwrap();
    assert!(
        seen.contains(&format!("x-cloud-trace-context: {TRACE}/{decimal};o=1")),
        "{seen}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_decides_what_is_recorded_unless_the_host_does() {
    let collector = Collector::start().await;
    let host = exporting(&collector, &[], &[("ATTACHE_TRACE_SAMPLE", "0")]);
    get_in(&host, "/print", ("traceparent", &traceparent("00"))).await;
    get(&host, "/none").await;
    get_in(&host, "/sampled", ("traceparent", &traceparent("01"))).await;
    collector.span(|span| span.name == "GET http_json").await;
    let spans = collector.spans();
    let edges: Vec<_> = spans
        .iter()
        .filter_map(|s| s.attributes.get("url.path"))
        .collect();
    assert_eq!(edges, ["/sampled"]);
    // Lines are joined by a trace that is not recorded, too.
    let entry = host.log_with("on stdout");
    let trace = entry["logging.googleapis.com/trace"].as_str().unwrap();
    assert!(trace.ends_with(TRACE), "{trace}");
    assert_eq!(entry["logging.googleapis.com/trace_sampled"], false);

    let host = exporting(&collector, &[], &[("OTEL_TRACES_SAMPLER", "always_on")]);
    get_in(&host, "/all", ("traceparent", &traceparent("00"))).await;
    let is_all = |path: Option<&String>| path.is_some_and(|path| path == "/all");
    collector
        .span(|span| is_all(span.attributes.get("url.path")))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_begins_here_when_nobody_named_one() {
    let collector = Collector::start().await;
    let host = exporting(&collector, &[], &[]);
    get(&host, "/health/ready").await;
    get(&host, "/print").await;
    let edge = collector.span(|span| span.name == "GET http_json").await;
    assert_eq!(edge.parent, "");
    let entry = host.log_with("on stdout");
    assert_eq!(
        entry["logging.googleapis.com/trace"],
        format!("projects/my-project/traces/{}", edge.trace)
    );
    let spans = collector.spans();
    // Neither probes nor what the host does by itself is in a trace.
    assert!(
        spans.iter().all(|span| span.trace == edge.trace),
        "{spans:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_marked() {
    let collector = Collector::start().await;
    let host = exporting(&collector, &[], &[]);
    get(&host, "/trap-before").await;
    let edge = collector.span(|span| span.name == "GET http_json").await;
    let guest = collector.span(|span| span.name == "guest").await;
    assert!(edge.failed && guest.failed, "{edge:?} {guest:?}");
    assert_eq!(edge.attributes["http.response.status_code"], "500");
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_traced() {
    let collector = Collector::start().await;
    let receiver = Receiver::answering(&[200]).await;
    let host = exporting(&collector, &["--push-allow-private"], &[]);
    get(&host, &format!("/runs/begin?id=one&{}", receiver.hook())).await;
    let push = collector
        .span(|span| span.name == "push notification")
        .await;
    assert_eq!(push.attributes["a2a.task.id"], "one");
    let post = collector
        .span(|span| span.name == "POST" && span.parent == push.id)
        .await;
    let taken = &receiver.taken()[0];
    assert_eq!(
        taken.headers["traceparent"],
        format!("00-{}-{}-01", push.trace, post.id)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_sent_at_the_end() {
    let collector = Collector::start().await;
    let mut host = exporting(&collector, &[], &[("OTEL_BSP_SCHEDULE_DELAY", "3600000")]);
    get(&host, "/").await;
    host.log_with("GET / 200");
    assert!(collector.spans().is_empty());
    host.signal("TERM");
    assert_eq!(host.wait(), Some(0));
    assert!(
        collector
            .spans()
            .iter()
            .any(|span| span.name == "GET http_json")
    );
    assert!(
        collector
            .metrics()
            .iter()
            .any(|name| name == "a2a_request_duration_seconds")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_holds_up_nobody() {
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", hanging.local_addr().unwrap());
    let mut host = Host::start_with(&["--otlp-endpoint", &url], &[]);
    assert_eq!(get(&host, "/").await.text, "ok");
    host.signal("TERM");
    let began = Instant::now();
    assert_eq!(host.wait(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_gone_is_named_once() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let frequent = [
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
    ];
    let host = Host::start_with(&["--otlp-endpoint", &url], &frequent);
    let is_named =
        |entry: &Value| super::process::message(entry).contains("do not reach the collector");
    host.log("the collector", is_named);
    get(&host, "/").await;
    host.log_with("GET / 200");
    assert_eq!(
        host.entries()
            .into_iter()
            .filter(|entry| is_named(entry))
            .count(),
        1
    );
}

/// A metadata server that gives one access token.
async fn metadata_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                let is_token = request.uri().path().ends_with("/default/token");
                let token = r#"{"access_token":"t0ken","expires_in":3600,"token_type":"Bearer"}"#;
                let text = if is_token { token } else { "" };
                Ok::<_, Infallible>(http::Response::new(Full::<bytes::Bytes>::from(text)))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    address.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn googles_collector_is_sent_the_token_of_the_service_and_its_project() {
    let collector = Collector::start().await;
    let metadata = metadata_server().await;
    let variables = [
        ("GCE_METADATA_HOST", metadata.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-more=1"),
    ];
    let host = exporting(&collector, &["--otlp-google-auth"], &variables);
    get(&host, "/").await;
    collector.span(|span| span.name == "GET http_json").await;
    let sent = until(|| async { collector.metrics() }, |names| !names.is_empty()).await;
    assert!(
        sent.iter()
            .any(|name| name.starts_with("a2a_") || name.starts_with("attache_"))
    );
    for headers in collector.headers() {
        assert_eq!(headers["authorization"], "Bearer t0ken");
        assert_eq!(headers["x-goog-user-project"], "my-project");
        assert_eq!(headers["x-more"], "1");
    }
    for entry in host.entries() {
        assert!(!entry.to_string().contains("t0ken"), "{entry}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatched_task_goes_on_in_its_trace() {
    let collector = Collector::start().await;
    let metadata = metadata_server().await;
    let queue = Receiver::answering(&[200]).await;
    let queue_url = format!("http://{}", queue.address);
    let arguments = [
        "--dispatch=cloud-tasks",
        "--tasks-queue=projects/p/locations/l/queues/q",
        "--tasks-service-account=a@p.iam.gserviceaccount.com",
        "--cloud-tasks-url",
        &queue_url,
        "--public-url=http://agent.example",
    ];
    let variables = [("GCE_METADATA_HOST", metadata.as_str())];
    let host = exporting(&collector, &arguments, &variables);
    let path = "/runs/begin?id=one&dispatch=1";
    get_in(&host, path, ("traceparent", &traceparent("01"))).await;
    let enqueue = collector.span(|span| span.name == "enqueue").await;
    assert_eq!(enqueue.trace, TRACE);
    let asked: Value = serde_json::from_str(&queue.first(1).await[0]).unwrap();
    let carried = &asked["task"]["httpRequest"]["headers"]["traceparent"];
    assert_eq!(*carried, format!("00-{TRACE}-{}-01", enqueue.id));

    let call = request(&host, Protocol::Http1, "/internal/tasks/run")
        .method("POST")
        .header("traceparent", carried.as_str().unwrap())
        .body(bytes(calling(&asked)))
        .unwrap();
    whole(send(host.address, Protocol::Http1, call).await.unwrap()).await;
    let taken = collector.span(|span| span.name == "take up").await;
    let resumed = collector.span(|span| span.name == "resume").await;
    assert_eq!(
        (taken.trace.as_str(), &resumed.trace),
        (TRACE, &taken.trace)
    );
    assert_eq!(resumed.attributes["a2a.task.id"], "one");
}

/// The body that the queue was asked to send.
fn calling(asked: &Value) -> Vec<u8> {
    let body = asked["task"]["httpRequest"]["body"].as_str().unwrap();
    STANDARD.decode(body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_and_a_tool_took_is_in_the_trace() {
    let collector = Collector::start().await;
    let host = exporting(&collector, &[], &[]);
    let path = "/usage?task=t&model=gemini-3.5-flash&tokens=40&error=timeout";
    get_in(&host, path, ("traceparent", &traceparent("01"))).await;
    let chat = collector
        .span(|span| span.name == "chat gemini-3.5-flash")
        .await;
    let guest = collector.span(|span| span.name == "guest").await;
    assert_eq!(chat.parent, guest.id);
    for (key, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "gcp.gemini"),
        ("gen_ai.request.model", "gemini-3.5-flash"),
        ("gen_ai.usage.input_tokens", "40"),
        ("gen_ai.usage.output_tokens", "2"),
        ("error.type", "timeout"),
    ] {
        let found = chat.attributes.get(key).map(String::as_str);
        assert_eq!(found, Some(value), "{key}: {:?}", chat.attributes);
    }
    let tool = collector
        .span(|span| span.name == "execute_tool look")
        .await;
    assert_eq!(tool.parent, guest.id);
}
