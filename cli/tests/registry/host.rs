//! The host, which loads from the registry.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use attache_tests::server::{Server, host_command};
use serde_json::{Value, json};

use super::tool::Desk;

const PATIENCE: Duration = Duration::from_secs(120);

/// A host that serves what `component` names.
pub(crate) struct Host {
    pub(crate) server: Server,
    admin: String,
}

impl Host {
    pub(crate) fn start(desk: &Desk, component: &str, environment: &[(&str, &str)]) -> Self {
        let mut command = command(desk, component, environment);
        command.env("ATTACHE_ADMIN_ADDRESS", "127.0.0.1:0");
        let server = Server::start(&mut command, "/health/ready").unwrap();
        let mut host = Self {
            server,
            admin: String::new(),
        };
        let output = host.server.output();
        let at = output.split_once("metrics are at http://").unwrap().1;
        host.admin = at.split_once("/metrics").unwrap().0.to_owned();
        host
    }

    pub(crate) async fn serving(&self) -> String {
        let card = reqwest::get(format!("{}/.well-known/agent-card.json", self.server.url()));
        let card = card.await.expect("the card");
        assert!(card.status().is_success());
        let digest = &card.headers()["attache-component-digest"];
        digest.to_str().unwrap().to_owned()
    }

    pub(crate) async fn until_serves(&self, digest: &str) {
        let began = Instant::now();
        while self.serving().await != digest {
            assert!(began.elapsed() < PATIENCE, "{}", self.server.output());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn until_says(&self, text: &str) {
        let began = Instant::now();
        while !self.server.output().contains(text) {
            assert!(
                began.elapsed() < PATIENCE,
                "{text}: {}",
                self.server.output()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn hang_up(&self) {
        let id = self.server.id().to_string();
        let told = Command::new("kill").args(["-s", "HUP", &id]).status();
        assert!(told.unwrap().success());
    }

    /// What the operator asks for, and the answer about the one agent.
    pub(crate) async fn swap(&self, component: &str) -> (u16, Value) {
        let url = format!("http://{}/agents/reload", self.admin);
        let body = json!({ "component": component }).to_string();
        let response = reqwest::Client::new().post(url).body(body).send().await;
        let response = response.unwrap();
        let status = response.status().as_u16();
        let answer: Value = response.json().await.unwrap();
        (status, answer["agents"][0].clone())
    }
}

fn command(desk: &Desk, component: &str, environment: &[(&str, &str)]) -> Command {
    let mut command = host_command().unwrap();
    command
        .arg("serve")
        .arg(component)
        .env("ATTACHE_DATA_DIR", desk.path("data"))
        .env("DOCKER_CONFIG", desk.path("docker"))
        .env("RUST_LOG", "info,attache_host::service=warn")
        .envs(environment.iter().copied());
    command
}

/// A host that does not start: its status and what it says.
pub(crate) fn refused(desk: &Desk, component: &str, environment: &[(&str, &str)]) -> (i32, String) {
    let Output { status, stderr, .. } = command(desk, component, environment).output().unwrap();
    let said = String::from_utf8_lossy(&stderr).into_owned();
    (status.code().unwrap_or(-1), said)
}
