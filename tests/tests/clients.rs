//! The official Python and JavaScript clients, over every binding that they speak, in both versions
//! of the protocol: under the host, under the Spin-shaped harness, and against the official Python
//! server: the same checks everywhere.
//!
//! The last of the three shows that the checks are right. What that server is known to do otherwise
//! than the protocol says is listed beside the checks, and holds for it alone.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::process::Command;

use attache_tests::clients::{python, run_node, run_python};
use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};

/// What the kit calls an extension that a client has to name.
const REQUIRED_EXTENSION: &str = "urn:a2a:tck:required-extension";

#[derive(Clone, Copy)]
enum Sdk {
    Python,
    JavaScript,
}

/// An SDK, a binding, and a version of the protocol.
#[derive(Clone, Copy)]
struct Client(Sdk, &'static str, &'static str);

impl Client {
    /// Every call that the client has.
    fn asks_everything(self, server: &Server, more: &[&str]) {
        let Self(sdk, ..) = self;
        let verdict = match sdk {
            Sdk::Python => run_python("a2a_scenarios.py", &self.arguments(server, more)),
            Sdk::JavaScript => run_node("a2a_scenarios.mjs", &self.arguments(server, more)),
        };
        judge(server, verdict.err());
    }

    /// What an agent refuses in one of the kit's other configurations.
    fn is_refused(self, server: &Server, configuration: &str, more: &[&str]) {
        let mut arguments = self.arguments(server, more);
        arguments.push(configuration);
        judge(server, run_python("a2a_restricted.py", &arguments).err());
    }

