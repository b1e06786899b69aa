//! The image of a real host starts, as its own user, and answers.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use attache_tests::container;
use attache_tests::server::Server;
use serde_json::Value;

use crate::tool::Desk;
use crate::work::{blob, json, static_host, tar};

#[tokio::test]
async fn an_unpacked_image_answers_with_its_card() {
    let desk = Desk::new();
    desk.agent("hello-agent", "one");
    let host = static_host();
    let image = |more: &[&str]| {
        let mut arguments = vec!["image", "--component", "one.wasm", "-o", "json"];
        arguments.extend(["--host-bin", host.to_str().unwrap()]);
        arguments.extend(more);
        desk.tool(&arguments).json()
    };
    let made = image(&["--layout", "layout"]);
    assert_eq!(made["layers"][1]["file"], "agent.cwasm");
    assert_eq!(
        image(&["--dry-run"])["digest"],
        made["digest"],
        "compiling is the same each time"
    );

    let root = desk.path("rootfs");
    fs::create_dir(&root).unwrap();
    // Others may enter: nobody has to.
    for folder in [desk.path("."), root.clone()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for layer in made["layers"].as_array().unwrap() {
        let file = desk.put("layer.tar.gz", blob(&desk.path("layout"), layer));
        let (file, root) = (file.to_str().unwrap(), root.to_str().unwrap());
        tar(&["--numeric-owner", "-xzpf", file, "-C", root]);
    }
    let config = json(&blob(&desk.path("layout"), &made["config"]));
    let config = &config["config"];
    assert_eq!(
        config["Entrypoint"],
        serde_json::json!(["/attache-host", "serve"])
    );
    assert_eq!(config["User"], format!("{0}:{0}", container::NOBODY));
    let environment: Vec<_> = config["Env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| variable.as_str().unwrap().split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut process = container::serve(&root, &environment).unwrap();
    let server = Server::start(&mut process, "/health/ready").unwrap();
    let card = format!("{}/.well-known/agent-card.json", server.url());
    let card: Value = reqwest::get(card).await.unwrap().json().await.unwrap();
    assert_eq!(card["name"], "Hello");
    assert!(
        root.join("data/tasks.db").exists(),
        "the tasks are in the data folder"
    );
}
