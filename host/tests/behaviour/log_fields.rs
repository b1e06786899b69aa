//! The fields that Cloud Logging and Error Reporting read, with their types.

use std::process::Command;

use attache_host::telemetry::{LogConfig, LogFormat, Service, Telemetry, TelemetryConfig};
use serde_json::Value;

use super::client::{Protocol, empty, get, request, send, whole};
use super::process::Host;

const SEVERITIES: [&str; 9] = [
    "DEFAULT",
    "DEBUG",
    "INFO",
    "NOTICE",
    "WARNING",
    "ERROR",
    "CRITICAL",
    "ALERT",
    "EMERGENCY",
];
const REPORTED: &str =
    "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent";
const LABELS: &str = "logging.googleapis.com/labels";

/// Fails for a field that Cloud Logging would not read as what it is meant for.
fn check(entry: &Value) {
    let fields = entry.as_object().unwrap();
    for required in ["severity", "time", "message"] {
        assert!(fields.contains_key(required), "{required}: {entry}");
    }
    for (name, value) in fields {
        let is_right = match name.as_str() {
            "severity" => SEVERITIES.contains(&value.as_str().unwrap_or_default()),
            "message" | "@type" | "stack_trace" | "logging.googleapis.com/insertId" => {
                value.is_string()
            }
            "time" => value.as_str().is_some_and(is_time),
            "httpRequest" => is_request(value),
            LABELS => is_object_of(value, |_, value| value.is_string()),
            "logging.googleapis.com/trace" => value.as_str().is_some_and(is_trace),
            "logging.googleapis.com/spanId" => is_hex(value.as_str().unwrap_or_default(), 16),
            "logging.googleapis.com/trace_sampled" => value.is_boolean(),
            "logging.googleapis.com/sourceLocation" => is_object_of(value, |name, value| {
                ["file", "line", "function"].contains(&name) && value.is_string()
            }),
            "serviceContext" => is_object_of(value, |name, value| {
                ["service", "version"].contains(&name) && value.is_string()
            }),
            other => !other.starts_with("logging.googleapis.com/"),
        };
        assert!(is_right, "{name} is {value}");
    }
    if fields.get("@type").is_some_and(|kind| kind == REPORTED) {
        assert!(fields["serviceContext"]["service"].is_string(), "{entry}");
        let location = &fields["context"]["reportLocation"];
        assert!(location["functionName"].is_string(), "{entry}");
        assert!(
            location.get("lineNumber").is_none_or(Value::is_u64),
            "{entry}"
        );
    }
}

fn is_object_of(value: &Value, is: impl Fn(&str, &Value) -> bool) -> bool {
    let fields = value.as_object();
    fields.is_some_and(|fields| fields.iter().all(|(name, value)| is(name, value)))
}

fn is_request(value: &Value) -> bool {
    is_object_of(value, |name, value| match name {
        "status" => value.is_u64(),
        "requestSize" | "responseSize" => value
            .as_str()
            .is_some_and(|size| size.parse::<u64>().is_ok()),
        "latency" => value.as_str().is_some_and(|latency| {
            latency
                .strip_suffix('s')
                .is_some_and(|latency| latency.parse::<f64>().is_ok())
        }),
        "requestMethod" | "requestUrl" | "userAgent" | "remoteIp" | "protocol" => value.is_string(),
        _ => false,
    })
}

