//! A registry takes the image, keeps it as it is, and is not sent what it has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json as value};

use crate::front::{Front, Manner};
use crate::store::{PASSWORD, Registry, USER};
use crate::work::{desk, digest, image, json, unpacked};

fn sent(made: &Value) -> Vec<&Value> {
    let layers = made["layers"].as_array().unwrap();
    layers.iter().map(|layer| &layer["sent"]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_published_and_the_second_time_nothing_is_sent() {
    let (registry, desk) = (Registry::start(), desk());
    let front = Front::start(&registry, Manner::Plain).await;
    let reference = front.reference("agents/hello:1");
    let planned = desk.tool(&image(&[&reference, "--dry-run"])).json();
    assert!(front.asked().is_empty(), "a dry run asks nobody");
    let made = desk.tool(&image(&[&reference, "--push"])).json();
    assert_eq!(planned["reference"], made["reference"]);
    assert_eq!(sent(&made), [true, true]);
    assert_eq!(made["pushed"], true);
    assert_eq!(made["tag"], reference);

    let response = registry.manifest("agents/hello", "1").await;
    let content_type = response.headers()["content-type"].to_str().unwrap();
    assert_eq!(content_type, "application/vnd.oci.image.manifest.v1+json");
    let manifest = response.bytes().await.unwrap();
    assert_eq!(made["digest"], digest(&manifest));
    let manifest = json(&manifest);
    let by_digest = format!(
        "{}/agents/hello@{}",
        front.address,
        made["digest"].as_str().unwrap()
    );
    assert_eq!(made["reference"], by_digest);
    let fetch = async |descriptor: &Value| {
        let named = descriptor["digest"].as_str().unwrap();
        let content = registry.blob("agents/hello", named).await;
        assert_eq!(digest(&content), named);
        assert_eq!(descriptor["size"], content.len());
        content
    };
    let config = json(&fetch(&manifest["config"]).await);
    for (at, layer) in manifest["layers"].as_array().unwrap().iter().enumerate() {
        let content = fetch(layer).await;
        assert_eq!(
            config["rootfs"]["diff_ids"][at],
            digest(&unpacked(&content))
        );
        assert_eq!(
            made["layers"][at]["diffId"],
            config["rootfs"]["diff_ids"][at]
        );
    }

    let uploads = || {
        let asked = front.asked();
        let is_upload = |path: &str| path.contains("/blobs/uploads/");
        asked.iter().filter(|asked| is_upload(&asked.path)).count()
    };
    let before = uploads();
    let again = desk.tool(&image(&[&reference, "--push"])).json();
    assert_eq!(again["digest"], made["digest"]);
    assert_eq!(sent(&again), [false, false]);
    assert_eq!(uploads(), before, "nothing is sent again");

    // Another agent of the same host sends its component alone.
    desk.agent("hello-agent", "two");
    let mut arguments = image(&[&reference, "--push"]);
    for word in &mut arguments {
        *word = if *word == "one.wasm" {
            "two.wasm"
        } else {
            word
        };
    }
    assert_eq!(sent(&desk.tool(&arguments).json()), [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_is_the_reference_alone() {
    let (registry, desk) = (Registry::start(), desk());
    let reference = registry.reference("agents/hello:1");
    let mut arguments = image(&[&reference, "--push"]);
    arguments.retain(|word| !["-o", "json"].contains(word));
    let pushed = desk.tool(&arguments);
    assert_eq!(pushed.status, 0, "{}", pushed.stderr);
    let by_digest = pushed.stdout.trim_end();
    assert!(
        by_digest.starts_with(&registry.reference("agents/hello@sha256:")),
        "{by_digest}"
    );
    assert!(pushed.stderr.contains("  sent\n"), "{}", pushed.stderr);
    let again = desk.tool(&arguments);
    assert_eq!(again.stdout, pushed.stdout);
    assert!(again.stderr.contains("  was there\n"), "{}", again.stderr);
    assert!(!again.stderr.contains("  sent\n"), "{}", again.stderr);

    // It is what the deployment takes.
    desk.put(
        "attache.toml",
        format!("[agent]\nname = \"hello\"\nimage = \"{reference}\"\n[service]\nproject = \"my-project\"\nproject_number = \"123456789012\"\nregion = \"us-central1\"\n"),
    );
    let plan = desk.tool(&["deploy", "cloud-run", "--dry-run", "--image", by_digest]);
    assert_eq!(plan.status, 0, "{}", plan.stderr);
    assert!(plan.stdout.contains(by_digest), "{}", plan.stdout);
    // And attache.toml says where to, without a word.
    let mut arguments = image(&["--push"]);
    arguments.retain(|word| !["-o", "json"].contains(word));
    let named = desk.tool(&arguments);
    assert_eq!(named.status, 0, "{}", named.stderr);
    assert!(
        named
            .stdout
            .starts_with(&registry.reference("agents/hello@sha256:"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_fails_is_begun_anew() {
    let (registry, desk) = (Registry::start(), desk());
    let front = Front::start(&registry, Manner::Stumbling).await;
    let made = desk
        .tool(&image(&[&front.reference("agents/hello:1"), "--push"]))
        .json();
    assert_eq!(sent(&made), [true, true]);
    let asked = front.asked();
    let count = |method: Method| asked.iter().filter(|asked| asked.method == method).count();
    // Two layers and a config, each begun once, and the one that failed once more for each failure.
    assert_eq!(count(Method::POST), 3 + 2);
    // These three and the manifest, and the one that failed.
    assert_eq!(count(Method::PUT), 4 + 1);
    assert_eq!(registry.manifest("agents/hello", "1").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_those_of_a_push() {
    let (registry, desk) = (Registry::start_closed(), desk());
    let reference = registry.reference("agents/hello:1");
    let push = image(&[&reference, "--push"]);
    let none = desk.tool(&push);
    none.refused(77, "it wants credentials, and there are none for it");
    none.refused(77, &format!("docker login {}", registry.address));
    let given = image(&[&reference, "--push", "--username", USER, "--password-stdin"]);
    let wrong = desk.tool_with(&given, &[], "a wrong secret");
    wrong.refused(77, "the credentials for it do not open it");
    assert!(!wrong.stderr.contains("a wrong secret"));
    assert_eq!(desk.tool_with(&given, &[], PASSWORD).status, 0);
    let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    desk.docker(&value!({"auths": {&registry.address: {"auth": auth}}}));
    assert_eq!(sent(&desk.tool(&push).json()), [false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_away_is_named() {
    let (registry, desk) = (Registry::start(), desk());
    let reference = registry.reference("agents/hello:1");
    let stopped = registry.stop();
    let away = desk.tool(&image(&[&reference, "--push", "--tar", "hello.tar"]));
    away.refused(69, "cannot be reached");
    // What was asked for beside it is done.
    assert!(desk.path("hello.tar").is_file());
    drop(stopped);
}
