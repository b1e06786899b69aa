//! What is published is what the ecosystem's tools publish, and comes back as it was.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::front::{Front, Manner};
use super::store::Registry;
use super::tool::Desk;

pub(crate) fn digest(content: &[u8]) -> String {
    let digits = Sha256::digest(content);
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_published_as_wkg_does_and_fetched_again() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let agent = desk.agent("hello-agent", "one");
    let content = std::fs::read(&agent).unwrap();
    let reference = registry.reference("agents/hello:1.0");
    let version = "org.opencontainers.image.version=1.0";
    let pushed = desk.push(&agent, &reference, &["--annotation", version]);

    let response = registry.manifest("agents/hello", "1.0").await;
    let bytes = response.bytes().await.unwrap();
    assert_eq!(pushed["digest"], digest(&bytes));
    let by_digest = format!("{}/agents/hello@{}", registry.address, digest(&bytes));
    assert_eq!(pushed["reference"], by_digest);
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(manifest["schemaVersion"], 2);
    let config_type = "application/vnd.wasm.config.v0+json";
    assert_eq!(manifest["artifactType"], config_type);
    assert_eq!(manifest["config"]["mediaType"], config_type);
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(manifest["layers"][0]["digest"], digest(&content));
    assert_eq!(manifest["layers"][0]["size"], content.len());
    let annotations = &manifest["annotations"];
    assert_eq!(annotations["org.opencontainers.image.version"], "1.0");
    assert_eq!(annotations["org.opencontainers.image.title"], "one.wasm");
    let config = manifest["config"]["digest"].as_str().unwrap();
    let config = registry.blob("agents/hello", config).await;
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["architecture"], "wasm");
    assert_eq!(config["os"], "wasip2");
    assert_eq!(config["layerDigests"][0], digest(&content));
    let names = |of: &Value| -> Vec<String> {
        let names = of.as_array().unwrap().iter();
        names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    let exports = names(&config["component"]["exports"]);
    let has = |names: &[String], prefix: &str| names.iter().any(|name| name.starts_with(prefix));
    assert!(
        has(&exports, "wasi:http/incoming-handler@0.2"),
        "{exports:?}"
    );
    let imports = names(&config["component"]["imports"]);
    assert!(has(&imports, "wasi:http/types@0.2"), "{imports:?}");

    // The same file is the same artifact, whenever it is published.
    let again = desk.push(
        &agent,
        &registry.reference("agents/hello:again"),
        &["--annotation", version],
    );
    assert_eq!(again["digest"], pushed["digest"]);

    for reference in [
        reference.as_str(),
        by_digest.as_str(),
        &format!("oci://{reference}"),
    ] {
        let pulled = desk
            .tool(&["pull", reference, "--file", "back.wasm", "-o", "json"])
            .json();
        assert_eq!(pulled["digest"], pushed["digest"]);
        assert_eq!(std::fs::read(desk.path("back.wasm")).unwrap(), content);
    }
    let pulled = desk.tool(&["pull", &reference]);
    assert!(
        pulled.stdout.starts_with("hello.wasm: "),
        "{}",
        pulled.stdout
    );

    desk.put("hello.wasm", "my own");
    let refused = desk.tool(&["pull", &reference]);
    refused.refused(73, "hello.wasm is there already, and is another component");
    assert_eq!(std::fs::read(desk.path("hello.wasm")).unwrap(), b"my own");
    assert_eq!(desk.tool(&["pull", &reference, "--force"]).status, 0);
    assert_eq!(std::fs::read(desk.path("hello.wasm")).unwrap(), content);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_the_digest_and_publishes_nothing() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let (key, _) = desk.keys("mine");
    let agent = desk.agent("hello-agent", "one");
    let reference = registry.reference("hello:1");
    let sign = ["--sign", key.to_str().unwrap()];
    let mut more = vec!["--dry-run"];
    more.extend(sign);
    let planned = desk.push(&agent, &reference, &more);
    assert_eq!(registry.manifest("hello", "1").await.status(), 404);
    let pushed = desk.push(&agent, &reference, &sign);
    assert_eq!(planned["reference"], pushed["reference"]);
    assert_eq!(planned["signature"], pushed["signature"]);
    assert_eq!(planned["manifest"]["layers"][0], pushed["component"]);
}

