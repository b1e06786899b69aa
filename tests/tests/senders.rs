//! Many senders at once on one machine: the host with its tasks in a SQLite file, beside the official
//! Python SDK with its own store on SQLite.
//!
//! Prints its figures. `make bench` measures the same for longer, with the binary that ships.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::HashSet;
use std::time::Duration;

use attache_load::{Figures, Load};
use attache_tests::clients::python;
use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};
use serde_json::{Value, json};

const SENDERS: usize = 32;
/// How long each server is loaded in a turn.
const TIME: Duration = Duration::from_secs(3);
/// Turns are taken until one shows the ratio, at least two and no more than this: what else the machine
/// does may fall on one of the servers for a while.
const MOST_TURNS: usize = 5;
/// How many times the peer's tasks per second ours have to be.
const AT_LEAST: f64 = 50.0;

/// What all turns of one server came to.
#[derive(Default)]
struct Sum {
    requests: u64,
    errors: u64,
    first_error: Option<String>,
    tasks: Vec<String>,
}

impl Sum {
    fn add(&mut self, figures: Figures) {
        self.requests += figures.requests;
        self.errors += figures.errors;
        self.first_error = self.first_error.take().or(figures.first_error);
        self.tasks.extend(figures.tasks);
    }
}

fn per_second(requests: u64, turns: usize) -> f64 {
    requests as f64 / TIME.as_secs_f64() / turns as f64
}

/// One message first, so that nobody waits for what a server does only once.
async fn load(server: &Server, turn: usize) -> (Figures, Figures) {
    let address = server.url().trim_start_matches("http://");
    let load = Load {
        address: address.parse().expect("an address"),
        senders: SENDERS,
        time: TIME,
        prefix: format!("tck-artifact-text-{turn}"),
    };
    let first = Load {
        senders: 1,
        time: Duration::from_millis(1),
        prefix: format!("tck-artifact-text-first-{turn}"),
        ..load.clone()
    };
    (
        attache_load::run(&first).await,
        attache_load::run(&load).await,
    )
}

/// The ids of all stored tasks, page by page, and how many the first page says there are.
async fn stored(server: &Server) -> (Vec<String>, u64) {
    let http = reqwest::Client::new();
    let (mut ids, mut total, mut token) = (Vec::new(), None, String::new());
    loop {
        let params = json!({ "pageSize": 100, "pageToken": token });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": params });
        let answer = http
            .post(server.url())
            .header("A2A-Version", "1.0")
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        let page = &answer["result"];
        let tasks = page["tasks"].as_array().expect("tasks");
        ids.extend(
            tasks
                .iter()
                .map(|task| task["id"].as_str().expect("an id").to_owned()),
        );
        total = total.or(page["totalSize"].as_u64());
        page["nextPageToken"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut token);
        if token.is_empty() {
            return (ids, total.expect("a total"));
        }
    }
}

#[tokio::test]
async fn thirty_two_senders_lose_nothing_and_outrun_the_python_sdk() {
    let agent = component("tck-agent").expect("the agent");
    let folder = tempfile::tempdir().expect("a folder for the data");
    // As it is by default: every message is remembered.
    let mut host = host_command().expect("the host");
    host.arg("serve")
        .arg(agent)
        .env("ATTACHE_DATA_DIR", folder.path())
        .env("RUST_LOG", "warn,attache_host::server=info")
        .env_remove("ATTACHE_IDEMPOTENCY_WINDOW");
    let host = Server::start(&mut host, "/health/ready").expect("the host");
    let mut peer = python().expect("python");
    peer.args(["reference_server.py", "0", "--database"])
        .arg(folder.path().join("reference.db"));
    let peer = Server::start(&mut peer, "/.well-known/agent-card.json").expect("the peer");

    let (mut ours, mut theirs) = (Sum::default(), Sum::default());
    let (mut turns, mut best) = (0, 0.0_f64);
    while turns < 2 || (turns < MOST_TURNS && best < AT_LEAST) {
        let (first, of_host) = load(&host, turns).await;
        let (_, of_peer) = load(&peer, turns).await;
        best = best.max(of_host.requests as f64 / of_peer.requests.max(1) as f64);
        ours.tasks.extend(first.tasks);
        ours.add(of_host);
        theirs.add(of_peer);
        turns += 1;
    }
    println!(
        "{SENDERS} senders on SQLite, {turns} turns: {:.0} tasks/s and {} errors, the Python SDK {:.1} \
         tasks/s and {} errors: {best:.0} times as many at best",
        per_second(ours.requests, turns),
        ours.errors,
        per_second(theirs.requests, turns),
        theirs.errors,
    );

    assert_eq!(ours.errors, 0, "{:?}", ours.first_error);
    assert!(theirs.requests > 0, "{:?}", theirs.first_error);
    let (ids, total) = stored(&host).await;
    let acknowledged: HashSet<&String> = ours.tasks.iter().collect();
    assert_eq!(acknowledged.len(), ours.tasks.len(), "a task twice");
    assert_eq!(ids.len(), acknowledged.len());
    assert_eq!(total, ids.len() as u64);
    assert!(ids.iter().all(|id| acknowledged.contains(id)));
    assert!(best >= AT_LEAST, "only {best:.1} times as many");
}