fn is_trace(trace: &str) -> bool {
    is_hex(trace.rsplit('/').next().unwrap_or_default(), 32)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T')
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_has_the_fields_of_cloud_logging_with_their_types() {
    let host = Host::start_with(&["--cpu-ms=100"], &[("K_REVISION", "agent-00007")]);
    for path in [
        "/",
        "/print",
        "/print-json",
        "/trap-before",
        "/silent",
        "/spin",
    ] {
        let request = request(&host, Protocol::Http1, path)
            .header(
                "traceparent",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            )
            .body(empty())
            .unwrap();
        whole(send(host.address, Protocol::Http1, request).await.unwrap()).await;
    }
    host.log_with("GET /spin 500");
    let entries = host.entries();
    assert!(entries.len() > 10);
    entries.iter().for_each(check);
    let silent = host.log_with("returned without an answer");
    let source = &silent["logging.googleapis.com/sourceLocation"];
    assert_eq!(source["file"], "host/src/service/exchange.rs");
    assert_eq!(silent["serviceContext"]["version"], "agent-00007");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_component_says_in_json_is_its_entry_and_places_nothing() {
    let host = Host::start(&[]);
    get(&host, "/print-json").await;
    let entry = host.log_with("three rows");
    assert_eq!(entry["severity"], "NOTICE");
    assert_eq!(entry["rows"], 3);
    assert_eq!(entry[LABELS]["stream"], "stdout");
    let forged = host.log_with("forged");
    assert_eq!(forged.get("logging.googleapis.com/trace"), None);
    assert_ne!(forged["time"], "1");
    let secret = host.log_with("sent authorization");
    assert_eq!(secret["message"], "sent authorization: [redacted]");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_logged_still_names_the_request_of_what_is() {
    let host = Host::start_with(&[], &[("RUST_LOG", "warn,attache_host::app=info")]);
    get(&host, "/trap-before").await;
    let entry = host.log_with("the component trapped");
    assert!(entry[LABELS]["request_id"].is_string());
    assert!(!host.entries().iter().any(|entry| {
        entry
            .get("httpRequest")
            .is_some_and(|http| http["status"] == 200)
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_reported_with_the_stack_of_the_component() {
    let host = Host::start_with(&[], &[("K_REVISION", "agent-00007")]);
    get(&host, "/trap-before").await;
    let entry = host.log_with("the component trapped");
    check(&entry);
    assert_eq!(entry["@type"], REPORTED);
    assert_eq!(entry["severity"], "ERROR");
    assert_eq!(entry["serviceContext"]["service"], "attache-host");
    assert_eq!(entry["serviceContext"]["version"], "agent-00007");
    let message = entry["message"].as_str().unwrap();
    assert!(message.contains("unreachable"), "{message}");
    assert!(message.contains("\n   0: "), "{message}");
    let called = &entry["context"]["httpRequest"];
    assert_eq!(
        (&called["method"], &called["url"]),
        (&"GET".into(), &"/trap-before".into())
    );
}

/// Nothing makes the host panic, so a process of the test does it in its place.
#[test]
fn a_panic_of_the_host_is_reported_with_where_it_was() {
    const HERE: &str = "ATTACHE_TEST_PANICS";
    if std::env::var_os(HERE).is_some() {
        let log = LogConfig {
            format: LogFormat::Json,
            filter: "info".to_owned(),
        };
        let config = TelemetryConfig {
            service: Service {
                name: "a-service".to_owned(),
                version: "7".to_owned(),
            },
            ..TelemetryConfig::default()
        };
        Telemetry::install(&log, &config);
        let thread = std::thread::Builder::new().name("worker".to_owned());
        let panicking = thread.spawn(|| panic!("it broke with Bearer s3cret-t0ken"));
        panicking.unwrap().join().unwrap_err();
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "log_fields::a_panic_of_the_host_is_reported_with_where_it_was",
        ])
        .arg("--nocapture")
        .env(HERE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let report = said.lines().find(|line| line.starts_with('{')).unwrap();
    let entry: Value = serde_json::from_str(report).unwrap();
    check(&entry);
    assert_eq!(entry["@type"], REPORTED);
    assert_eq!(entry["serviceContext"]["service"], "a-service");
    let location = &entry["context"]["reportLocation"];
    assert!(
        location["filePath"]
            .as_str()
            .unwrap()
            .ends_with("log_fields.rs")
    );
    assert!(location["lineNumber"].is_u64());
    assert_eq!(location["functionName"], "worker");
    let message = entry["message"].as_str().unwrap();
    assert!(
        message.contains("it broke with Bearer [redacted]"),
        "{message}"
    );
    assert!(message.contains("   0: "), "{message}");
}
