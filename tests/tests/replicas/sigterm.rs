//! What becomes of everything that a host is at when it is told to end.
//!
//! A host under a mixed load (clients that wait, streams, tasks in the background, readers of other
//! tasks) gets SIGTERM. It is gone within eight seconds, and every request that it was sent before was
//! answered. What was not finished by then is found at the next process, another instance on
//! PostgreSQL or the next one on the same file: each message made one task, and each task ends as if
//! nothing had happened. The lease is five minutes here, so nobody can have waited for one to run out.

mod load;

use std::process::Command;
use std::time::{Duration, Instant};

use attache_tests::a2a::{CallError, Client, Event, at_once, has_ended, message, state};
use attache_tests::postgres::TestDatabase;
use attache_tests::server::{Server, host_command};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tempfile::TempDir;

use self::load::{Done, Kind, Load, Outcome, text};
use crate::hosts::{agent, command, until};

/// What the platform gives, less the time to notice.
const GONE_WITHIN: Duration = Duration::from_secs(8);
/// The same for a host that has nothing of its own to finish, on a busy machine.
const SOON: Duration = Duration::from_secs(4);
/// Messages that are asked about at the same time.
const CHECKS: usize = 32;
const LEASE: &str = "300";
/// How long the load lasts before the signal, so that each kind of request is under way.
const LOADED: Duration = Duration::from_millis(1_500);

fn on_postgres(database: &str) -> Command {
    let mut command = command(database);
    command.env("ATTACHE_LEASE", LEASE);
    command
}

fn on_file(folder: &TempDir) -> Command {
    let mut command = host_command().unwrap();
    command
        .arg("serve")
        .arg(agent())
        .env("ATTACHE_DATA_DIR", folder.path())
        .env("ATTACHE_IDEMPOTENCY_WINDOW", "600")
        .env("ATTACHE_LEASE", LEASE);
    command
}

fn start(mut command: Command) -> Server {
    Server::start(&mut command, "/health/ready").unwrap()
}

