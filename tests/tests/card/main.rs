//! The agent card, read by the official clients: its forms, and its signatures.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::path::Path;
use std::process::Command;

use attache_tests::clients::{run_node, run_python};
use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};

/// A card with everything that a card can have.
const RICH: &str = include_str!("rich.json");
/// A card without what differs between the readings of the signature's canonical form.
const PLAIN: &str = r#"{
    "name": "Plain", "description": "Has what it must have.", "version": "1.0.0",
    "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
    "skills": [{"id": "s", "name": "S", "description": "Does it.", "tags": ["t"]}]
}"#;

fn host(card: &str, environment: &[(&str, &str)]) -> Server {
    let mut command = host_command().expect("the host");
    command
        .arg("serve")
        .arg(component("card-probe").expect("the agent"))
        .env("ATTACHE_DATA_DIR", ":memory:")
        .env("ATTACHE_CONFIG_CARD", card)
        .envs(environment.iter().copied());
    Server::start(&mut command, "/health/ready").expect("the host")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn signatures_hold_for_the_official_clients() {
    let folder = tempfile::tempdir().unwrap();
    run_python("card_keys.py", &[path(folder.path())]).unwrap();
    for (algorithm, card) in [("ES256", RICH), ("ES256", PLAIN), ("RS256", RICH)] {
        let key = folder.path().join(format!("{algorithm}.pem"));
        let server = host(
            card,
            &[
                ("ATTACHE_CARD_KEY_FILE", path(&key)),
                ("ATTACHE_PUBLIC_URL", "https://agent.example/a"),
            ],
        );
        let verdicts = [
            run_python("card_forms.py", &[server.url(), "--key", path(&key)]),
            run_node("card_forms.mjs", &[server.url(), path(&key)]),
        ];
        for verdict in verdicts {
            if let Err(error) = verdict {
                panic!("{algorithm}: {error}\n{}", server.output());
            }
        }
    }
}

#[test]
fn without_a_key_the_card_is_the_same_under_host_and_spin() {
    let harness = {
        let mut harness = Command::new(env!("CARGO_BIN_EXE_spin-harness"));
        harness
            .arg("--agent")
            .arg(component("card-probe").expect("the agent"))
            .arg("--adapter")
            .arg(component("attache-spin-adapter").expect("the adapter"))
            .args(["--variable", &format!("card={RICH}")])
            .args(["--variable", "attache_deployed_at=1790000000"]);
        Server::start(&mut harness, "/.well-known/agent-card.json").expect("the harness")
    };
    for server in [host(RICH, &[]), harness] {
        run_python("card_forms.py", &[server.url()]).unwrap();
        run_node("card_forms.mjs", &[server.url()]).unwrap();
        let response = head(server.url());
        assert!(response.contains("last-modified: "), "{response}");
    }
}

/// The head of the answer to HEAD, in lower case.
fn head(url: &str) -> String {
    use std::io::{Read, Write};
    let address = url.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!(
        "HEAD /.well-known/agent-card.json HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    head.to_ascii_lowercase()
}
