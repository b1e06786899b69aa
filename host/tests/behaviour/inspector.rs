//! Who sees the inspector. What it shows is tested in a browser.

use http::{Method, StatusCode};
use serde_json::Value;

use super::client::{Answer, Protocol, empty, exchange, get, request, send, whole};
use super::process::{Host, compiled_probe, run};

const PAGE: &str = "/inspector/";

/// A request with these header fields, the host among them.
async fn with(host: &Host, path: &str, fields: &[(&str, &str)]) -> Answer {
    let request = http::Request::get(path);
    let add = |request: http::request::Builder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    let request = fields.iter().fold(request, add).body(empty()).unwrap();
    whole(send(host.address, Protocol::Http1, request).await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn unless_it_is_asked_for_its_paths_are_the_agents() {
    let agents = get(&Host::start(&[]), "/").await.text;
    for off in [&[][..], &["--inspector=0"]] {
        let host = Host::start(off);
        for path in ["/inspector", PAGE, "/inspector/agents.json"] {
            let answer = get(&host, path).await;
            assert_eq!(answer.text, agents, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_read_and_nothing_else() {
    let host = Host::start(&["--inspector"]);
    let page = get(&host, PAGE).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert_eq!(page.headers["x-frame-options"], "DENY");
    assert_eq!(page.headers["cross-origin-opener-policy"], "same-origin");
    assert!(!page.headers.contains_key("access-control-allow-origin"));
    // Everything that the page names is there.
    let parts = page.text.split(['"', '\'']).filter(|text| {
        let has_name = |ending| {
            text.strip_suffix(ending)
                .is_some_and(|name| !name.is_empty())
        };
        [".js", ".css", ".svg"].into_iter().any(has_name)
    });
    let mut count = 0;
    for part in parts {
        let answer = get(&host, &format!("{PAGE}{part}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{part}");
        count += 1;
    }
    assert!(count >= 4, "{count}");

    let moved = get(&host, "/inspector").await;
    assert_eq!(moved.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(moved.headers["location"], "inspector/");
    let posted = exchange(&host, Protocol::H2c, PAGE, Method::POST, empty()).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    for nothing in [
        "/inspector/secret",
        "/inspector/../health/x",
        "/inspector//",
    ] {
        let answer = get(&host, nothing).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nothing}");
    }
    // A name that only begins like it is the agent's.
    assert_eq!(get(&host, "/inspectors").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_name_and_no_proxy_leads_to_it() {
    let host = Host::start(&["--inspector"]);
    let port = host.address.port();
    for name in ["localhost", "agent.localhost", "127.0.0.1", "[::1]"] {
        let answer = with(&host, PAGE, &[("host", &format!("{name}:{port}"))]).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
    }
    let here = ("host", "localhost");
    for fields in [
        &[("host", "rebound.example")][..],
        &[("host", "localhost.rebound.example")],
        &[("host", "10.0.0.1:8080")],
        &[here, ("x-forwarded-for", "203.0.113.9")],
        &[here, ("x-forwarded-host", "agent.example")],
        &[here, ("forwarded", "for=203.0.113.9")],
        &[here, ("via", "1.1 proxy")],
    ] {
        for path in [PAGE, "/inspector/agents.json", "/inspector/look.css"] {
            let answer = with(&host, path, fields).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {fields:?}");
            assert!(answer.text.contains("ATTACHE_INSPECTOR"), "{}", answer.text);
        }
    }
    // The agents are as they were.
    let answer = with(&host, "/", &[("host", "agent.example")]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn anywhere_is_anywhere() {
    let host = Host::start(&["--inspector=anywhere"]);
    let fields = [
        ("host", "agent.example"),
        ("x-forwarded-for", "203.0.113.9"),
    ];
    assert_eq!(with(&host, PAGE, &fields).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_ask_the_agents_is_told_which_there_are() {
    let probe = compiled_probe().to_str().unwrap();
    let agents = ["sales", "stock"].map(|name| format!("--agent={name}={probe}"));
    let [sales, stock] = [&*agents[0], &*agents[1]];
    let of_stock = ("ATTACHE_AGENT_STOCK_HOST", "stock.localhost");
    let host = Host::start_without_component(&[sales, stock, "--inspector"], &[of_stock]);
    let told = |text: &str| serde_json::from_str::<Value>(text).unwrap()["agents"].clone();
    let all = get(&host, "/inspector/agents.json").await;
    let expected = serde_json::json!([
        { "name": "sales", "path": "agents/sales/" },
        { "name": "stock", "path": "agents/stock/" },
    ]);
    assert_eq!(told(&all.text), expected);
    // A host of its own has no other agents.
    let own = with(
        &host,
        "/inspector/agents.json",
        &[("host", "stock.localhost")],
    )
    .await;
    let expected = serde_json::json!([{ "name": "stock", "path": "" }]);
    assert_eq!(told(&own.text), expected);

    let key = run(&["api-key", "me"], &[]);
    let key = String::from_utf8(key.stdout).unwrap();
    let line = key.lines().find_map(|line| line.strip_prefix("line: "));
    let keys = [
        ("ATTACHE_AUTH", "api-key"),
        ("ATTACHE_API_KEYS", line.unwrap()),
    ];
    let host = Host::start_without_component(&[sales, stock, "--inspector"], &keys);
    assert_eq!(get(&host, PAGE).await.status, StatusCode::OK);
    let refused = get(&host, "/inspector/agents.json").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(!refused.text.contains("stock"), "{}", refused.text);
    let key = key.lines().find_map(|line| line.strip_prefix("key:"));
    let request = request(&host, Protocol::H2c, "/inspector/agents.json")
        .header("x-api-key", key.unwrap().trim())
        .body(empty())
        .unwrap();
    let admitted = send(host.address, Protocol::H2c, request).await.unwrap();
    assert_eq!(admitted.status(), StatusCode::OK);
}

#[test]
fn a_host_that_others_reach_does_not_start_with_it_unless_that_is_said() {
    let probe = compiled_probe().to_str().unwrap();
    let cloud_run = [("K_SERVICE", "agent"), ("ATTACHE_AUTH", "none")];
    let open = [("ATTACHE_HOST", "0.0.0.0"), ("ATTACHE_AUTH", "none")];
    let public = [("ATTACHE_PUBLIC_URL", "https://agent.example")];
    for (given, environment, why) in [
        ("1", &open[..], "ATTACHE_HOST (--host) lets others in"),
        ("1", &public, "come through a proxy"),
        ("anywhere", &cloud_run, "not served on Cloud Run"),
        ("public", &[], "give 1 for this machine alone"),
    ] {
        let output = run(
            &["serve", probe, &format!("--inspector={given}")],
            environment,
        );
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{complaint}");
        assert!(complaint.contains(why), "{complaint} lacks {why}");
        assert!(complaint.contains("--inspector"), "{complaint}");
    }
}