/// Sends SIGTERM and waits until the process is gone. Returns how long that took.
async fn end(server: &mut Server) -> Duration {
    let began = Instant::now();
    server.terminate().unwrap();
    let status = loop {
        if let Some(status) = server.ended().unwrap() {
            break status;
        }
        assert!(
            began.elapsed() < GONE_WITHIN,
            "it is still there: {}",
            server.output()
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    assert_eq!(status.code(), Some(0), "{status}: {}", server.output());
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_another_instance_goes_on_at_once() {
    let database = TestDatabase::create().await.unwrap();
    let mut here = start(on_postgres(database.url()));
    let there = start(on_postgres(database.url()));
    let other = Client::new(there.url());
    // A reader here of what runs there.
    let task = other.send(&text(at_once("tck-resume-there"), "60")).await;
    let task = task.unwrap();
    let client = Client::new(here.url());
    let mut reader = client
        .subscribe(task["id"].as_str().unwrap(), Some(0))
        .await
        .unwrap();
    let reading = tokio::spawn(async move {
        let broken = loop {
            match reader.next().await {
                Ok(Some(_)) => {}
                end => break end,
            }
        };
        (Instant::now(), broken)
    });

    let load = Load::start(here.url());
    tokio::time::sleep(LOADED).await;
    let signal = Instant::now();
    let took = end(&mut here).await;
    let gone = Instant::now();
    let done = load.stop(signal).await;
    let (broke, broken) = reading.await.unwrap();
    assert!(matches!(broken, Err(CallError::Lost(_))), "{broken:?}");
    let after = broke - signal;
    assert!(after < SOON, "the reader was kept for {after:?}");

    // Somebody works on what was left, long before a lease has ended.
    let left = done
        .iter()
        .find(|sent| sent.kind == Kind::Background)
        .unwrap();
    let Outcome::Answered(task) = &left.outcome else {
        panic!("{left:?}")
    };
    let id = task["id"].as_str().unwrap();
    let before = pieces(&other.task(id).await.unwrap());
    until("it goes on", async || {
        pieces(&other.task(id).await.unwrap()) > before
    })
    .await;
    let idle = gone.elapsed();
    assert!(idle < SOON, "nobody went on for {idle:?}");
    let figures = settled(&other, &done, signal).await;
    println!("on PostgreSQL: gone after {took:?}, gone on with {idle:?} later; {figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_file_the_next_process_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let mut here = start(on_file(&data));
    let load = Load::start(here.url());
    tokio::time::sleep(LOADED).await;
    let signal = Instant::now();
    let took = end(&mut here).await;
    let done = load.stop(signal).await;
    let next = start(on_file(&data));
    let figures = settled(&Client::new(next.url()), &done, signal).await;
    println!("on a file: gone after {took:?}; {figures}");
}

/// A task may wait for its client for days. Whoever reads it must not keep the process from ending.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_only_reads_is_sent_elsewhere() {
    let data = tempfile::tempdir().unwrap();
    let mut command = on_file(&data);
    command.env("ATTACHE_DRAIN", "60");
    let mut here = start(command);
    let client = Client::new(here.url());
    let task = client.send(&message("tck-input-required-1")).await.unwrap();
    let id = task["id"].as_str().unwrap();
    let mut reader = client.subscribe(id, Some(0)).await.unwrap();
    let mut last = None;
    while let Ok(event) = tokio::time::timeout(Duration::from_millis(500), reader.next()).await {
        last = event.unwrap().unwrap().number;
    }
    let took = end(&mut here).await;
    assert!(took < SOON, "{took:?}");
    let broken = reader.next().await;
    assert!(matches!(broken, Err(CallError::Lost(_))), "{broken:?}");

    let next = start(on_file(&data));
    let client = Client::new(next.url());
    let mut reader = client.subscribe(id, last).await.unwrap();
    client.cancel(id).await.unwrap();
    let rest = reader.rest().await.unwrap();
    let numbers: Vec<_> = rest.iter().map(|event| event.number).collect();
    assert_eq!(numbers, [last.map(|last| last + 1)], "{rest:?}");
    assert_eq!(state(&rest[0].data["statusUpdate"]), "TASK_STATE_CANCELED");
}

fn id_of(task: &Value) -> String {
    task["id"].as_str().unwrap().to_owned()
}

fn pieces(task: &Value) -> usize {
    let parts = task["artifacts"][0]["parts"].as_array();
    parts.map_or(0, Vec::len)
}

/// Asks the next process for what is missing, as a client should, and checks that nothing is.
async fn settled(next: &Client, done: &[Done], signal: Instant) -> String {
    let checks = done.iter().map(|sent| check(next, sent, signal));
    stream::iter(checks)
        .buffer_unordered(CHECKS)
        .collect::<()>()
        .await;
    let count =
        |is: &dyn Fn(&Outcome) -> bool| done.iter().filter(|sent| is(&sent.outcome)).count();
    let refused = count(&|outcome| matches!(outcome, Outcome::Refused(_)));
    let broken = count(&|outcome| matches!(outcome, Outcome::Streamed(_, false)));
    assert!(refused > 0 && broken > 0, "cut off: {refused}, {broken}");
    let listed = next.get("/tasks?pageSize=1").await.unwrap();
    let others = listed["totalSize"].as_u64().unwrap() - done.len() as u64;
    assert!(others <= 1, "{others} tasks that nobody asked for");
    format!(
        "{} requests answered with a task, {refused} with 503, {} streams finished and {broken} \
         taken up again, {} came too late; {} messages made a task each",
        count(&|outcome| matches!(outcome, Outcome::Answered(_))),
        count(&|outcome| matches!(outcome, Outcome::Streamed(_, true))),
        count(&|outcome| matches!(outcome, Outcome::Lost)),
        done.len(),
    )
}

async fn check(next: &Client, sent: &Done, signal: Instant) {
    let again = async || id_of(&next.send(&sent.body).await.unwrap());
    let id = match &sent.outcome {
        Outcome::Answered(task) => id_of(task),
        Outcome::Refused(503) => again().await,
        Outcome::Refused(_) => panic!("{sent:?}"),
        Outcome::Lost => {
            // It came when the process did not listen any more.
            assert!(sent.at > signal, "a request without an answer: {sent:?}");
            again().await
        }
        Outcome::Streamed(seen, whole) => {
            let seen = rest(next, sent, seen.clone(), *whole).await;
            id_of(&seen[0].data["task"])
        }
    };
    until(&format!("the task of {sent:?} ends"), async || {
        has_ended(&next.task(&id).await.unwrap())
    })
    .await;
    let task = next.task(&id).await.unwrap();
    assert_eq!(state(&task), "TASK_STATE_COMPLETED", "{sent:?}: {task}");
    if let Some(expected) = sent.kind.pieces() {
        let parts = task["artifacts"][0]["parts"].as_array().unwrap();
        let texts: Vec<_> = parts
            .iter()
            .map(|part| part["text"].as_str().unwrap().trim())
            .collect();
        let expected: Vec<_> = (0..expected).map(|piece| piece.to_string()).collect();
        assert_eq!(texts, expected, "{sent:?}");
    }
}

/// All events of a stream, of which `seen` came before it broke off.
async fn rest(next: &Client, sent: &Done, mut seen: Vec<Event>, whole: bool) -> Vec<Event> {
    if !whole {
        let last = seen.last().and_then(|event| event.number);
        let more = next.stream("/message:stream", &sent.body, last).await;
        seen.extend(more.unwrap().rest().await.unwrap());
    }
    let first = seen[0].number.unwrap();
    let numbers: Vec<_> = seen.iter().map(|event| event.number.unwrap()).collect();
    let expected: Vec<_> = (first..first + numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "{sent:?}");
    assert!(
        has_ended(&seen.last().unwrap().data["statusUpdate"]),
        "{sent:?}"
    );
    seen
}
