//! Several agents in one process: each has its own address, settings, way out, tasks and limits.

use std::fs;

use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;

use super::client::{Protocol, empty, get, in_time, piece, request, send, whole};
use super::process::{Host, compiled_probe, message, run};

/// Three agents of the same component.
fn three(environment: &[(&str, &str)]) -> Host {
    let probe = compiled_probe().to_str().unwrap();
    let agents = ["sales", "stock", "hr"].map(|name| format!("--agent={name}={probe}"));
    let agents: Vec<_> = agents.iter().map(String::as_str).collect();
    Host::start_without_component(&agents, environment)
}

async fn keys(host: &Host, agent: &str) -> Vec<String> {
    let keys = get(host, &format!("/agents/{agent}/config")).await.text;
    let ours = |line: &&str| !line.starts_with("attache_");
    keys.lines().filter(ours).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_found_by_its_path_or_by_the_name_of_its_host() {
    let host = three(&[(
        "ATTACHE_AGENT_STOCK_HOST",
        "stock.example, www.stock.example",
    )]);
    assert_eq!(get(&host, "/agents/sales/").await.text, "ok");
    assert_eq!(get(&host, "/agents/sales").await.text, "ok");
    for strange in [
        "/",
        "/agents",
        "/agents/",
        "/agents/nobody/",
        "/agents/SALES/",
    ] {
        let answer = get(&host, strange).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{strange}");
        assert!(answer.text.contains("/agents/NAME"), "{}", answer.text);
    }
    for protocol in [Protocol::Http1, Protocol::H2c] {
        // Whatever its path looks like.
        let uri = "http://WWW.stock.example:8080/agents/sales/config";
        let sent = match protocol {
            Protocol::Http1 => {
                http::Request::get("/config").header("host", "WWW.stock.example:8080")
            }
            Protocol::H2c => http::Request::get(uri.replace("/agents/sales", "")),
        };
        let response = send(host.address, protocol, sent.body(empty()).unwrap()).await;
        let answer = whole(response.unwrap()).await;
        assert!(answer.text.contains("attache_max_body"), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_is_told_no_other_hears() {
    let host = three(&[
        ("ATTACHE_PUBLIC_URL", "https://example.com/base"),
        ("ATTACHE_AGENT_SALES_CONFIG_KEY", "s3cret"),
        ("ATTACHE_AGENT_HR_CONFIG_KEY", "other"),
        ("ATTACHE_AGENT_HR_CARD", "hybrid"),
        ("ATTACHE_AGENT_HR_HOST", "hr.example"),
    ]);
    assert_eq!(keys(&host, "sales").await, ["key=s3cret"]);
    assert_eq!(keys(&host, "hr").await, ["key=other"]);
    assert!(keys(&host, "stock").await.is_empty());
    let urls = |text: String| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("attache_public_url="));
        line.unwrap().to_owned()
    };
    // Whether or not a proxy takes the path of the public URL off.
    let behind = get(&host, "/base/agents/sales/config").await.text;
    assert!(behind.contains("s3cret"), "{behind}");
    let url = async |agent| urls(get(&host, &format!("/agents/{agent}/config")).await.text);
    assert_eq!(url("sales").await, "https://example.com/base/agents/sales");
    assert_eq!(url("hr").await, "https://hr.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_may_reach_no_other_may() {
    let target = Host::start(&[]);
    let allowed = target.address.to_string();
    let host = three(&[
        ("ATTACHE_AGENT_STOCK_ALLOW_OUTBOUND", &allowed),
        ("ATTACHE_AGENT_STOCK_OUTBOUND_ALLOW_PRIVATE", "1"),
    ]);
    let fetch = format!("fetch?url={}", target.url("/sized"));
    let stock = get(&host, &format!("/agents/stock/{fetch}")).await.text;
    assert!(stock.contains("of known length"), "{stock}");
    for other in ["sales", "hr"] {
        let refused = get(&host, &format!("/agents/{other}/{fetch}")).await.text;
        assert!(refused.contains("HttpRequestDenied"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tasks_of_one_do_not_exist_for_another() {
    let host = three(&[]);
    let begun = get(&host, "/agents/sales/runs/begin?id=one&tenant=acme")
        .await
        .text;
    assert!(!begun.contains("Error"), "{begun}");
    let of = async |agent: &str| {
        get(
            &host,
            &format!("/agents/{agent}/runs/get?id=one&tenant=acme"),
        )
        .await
        .text
    };
    assert!(
        !of("sales").await.contains("NotFound"),
        "{}",
        of("sales").await
    );
    for other in ["stock", "hr"] {
        assert!(of(other).await.contains("NotFound"), "{}", of(other).await);
    }
    let forged = get(&host, "/agents/stock/runs/get?id=one&tenant=sales/acme")
        .await
        .text;
    assert!(forged.contains("NotFound"), "{forged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_busy_leaves_the_others_their_instances() {
    let host = three(&[
        ("ATTACHE_AGENT_SALES_MAX_INSTANCES", "1"),
        ("ATTACHE_QUEUE", "0"),
    ]);
    let busy = request(
        &host,
        Protocol::Http1,
        "/agents/sales/stream?count=100000&ms=10",
    );
    let mut stream = send(host.address, Protocol::Http1, busy.body(empty()).unwrap())
        .await
        .unwrap();
    piece(stream.body_mut()).await.unwrap().unwrap();
    let refused = get(&host, "/agents/sales/").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(get(&host, "/agents/hr/").await.text, "ok");
    drop(in_time(stream.into_body().frame()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_as_many_agents_as_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["first_agent.cwasm", "second.cwasm"] {
        fs::copy(compiled_probe(), folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("README"), "not a component").unwrap();
    let host = Host::start_component(folder.path(), &[]);
    for name in ["first-agent", "second"] {
        assert_eq!(get(&host, &format!("/agents/{name}/")).await.text, "ok");
    }
    let named = |entry: &Value| message(entry).starts_with("agent second is component sha256:");
    host.log("the digest", named);
}

#[test]
fn what_cannot_be_meant_for_several_is_refused_in_a_sentence() {
    let probe = compiled_probe().to_str().unwrap();
    let agent = format!("a={probe}");
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case; 9] = [
        (
            &["--agent", &agent, "--config", "key=value"],
            &[],
            "ATTACHE_CONFIG_<KEY> (--config) is set: with named agents each has its own",
        ),
        (
            &["--agent", &agent],
            &[("ATTACHE_CONFIG_KEY", "s3cret")],
            "set ATTACHE_AGENT_<NAME>_CONFIG_<KEY> instead",
        ),
        (
            &["--agent", &agent, "--allow-outbound", "*"],
            &[],
            "set ATTACHE_AGENT_<NAME>_ALLOW_OUTBOUND instead",
        ),
        (&["--agent", &agent, probe], &[], "give this one a name too"),
        (
            &["--agent", "Big=x"],
            &[],
            "give the path of a .wasm or .cwasm file",
        ),
        (
            &["--agent", &format!("Big={probe}")],
            &[],
            "name an agent with lower-case letters",
        ),
        (
            &["--agent", &agent, "--agent", &agent],
            &[],
            "it is given twice",
        ),
        (
            &["--agent", &agent],
            &[("ATTACHE_AGENT_A_PORT", "1")],
            "an agent has no such setting",
        ),
        (
            &["--agent", &agent],
            &[("ATTACHE_AGENT_B_MEMORY", "1")],
            "there is no agent of this name",
        ),
    ];
    for (arguments, environment, sentence) in cases {
        let output = run(&[&["serve"], arguments].concat(), environment);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(said.contains(sentence), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    let output = run(
        &["serve", "--agent", &agent],
        &[("ATTACHE_AGENT_A_MEMORY", "much")],
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains(r#"ATTACHE_MEMORY (--memory) of agent a is "much""#),
        "{said}"
    );
}
