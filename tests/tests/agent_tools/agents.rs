//! Other agents as tools.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use attache_tests::a2a::state;
use attache_tests::clients::python;
use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};
use serde_json::{Value, json};

use crate::probe::{PLACES, Place, Probe, answer, logs, message, script};

fn official(arguments: &[&str]) -> Server {
    let mut command = python().expect("python");
    command.arg("asked_agent.py").args(arguments);
    Server::start(&mut command, "/.well-known/agent-card.json").expect("the agent")
}

fn agents(entries: &[(&str, &str)]) -> (&'static str, Value) {
    let entries = entries
        .iter()
        .map(|(name, url)| ((*name).to_owned(), json!({"url": url})));
    ("a2a_agents", Value::Object(entries.collect()))
}

fn ask(name: &str, text: &str) -> Value {
    json!([[name, {"message": text}]])
}

#[tokio::test]
async fn of_the_official_sdk_in_every_binding() {
    for arguments in [
        &["--binding", "JSONRPC"][..],
        &["--binding", "HTTP+JSON"],
        &["--binding", "JSONRPC", "--no-streaming"],
        &["--binding", "HTTP+JSON", "--no-streaming"],
        &["--protocol-version", "0.3"],
        &["--protocol-version", "0.3", "--no-streaming"],
    ] {
        let asked = official(arguments);
        // The bindings are the same everywhere; one of them shows that the place is.
        let places = if arguments.len() == 2 {
            &PLACES[..]
        } else {
            &PLACES[..1]
        };
        for place in places {
            let probe = Probe::start(*place, &[agents(&[("asked", asked.url())])]);
            let said = probe
                .answer(&[
                    ask("asked", "number"),
                    ask("asked", "message"),
                    ask("asked", "fail"),
                    ask("asked", "question"),
                    ask("asked", "blue"),
                ])
                .await;
            let given = &said["given"];
            let number = json!({"ok": {"state": "completed", "text": "forty-two"}});
            assert_eq!(given[0], number, "{arguments:?} {place:?}: {said}");
            assert_eq!(given[1]["ok"]["text"], "at once", "{said}");
            let failed = "The agent \"asked\" failed: it is broken";
            assert_eq!(given[2]["error"], failed, "{said}");
            let question = &given[3]["ok"];
            assert_eq!(question["state"], "input_required", "{said}");
            assert_eq!(question["text"], "Which colour?");
            assert!(question["taskId"].is_string() && question["contextId"].is_string());
            assert_eq!(given[4]["ok"]["text"], "painted blue", "{said}");
        }
    }
}

#[tokio::test]
async fn a_follow_up_in_the_next_message_goes_on_with_the_task() {
    for place in PLACES {
        let asked = official(&[]);
        let card = format!("{}/.well-known/agent-card.json", asked.url());
        let probe = Probe::start(place, &[agents(&[("asked", &card)])]);
        let first = probe.task(&[ask("asked", "question")]).await;
        let context_id = first["contextId"].as_str().unwrap();
        let second = probe
            .send(&script(&[ask("asked", "green")]), context_id)
            .await;
        assert_eq!(
            answer(&second)["given"][0]["ok"]["text"],
            "painted green",
            "{place:?}"
        );
        // Another conversation knows nothing of it.
        let other = probe.answer(&[ask("asked", "green")]).await;
        assert_eq!(other["given"][0]["ok"]["text"], "forty-two");
    }
}

#[tokio::test]
async fn the_task_of_the_other_ends_with_ours() {
    for place in PLACES {
        let asked = official(&[]);
        let probe = Probe::start(place, &[agents(&[("asked", asked.url())])]);
        let mut body = message(&script(&[ask("asked", "wait")]), "");
        body["configuration"] = json!({"returnImmediately": true});
        let task = probe.client().send(&body).await.unwrap();
        logs(&asked, "the wait has begun").await;
        let begun = Instant::now();
        let id = task["id"].as_str().unwrap();
        let canceled = probe.client().cancel(id).await.unwrap();
        assert_eq!(state(&canceled), "TASK_STATE_CANCELED");
        logs(&asked, "told to cancel").await;
        assert!(begun.elapsed() < Duration::from_secs(20), "{place:?}");
    }
}

#[tokio::test]
async fn of_our_own_host() {
    let data = tempfile::tempdir().unwrap();
    let mut host = host_command().unwrap();
    host.arg("serve")
        .arg(component("tck-agent").unwrap())
        .env("ATTACHE_DATA_DIR", data.path())
        .args(["--config", "tck_default=input-required"]);
    let kit = Server::start(&mut host, "/health/ready").unwrap();
    for place in PLACES {
        let probe = Probe::start(place, &[agents(&[("kit", kit.url())])]);
        let said = probe.answer(&[ask("kit", "hello")]).await;
        let given = &said["given"][0]["ok"];
        assert_eq!(given["state"], "input_required", "{place:?}: {said}");
        assert_eq!(given["text"], "What else should I know?");
    }
}

#[tokio::test]
async fn a_card_that_points_elsewhere_is_refused() {
    let asked = official(&["--elsewhere"]);
    let probe = Probe::start(Place::Host, &[agents(&[("asked", asked.url())])]);
    let said = probe.answer(&[ask("asked", "number")]).await;
    let told = said["system"].as_str().unwrap();
    assert!(told.contains("reached at http://127.0.0.2:1"), "{told}");
    assert!(told.contains("credentials are sent nowhere else"), "{told}");
    assert!(
        said["given"][0]["error"]
            .as_str()
            .unwrap()
            .contains("There is no tool")
    );
}

/// Ports that are free, for agents that have to know each other.
fn ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn told_to(calls: &str, times: usize) -> String {
    // "a" calls "b", which calls "a", and so on.
    (0..times).fold(calls.to_owned(), |inner, level| {
        let name = if level % 2 == 0 { "b" } else { "a" };
        script(&[ask(name, &inner)])
    })
}

#[tokio::test]
async fn agents_that_call_each_other_come_to_an_end() {
    for place in PLACES {
        let ports = ports();
        let urls = ports.map(|port| format!("http://127.0.0.1:{port}"));
        let known = [agents(&[("a", &urls[0]), ("b", &urls[1])])];
        let one = Probe::listening(place, ports[0], &known);
        let _other = Probe::listening(place, ports[1], &known);
        // a → b → a → b: whoever comes by a second time is refused.
        let task = one.send(&told_to("", 5), "").await;
        assert_eq!(state(&task), "TASK_STATE_COMPLETED");
        let text = answer(&task).to_string();
        assert!(
            text.contains("may not be asked: this request came through it"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn how_deep_agents_call_each_other_is_limited() {
    let asked = official(&[]);
    let config = [
        agents(&[("asked", asked.url())]),
        ("a2a_max_depth", json!("2")),
    ];
    let probe = Probe::start(Place::Host, &config);
    for (depth, refused) in [(1, false), (2, true), (99, true)] {
        let sent = reqwest::Client::new()
            .post(format!("{}/message:send", probe.server.url()))
            .header("a2a-version", "1.0")
            .header("baggage", format!("userId=alice,a2a-depth={depth}"))
            .json(&message(&script(&[ask("asked", "number")]), ""))
            .send();
        let sent: Value = sent.await.unwrap().json().await.unwrap();
        let given = answer(&sent["task"])["given"][0].clone();
        let words = "the limit is 2 (a2a_max_depth)";
        assert_eq!(
            given.to_string().contains(words),
            refused,
            "{depth}: {given}"
        );
    }
}
