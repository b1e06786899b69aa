use std::collections::BTreeMap;
use std::net::SocketAddr;

use attache_host::telemetry::metrics::{CATALOGUE, Kind};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;

use super::client::{
    Answer, Protocol, bytes, empty, get, in_time, piece, post, request, send, until, whole,
};
use super::process::Host;
use super::receiver::Receiver;

/// What is not provoked from outside here: swaps and digests have their tests where they happen, and
/// pools need a database server.
const ELSEWHERE: [&str; 4] = [
    "a2a_db_pool_size",
    "a2a_db_pool_in_use",
    "attache_component_info",
    "attache_swaps_total",
];

pub(crate) fn admin(host: &Host) -> SocketAddr {
    let entry = host.log("the admin port", |entry| entry.get("admin").is_some());
    entry["admin"].as_str().unwrap().parse().unwrap()
}

async fn ask(address: SocketAddr, method: Method, path: &str, origin: Option<&str>) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address.to_string());
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let request = request.body(empty()).unwrap();
    whole(send(address, Protocol::Http1, request).await.unwrap()).await
}

/// The samples of the text format: each name with its labels, and the type of each metric.
#[derive(Default, Debug)]
pub(crate) struct Metrics {
    samples: BTreeMap<String, f64>,
    types: BTreeMap<String, String>,
}

impl Metrics {
    pub(crate) async fn of(address: SocketAddr) -> Self {
        let answer = ask(address, Method::GET, "/metrics", None).await;
        assert_eq!(answer.status, StatusCode::OK);
        let media_type = answer.headers["content-type"].to_str().unwrap();
        assert!(media_type.starts_with("text/plain; version=0.0.4"));
        let mut metrics = Self::default();
        for line in answer.text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                metrics.types.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                let value = value.parse().unwrap();
                metrics.samples.insert(name.to_owned(), value);
            }
        }
        metrics
    }

    /// The sum of the samples of `name` with all of these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let is_it = |sample: &str| {
            sample.split('{').next() == Some(name)
                && labels.iter().all(|label| sample.contains(label))
        };
        let samples = self.samples.iter().filter(|(sample, _)| is_it(sample));
        samples.map(|(_, value)| value).sum()
    }
}

