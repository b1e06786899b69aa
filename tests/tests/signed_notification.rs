//! The host signs notifications, and a receiver as in the A2A samples finds that the signature holds,
//! with both algorithms.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use attache_tests::clients::{make_keys, run_python};
use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};

const PUBLIC_URL: &str = "https://agent.example";

fn holds(algorithm: &str) {
    let agent = component("tck-agent").expect("the agent");
    let folder = tempfile::tempdir().expect("a folder for the keys and the data");
    make_keys(folder.path(), algorithm).expect("a pair of keys");

    let mut host = host_command().expect("the host");
    host.arg("serve")
        .arg(agent)
        .env("ATTACHE_DATA_DIR", folder.path())
        .env("ATTACHE_PUBLIC_URL", PUBLIC_URL)
        .env("ATTACHE_PUSH_ALLOW_PRIVATE", "1")
        .env("ATTACHE_PUSH_KEY_FILE", folder.path().join("private.pem"));
    let server = Server::start(&mut host, "/health/ready").expect("the host");

    let arguments = [server.url(), PUBLIC_URL, algorithm];
    if let Err(error) = run_python("signed_notification.py", &arguments) {
        panic!("{error}\nthe server said:\n{}", server.output());
    }
}

#[test]
fn with_es256() {
    holds("ES256");
}

#[test]
fn with_rs256() {
    holds("RS256");
}
