//! The card that a deployed service gives.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::apply::deploy;
use super::google::{FakeGoogle, ended};

/// Gives a card to everybody, and remembers who asked how.
pub(super) struct CardServer {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    _runtime: tokio::runtime::Runtime,
}

impl CardServer {
    pub(super) fn start(url: &str) -> Self {
        Self::answering(
            200,
            json!({"name": "x", "url": url, "supportedInterfaces": [{"url": url}]}),
        )
    }

    pub(super) fn answering(status: u16, card: Value) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let (body, kept) = (card.to_string(), heads.clone());
        runtime.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                kept.lock().unwrap().push(String::from_utf8(head).unwrap());
                let answer = format!(
                    "HTTP/1.1 {status} Said\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self {
            port,
            heads,
            _runtime: runtime,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

#[test]
fn the_urls_of_the_card_are_looked_at() {
    let ours = "https://bot.example.com";
    let cases = [
        (
            200,
            json!({"url": format!("{ours}/a2a"), "supportedInterfaces": [{"url": "bot.example.com:443"}]}),
            0,
            "",
        ),
        (
            200,
            json!({"url": "http://localhost:8080"}),
            1,
            "names \"http://localhost:8080\"",
        ),
        (
            200,
            json!({"url": "https://bot.example.com.evil.org/"}),
            1,
            "where clients do not find",
        ),
        (200, json!({"name": "x"}), 1, "names no URL"),
        (418, json!({}), 1, "HTTP status 418 instead of a card"),
    ];
    for (status, card, exit, says) in cases {
        let google = FakeGoogle::start();
        let server = CardServer::answering(status, card);
        google.tell("served", json!({"url": server.url()}));
        prepare_public(&google);
        let (_, err) = ended(&mut deploy(&google, "public"), exit);
        assert!(err.contains(says), "{says}: {err}");
        let heads = server.heads();
        assert!(
            heads[0].starts_with("GET /.well-known/agent-card.json "),
            "{heads:?}"
        );
        // Everybody may fetch it.
        assert!(
            !heads[0].to_ascii_lowercase().contains("authorization"),
            "{heads:?}"
        );
    }
}

/// What the public service needs and does not make: its secrets and its database.
pub(super) fn prepare_public(google: &FakeGoogle) {
    for secret in ["bot_keys", "openai-key", "db-pass"] {
        let name = format!("projects/my-project/secrets/{secret}");
        google.put(
            "secretmanager",
            &format!("v1/{name}"),
            json!({"name": name}),
        );
        let version = format!("{name}/versions/1");
        google.put(
            "secretmanager",
            &format!("v1/{version}"),
            json!({"name": version, "state": "ENABLED"}),
        );
    }
    let instance = "projects/my-project/locations/us-east1/clusters/main/instances/primary";
    google.put(
        "alloydb",
        &format!("v1/{instance}"),
        json!({"name": instance, "state": "READY"}),
    );
}

#[test]
fn a_private_service_is_asked_with_an_identity_token_for_its_url() {
    let google = FakeGoogle::start();
    let url = "https://hello-123456789012.us-central1.run.app";
    let server = CardServer::start(url);
    google.tell("served", json!({"url": server.url()}));
    let mut command = google.attache_without_credentials();
    command.env_remove("NO_GCE_CHECK").env(
        "GCE_METADATA_HOST",
        google.url().trim_start_matches("http://"),
    );
    command
        .args(["deploy", "cloud-run", "-o", "json", "--manifest"])
        .arg(super::manifest("smallest"));
    let (out, err) = ended(&mut command, 0);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        report["steps"].as_array().unwrap().last().unwrap()["outcome"],
        "checked",
        "{err}"
    );
    let head = &server.heads()[0];
    assert!(
        head.contains("Bearer e30.id-for-hello-123456789012.us-central1.run.app.c2ln"),
        "{head}"
    );
}
