//! The container's root filesystem: it holds what it needs and nothing else, and it answers.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use attache_tests::container;
use attache_tests::guests::workspace;
use attache_tests::server::Server;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Names a root filesystem that `make image` left; without it, the test runs `make image`.
const ROOTFS: &str = "ATTACHE_IMAGE_ROOTFS";

fn rootfs() -> PathBuf {
    if let Some(folder) = std::env::var_os(ROOTFS) {
        return workspace().join(folder);
    }
    let status = Command::new("make")
        .current_dir(workspace())
        .args(["image", "PROFILE=fast"])
        .status()
        .expect("make");
    assert!(status.success(), "make image: {status}");
    workspace().join("target/image/rootfs")
}

/// Everything under `folder`, as paths from there; a folder ends in a slash.
fn contents(folder: &Path, below: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder.join(below)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        if entry.file_type().expect("a type").is_dir() {
            let path = format!("{below}{name}/");
            contents(folder, &path, found);
            found.push(path);
        } else {
            found.push(format!("{below}{name}"));
        }
    }
}

/// The environment that the Dockerfile gives the container.
fn environment() -> Vec<(String, String)> {
    let dockerfile = fs::read_to_string(workspace().join("Dockerfile")).expect("the Dockerfile");
    let (_, last_stage) = dockerfile
        .rsplit_once("\nFROM scratch\n")
        .expect("a stage from scratch");
    let variables: Vec<_> = last_stage
        .lines()
        .filter_map(|line| line.strip_prefix("ENV "))
        .map(|line| line.split_once('=').expect("ENV NAME=VALUE"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert!(!variables.is_empty(), "no ENV in the last stage");
    variables
}

/// Whoever scans the image is told of every crate in it, of the C that some of them bring, and which
/// files are meant.
#[test]
fn the_bill_of_materials_is_of_these_files() {
    let built = rootfs();
    let file = built.with_file_name("sbom.cdx.json");
    let text = fs::read_to_string(file).expect("the bill of materials");
    let bill: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let components = bill["components"].as_array().expect("components");
    let find = |name: &str| {
        let found = components
            .iter()
            .find(|component| component["name"] == name);
        found.unwrap_or_else(|| panic!("{name} is not in the bill"))
    };
    for (name, file) in [
        ("attache-host", "attache-host"),
        ("agent-component", "agent.cwasm"),
    ] {
        let content = fs::read(built.join(file)).expect("a file of the image");
        let digest = Sha256::digest(content);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(find(name)["type"], "application");
        assert_eq!(find(name)["hashes"][0]["content"], digest, "{file}");
    }
    // One of the host, one of the agent, one that is C, and none that only builds.
    for name in ["rustls", "attache-protocol", "sqlite"] {
        let version = find(name)["version"].as_str().expect("a version");
        assert!(version.contains('.'), "{name} {version}");
    }
    assert!(
        components
            .iter()
            .all(|component| component["name"] != "syn")
    );
    let known = |name: &Value| *name == "image" || components.iter().any(|c| c["bom-ref"] == *name);
    for edge in bill["dependencies"].as_array().expect("dependencies") {
        assert!(known(&edge["ref"]), "{edge}");
        for on in edge["dependsOn"].as_array().expect("a list") {
            assert!(known(on), "{edge}");
        }
    }
}

#[tokio::test]
async fn the_image_holds_the_host_and_the_agent_alone_and_answers() {
    let built = rootfs();
    let mut found = Vec::new();
    contents(&built, "", &mut found);
    found.sort();
    assert_eq!(found, ["agent.cwasm", "attache-host", "data/"]);

    // A copy, so that what the host writes stays out of the image.
    let root = tempfile::tempdir().expect("a folder");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(root.path(), mode).expect("a folder that others may enter");
    for file in ["agent.cwasm", "attache-host"] {
        fs::copy(built.join(file), root.path().join(file)).expect("a copy");
    }
    fs::create_dir(root.path().join("data")).expect("a folder for the data");
    let mut process = container::serve(root.path(), &environment()).expect("a root filesystem");
    let server = Server::start(&mut process, "/health/ready").expect("the host");

    let http = reqwest::Client::new();
    let card: Value = http
        .get(format!("{}/.well-known/agent-card.json", server.url()))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("a card");
    let message = json!({
        "messageId": "1",
        "role": "ROLE_USER",
        "parts": [
            { "text": "SELECT SUM(inhabitants) AS all_of_them FROM towns" },
            { "text": "city,inhabitants\nBern,134\nBasel,178\n", "filename": "towns.csv", "mediaType": "text/csv" },
        ],
    });
    let answer: Value = http
        .post(card["supportedInterfaces"][0]["url"].as_str().expect("an address in the card"))
        .header("A2A-Version", "1.0")
        .json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": { "message": message } }))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let task = &answer["result"]["task"];
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED", "{answer}");
    assert!(task["artifacts"].to_string().contains("312"), "{task}");
    assert!(
        root.path().join("data/tasks.db").exists(),
        "the tasks are in the data folder"
    );
}
