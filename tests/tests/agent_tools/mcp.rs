//! Tools of MCP servers.

use std::time::{Duration, Instant};

use attache_tests::a2a::state;
use attache_tests::clients::python;
use attache_tests::server::Server;
use serde_json::{Value, json};

use crate::fake::{Fake, Way};
use crate::probe::{PLACES, Place, Probe, logs, message, script};

fn official(arguments: &[&str]) -> Server {
    let mut command = python().expect("python");
    command.arg("mcp_server.py").args(arguments);
    Server::start(&mut command, "/ready").expect("the MCP server")
}

fn servers(url: &str) -> (&'static str, Value) {
    ("mcp_servers", json!({"places": {"url": url}}))
}

#[tokio::test]
async fn of_the_official_sdk() {
    for arguments in [&[][..], &["--json"], &["--stateless"]] {
        let server = official(arguments);
        let url = format!("{}/mcp", server.url());
        let allowed = json!(["find_place", "count", "wait"]);
        let config = json!({"places": {"url": url, "tools": allowed}});
        for place in PLACES {
            let probe = Probe::start(place, &[("mcp_servers", config.clone())]);
            let said = probe
                .answer(&[
                    json!([
                        ["places_find_place", {"name": "Ulm"}],
                        ["places_count", {"to": 3}],
                    ]),
                    json!([
                        ["places_find_place", {"name": "nowhere"}],
                        ["places_find_place", {"nom": "Ulm"}],
                        ["places_hidden", {}],
                    ]),
                ])
                .await;
            let given = &said["given"];
            let found = json!({"ok": {"name": "Ulm, somewhere", "population": 42}});
            assert_eq!(given[0], found, "{arguments:?} {place:?}: {said}");
            let counted = &given[1]["ok"];
            assert!(counted.to_string().contains("counted to 3"), "{said}");
            let error = |index: usize| given[index]["error"].as_str().unwrap();
            assert!(error(2).contains("there is no such place"), "{said}");
            assert!(error(3).contains("name"), "{said}");
            assert!(error(4).contains("There is no tool"), "{said}");
            let tools = said["tools"].to_string();
            assert!(
                tools.contains("places_find_place") && !tools.contains("hidden"),
                "{tools}"
            );
        }
        if arguments.is_empty() {
            logs(&server, "DELETE /mcp").await;
        }
    }
}

