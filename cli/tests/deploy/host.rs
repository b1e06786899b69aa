//! The host takes what services are deployed with.

use std::process::Command;

use serde_json::Value;

use super::apply::{SERVICE, deploy};
use super::google::{FakeGoogle, ended};
use super::real_host::{Host, hello, program};
use super::{CASES, attache, manifest};

/// `attache-host config` refuses whatever the host would not start with, and opens nothing.
#[test]
fn the_host_understands_every_variable() {
    let folder = tempfile::tempdir().unwrap();
    for case in CASES {
        let mut command = attache();
        command.args([
            "deploy",
            "cloud-run",
            "--print",
            "service-yaml",
            "-o",
            "json",
            "--manifest",
        ]);
        let (out, _) = ended(command.arg(manifest(case)), 0);
        let files: Value = serde_json::from_str(&out).unwrap();
        let yaml = files["service.yaml"].as_str().unwrap();
        let mut host = Command::new(program());
        host.env_clear()
            .env("PORT", "8080")
            .env("K_SERVICE", "hello")
            .current_dir(folder.path());
        let mut lines = yaml
            .lines()
            .skip_while(|line| line.trim() != "env:")
            .skip(1)
            .peekable();
        let mut count = 0;
        while let Some(name) = lines
            .next()
            .and_then(|line| line.trim().strip_prefix("- name: "))
        {
            let value = lines.next().unwrap().trim();
            if value == "valueFrom:" {
                host.env(name, "a-secret");
                for _ in 0..3 {
                    lines.next();
                }
            } else {
                let value = value.strip_prefix("value: ").unwrap().trim_matches('"');
                if name.ends_with("_FILE") {
                    let path = folder.path().join(name);
                    let hash = "0".repeat(64);
                    let text = if name.contains("API_KEYS") {
                        format!("ci:sha256:{hash}\n")
                    } else {
                        ring_key()
                    };
                    std::fs::write(&path, text).unwrap();
                    host.env(name, path);
                } else {
                    host.env(name, value);
                }
            }
            count += 1;
        }
        assert!(count >= 1, "{yaml}");
        host.arg("config").arg(hello()).args(["--output", "json"]);
        let (out, err) = ended(&mut host, 0);
        let said: Value = serde_json::from_str(&out).unwrap();
        assert!(!said.to_string().is_empty(), "{err}");
    }
}

/// The host runs with the variables that the service was created with, and its card is right.
#[test]
fn the_card_of_the_first_deployment_is_right() {
    let google = FakeGoogle::start();
    ended(&mut deploy(&google, "smallest"), 0);
    let service = &google.kept("run")[SERVICE];
    let env = &service["spec"]["template"]["spec"]["containers"][0]["env"];
    let text = |variable: &Value, name: &str| variable[name].as_str().unwrap().to_owned();
    let mut variables: Vec<_> = env
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "name"), text(one, "value")))
        .collect();
    let metadata = google.url().trim_start_matches("http://").to_owned();
    // What Cloud Run sets.
    variables.push(("K_SERVICE".to_owned(), "hello".to_owned()));
    variables.push(("GCE_METADATA_HOST".to_owned(), metadata.clone()));
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(folder.path(), &variables);

    google.tell("served", serde_json::json!({"url": host.url}));
    let mut command = google.attache_without_credentials();
    command
        .env_remove("NO_GCE_CHECK")
        .env("GCE_METADATA_HOST", metadata);
    command.args([
        "deploy",
        "cloud-run",
        "-o",
        "json",
        "--image",
        "r/hello:2",
        "--manifest",
    ]);
    let (out, err) = ended(command.arg(manifest("smallest")), 0);
    let report: Value = serde_json::from_str(&out).unwrap();
    let card = report["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(card["outcome"], "checked", "{err}");
}

fn ring_key() -> String {
    use base64::Engine as _;
    let random = ring::rand::SystemRandom::new();
    let pkcs8 = ring::signature::EcdsaKeyPair::generate_pkcs8(
        &ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        &random,
    );
    let text = base64::engine::general_purpose::STANDARD.encode(pkcs8.unwrap());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}
