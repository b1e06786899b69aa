//! Every limit that is reached is a number on the admin port.

use http::{Method, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::client::{Protocol, bytes, empty, exchange, get, in_time, piece, request, send, until};
use super::metrics::{Metrics, admin};
use super::process::Host;
use super::raw;

const ADMIN: &str = "--admin-address=127.0.0.1:0";

/// How often a limit was reached.
async fn hits(host: &Host, limit: &str) -> f64 {
    let metrics = Metrics::of(admin(host)).await;
    metrics.sum("attache_limits_hit_total", &[&format!("limit={limit:?}")])
}

/// Asks for what a limit forbids, and waits until that was counted.
async fn counted(host: &Host, limit: &str, ask: impl Future<Output = ()>) {
    let before = hits(host, limit).await;
    ask.await;
    in_time(until(|| hits(host, limit), |hits| *hits > before)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_on_agents_are_counted() {
    let host = Host::start_hostile(&[
        ADMIN,
        "--memory=16MiB",
        "--cpu-ms=500",
        "--max-resources=1000",
        "--response-timeout=5",
        "--response-idle=1",
        "--max-response=1MiB",
        "--max-response-head=4KiB",
        "--max-log=16KiB",
        "--store-calls=20",
        "--background=1",
        "--outbound-calls=10",
    ]);
    for (limit, path) in [
        ("memory", "/memory"),
        ("cpu", "/loop"),
        ("resources", "/resource-flood"),
        ("response_head", "/slow-head"),
        ("response_idle", "/silent-body"),
        ("response_size", "/endless-body"),
        ("response_size", "/header-bulk"),
        ("logs", "/log-flood"),
        ("store_calls", "/store-flood"),
        ("background", "/sleep-after-response"),
        ("outbound_calls", "/ten-thousand-calls?nowhere.invalid"),
    ] {
        counted(&host, limit, async {
            raw::http1(&host, path).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_on_models_are_counted() {
    let host = Host::start(&[
        ADMIN,
        "--model-calls-per-request=2",
        "--model-tokens-per-task=40",
        "--model-tokens-per-caller=100/1d",
    ]);
    // Each answer takes two tokens more than the question.
    for (limit, path, said) in [
        (
            "model_calls",
            "/usage?task=a&tokens=0&times=3",
            "told\ntold\nA model was asked 2 times for this message",
        ),
        (
            "model_tokens_task",
            "/usage?task=b&tokens=38&times=2",
            "told\nModels took 40 tokens for this task, and 40 is the most for one",
        ),
        (
            "model_tokens_task",
            "/usage?task=c&tokens=54&times=2",
            "told\nModels took 56 tokens for this task",
        ),
        (
            "model_tokens_caller",
            "/usage?task=d&tokens=1",
            "Models took 100 tokens for you, and 100 in 1 day is the most; try again in",
        ),
    ] {
        counted(&host, limit, async {
            let answer = get(&host, path).await.text;
            assert!(answer.starts_with(said), "{answer}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_on_callers_are_counted() {
    let host = Host::start(&[
        ADMIN,
        "--max-instances=1",
        "--queue=1",
        "--queue-wait=0.2",
        "--max-header-size=2KiB",
        "--max-body=1KiB",
        "--body-idle=1",
        "--rate-card=1/min",
        "--max-connections-per-address=8",
    ]);
    let large = "x".repeat(3 << 10);
    counted(&host, "header_size", async {
        let asked = request(&host, Protocol::Http1, "/").header("x-large", &large);
        let answer = send(host.address, Protocol::Http1, asked.body(empty()).unwrap()).await;
        let status = answer.unwrap().status();
        assert_eq!(status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    })
    .await;
    counted(&host, "body_size", async {
        let body = bytes(large.clone());
        let answer = exchange(&host, Protocol::Http1, "/body", Method::POST, body).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    })
    .await;
    counted(&host, "rate_card", async {
        for _ in 0..2 {
            get(&host, "/.well-known/agent-card.json").await;
        }
    })
    .await;
    counted(&host, "slow_request", async {
        let mut stream = TcpStream::connect(host.address).await.unwrap();
        let head = "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1";
        stream.write_all(head.as_bytes()).await.unwrap();
        in_time(until(|| hits(&host, "slow_request"), |hits| *hits > 0.0)).await;
    })
    .await;

    let busy = request(&host, Protocol::Http1, "/stream?count=100000&ms=10");
    let mut busy = send(host.address, Protocol::Http1, busy.body(empty()).unwrap())
        .await
        .unwrap();
    piece(busy.body_mut()).await.unwrap().unwrap();
    counted(&host, "queue_wait", async {
        let refused = get(&host, "/").await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    })
    .await;
    counted(&host, "instances", async {
        let asked = || get(&host, "/");
        let (one, other, third) = tokio::join!(asked(), asked(), asked());
        for refused in [one, other, third] {
            assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        }
    })
    .await;
    counted(&host, "connections", async {
        let mut open = Vec::new();
        for _ in 0..9 {
            open.push(TcpStream::connect(host.address).await.unwrap());
        }
        in_time(until(|| hits(&host, "connections"), |hits| *hits > 0.0)).await;
    })
    .await;
}