#[tokio::test]
async fn a_call_ends_when_the_task_is_canceled() {
    for place in PLACES {
        let server = official(&[]);
        let probe = Probe::start(place, &[servers(&format!("{}/mcp", server.url()))]);
        let mut body = message(&script(&[json!([["places_wait", {"seconds": 50}]])]), "");
        body["configuration"] = json!({"returnImmediately": true});
        let task = probe.client().send(&body).await.unwrap();
        logs(&server, "the wait has begun").await;
        let begun = Instant::now();
        let id = task["id"].as_str().unwrap();
        let canceled = probe.client().cancel(id).await.unwrap();
        assert_eq!(state(&canceled), "TASK_STATE_CANCELED");
        logs(&server, "the wait was cancelled").await;
        assert!(begun.elapsed() < Duration::from_secs(20), "{place:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_told_and_the_agent_goes_on() {
    for place in PLACES {
        let config = json!([
            {"name": "down", "url": "http://127.0.0.1:1/mcp?key=s3cret"},
            {"name": "denied", "url": "http://example.com/mcp"},
        ]);
        let probe = Probe::start(place, &[("mcp_servers", config)]);
        let said = probe.answer(&[json!([["add", {"a": 1, "b": 2}]])]).await;
        assert_eq!(said["given"][0], json!({"ok": 3}));
        let told = said["system"].as_str().unwrap();
        for name in [
            "\"down\" at http://127.0.0.1:1/mcp",
            "\"denied\" at http://example.com/mcp",
        ] {
            assert!(told.contains(name), "{told}");
        }
        assert!(
            told.contains("may not reach") && told.contains("Its tools are missing"),
            "{told}"
        );
        probe.logs("The model goes on without its tools").await;
        assert!(
            !format!("{told}{}", probe.server.output()).contains("s3cret"),
            "{place:?}"
        );
    }
}

#[tokio::test]
async fn a_configuration_that_is_wrong_is_in_the_log() {
    let config = json!({"places": {"uri": "http://127.0.0.1:1/"}});
    let probe = Probe::start(Place::Host, &[("mcp_servers", config)]);
    let said = probe.answer(&[json!([["add", {"a": 1, "b": 2}]])]).await;
    assert_eq!(said["given"][0], json!({"ok": 3}));
    probe.logs("unknown field `uri`").await;
}

/// One call of the tool `echo` of the server of our own.
async fn echo(place: Place, way: Way) -> (Fake, Value) {
    let fake = Fake::start(way).await;
    let config = json!({"fake": {"url": fake.url(), "headers": {"x-key": "k"}, "timeout": 5}});
    let probe = Probe::start(place, &[("mcp_servers", config)]);
    let said = probe
        .answer(&[json!([["fake_echo", {"text": "hi"}]])])
        .await;
    (fake, said)
}

#[tokio::test]
async fn a_session_is_kept_and_its_headers_are_sent() {
    for place in PLACES {
        let (fake, said) = echo(place, Way::Json).await;
        assert_eq!(said["given"][0], json!({"ok": "hi"}), "{place:?}: {said}");
        let seen = fake.seen();
        let methods: Vec<_> = seen.iter().map(|request| request.rpc.as_str()).collect();
        assert_eq!(
            methods,
            [
                "initialize",
                "notifications/initialized",
                "tools/list",
                "tools/call",
                "DELETE"
            ]
        );
        for (index, request) in seen.iter().enumerate() {
            assert_eq!(request.header("x-key"), "k", "{request:?}");
            let later = if index == 0 {
                ["", ""]
            } else {
                ["s1", "2025-06-18"]
            };
            let sent = [
                request.header("mcp-session-id"),
                request.header("mcp-protocol-version"),
            ];
            assert_eq!(sent, later, "{request:?}");
        }
        let accept = seen[0].header("accept");
        assert!(accept.contains("application/json") && accept.contains("text/event-stream"));
    }
}

#[tokio::test]
async fn a_stream_with_progress_questions_and_a_break() {
    for place in PLACES {
        let (fake, said) = echo(place, Way::Stream).await;
        assert_eq!(said["given"][0], json!({"ok": "hi"}), "{place:?}: {said}");
        let seen = fake.seen();
        let answered: Vec<_> = seen.iter().filter(|r| r.rpc == "answer").collect();
        assert_eq!(answered.len(), 2, "{seen:?}");
        assert_eq!(answered[0].body["result"], json!({}));
        assert_eq!(answered[1].body["error"]["code"], -32601);
        let resumed = seen.iter().find(|request| request.rpc == "GET").unwrap();
        assert_eq!(resumed.header("last-event-id"), "e1");
    }
}

#[tokio::test]
async fn tools_come_on_pages() {
    let (_, said) = echo(Place::Host, Way::Pages).await;
    assert_eq!(said["given"][0], json!({"ok": "hi"}));
    let tools = said["tools"].to_string();
    for name in ["fake_first", "fake_second", "fake_echo"] {
        assert!(tools.contains(name), "{tools}");
    }
}

#[tokio::test]
async fn a_lost_session_begins_anew_once() {
    for place in PLACES {
        let (fake, said) = echo(place, Way::LosesOnce).await;
        assert_eq!(said["given"][0], json!({"ok": "hi"}), "{place:?}: {said}");
        let begun = fake.seen().iter().filter(|r| r.rpc == "initialize").count();
        assert_eq!(begun, 2);
    }
    let (fake, said) = echo(Place::Host, Way::LosesAlways).await;
    let why = said["given"][0]["error"].as_str().unwrap();
    assert!(why.contains("loses its sessions"), "{why}");
    assert_eq!(
        fake.seen().iter().filter(|r| r.rpc == "initialize").count(),
        2
    );
}

#[tokio::test]
async fn what_is_no_answer_ends_with_a_sentence() {
    for (way, words) in [
        (Way::Silent, "did not answer within 5 s"),
        (Way::Html, "answered with \"text/html\""),
        (Way::Huge, "8388608 bytes"),
        (Way::Cut, "before it was whole"),
        (
            Way::Refuses,
            "refuses this agent (401 Unauthorized): no key",
        ),
        (Way::Error, "no such thing (-32602)"),
    ] {
        let (_, said) = echo(Place::Host, way).await;
        let why = said["given"][0]["error"].as_str().unwrap_or_default();
        assert!(why.contains(words), "{way:?}: {said}");
        assert!(why.starts_with("The MCP server \"fake\" "), "{why}");
    }
}

#[tokio::test]
async fn another_revision_is_refused_with_a_sentence() {
    let fake = Fake::start(Way::Future).await;
    let probe = Probe::start(Place::Host, &[servers(&fake.url())]);
    let said = probe.answer(&[json!([["add", {"a": 1, "b": 2}]])]).await;
    let told = said["system"].as_str().unwrap();
    assert!(
        told.contains("speaks revision \"2099-01-01\" of MCP"),
        "{told}"
    );
}
