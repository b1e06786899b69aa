//! `attache-host dead-letters`: what an operator sees of it, and does with it.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::client::{get, until};
use super::process::{Host, run};
use super::receiver::Receiver;

fn dead_letters(folder: &Path, arguments: &[&str]) -> Output {
    let arguments = [&["dead-letters"], arguments].concat();
    let folder = folder.to_str().unwrap();
    run(&arguments, &[("ATTACHE_DATA_DIR", folder)])
}

/// What a command says that succeeds.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = dead_letters(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(output.stderr, b"", "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The list, once it has so many lines.
async fn listed(folder: &Path, lines: usize) -> String {
    let list = || async { said(folder, &["list"]) };
    until(list, |list| {
        list.lines().count() == lines && !list.starts_with("There")
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_wanted_is_listed_and_sent_again_in_order_while_the_host_runs() {
    let receiver = Receiver::answering(&[204, 410, 204, 403]).await;
    let host = Host::start(&["--push-allow-private"]);
    let hook = format!("{}&token=t0ken&credentials=s3cret", receiver.hook());
    get(&host, &format!("/runs/begin?id=one&events=3&{hook}")).await;
    receiver.first(5).await;
    let list = listed(host.data(), 1).await;
    let expected = "task \"one\", webhook \"hook\" at 127.0.0.1: events 2 to 4, given up 20";
    assert!(list.contains(expected), "{list}");
    assert!(list.ends_with("Z: the answer was 403\n"), "{list}");
    let json = said(host.data(), &["list", "--json"]);
    let letter: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(letter["task"], "one");
    assert_eq!(letter["webhook"], "hook");
    assert_eq!(letter["host"], "127.0.0.1");
    assert_eq!(
        (&letter["oldest"], &letter["newest"]),
        (&2.into(), &4.into())
    );
    assert_eq!(letter["reason"], "the answer was 403");
    for secret in ["secret-path", "t0ken", "s3cret"] {
        assert!(!list.contains(secret), "{list}");
        assert!(!json.contains(secret), "{json}");
    }

    let other = said(host.data(), &["retry", "--task", "two"]);
    assert_eq!(other, "There are no such dead letters.\n");
    let retried = said(host.data(), &["retry", "--task", "one"]);
    assert!(retried.starts_with("1 webhook is sent again"), "{retried}");
    // Nothing tells the host; it looks.
    let bodies = receiver.first(9).await;
    assert_eq!(bodies[5..], ["event 0", "event 1", "event 2", "ended"]);
    let list = said(host.data(), &["list"]);
    assert_eq!(list, "There are no dead letters.\n");
    assert_eq!(said(host.data(), &["list", "--json"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_end_and_what_is_retried_without_a_host_goes_out_with_the_next() {
    let receiver = Receiver::answering(&[500; 100]).await;
    let limits = ["--push-allow-private", "--push-attempts", "1"];
    let mut host = Host::start(&limits);
    for id in ["a", "b", "c"] {
        let hook = receiver.hook();
        get(&host, &format!("/runs/begin?id={id}&{hook}/{id}&hook={id}")).await;
    }
    let list = listed(host.data(), 3).await;
    assert!(
        list.contains("the answer was 500 (attempt 1, after 0 s)"),
        "{list}"
    );
    host.signal("TERM");
    assert_eq!(host.wait(), Some(0));

    let limited = said(host.data(), &["list", "--limit", "2"]);
    assert_eq!(limited.lines().count(), 3, "{limited}");
    assert!(limited.ends_with("There are more than 2: --limit shows them.\n"));
    let none = said(host.data(), &["discard", "--task", "a", "--webhook", "b"]);
    assert_eq!(none, "There are no such dead letters.\n");
    let discarded = said(host.data(), &["discard", "--task", "a", "--webhook", "a"]);
    assert!(
        discarded.starts_with("1 webhook is not sent"),
        "{discarded}"
    );
    let retried = said(host.data(), &["retry", "--all"]);
    assert!(
        retried.starts_with("2 webhooks: each is sent again"),
        "{retried}"
    );

    receiver.recover();
    let before = receiver.bodies().len();
    let next = Host::start_on(host.data(), &limits);
    receiver.first(before + 4).await;
    for id in ["b", "c"] {
        let path = format!("POST /secret-path/{id}");
        let taken = receiver.taken().split_off(before);
        let bodies: Vec<String> = taken
            .into_iter()
            .filter(|taken| taken.path == path)
            .map(|taken| taken.body)
            .collect();
        assert_eq!(bodies, ["begun", "ended"]);
    }
    assert_eq!(said(next.data(), &["list"]), "There are no dead letters.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_grew_too_old_is_given_up() {
    let receiver = Receiver::answering(&[503; 12]).await;
    let limits = ["--push-allow-private", "--push-max-age", "1"];
    let host = Host::start(&limits);
    get(&host, &format!("/runs/begin?id=one&{}", receiver.hook())).await;
    let list = listed(host.data(), 1).await;
    assert!(list.contains("events 1 to 2"), "{list}");
    assert!(list.contains("the answer was 503 (attempt "), "{list}");
    let tried = receiver.bodies();
    assert!((2..=4).contains(&tried.len()), "{tried:?}");
    assert!(tried.iter().all(|body| body == "begun"), "{tried:?}");
}

#[test]
fn a_command_that_makes_no_sense_says_what_would() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, status, sentence) in [
        (&["list"][..], 69, "there is no task log in"),
        (&["retry", "--all"], 69, "ATTACHE_DATA_DIR (--data-dir)"),
        (
            &["list", "--data-dir", ":memory:"],
            69,
            "there is no task log in memory",
        ),
        (&["retry"], 64, "<--all|--task <ID>>"),
        (
            &["discard", "--all", "--task", "a"],
            64,
            "cannot be used with",
        ),
        (&["retry", "--webhook", "a"], 64, "--task <ID>"),
        (&[], 64, "Usage"),
    ] {
        let output = dead_letters(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(sentence), "{said} lacks {sentence}");
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 0, "{arguments:?}");
    }
}
