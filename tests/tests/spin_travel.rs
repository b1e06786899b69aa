//! How requests and responses travel under the Spin-shaped harness: what was measured on Spin 4.0.2.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use attache_tests::guests::component;
use attache_tests::spin::{Database, Dependency, Inherit, SpinApp, SpinConfig};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

fn probe() -> SpinConfig {
    SpinConfig::new(component("spin-probe").unwrap())
        .dependency(Dependency {
            name: "attache:agent".to_owned(),
            path: component("attache-spin-adapter").unwrap(),
            inherit: Inherit::All,
        })
        .database("default", Database::Memory)
}

fn start() -> SpinApp {
    SpinApp::start(&probe()).unwrap()
}

fn client() -> Client {
    Client::builder().timeout(PATIENCE).build().unwrap()
}

async fn logged(app: &SpinApp, words: &str) {
    let begun = Instant::now();
    while !app.log().contains(words) {
        assert!(
            begun.elapsed() < PATIENCE,
            "{words:?} was not logged:\n{}",
            app.log()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_request_arrives_with_spins_headers_and_without_a_host() {
    let app = start();
    for client in [
        client(),
        Client::builder().http2_prior_knowledge().build().unwrap(),
    ] {
        let seen: Value = client
            .post(format!("{}/seen?a=b", app.url()))
            .header("x-mine", "1")
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(seen["method"], "Method::Post");
        assert_eq!(seen["scheme"], "Scheme::Http");
        assert_eq!(seen["authority"], app.address().to_string());
        assert_eq!(seen["target"], "/seen?a=b");
        assert_eq!(seen["environment"], 0);
        assert_eq!(seen["folders"], 0);
        let header = |name: &str| {
            let headers = seen["headers"].as_array().unwrap();
            let found = headers.iter().find(|header| header[0] == name);
            found.map(|header| header[1].as_str().unwrap().to_owned())
        };
        assert_eq!(header("host"), None);
        assert_eq!(header("x-mine").as_deref(), Some("1"));
        assert_eq!(header("spin-path-info").as_deref(), Some("/seen"));
        assert_eq!(header("spin-matched-route").as_deref(), Some("/..."));
        assert_eq!(header("spin-base-path").as_deref(), Some("/"));
        let address = header("spin-client-addr").unwrap();
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        let full = header("spin-full-url").unwrap();
        assert!(full.ends_with("/seen?a=b"), "{full}");
    }
}

#[tokio::test]
async fn spin_answers_its_own_paths_itself() {
    let app = start();
    let get = async |path: &str| {
        let response = client().get(format!("{}{path}", app.url())).send().await;
        let response = response.unwrap();
        (response.status(), response.text().await.unwrap())
    };
    let health = get("/.well-known/spin/health").await;
    assert_eq!(health, (StatusCode::OK, "OK".to_owned()));
    assert_eq!(get("/.well-known/spin/else").await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        get("/.well-known/agent-card.json").await.1,
        "the probe has no such path"
    );
}

#[tokio::test]
async fn a_body_goes_in_and_comes_out_whole() {
    let app = start();
    let body: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let response = client()
        .post(format!("{}/echo", app.url()))
        .body(body.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(response.bytes().await.unwrap(), body);
}

#[tokio::test]
async fn a_trap_before_the_head_is_an_empty_500() {
    let app = start();
    let url = format!("{}/trap", app.url());
    let response = client().get(url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.text().await.unwrap(), "");
    logged(&app, "Error processing request").await;
}

#[tokio::test]
async fn a_trap_after_the_head_looks_like_a_normal_end() {
    let app = start();
    let url = format!("{}/trap-midway", app.url());
    let response = client().get(url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.text().await.unwrap(), "half of it");
    logged(&app, "Component error after response started").await;
}

#[tokio::test]
async fn a_body_that_is_not_finished_breaks_the_connection() {
    let app = start();
    let url = format!("{}/unfinished", app.url());
    // The head may or may not have left before the connection broke.
    let whole = async { client().get(url).send().await?.text().await }.await;
    assert!(whole.is_err(), "{whole:?}");
}

#[tokio::test]
async fn chunks_leave_when_they_are_written() {
    let app = start();
    let begun = Instant::now();
    let mut response = client()
        .get(format!("{}/stream?chunks=3&ms=1000", app.url()))
        .send()
        .await
        .unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "chunk 0\n");
    assert!(begun.elapsed() < Duration::from_millis(2_500));
    while response.chunk().await.unwrap().is_some() {}
    assert!(begun.elapsed() >= Duration::from_millis(2_500));
}

#[tokio::test]
async fn a_guest_learns_that_its_client_is_gone_by_writing() {
    let app = start();
    let url = format!("{}/stream?chunks=1000&ms=20", app.url());
    let mut response = client().get(url).send().await.unwrap();
    response.chunk().await.unwrap();
    drop(response);
    logged(&app, "the client is gone").await;
}

#[tokio::test]
async fn a_handler_goes_on_after_its_client_left_without_an_answer() {
    let app = start();
    let request = client().post(format!("{}/script", app.url())).json(&json!([
        { "op": "print", "text": "began" },
        { "op": "sleep", "ms": 2_000 },
        { "op": "print", "text": "went on" }
    ]));
    tokio::select! {
        answer = request.send() => panic!("answered: {answer:?}"),
        () = logged(&app, "began") => {}
    }
    logged(&app, "went on").await;
}

#[tokio::test]
async fn a_handler_goes_on_after_its_answer() {
    let app = start();
    let begun = Instant::now();
    let request = client().post(format!("{}/script", app.url())).json(&json!([
        { "op": "respond" },
        { "op": "sleep", "ms": 3_000 },
        { "op": "print", "text": "later" }
    ]));
    request.send().await.unwrap().text().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(3));
    logged(&app, "later").await;
}

#[tokio::test]
async fn a_body_after_the_head_waits_for_the_clients_acknowledgement() {
    let app = start();
    let mut late: Vec<Duration> = Vec::new();
    let mut early: Vec<Duration> = Vec::new();
    let client = client();
    for (path, times) in [("/late-body", &mut late), ("/echo", &mut early)] {
        for _ in 0..25 {
            let begun = Instant::now();
            let url = format!("{}{path}", app.url());
            client.get(url).send().await.unwrap().bytes().await.unwrap();
            times.push(begun.elapsed());
        }
        times.sort();
    }
    // Linux acknowledges the first packets of a connection at once, and the others after 40 ms.
    let median = late[late.len() / 2];
    assert!(median >= Duration::from_millis(30), "{late:?}");
    assert!(early[0] < Duration::from_millis(30), "{early:?}");
}

#[tokio::test]
async fn a_request_without_a_host_gets_no_answer() {
    let app = start();
    let mut stream = TcpStream::connect(app.address()).unwrap();
    stream.write_all(b"GET /seen HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "");
}

#[tokio::test]
async fn only_allowed_hosts_can_be_called() {
    let other = start();
    let target = format!("{}/.well-known/spin/health", other.url());
    let fetched = async |config: &SpinConfig| {
        let app = SpinApp::start(config).unwrap();
        let url = format!("{}/fetch?{target}", app.url());
        client()
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    let denied = fetched(&probe()).await;
    assert_eq!(denied, "ErrorCode::HttpRequestDenied");
    let elsewhere = probe().allow_outbound("https://example.com");
    assert_eq!(fetched(&elsewhere).await, "ErrorCode::HttpRequestDenied");
    let allowed = probe().allow_outbound("http://127.0.0.1:*");
    assert_eq!(fetched(&allowed).await, "200 OK");
}

#[tokio::test]
async fn an_application_can_call_itself_when_it_is_allowed_to() {
    let config = probe().allow_outbound("http://self");
    let app = SpinApp::start(&config).unwrap();
    let url = format!(
        "{}/fetch?http://self.alt/.well-known/spin/health",
        app.url()
    );
    let answer = client().get(url).send().await.unwrap().text().await;
    assert_eq!(answer.unwrap(), "200 OK");
}

#[tokio::test]
async fn stopping_ends_streams_where_they_stand() {
    let app = start();
    let url = format!("{}/stream?chunks=1000&ms=20", app.url());
    let mut response = client().get(url).send().await.unwrap();
    response.chunk().await.unwrap();
    let address = app.address();
    app.shutdown();
    let end = loop {
        match response.chunk().await {
            Ok(Some(_)) => {}
            end => break end,
        }
    };
    assert!(end.is_err(), "the stream ended as if it were whole");
    // The address is free again.
    let begun = Instant::now();
    while let Err(error) = SpinApp::start(&probe().listen(address)) {
        assert!(begun.elapsed() < PATIENCE, "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
