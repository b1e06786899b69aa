//! What `attache new` writes, and what it refuses.

use std::fs;

use crate::{attache, run, said, workspace};

#[test]
fn a_dry_run_shows_the_files_and_writes_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(attache(folder.path()).args([
        "new",
        "hello",
        "--sdk",
        "0.1",
        "--dry-run",
        "-o",
        "json",
    ]));
    assert!(output.status.success(), "{}", said(&output));
    let made: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(made["sdk"], "\"0.1\"");
    assert_eq!(made["dryRun"], true);
    assert!(!folder.path().join("hello").exists());
}

#[test]
fn the_sdk_is_the_checkout_that_the_program_was_built_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(attache(folder.path()).args(["new", "hello"]));
    assert!(output.status.success(), "{}", said(&output));
    let made = folder.path().join("hello");
    let manifest = fs::read_to_string(made.join("Cargo.toml")).expect("a manifest");
    let sdk = workspace().join("sdk").canonicalize().expect("the SDK");
    assert!(
        manifest.contains(&format!("attache-sdk = {{ path = \"{}\" }}", sdk.display())),
        "{manifest}"
    );
    let own = fs::read_to_string(made.join("attache.toml")).expect("a manifest");
    assert!(
        own.contains("component = \"target/wasm32-wasip2/release/hello.wasm\""),
        "{own}"
    );
    for file in [
        ".gitignore",
        "README.md",
        "Cargo.lock",
        "src/lib.rs",
        "src/count.rs",
    ] {
        let text = fs::read_to_string(made.join(file)).unwrap_or_else(|_| panic!("no {file}"));
        assert!(!text.contains("{{"), "{file} has a blank left");
    }
}

#[test]
fn nothing_that_was_there_is_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let there = folder.path().join("hello");
    fs::create_dir(&there).expect("a folder");
    fs::write(there.join("notes"), "mine").expect("a file");
    let output = run(attache(folder.path()).args(["new", "hello", "--sdk", "0.1"]));
    assert_eq!(output.status.code(), Some(73));
    assert!(
        said(&output).contains("hello is there already"),
        "{}",
        said(&output)
    );
    assert_eq!(fs::read_dir(&there).expect("the folder").count(), 1);
}

#[test]
fn what_cannot_be_is_told_with_what_would_be() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, exit, words) in [
        (&["new", "My Agent"][..], 64, "try \"my-agent\""),
        (
            &["new", "hello", "--sdk", "no/such/folder"],
            66,
            "attache-sdk is not there",
        ),
        (&["build"], 66, "there is no Cargo.toml"),
        (
            &["dev", "--component", "none.wasm"],
            66,
            "there is no component at none.wasm",
        ),
        (&["dev", "--host-bin", "none"], 66, "there is no Cargo.toml"),
    ] {
        let output = run(attache(folder.path()).args(arguments));
        assert_eq!(
            output.status.code(),
            Some(exit),
            "{arguments:?}: {}",
            said(&output)
        );
        assert!(
            said(&output).contains(words),
            "{arguments:?}: {}",
            said(&output)
        );
    }
}
