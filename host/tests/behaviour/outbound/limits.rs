//! How much one request of a caller may cause outside, and what is said about it.

use super::Call;
use crate::client::until;
use crate::elsewhere::Elsewhere;
use crate::process::{Host, message};

const OPEN: [&str; 3] = [
    "--allow-outbound",
    "127.0.0.1:*",
    "--outbound-allow-private",
];

fn start(limit: &[&str]) -> Host {
    Host::start(&[&OPEN[..], limit].concat())
}

fn times_logged(host: &Host, text: &str) -> usize {
    let entries = host.entries();
    entries
        .iter()
        .filter(|entry| message(entry).contains(text))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_whatever_becomes_of_them() {
    let target = Elsewhere::start().await;
    let host = start(&["--outbound-calls", "5"]);
    for _ in 0..2 {
        // Each request of a caller has its own.
        let answer = Call::many(&target.url("/"), 8).from(&host).await;
        assert_eq!(
            answer,
            "5 times 200 reached /\n3 times ErrorCode::ConnectionLimitReached"
        );
    }
    assert_eq!(target.connections(), 10);
    let refused = Call::many("http://not-allowed.test/", 8).from(&host).await;
    assert_eq!(
        refused,
        "3 times ErrorCode::ConnectionLimitReached\n5 times ErrorCode::HttpRequestDenied"
    );
    let said = "ATTACHE_OUTBOUND_CALLS (--outbound-calls) sets this limit";
    until(async || times_logged(&host, said), |times| *times == 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_open_at_the_same_time_are_counted() {
    let target = Elsewhere::start().await;
    let host = start(&["--outbound-concurrent", "2"]);
    let answer = Call::at_once(&target.url("/"), 5)
        .with("connect_ms", 500)
        .from(&host)
        .await;
    assert_eq!(
        answer,
        "2 times 200 reached /\n3 times ErrorCode::ConnectionLimitReached"
    );
    host.log_with("ATTACHE_OUTBOUND_CONCURRENT (--outbound-concurrent) sets this limit");
    // One after the other they all have room.
    let answer = Call::many(&target.url("/"), 5).from(&host).await;
    assert_eq!(answer, "5 times 200 reached /");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_counted_in_both_directions() {
    let target = Elsewhere::start().await;
    let host = start(&["--outbound-bytes", "64KiB"]);
    let said = "ATTACHE_OUTBOUND_BYTES (--outbound-bytes) sets this limit";
    let large = Call::many(&target.url("/bytes/100000"), 1)
        .from(&host)
        .await;
    assert!(large.ends_with("(broken)"), "{large}");
    host.log_with(said);
    let sent = Call::many(&target.url("/"), 1).with("body", 100_000);
    let sent = sent.from(&host).await;
    assert!(sent.contains("HttpRequestBodySize"), "{sent}");
    let several = Call::many(&target.url("/bytes/30000"), 3).from(&host).await;
    assert_eq!(several.matches("(broken)").count(), 1, "{several}");
    let enough = Call::many(&target.url("/bytes/30000"), 2).with("body", 2_000);
    let enough = enough.from(&host).await;
    assert!(enough.starts_with("2 times 200 xxx"), "{enough}");
    assert!(!enough.contains("broken"), "{enough}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_refused_calls_does_not_flood_the_log() {
    let host = start(&[]);
    let answer = Call::many("http://not-allowed.test/", 500)
        .from(&host)
        .await;
    assert_eq!(answer, "500 times ErrorCode::HttpRequestDenied");
    host.log_with("further calls that fail in this request are not logged");
    assert_eq!(times_logged(&host, "refused a call of the component"), 20);
}
