//! The card of a real host: what it serves is what Gemini Enterprise takes.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::*;

const PUBLIC: &str = "https://hello-123456789012.us-central1.run.app";

struct Host {
    process: Child,
    url: String,
}

impl Host {
    fn start(folder: &Path) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let named = |variable: &str, default: &str| {
            std::env::var_os(variable)
                .map_or_else(|| workspace.join(default), |path| workspace.join(path))
        };
        let host: PathBuf = named("ATTACHE_HOST_BIN", "target/fast/attache-host");
        let agent =
            named("ATTACHE_GUESTS_DIR", "target/wasm32-wasip2/release").join("hello_agent.wasm");
        assert!(
            host.exists() && agent.exists(),
            "run `make build`: {host:?}, {agent:?}"
        );
        let mut process = Command::new(host)
            .arg("serve")
            .arg(agent)
            .env_clear()
            .env("PORT", "0")
            .env("ATTACHE_HOST", "127.0.0.1")
            .env("ATTACHE_DATA_DIR", folder)
            .env("ATTACHE_PUBLIC_URL", PUBLIC)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (found, url) = mpsc::channel();
        // The lines that follow are read too: a full pipe would stop the host.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
                    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                    let _ = found.send(format!("http://127.0.0.1:{port}"));
                }
            }
        });
        let url = url
            .recv_timeout(Duration::from_secs(120))
            .expect("the host says where it listens");
        Self { process, url }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_hosts_card_is_registered_by_its_url() {
    let world = world();
    let host = Host::start(&world.google.home.path().join("data"));
    let (out, err) = google::ended(&mut world.attache(&["register", &host.url]), 0);
    assert!(err.contains("elsewhere than http://127.0.0.1"), "{err}");
    let agent: Value = serde_json::from_str(&out).unwrap();
    let card: Value = serde_json::from_str(
        agent["a2aAgentDefinition"]["jsonAgentCard"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    assert!(card["url"].as_str().unwrap().starts_with(PUBLIC), "{card}");
    assert_eq!(card["protocolVersion"], "0.3.0");
    assert_eq!(card["capabilities"]["streaming"], true);
    // The second time it is the same agent.
    let again: Value = world.gives(&["register", &host.url]);
    assert_eq!(World::id(&again), World::id(&agent));
    let (message, _) = world.fails(
        65,
        &["register", &format!("{}/nothing/card.json", host.url)],
    );
    assert!(message.contains("HTTP status 404"), "{message}");
}