#[test]
fn what_cannot_be_published_is_said_before_anybody_is_asked() {
    let desk = Desk::new();
    let agent = desk.agent("hello-agent", "one");
    let agent = agent.to_str().unwrap();
    desk.put("text.wasm", "#!/bin/sh");
    desk.put("module.wasm", b"\0asm\x01\0\0\0");
    let mut damaged = std::fs::read(agent).unwrap();
    damaged.truncate(damaged.len() / 2);
    desk.put("damaged.wasm", damaged);
    let digest = format!("ghcr.io/me/agent@{}", digest(b""));
    for (arguments, status, why) in [
        (
            vec!["text.wasm", "ghcr.io/me/agent:1"],
            65,
            "text.wasm is neither WebAssembly",
        ),
        (
            vec!["module.wasm", "ghcr.io/me/agent:1"],
            65,
            "module.wasm is a core module",
        ),
        (
            vec!["damaged.wasm", "ghcr.io/me/agent:1"],
            65,
            "damaged.wasm is no valid component",
        ),
        (
            vec!["none.wasm", "ghcr.io/me/agent:1"],
            66,
            "none.wasm cannot be read",
        ),
        (
            vec![agent, &digest],
            64,
            "the digest of what is published follows",
        ),
        (
            vec![agent, "me/agent:1"],
            64,
            "the registry's host comes first",
        ),
        (vec![agent, "ghcr.io/me/agent"], 64, "say which one"),
        (vec![agent, "http://ghcr.io/me/agent:1"], 64, "without TLS"),
        (
            vec![agent, "ghcr.io/me/agent:1", "--insecure"],
            64,
            "only asked with TLS",
        ),
        (
            vec![agent, "ghcr.io/me/agent:1", "--annotation", "x"],
            64,
            "give KEY=VALUE",
        ),
        (
            vec![agent, "ghcr.io/me/agent:1", "--sign", "text.wasm"],
            65,
            "text.wasm does not sign",
        ),
        (
            vec![agent, "ghcr.io/me/agent:1", "--username", "me"],
            64,
            "--password-stdin",
        ),
        (
            vec![
                agent,
                "ghcr.io/me/agent:1",
                "--username",
                "me",
                "--password-stdin",
            ],
            64,
            "no password on standard input",
        ),
    ] {
        let mut all = vec!["push"];
        all.extend(arguments);
        desk.tool(&all).refused(status, why);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registry_lacks_or_changes_is_said() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let agent = desk.agent("hello-agent", "one");
    desk.push(&agent, &registry.reference("hello:1"), &[]);
    let missing = desk.tool(&["pull", &registry.reference("hello:2")]);
    missing.refused(66, "hello:2 is not in the registry");

    // What passes is waited for.
    let front = Front::start(&registry, Manner::Busy).await;
    let pulled = desk.tool(&["pull", &front.reference("hello:1"), "--file", "busy.wasm"]);
    assert_eq!(pulled.status, 0, "{}", pulled.stderr);

    let front = Front::start(&registry, Manner::Stumbling).await;
    desk.push(&agent, &front.reference("stumbling:1"), &[]);
    assert_eq!(registry.manifest("stumbling", "1").await.status(), 200);

    let front = Front::start(&registry, Manner::Corrupt).await;
    let corrupted = desk.tool(&["pull", &front.reference("hello:1"), "--file", "x.wasm"]);
    corrupted.refused(65, "is not what its digest says");
    let front = Front::start(&registry, Manner::Longer).await;
    let longer = desk.tool(&["pull", &front.reference("hello:1"), "--file", "x.wasm"]);
    longer.refused(69, "more than the");
    assert!(!desk.path("x.wasm").exists());

    let reference = registry.reference("hello:1");
    let stopped = registry.stop();
    desk.tool(&["pull", &reference])
        .refused(69, "cannot be reached");
    drop(stopped);
}
