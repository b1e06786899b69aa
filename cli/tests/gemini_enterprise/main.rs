//! `attache gemini-enterprise` against fakes of Google's REST APIs, which refuse what Google's discovery
//! documents do not describe.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "../support/google.rs"]
mod google;

mod authorization;
mod dry_run;
mod host;
mod probe;
mod registration;

use std::path::PathBuf;
use std::process::Command;

use google::FakeGoogle;
use serde_json::{Value, json};

const APP: &str = "projects/my-project/locations/global/collections/default_collection/engines/app";
const URL: &str = "https://hello-123456789012.us-central1.run.app/";

/// Gemini Enterprise with one app, and the card of an agent in a file.
struct World {
    google: FakeGoogle,
    card: PathBuf,
}

fn world() -> World {
    let google = FakeGoogle::start();
    let app = json!({"name": APP, "displayName": "Work", "appType": "APP_TYPE_INTRANET"});
    google.put("discoveryengine", &format!("v1alpha/{APP}"), app);
    let card = google.home.path().join("card.json");
    std::fs::write(&card, card_at(URL).to_string()).unwrap();
    World { google, card }
}

fn card_at(url: &str) -> Value {
    json!({
        "name": "Hello", "description": "Says hello.", "version": "1.0.0",
        "supportedInterfaces": [
            {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
            {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "0.3"},
        ],
        "capabilities": {"streaming": true},
        "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "hello", "name": "Hello", "description": "Says hello.", "tags": ["greeting"]}],
        "preferredTransport": "JSONRPC", "protocolVersion": "0.3.0", "url": url,
    })
}

impl World {
    fn attache(&self, arguments: &[&str]) -> Command {
        let mut command = self.google.attache();
        command
            .args(["gemini-enterprise", "--project=my-project", "-o", "json"])
            .args(arguments);
        command
    }

    /// What a command that works prints.
    fn gives(&self, arguments: &[&str]) -> Value {
        let (out, _) = google::ended(&mut self.attache(arguments), 0);
        serde_json::from_str(&out).unwrap()
    }

    /// What a command that fails says, with its remedy.
    fn fails(&self, status: i32, arguments: &[&str]) -> (String, String) {
        let (_, err) = google::ended(&mut self.attache(arguments), status);
        let document = err
            .lines()
            .find_map(|line| serde_json::from_str::<Value>(line).ok());
        let error = document.unwrap_or_else(|| panic!("{err}"))["error"].clone();
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (text("message"), text("remedy"))
    }

    fn register(&self, more: &[&str]) -> Value {
        let card = self.card.to_str().unwrap();
        self.gives(&[&["register", card][..], more].concat())
    }

    fn id(agent: &Value) -> String {
        let name = agent["name"].as_str().unwrap();
        name.rsplit('/').next().unwrap().to_owned()
    }

    /// The bodies of the calls of a method whose path ends so.
    fn bodies(&self, method: &str, path: &str) -> Vec<Value> {
        let requests = self.google.requests().into_iter();
        let fitting = requests
            .filter(|r| r["method"] == method && r["path"].as_str().unwrap().ends_with(path));
        fitting.map(|r| r["body"].clone()).collect()
    }
}
