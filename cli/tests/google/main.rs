//! How `attache` asks Google: as whom, how often, and what a refusal is turned into.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "../support/google.rs"]
mod google;

mod calls;
mod credentials;
mod fakes;
mod id_tokens;
mod refusals;

use std::process::Command;

use google::FakeGoogle;
use serde_json::{Value, json};

const APP: &str = "projects/my-project/locations/global/collections/default_collection/engines/app";

/// Google, with an app in which agents can be listed.
fn google_with_an_app() -> FakeGoogle {
    let google = FakeGoogle::start();
    let app = json!({"name": APP, "displayName": "Work", "appType": "APP_TYPE_INTRANET"});
    google.put("discoveryengine", &format!("v1alpha/{APP}"), app);
    google
}

/// Asks for the agents, which is one call.
fn list(command: &mut Command) -> &mut Command {
    command.args([
        "gemini-enterprise",
        "list",
        "--app=app",
        "--project=my-project",
    ])
}

/// The last call's token, and the project that it is counted for.
fn last(google: &FakeGoogle) -> (String, Option<String>) {
    let requests = google.requests();
    let last = requests.last().expect("nothing was asked");
    let text = |name: &str| last[name].as_str().map(str::to_owned);
    (text("authorization").unwrap(), text("quotaProject"))
}
