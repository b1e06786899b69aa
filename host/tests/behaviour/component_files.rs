use std::fs;
use std::process::Output;

use super::client::get;
use super::process::{Host, binary, compiled_probe, guest, run};

fn serve(file: &std::path::Path) -> Output {
    run(
        &["serve", file.to_str().unwrap()],
        &[("PORT", "0"), ("ATTACHE_DATA_DIR", ":memory:")],
    )
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_component_for_another_host_is_refused_with_all_that_it_wants() {
    let stranger = guest("host-stranger");
    let folder = tempfile::tempdir().unwrap();
    let compiled = folder.path().join("stranger.cwasm");
    let compiling = binary()
        .arg("compile")
        .arg(&stranger)
        .arg("-o")
        .arg(&compiled)
        .output();
    for output in [serve(&stranger), compiling.unwrap()] {
        assert_eq!(output.status.code(), Some(65), "{output:?}");
        let complaint = complaint(&output);
        assert!(
            complaint.contains("does not give: tests:stranger/elsewhere, here"),
            "{complaint}"
        );
        assert!(complaint.contains("host_stranger.wasm"), "{complaint}");
    }
    assert!(!compiled.exists());
}

#[test]
fn what_is_no_agent_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.wasm");
    for (content, sentence) in [
        (
            b"\0asm\x0d\0\x01\0".as_slice(),
            "does not export wasi:http/incoming-handler@0.2",
        ),
        (b"\0asm\x01\0\0\0", "not a WebAssembly component"),
        (b"#!/bin/sh", "not a WebAssembly component"),
        (b"", "not a WebAssembly component"),
    ] {
        fs::write(&file, content).unwrap();
        let output = serve(&file);
        assert_eq!(output.status.code(), Some(65), "{output:?}");
        assert!(
            complaint(&output).contains(sentence),
            "{}",
            complaint(&output)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_served_compiled_or_not() {
    let host = Host::start(&[]);
    assert_eq!(get(&host, "/").await.text, "ok");
    let host = Host::start_component(&guest("host-probe"), &[]);
    assert_eq!(get(&host, "/").await.text, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_told_alike_of_a_component_that_was_compiled_before() {
    let compiled = Host::start(&[]);
    let here = Host::start_component(&guest("host-probe"), &[]);
    let mut told = Vec::new();
    for host in [&compiled, &here] {
        get(host, "/trap-before").await;
        let entry = host.log_with("the component trapped");
        told.push(entry["message"].as_str().unwrap().to_owned());
    }
    assert!(told[0].contains("<wasm function "), "{}", told[0]);
    assert_eq!(told[0], told[1]);
}

#[test]
fn compiled_code_that_was_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("probe.cwasm");
    let good = fs::read(compiled_probe()).unwrap();
    let mut changed = good.clone();
    changed[good.len() / 2] ^= 1;
    let mut foreign = good.clone();
    foreign.truncate(good.len() - 64);
    for (content, sentence) in [
        (changed, "this compiled file is damaged"),
        (good[1..].to_vec(), "this compiled file is damaged"),
        (foreign, "was not written by `attache-host compile`"),
    ] {
        fs::write(&file, content).unwrap();
        let output = serve(&file);
        assert_eq!(output.status.code(), Some(65), "{output:?}");
        assert!(
            complaint(&output).contains(sentence),
            "{}",
            complaint(&output)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiled_file_that_is_written_over_changes_nothing_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("probe.cwasm");
    fs::copy(compiled_probe(), &file).unwrap();
    let host = Host::start_component(&file, &[("ATTACHE_WATCH", "0")]);
    // Where it lies, and not beside it: what were mapped would change.
    let length = file.metadata().unwrap().len();
    fs::write(&file, vec![0xcc; usize::try_from(length).unwrap()]).unwrap();
    assert_eq!(get(&host, "/").await.text, "ok");
    fs::write(&file, []).unwrap();
    assert_eq!(get(&host, "/").await.text, "ok");
    // It is mapped all the same, so that only what is used counts.
    let maps = host.maps();
    assert!(maps.contains("/memfd:component"), "{maps}");
    assert!(!maps.contains("probe.cwasm"), "{maps}");
}
