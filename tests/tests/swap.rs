//! Fifty swaps of the component under load, one of them to a broken one: no request notices.
//!
//! Prints its figures.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use attache_load::{Figures, Load};
use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};

const SENDERS: usize = 32;
const SWAPS: usize = 50;
/// Which of them is refused.
const BROKEN: usize = 25;
const PATIENCE: Duration = Duration::from_secs(60);

/// The agent, with something in it that only changes its digest, compiled into `folder`.
fn compile(agent: &Path, folder: &Path, name: &str) -> Vec<u8> {
    let mut bytes = fs::read(agent).expect("the agent");
    let length = u8::try_from(name.len()).expect("a short name");
    bytes.extend([0, length + 1, length]);
    bytes.extend(name.bytes());
    let (wasm, cwasm) = (folder.join("source.wasm"), folder.join("compiled.cwasm"));
    fs::write(&wasm, bytes).expect("a file");
    let mut compile = host_command().expect("the host");
    compile.arg("compile").arg(&wasm).arg("-o").arg(&cwasm);
    let output = compile.output().expect("the compiler");
    assert!(output.status.success(), "{output:?}");
    fs::read(cwasm).expect("the compiled agent")
}

/// Whole, at once, and with a word to the host.
fn put(host: &Server, content: &[u8], file: &Path) {
    let partial = file.with_extension("partial");
    fs::write(&partial, content).expect("a file");
    fs::rename(partial, file).expect("another file");
    let id = host.id().to_string();
    let told = Command::new("kill").args(["-s", "HUP", &id]).status();
    assert!(told.expect("kill").success());
}

async fn serving(host: &Server) -> String {
    let card = reqwest::get(format!("{}/.well-known/agent-card.json", host.url()));
    let card = card.await.expect("the card");
    assert!(card.status().is_success());
    let digest = &card.headers()["attache-component-digest"];
    digest.to_str().expect("a digest").to_owned()
}

async fn until(what: &str, is: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is().await {
        assert!(began.elapsed() < PATIENCE, "{what} does not happen");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn load(host: &Server, over: &Cell<bool>) -> Vec<Figures> {
    let mut rounds = Vec::new();
    while !over.get() {
        let load = Load {
            address: host
                .url()
                .trim_start_matches("http://")
                .parse()
                .expect("an address"),
            senders: SENDERS,
            time: Duration::from_secs(2),
            prefix: format!("tck-artifact-text-{}", rounds.len()),
        };
        rounds.push(attache_load::run(&load).await);
    }
    rounds
}

async fn swap(host: &Server, file: &Path, versions: &[Vec<u8>], over: &Cell<bool>) -> Duration {
    let mut longest = Duration::ZERO;
    for number in 0..SWAPS {
        let before = serving(host).await;
        let began = Instant::now();
        if number == BROKEN {
            let middle = versions[0].len() / 2;
            put(host, &versions[0][..middle], file);
            until("a refusal", async || {
                host.output().contains("the new component is refused")
            })
            .await;
            assert_eq!(serving(host).await, before);
            continue;
        }
        put(host, &versions[(number + 1) % versions.len()], file);
        until("a swap", async || serving(host).await != before).await;
        longest = longest.max(began.elapsed());
    }
    over.set(true);
    longest
}

#[tokio::test]
async fn fifty_swaps_under_load_fail_no_request() {
    let agent = component("tck-agent").expect("the agent");
    let folder = tempfile::tempdir().expect("a folder");
    let versions = ["one", "two", "three"].map(|name| compile(&agent, folder.path(), name));
    let file = folder.path().join("agent.cwasm");
    fs::write(&file, &versions[0]).expect("the agent");
    let mut host = host_command().expect("the host");
    host.arg("serve")
        .arg(&file)
        .env("ATTACHE_DATA_DIR", folder.path().join("data"))
        .env(
            "RUST_LOG",
            "warn,attache_host::server=info,attache_host::app=info",
        );
    let host = Server::start(&mut host, "/health/ready").expect("the host");

    let over = Cell::new(false);
    let (rounds, longest) = tokio::join!(load(&host, &over), swap(&host, &file, &versions, &over));
    let sum = |count: fn(&Figures) -> u64| rounds.iter().map(count).sum::<u64>();
    let (requests, errors) = (sum(|round| round.requests), sum(|round| round.errors));
    println!(
        "{SWAPS} swaps under {SENDERS} senders: {requests} tasks, {errors} errors, the slowest swap \
         {longest:.0?}, p99 {:.1} ms at worst",
        rounds.iter().map(|round| round.p99).fold(0.0, f64::max)
    );
    let first = rounds.iter().find_map(|round| round.first_error.as_ref());
    assert_eq!(errors, 0, "{first:?}\n{}", host.output());
    assert!(requests > 1_000, "{requests}");
}
