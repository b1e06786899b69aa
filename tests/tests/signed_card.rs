//! The host signs the card, and the official Python and JavaScript clients find that the signature
//! holds, with both algorithms.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use attache_tests::clients::{make_keys, run_node, run_python};
use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};

/// A signature vouches for URLs, so that the host has to be told its own.
const PUBLIC_URL: &str = "https://agent.example";
const KEY_SET: &str = "https://agent.example/keys.json";

fn holds(algorithm: &str) {
    let agent = component("tck-agent").expect("the agent");
    let folder = tempfile::tempdir().expect("a folder for the keys and the data");
    make_keys(folder.path(), algorithm).expect("a pair of keys");

    let mut host = host_command().expect("the host");
    host.arg("serve")
        .arg(agent)
        .env("ATTACHE_DATA_DIR", folder.path())
        .env("ATTACHE_PUBLIC_URL", PUBLIC_URL)
        .env("ATTACHE_CARD_KEY_FILE", folder.path().join("private.pem"))
        .env("ATTACHE_CARD_JKU", KEY_SET);
    let server = Server::start(&mut host, "/health/ready").expect("the host");

    let public = folder.path().join("public.pem").display().to_string();
    let verdicts = [
        run_python("signed_card.py", &[server.url(), &public, "--jku", KEY_SET]),
        run_node("signed_card.mjs", &[server.url(), &public]),
    ];
    for verdict in verdicts {
        if let Err(error) = verdict {
            panic!("{error}\nthe server said:\n{}", server.output());
        }
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