async fn wait(address: SocketAddr, name: &str, labels: &[&str], value: f64) -> Metrics {
    in_time(async {
        until(
            || Metrics::of(address),
            |metrics| metrics.sum(name, labels) == value,
        )
        .await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_metric_counts_what_it_says() {
    let elsewhere = Receiver::answering(&[200, 200, 503, 200]).await;
    let host = Host::start_with(
        &[
            "--admin-address=127.0.0.1:0",
            "--max-body=1KiB",
            "--push-allow-private",
            "--allow-outbound=*",
            "--outbound-allow-private",
            "--model-hosts=127.0.0.1",
            "--dispatch=cloud-tasks",
            "--tasks-queue=projects/p/locations/l/queues/q",
            "--tasks-service-account=a@p.iam.gserviceaccount.com",
            "--public-url=http://agent.example",
        ],
        &[],
    );
    let at = admin(&host);

    get(&host, "/.well-known/agent-card.json").await;
    wait(
        at,
        "a2a_agent_card_requests_total",
        &[r#"path="agent-card.json""#, r#"status="200""#],
        1.0,
    )
    .await;

    get(&host, &format!("/runs/begin?id=one&{}", elsewhere.hook())).await;
    let completed = [r#"state="completed""#];
    wait(at, "a2a_tasks_total", &completed, 1.0).await;
    wait(at, "a2a_task_duration_seconds_count", &completed, 1.0).await;
    let delivered = [r#"result="delivered""#];
    wait(at, "a2a_push_notifications_total", &delivered, 2.0).await;
    let trapping = request(&host, Protocol::Http1, "/runs/begin?id=two&then=trap");
    let trapping = trapping.body(empty()).unwrap();
    let broken = send(host.address, Protocol::Http1, trapping).await.unwrap();
    assert!(in_time(broken.into_body().collect()).await.is_err());
    wait(at, "a2a_tasks_total", &[r#"state="failed""#], 1.0).await;
    wait(at, "a2a_errors_total", &[r#"kind="guest_trap""#], 1.0).await;

    let large = post(&host, "/body", bytes(vec![0; 2048])).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    wait(at, "a2a_errors_total", &[r#"kind="invalid_input""#], 1.0).await;
    let refused = [
        r#"code="413""#,
        r#"transport="http_json""#,
        r#"protocol_version="0.3""#,
    ];
    wait(at, "a2a_request_duration_seconds_count", &refused, 1.0).await;

    for _ in 0..2 {
        let path = "v1beta/models/gemini-2.5-flash:generateContent";
        let url = format!("http://{}/{path}", elsewhere.address);
        get(&host, &format!("/fetch?url={url}")).await;
    }
    for status in [r#"status="503""#, r#"status="200""#] {
        let labels = [r#"model="gemini-2.5-flash""#, status];
        wait(at, "a2a_llm_request_duration_seconds_count", &labels, 1.0).await;
    }
    wait(at, "a2a_errors_total", &[r#"kind="llm""#], 1.0).await;

    get(&host, "/usage?task=t&model=gemini-3.5-flash&tokens=40").await;
    let model = r#"model="gemini-3.5-flash""#;
    for (kind, tokens) in [("input", 40.0), ("output", 2.0), ("thought", 1.0)] {
        let kind = format!("type={kind:?}");
        let labels = [model, r#"provider="gcp.gemini""#, &kind];
        wait(at, "a2a_llm_tokens_total", &labels, tokens).await;
    }
    let told = [model, r#"status="ok""#];
    wait(at, "a2a_llm_request_duration_seconds_count", &told, 1.0).await;
    let tool = [r#"tool="look""#, r#"kind="function""#, r#"failed="false""#];
    wait(at, "a2a_tool_duration_seconds_count", &tool, 1.0).await;
    // Of a component that tells, its requests are not counted beside it.
    let path = "v1beta/models/gemini-3.5-flash:generateContent";
    let url = format!("http://{}/{path}", elsewhere.address);
    let both = format!("/usage?task=t&model=gemini-3.5-flash&tokens=40&fetch={url}");
    get(&host, &both).await;
    wait(at, "a2a_llm_request_duration_seconds_count", &[model], 2.0).await;

    let call = Request::builder()
        .method(Method::POST)
        .uri("/internal/tasks/run")
        .header("host", "agent.example")
        .body(bytes(Bytes::from_static(br#"{"token":"unknown"}"#)))
        .unwrap();
    whole(send(host.address, Protocol::Http1, call).await.unwrap()).await;
    let nothing = [r#"result="nothing_to_do""#];
    wait(at, "attache_dispatch_calls_total", &nothing, 1.0).await;

    let open = request(&host, Protocol::Http1, "/events?then=end")
        .body(empty())
        .unwrap();
    let mut stream = send(host.address, Protocol::Http1, open).await.unwrap();
    piece(stream.body_mut()).await.unwrap().unwrap();
    wait(at, "a2a_time_to_first_event_seconds_count", &[], 1.0).await;
    let during = wait(at, "a2a_sse_active", &[], 1.0).await;
    assert!(during.sum("attache_instances_in_use", &[]) >= 1.0);
    get(&host, "/open-gate?gate=end").await;
    whole(stream).await;
    wait(at, "a2a_sse_active", &[], 0.0).await;
    wait(at, "a2a_sse_duration_seconds_count", &[], 1.0).await;
    let after = wait(at, "attache_instances_in_use", &[], 0.0).await;

    let appends = [r#"operation="Append""#, r#"result="ok""#];
    assert!(after.sum("attache_store_duration_seconds_count", &appends) >= 1.0);
    assert!(
        after
            .samples
            .contains_key(r#"attache_limits_hit_total{limit="memory"}"#)
    );
    assert_eq!(after.sum("attache_queue_waiting", &[]), 0.0);
    for metric in CATALOGUE
        .iter()
        .filter(|metric| !ELSEWHERE.contains(&metric.name))
    {
        assert_eq!(
            after.types.get(metric.name).map(String::as_str),
            Some(metric.kind.name())
        );
    }
    for (sample, _) in after
        .samples
        .iter()
        .filter(|(sample, _)| !sample.starts_with("target_info"))
    {
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        let base = ["_bucket", "_sum", "_count"]
            .into_iter()
            .find_map(|s| name.strip_suffix(s));
        let known = CATALOGUE.iter().find(|metric| {
            metric.name == name || (metric.kind == Kind::Histogram && Some(metric.name) == base)
        });
        let known = known.unwrap_or_else(|| panic!("{name} is not documented"));
        for label in labels
            .split(['{', ','])
            .filter_map(|pair| pair.split_once("=\""))
        {
            assert!(
                label.0 == "le" || known.labels.contains(&label.0),
                "{sample}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_fails_once() {
    let host = Host::start(&["--admin-address=127.0.0.1:0"]);
    let at = admin(&host);
    get(&host, "/trap-before").await;
    let metrics = wait(
        at,
        "a2a_request_duration_seconds_count",
        &[r#"code="500""#],
        1.0,
    )
    .await;
    assert_eq!(metrics.sum("a2a_errors_total", &[]), 1.0);
    assert_eq!(
        metrics.sum("a2a_errors_total", &[r#"kind="guest_trap""#]),
        1.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_port_is_for_operators_alone() {
    let host = Host::start(&["--admin-address=127.0.0.1:0"]);
    let at = admin(&host);
    let page = Some("https://evil.example");
    let refused = ask(at, Method::GET, "/metrics", page).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let post = ask(at, Method::POST, "/metrics", None).await;
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post.headers["allow"], "GET");
    let unknown = ask(at, Method::GET, "/", None).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(
        unknown.text,
        "there are: /agents, /agents/reload, /metrics\n"
    );
    // The public port has no such path: it is the component's.
    assert_eq!(get(&host, "/metrics").await.text, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_port_that_is_taken_ends_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let probe = super::process::compiled_probe().to_str().unwrap();
    let output = super::process::run(
        &[
            "serve",
            probe,
            "--port=0",
            "--data-dir=:memory:",
            "--log-format=json",
        ],
        &[("ATTACHE_ADMIN_ADDRESS", &address)],
    );
    assert_eq!(output.status.code(), Some(69));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("ATTACHE_ADMIN_ADDRESS (--admin-address)"),
        "{said}"
    );
}
