//! What another agent's callers notice of an agent in the same process that does what no agent should:
//! next to nothing.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::client::{Protocol, bytes, empty, piece, request, send, whole};
use super::process::Host;

/// Where the requests of others go.
const OTHERS: &str = "/agents/another";
/// Requests of others with and without harm beside them, time about, in a few seconds.
const REQUESTS: usize = 50;
const ROUNDS: usize = 10;
/// What else the machine does only ever makes the figures worse, so the best of some counts.
const ATTEMPTS: usize = 6;
/// How many hostile requests there are at any time, and how long each of their clients waits before
/// the next.
const HOSTILE: usize = 2;
const PAUSE: Duration = Duration::from_millis(20);

/// A message like any, with a task that is kept.
async fn ask(host: &Host) -> String {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let number = ASKED.fetch_add(1, Ordering::Relaxed);
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": {
        "messageId": number.to_string(), "role": "ROLE_USER", "parts": [{"text": "well"}],
    }}});
    let request = request(host, Protocol::Http1, OTHERS)
        .method(Method::POST)
        .header("content-type", "application/json")
        .header("a2a-version", "1.0")
        .body(bytes(call.to_string()))
        .unwrap();
    let response = send(host.address, Protocol::Http1, request).await.unwrap();
    whole(response).await.text
}

/// How long each of some requests of others takes.
async fn times(host: &Host) -> Vec<Duration> {
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let began = Instant::now();
        let answer = ask(host).await;
        times.push(began.elapsed());
        assert!(answer.contains("TASK_STATE_COMPLETED"), "{answer}");
    }
    times
}

/// The time that ninety-nine of a hundred do not exceed.
fn slow(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

/// Other processes that compute and fill memory, with as little priority as the host gives its slow lane.
/// How long the kernel lets anyone wait beside such is not the host's to promise, and differs by kernel:
/// one that preempts only at its ticks takes some of them.
struct Neighbours(Vec<Child>);

impl Neighbours {
    fn begin() -> Self {
        let begin = |_| {
            Command::new("nice")
                .args(["-n", "10", "dd", "if=/dev/zero", "of=/dev/null", "bs=16M"])
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        Self((0..HOSTILE).map(begin).collect())
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Clients that ask for harm until they are told to stop.
struct Harm {
    clients: JoinSet<()>,
    stop: Arc<AtomicBool>,
}

impl Harm {
    async fn begin(host: &Host, path: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let begun = Arc::new(AtomicUsize::new(0));
        let mut clients = JoinSet::new();
        for _ in 0..HOSTILE {
            let (stop, begun) = (stop.clone(), begun.clone());
            let make = {
                let address = host.address;
                move || {
                    let request = http::Request::builder()
                        .uri(format!("/agents/hostile{path}"))
                        .header("host", address.to_string())
                        .body(empty())
                        .unwrap();
                    send(address, Protocol::Http1, request)
                }
            };
            clients.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    begun.fetch_add(1, Ordering::Relaxed);
                    if let Ok(response) = make().await {
                        let mut body = response.into_body();
                        while let Some(Ok(_)) = piece(&mut body).await {}
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        while begun.load(Ordering::Relaxed) < HOSTILE {
            tokio::task::yield_now().await;
        }
        Self { clients, stop }
    }

    /// Returns when the last of what was asked for is answered.
    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.join_all().await;
    }
}

/// Compares in the same run, time about: what the machine does besides is in both figures.
async fn stays_quick_beside(path: &'static str, arguments: &[&str]) {
    let little = ["--cpu-ms", "500", "--memory", "16MiB", "--max-log", "16KiB"];
    let host = Host::start_hostile_and_another(&[&little, arguments].concat());
    times(&host).await;
    let mut ratios = Vec::new();
    for _ in 0..ATTEMPTS {
        let (mut alone, mut busy, mut beside) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            alone.extend(times(&host).await);
            let neighbours = Neighbours::begin();
            busy.extend(times(&host).await);
            drop(neighbours);
            let harm = Harm::begin(&host, path).await;
            beside.extend(times(&host).await);
            harm.end().await;
        }
        let (alone, busy, beside) = (slow(alone), slow(busy), slow(beside));
        eprintln!("{path}: {alone:?} alone, {busy:?} beside other processes, {beside:?} beside it");
        let ratio = beside.as_secs_f64() / alone.as_secs_f64();
        if ratio <= 2.0 || beside <= busy {
            return;
        }
        ratios.push(ratio);
    }
    panic!("{path} makes others wait longer by {ratios:.1?}");
}

macro_rules! stays_quick_beside {
    ($($name:ident $path:literal $($argument:literal)*;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            stays_quick_beside($path, &[$($argument),*]).await;
        }
    )*};
}

stays_quick_beside! {
    a_loop "/loop";
    a_loop_after_the_response "/spin-after-response" "--background" "1";
    a_trap_before_the_head "/trap-before";
    a_trap_after_the_head "/trap-after";
    a_memory_bomb "/memory";
    a_deep_recursion "/deep-recursion";
    a_flood_of_resources "/resource-flood";
    a_flood_of_lines "/log-flood";
    a_flood_of_headers "/header-flood";
    an_endless_body "/endless-body" "--max-response" "1MiB";
    a_silent_body "/silent-body" "--response-idle" "1";
    a_late_head "/slow-head" "--response-timeout" "1";
    ten_thousand_calls "/ten-thousand-calls?127.0.0.1:9";
}
