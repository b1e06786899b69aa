//! The host takes what services are deployed with.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::google::ended;
use super::{CASES, attache, manifest};

/// `attache-host config` refuses whatever the host would not start with, and opens nothing.
#[test]
fn the_host_understands_every_variable() {
    let host =
        PathBuf::from(std::env::var_os("ATTACHE_HOST_BIN").expect("ATTACHE_HOST_BIN is set"));
    let guests =
        PathBuf::from(std::env::var_os("ATTACHE_GUESTS_DIR").expect("ATTACHE_GUESTS_DIR is set"));
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
        let mut host = Command::new(&host);
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
                        key.clone()
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
        host.arg("config")
            .arg(guests.join("hello_agent.wasm"))
            .args(["--output", "json"]);
        let (out, err) = ended(&mut host, 0);
        let said: Value = serde_json::from_str(&out).unwrap();
        assert!(!said.to_string().is_empty(), "{err}");
    }
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
