//! What cannot become an image is said, with what to do.

use std::fs;
use std::process::Command;

use crate::tool::{Desk, Ended};
use crate::work::{AMD64, ARM64, desk, digest, image, program};

#[test]
fn a_host_that_could_not_start_is_refused() {
    let desk = desk();
    let loader = "/lib64/ld-linux-x86-64.so.2";
    let damaged = program(AMD64, None)[..100].to_vec();
    let hosts: [(Vec<u8>, i32, &str); 5] = [
        (program(AMD64, Some(loader)), 65, loader),
        (
            b"\xcf\xfa\xed\xfe and so on".to_vec(),
            69,
            "is no program for Linux",
        ),
        (program(8, None), 69, "ELF machine 8"),
        (damaged, 69, "is damaged"),
        (b"\x7fELF\x01\x01".to_vec(), 69, "is no program for 64 bits"),
    ];
    for (host, status, why) in hosts {
        desk.put("host", host);
        let refused = desk.tool(&image(&["--tar", "hello.tar"]));
        refused.refused(status, why);
        refused.refused(status, "target/image/rootfs/attache-host");
        refused.refused(status, "make");
    }
    assert!(!desk.path("hello.tar").exists());
    fs::remove_file(desk.path("host")).unwrap();
    desk.tool(&image(&["--dry-run"]))
        .refused(69, "cannot be read");
}

/// The host that the tests run is linked as cargo does without being told otherwise, or is static.
#[test]
fn a_real_dynamic_program_is_refused() {
    let desk = desk();
    fs::copy(env!("CARGO_BIN_EXE_attache"), desk.path("host")).unwrap();
    desk.tool(&image(&["--dry-run"]))
        .refused(65, "is linked dynamically");
}

/// The tool where it is installed, in no checkout.
#[test]
fn the_first_static_host_is_taken() {
    let desk = desk();
    fs::create_dir(desk.path("bin")).unwrap();
    let tool = desk.path("bin/attache");
    fs::copy(env!("CARGO_BIN_EXE_attache"), &tool).unwrap();
    let dynamic = program(AMD64, Some("/lib/ld.so"));
    desk.put("dynamic-host", &dynamic);
    let run = || {
        let output = Command::new(&tool)
            .args([
                "image",
                "--component",
                "one.wasm",
                "--no-precompile",
                "--dry-run",
            ])
            .current_dir(desk.path("."))
            .env_clear()
            .env("PATH", desk.path("elsewhere"))
            .env("ATTACHE_HOST_BIN", "dynamic-host")
            .output();
        Ended::from(output.unwrap())
    };
    desk.put("bin/attache-host", dynamic);
    let refused = run();
    refused.refused(65, "dynamic-host is linked dynamically");
    refused.refused(65, "bin/attache-host is linked dynamically");
    refused.refused(65, "`make image` leaves a static one");

    desk.put("bin/attache-host", program(AMD64, None));
    let made = run();
    assert_eq!(made.status, 0, "{}", made.stderr);
    let same = desk.tool(&image(&["--dry-run"])).json();
    assert_eq!(made.stdout.trim_end(), same["digest"]);
}

#[test]
fn a_host_for_another_machine_does_not_compile_here() {
    let desk = desk();
    let machine = if cfg!(target_arch = "x86_64") {
        ARM64
    } else {
        AMD64
    };
    desk.put("host", program(machine, None));
    let mut arguments = image(&["--dry-run"]);
    arguments.retain(|word| *word != "--no-precompile");
    let refused = desk.tool(&arguments);
    refused.refused(69, "does not start here to compile the component");
    refused.refused(69, "--no-precompile");
}

#[test]
fn what_a_compiler_says_is_passed_on() {
    let desk = desk();
    desk.program(
        "old-host",
        "echo 'error: this host has no compiler' >&2; exit 65",
    );
    let mut arguments = image(&["--dry-run", "--compiler", "bin/old-host"]);
    arguments.retain(|word| *word != "--no-precompile");
    let refused = desk.tool(&arguments);
    refused.refused(65, "does not compile one.wasm: this host has no compiler");
    let missing = ["--dry-run", "--compiler", "no-host"];
    let mut arguments = image(&missing);
    arguments.retain(|word| *word != "--no-precompile");
    desk.tool(&arguments)
        .refused(66, "--compiler names no-host");
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_done() {
    let desk = desk();
    let fixed = format!("example.com/agents/hello@{}", digest(b""));
    for (arguments, status, why) in [
        (vec![], 64, "what is to be done with the image?"),
        (vec!["--push"], 64, "where to?"),
        (
            vec![&fixed, "--push"],
            64,
            "the digest of an image follows from its content",
        ),
        (
            vec!["agents/hello:1", "--push"],
            64,
            "the registry's host comes first",
        ),
        (
            vec!["example.com/agents/hello", "--push"],
            64,
            "say which one",
        ),
        (
            vec!["http://example.com/hello:1", "--push"],
            64,
            "without TLS",
        ),
        (
            vec!["example.com/hello:1", "--push", "--insecure"],
            64,
            "only asked with TLS",
        ),
        (vec!["--dry-run", "--push"], 64, "cannot be used with"),
        (vec!["--dry-run", "--label", "x"], 64, "give KEY=VALUE"),
        (
            vec!["--dry-run", "--compiler", "host"],
            64,
            "cannot be used with",
        ),
        (
            vec!["--tar", "no/such/folder/hello.tar"],
            73,
            "cannot be written",
        ),
    ] {
        desk.tool(&image(&arguments)).refused(status, why);
    }
    desk.put("one.wasm", "#!/bin/sh");
    desk.tool(&image(&["--dry-run"]))
        .refused(65, "one.wasm is neither WebAssembly");
    fs::remove_file(desk.path("one.wasm")).unwrap();
    desk.tool(&image(&["--dry-run"]))
        .refused(66, "one.wasm cannot be read");
}

#[test]
fn a_folder_with_something_else_stays_as_it_is() {
    let desk = desk();
    let refused = desk.tool(&image(&["--layout", "docker/.."]));
    refused.refused(73, "holds something, and no images");
    desk.put("docker/oci-layout", "{}");
    desk.put("docker/index.json", "[]");
    desk.tool(&image(&["--layout", "docker"]))
        .refused(65, "is no index of images");
}

#[test]
fn without_a_project_or_a_component_there_is_no_image() {
    let desk = Desk::new();
    desk.put("host", program(AMD64, None));
    let arguments = [
        "image",
        "--host-bin",
        "host",
        "--no-precompile",
        "--dry-run",
    ];
    desk.tool(&arguments).refused(64, "an image of what?");
    let manifest = |image: &str| {
        let text =
            format!("[agent]\nname = \"hello\"\ncomponent = \"one.wasm\"\nimage = \"{image}\"\n");
        desk.put("attache.toml", text)
    };
    manifest("us-central1-docker.pkg.dev/PROJECT/agents/hello:1");
    desk.tool(&arguments).refused(65, "in place of PROJECT");
    manifest("us-central1-docker.pkg.dev/my-project/agents/hello:1");
    desk.tool(&arguments)
        .refused(66, "there is no component at ./one.wasm");
    desk.agent("hello-agent", "one");
    let made = desk.tool(&arguments);
    assert_eq!(made.status, 0, "{}", made.stderr);
    let begins = "us-central1-docker.pkg.dev/my-project/agents/hello@sha256:";
    assert!(made.stdout.starts_with(begins), "{}", made.stdout);
}
