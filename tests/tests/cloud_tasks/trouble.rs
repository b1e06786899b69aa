//! Queues that do not take a task, and hosts that go while they work on one.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::fixture::{Fixture, pieces, text};
use crate::queue::Mode;

#[tokio::test(flavor = "multi_thread")]
async fn work_that_no_queue_takes_is_done_here() {
    let fixture = Fixture::start().await;
    fixture.call();
    for (number, (mode, attempts, advice)) in [
        (Mode::Refuse(500), 2, "its status page"),
        (Mode::Refuse(429), 2, "quota"),
        (Mode::Refuse(403), 1, "roles/cloudtasks.enqueuer"),
        (Mode::Refuse(404), 1, "ATTACHE_TASKS_QUEUE"),
        (Mode::Hang, 1, "did not answer within 5s"),
    ]
    .into_iter()
    .enumerate()
    {
        fixture.queue.mode(mode);
        let before = fixture.queue.seen().requests.len();
        let began = Instant::now();
        let sent = fixture.send(&format!("tck-resume-{number}"), "2").await;
        assert_eq!(sent["status"]["state"], "TASK_STATE_SUBMITTED", "{mode:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "{mode:?}");
        let task = fixture.task_in(&sent["id"], "TASK_STATE_COMPLETED").await;
        assert_eq!(text(&task), pieces(2));
        let told = &task["status"]["message"]["parts"][0]["data"];
        assert_eq!(told["resumed"], false);
        assert_eq!(told["acceptedOutputModes"][0], "application/json");
        let after = fixture.queue.seen().requests.len();
        assert_eq!(after - before, attempts, "{mode:?}");
        let output = fixture.host.output();
        let warned = output
            .lines()
            .any(|line| line.contains("goes on in this instance") && line.contains(advice));
        assert!(warned, "{output}");
    }
    assert!(fixture.queue.seen().calls.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_acknowledgement_was_lost_is_enqueued_once() {
    let fixture = Fixture::start().await;
    fixture.queue.mode(Mode::TakeAndFail);
    let sent = fixture.send("tck-resume", "2").await;
    let seen = fixture.queue.seen();
    assert_eq!((seen.requests.len(), seen.tasks.len()), (2, 1));
    let waiting = fixture.task(&sent["id"]).await;
    assert_eq!(waiting["status"]["state"], "TASK_STATE_SUBMITTED");
    fixture.call();
    let task = fixture.task_in(&sent["id"], "TASK_STATE_COMPLETED").await;
    assert_eq!(text(&task), pieces(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_kill_cut_off_is_made_again() {
    let mut fixture = Fixture::start().await;
    let resumable = fixture.send("tck-resume", "20").await;
    let fragile = fixture.send("tck-slow", "x").await;
    let unbegun = {
        fixture.call();
        for task in [&resumable, &fragile] {
            let deadline = Instant::now() + Duration::from_secs(60);
            while text(&fixture.task(&task["id"]).await).len() < 3 {
                assert!(Instant::now() < deadline, "{}", fixture.host.output());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        fixture.queue.pause();
        fixture.send("tck-complete-task", "x").await
    };
    fixture.host.kill();
    fixture.restart();
    fixture.call();
    // Not begun before, so nothing was lost with the host.
    let task = fixture
        .task_in(&unbegun["id"], "TASK_STATE_COMPLETED")
        .await;
    assert_eq!(task["history"].as_array().map(Vec::len), Some(1));
    // Once the lease of its first run has ended.
    let task = fixture
        .task_in(&resumable["id"], "TASK_STATE_COMPLETED")
        .await;
    assert_eq!(text(&task), pieces(20), "each piece, and each once");
    let told = &task["status"]["message"]["parts"][0]["data"];
    assert_eq!(told["resumed"], true);
    assert!(told["first"].as_u64() > Some(0), "{told}");
    assert_eq!(told["acceptedOutputModes"][0], "application/json");
    let task = fixture.task_in(&fragile["id"], "TASK_STATE_FAILED").await;
    let why = task["status"]["message"]["parts"][0]["text"].as_str();
    assert!(why.unwrap().contains("Send the message again"), "{task}");

    fixture
        .until("every call is answered", |queue| {
            let calls = queue.seen().calls;
            calls.iter().filter(|call| **call == Some(200)).count() == 3
        })
        .await;
    let calls = fixture.queue.seen().calls;
    assert!(calls.contains(&None), "the kill cut calls off: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_process_waits_for_a_call() {
    let fixture = Fixture::start().await;
    let sent = fixture.send("tck-slow", "x").await;
    fixture.call();
    let deadline = Instant::now() + Duration::from_secs(60);
    while text(&fixture.task(&sent["id"]).await).is_empty() {
        assert!(Instant::now() < deadline, "{}", fixture.host.output());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let status = Command::new("kill")
        .args(["-s", "TERM", &fixture.host.id().to_string()])
        .status();
    assert!(status.unwrap().success());
    fixture
        .until("the call is answered", |queue| {
            !queue.seen().calls.is_empty()
        })
        .await;
    assert_eq!(fixture.queue.seen().calls, [Some(200)]);
}
