//! How often callers may ask.

use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::client::{Answer, Protocol, empty, get, request, send, whole};
use super::process::{Host, run};

const CARD: &str = "/.well-known/agent-card.json";

/// A request that came with this `X-Forwarded-For`.
async fn forwarded(host: &Host, path: &str, list: &str) -> Answer {
    let request = request(host, Protocol::Http1, path)
        .header("x-forwarded-for", list)
        .body(empty())
        .unwrap();
    whole(send(host.address, Protocol::Http1, request).await.unwrap()).await
}

fn lines<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let all = headers.get_all(name).iter();
    all.map(|line| line.to_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_told_where_it_stands_and_when_to_come_back() {
    let host = Host::start(&["--rate-address", "2/h"]);
    for left in [1, 0] {
        let answer = get(&host, "/").await;
        assert_eq!(answer.status, StatusCode::OK);
        let policy = lines(&answer.headers, "ratelimit-policy");
        assert_eq!(policy, [r#""address";q=2;w=3600"#]);
        let limit = lines(&answer.headers, "ratelimit");
        assert!(
            limit[0].starts_with(&format!(r#""address";r={left};t=1"#)),
            "{limit:?}"
        );
    }
    let answer = get(&host, "/").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1_700..=1_800).contains(&seconds), "{seconds}");
    assert_eq!(
        lines(&answer.headers, "ratelimit"),
        [format!(r#""address";r=0;t={seconds}"#)]
    );
    let error: Value = serde_json::from_str(&answer.text).unwrap();
    let error = &error["error"];
    assert_eq!(
        (&error["code"], &error["status"]),
        (&429.into(), &"RESOURCE_EXHAUSTED".into())
    );
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("an address may send 2 per hour"),
        "{message}"
    );
    let [info, retry] = error["details"].as_array().unwrap().as_slice() else {
        panic!("{error}");
    };
    assert_eq!(info["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
    assert_eq!(info["reason"], "RATE_LIMIT_EXCEEDED");
    assert_eq!(info["metadata"]["policy"], "address");
    assert_eq!(retry["retryDelay"], format!("{seconds}s"));

    let health = get(&host, "/health/ready").await;
    assert_eq!(health.status, StatusCode::OK);
    assert!(!health.headers.contains_key("ratelimit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_grpc_is_told_in_its_own_form() {
    let host = Host::start(&["--rate-address", "1/h"]);
    get(&host, "/").await;
    let request = request(&host, Protocol::H2c, "/lf.a2a.v1.A2AService/SendMessage")
        .method(Method::POST)
        .header("content-type", "application/grpc")
        .body(empty())
        .unwrap();
    let answer = whole(send(host.address, Protocol::H2c, request).await.unwrap()).await;
    assert_eq!(answer.headers["grpc-status"], "8");
    let message = answer.headers["grpc-message"].to_str().unwrap();
    assert!(message.contains("try again in"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_has_a_limit_of_its_own() {
    let host = Host::start(&["--rate-card", "1/h", "--rate-address", "1/h"]);
    let card = get(&host, CARD).await;
    assert_eq!(
        lines(&card.headers, "ratelimit-policy"),
        [r#""card";q=1;w=3600"#]
    );
    assert_eq!(get(&host, CARD).await.status, StatusCode::TOO_MANY_REQUESTS);
    // Of 0.3, and below a prefix.
    let other = get(&host, "/agents/it/.well-known/agent.json").await;
    assert_eq!(other.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(get(&host, "/").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_invents_is_no_address() {
    let host = Host::start_with(
        &["--rate-address", "1/h"],
        &[("K_SERVICE", "agent"), ("PORT", "0")],
    );
    let first = forwarded(&host, "/one", "10.1.1.1, 203.0.113.7").await;
    assert_eq!(first.status, StatusCode::OK);
    let same = forwarded(&host, "/two", "10.2.2.2, 203.0.113.7").await;
    assert_eq!(same.status, StatusCode::TOO_MANY_REQUESTS);
    let other = forwarded(&host, "/three", "203.0.113.7, 203.0.113.8").await;
    assert_eq!(other.status, StatusCode::OK);
    let entry = host.log_with("GET /two 429");
    assert_eq!(entry["httpRequest"]["remoteIp"], "203.0.113.7");

    // One customer's network of IPv6 is one address.
    let first = forwarded(&host, "/", "2001:db8::1").await;
    assert_eq!(first.status, StatusCode::OK);
    let same = forwarded(&host, "/", "2001:db8::2").await;
    assert_eq!(same.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_proxy_the_list_is_not_read() {
    let host = Host::start(&["--rate-address", "1/h"]);
    assert_eq!(
        forwarded(&host, "/", "203.0.113.7").await.status,
        StatusCode::OK
    );
    let other = forwarded(&host, "/told", "203.0.113.8").await;
    assert_eq!(other.status, StatusCode::TOO_MANY_REQUESTS);
    let entry = host.log_with("GET /told 429");
    assert_eq!(entry["httpRequest"]["remoteIp"], "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_of_proxies_is_believed() {
    let arguments = [
        "--rate-address",
        "1/h",
        "--trusted-proxies",
        "127.0.0.0/8,10.0.0.0/8",
    ];
    let host = Host::start(&arguments);
    let list = |client: &str| format!("6.6.6.6, {client}, 10.9.9.9");
    for (client, status) in [
        ("203.0.113.7", StatusCode::OK),
        ("203.0.113.7", StatusCode::TOO_MANY_REQUESTS),
        ("203.0.113.8", StatusCode::OK),
    ] {
        let answer = forwarded(&host, "/", &list(client)).await;
        assert_eq!(answer.status, status, "{client}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_only_where_a_limit_is_set() {
    let host = Host::start(&["--rate-caller", "1/h"]);
    for _ in 0..3 {
        // Nobody in particular, and so no caller.
        let answer = get(&host, "/").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.headers.contains_key("ratelimit-policy"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_has_its_own_rate_wherever_it_calls_from() {
    let keys = ["ann", "bob"].map(|name| {
        let made = run(&["api-key", name], &[]);
        let text = String::from_utf8(made.stdout).unwrap();
        let after = |label: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(label));
            line.unwrap().trim().to_owned()
        };
        (after("key:"), after("line:"))
    });
    let lines = keys.each_ref().map(|(_, line)| line.as_str()).join(",");
    let environment = [("ATTACHE_AUTH", "api-key"), ("ATTACHE_API_KEYS", &lines)];
    let host = Host::start_with(
        &["--rate-caller", "1/h", "--trusted-proxies", "1"],
        &environment,
    );
    let asks = async |key: &str, from: &str| {
        let request = request(&host, Protocol::Http1, "/")
            .header("x-api-key", key)
            .header("x-forwarded-for", from);
        let sent = send(
            host.address,
            Protocol::Http1,
            request.body(empty()).unwrap(),
        );
        whole(sent.await.unwrap()).await
    };
    for (key, _) in &keys {
        assert_eq!(asks(key, "192.0.2.1").await.status, StatusCode::OK);
    }
    let refused = asks(&keys[0].0, "192.0.2.2").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let error: Value = serde_json::from_str(&refused.text).unwrap();
    assert_eq!(error["error"]["details"][0]["metadata"]["policy"], "caller");
    assert!(!refused.text.contains(&keys[0].0), "{}", refused.text);
}