    fn arguments<'a>(self, server: &'a Server, more: &[&'a str]) -> Vec<&'a str> {
        let Self(_, binding, version) = self;
        let own = ["--binding", binding, "--protocol-version", version];
        [&[server.url()], &own[..], more].concat()
    }
}

fn judge(server: &Server, failure: Option<impl std::fmt::Display>) {
    let said = server.output();
    if let Some(failure) = failure {
        panic!("{failure}\nthe server said:\n{}", tail(&said, 40));
    }
    assert!(!said.contains("panicked"), "the server panicked:\n{said}");
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// The kit's agent under the host, with these config keys.
fn with_host(config: &[&str], ask: impl FnOnce(&Server)) {
    let flags: Vec<_> = config.iter().flat_map(|pair| ["--config", pair]).collect();
    with_host_and(&flags, ask);
}

/// The kit's agent under the host, with these flags; its webhooks are on this machine.
fn with_host_and(flags: &[&str], ask: impl FnOnce(&Server)) {
    let agent = component("tck-agent").expect("the agent");
    let data = tempfile::tempdir().expect("a folder for the data");
    let mut host = host_command().expect("the host");
    host.arg("serve")
        .arg(agent)
        .env("ATTACHE_DATA_DIR", data.path())
        .env("ATTACHE_PUSH_ALLOW_PRIVATE", "1")
        .args(flags);
    let server = Server::start(&mut host, "/health/ready").expect("the host");
    ask(&server);
}

/// The kit's agent with the adapter, under the harness.
fn with_spin(config: &[&str], ask: impl FnOnce(&Server)) {
    let agent = component("tck-agent").expect("the agent");
    let adapter = component("attache-spin-adapter").expect("the adapter");
    let mut harness = Command::new(env!("CARGO_BIN_EXE_spin-harness"));
    harness
        .arg("--agent")
        .arg(agent)
        .arg("--adapter")
        .arg(adapter)
        .args(["--variable", "attache_idempotency_window=0"])
        .args(["--allow-outbound", "http://127.0.0.1:*"])
        .args(["--allow-outbound", "http://localhost:*"]);
    for pair in config {
        harness.args(["--variable", pair]);
    }
    let server = Server::start(&mut harness, "/.well-known/agent-card.json").expect("the harness");
    ask(&server);
}

fn with_reference(offering: &str, ask: impl FnOnce(&Server)) {
    let mut reference = python().expect("python");
    reference.args(["reference_server.py", "0", offering]);
    let server = Server::start(&mut reference, "/.well-known/agent-card.json").expect("the server");
    ask(&server);
}

/// One test for each client in each of the three places.
macro_rules! clients {
    ($($name:ident: $sdk:ident over $binding:literal in $version:literal;)+) => {
        mod under_the_host {
            use super::{Client, Sdk, with_host};
            $(
                #[test]
                fn $name() {
                    let client = Client(Sdk::$sdk, $binding, $version);
                    with_host(&[], |server| client.asks_everything(server, &[]));
                }
            )+
        }

        mod under_spin {
            use super::{Client, Sdk, with_spin};
            $(
                #[test]
                fn $name() {
                    let client = Client(Sdk::$sdk, $binding, $version);
                    // Under Spin webhooks are sent events in the form of 1.0 alone, by the request
                    // that does the work: what failed waits for the next one.
                    let more: &[&str] = match ($version, Sdk::$sdk) {
                        ("0.3", _) => &["--no-push-delivery"],
                        (_, Sdk::Python) => &["--no-push-retry"],
                        (_, Sdk::JavaScript) => &[],
                    };
                    with_spin(&[], |server| client.asks_everything(server, more));
                }
            )+
        }

        mod against_the_reference {
            use super::{Client, Sdk, with_reference};
            $(
                #[test]
                fn $name() {
                    let client = Client(Sdk::$sdk, $binding, $version);
                    with_reference("--everything", |server| {
                        client.asks_everything(server, &["--reference"]);
                    });
                }
            )+
        }
    };
}

clients! {
    python_over_jsonrpc: Python over "jsonrpc" in "1.0";
    python_over_rest: Python over "rest" in "1.0";
    python_over_grpc: Python over "grpc" in "1.0";
    python_over_jsonrpc_in_0_3: Python over "jsonrpc" in "0.3";
    python_over_rest_in_0_3: Python over "rest" in "0.3";
    javascript_over_jsonrpc: JavaScript over "jsonrpc" in "1.0";
    javascript_over_rest: JavaScript over "rest" in "1.0";
    javascript_over_jsonrpc_in_0_3: JavaScript over "jsonrpc" in "0.3";
    javascript_over_rest_in_0_3: JavaScript over "rest" in "0.3";
}

/// The clients that show what a restricted agent refuses.
const PYTHON: [Client; 5] = [
    Client(Sdk::Python, "jsonrpc", "1.0"),
    Client(Sdk::Python, "rest", "1.0"),
    Client(Sdk::Python, "grpc", "1.0"),
    Client(Sdk::Python, "jsonrpc", "0.3"),
    Client(Sdk::Python, "rest", "0.3"),
];

fn all_are_refused(server: &Server, configuration: &str, more: &[&str]) {
    for client in PYTHON {
        client.is_refused(server, configuration, more);
    }
}

#[test]
fn without_capabilities_under_the_host() {
    with_host(&["tck_capabilities=none"], |server| {
        all_are_refused(server, "none", &[]);
    });
}

#[test]
fn without_capabilities_under_spin() {
    with_spin(&["tck_capabilities=none"], |server| {
        all_are_refused(server, "none", &[]);
    });
}

#[test]
fn without_capabilities_against_the_reference() {
    with_reference("--nothing", |server| {
        all_are_refused(server, "none", &["--reference"]);
    });
}

#[test]
fn without_a_required_extension_under_the_host() {
    let config = format!("tck_required_extension={REQUIRED_EXTENSION}");
    with_host(&[&config], |server| {
        all_are_refused(server, "extension", &[]);
    });
}

#[test]
fn without_a_required_extension_under_spin() {
    let config = format!("tck_required_extension={REQUIRED_EXTENSION}");
    with_spin(&[&config], |server| {
        all_are_refused(server, "extension", &[]);
    });
}

#[test]
fn who_asks_too_often_under_the_host() {
    let flags = ["--rate-address", "1/h", "--rate-card", "1000/s"];
    with_host_and(&flags, |server| all_are_refused(server, "often", &[]));
}
