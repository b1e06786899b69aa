//! Any instance serves any task.

use std::time::{Duration, Instant};

use attache_tests::a2a::{at_once, has_ended, message, state};
use attache_tests::postgres::TestDatabase;
use serde_json::json;

use crate::hosts::{host, two, until};

/// Events cross from one instance to another sooner than the other looks by itself, after five seconds,
/// also on a busy machine.
const SOON: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_instance_follows_a_task_as_it_runs() {
    let database = TestDatabase::create().await.unwrap();
    let (_hosts, [here, there]) = two(database.url());
    let task = here.send(&at_once("tck-slow-1")).await.unwrap();
    let id = task["id"].as_str().unwrap();
    assert_eq!(there.task(id).await.unwrap()["id"], id);

    let mut events = there.subscribe(id, None).await.unwrap();
    let first = events.next().await.unwrap().unwrap();
    assert_eq!(first.data["task"]["id"], id);
    let mut last = first.number.unwrap();
    let mut came = Instant::now();
    let mut pieces = 0;
    while let Some(event) = events.next().await.unwrap() {
        assert_eq!(event.number, Some(last + 1), "{event:?}");
        // The agent says something every 200 ms.
        assert!(came.elapsed() < SOON, "{:?}: {event:?}", came.elapsed());
        (last, came, pieces) = (last + 1, Instant::now(), pieces + 1);
    }
    assert!(pieces >= 9, "{pieces} events");
    assert_eq!(
        state(&there.task(id).await.unwrap()),
        "TASK_STATE_COMPLETED"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_reaches_the_instance_that_works_within_a_second() {
    let database = TestDatabase::create().await.unwrap();
    let (_hosts, [here, there]) = two(database.url());
    let mut took = Vec::new();
    // What else a busy machine does may come between once or twice.
    while took.len() < 5 {
        let body = at_once(&format!("test-resubscribe-message-id-{}", took.len()));
        let task = here.send(&body).await.unwrap();
        let id = task["id"].as_str().unwrap();
        until("it works", async || {
            state(&there.task(id).await.unwrap()) == "TASK_STATE_WORKING"
        })
        .await;
        let asked = Instant::now();
        let canceled = there.cancel(id).await.unwrap();
        took.push(asked.elapsed());
        assert_eq!(state(&canceled), "TASK_STATE_CANCELED");
        assert_eq!(state(&here.task(id).await.unwrap()), "TASK_STATE_CANCELED");
    }
    took.sort();
    assert!(took[2] < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_stream_goes_on_with_another_instance() {
    let database = TestDatabase::create().await.unwrap();
    let (mut hosts, [here, there]) = two(database.url());
    // A third one works, so that its end is not the task's.
    let worker = host(database.url());
    let working = attache_tests::a2a::Client::new(worker.url());
    let task = working.send(&at_once("tck-slow-2")).await.unwrap();
    let id = task["id"].as_str().unwrap();

    let mut seen = Vec::new();
    let mut events = here.subscribe(id, Some(0)).await.unwrap();
    while seen.len() < 4 {
        seen.push(events.next().await.unwrap().unwrap());
    }
    hosts[0].kill();
    assert!(events.rest().await.is_err(), "the stream broke off");
    let last = seen.last().unwrap().number;
    seen.extend(
        there
            .subscribe(id, last)
            .await
            .unwrap()
            .rest()
            .await
            .unwrap(),
    );
    let numbers: Vec<_> = seen.iter().map(|event| event.number.unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let end = &seen.last().unwrap().data["statusUpdate"]["status"]["state"];
    assert_eq!(end, "TASK_STATE_COMPLETED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_sent_again_elsewhere_is_worked_on_once() {
    let database = TestDatabase::create().await.unwrap();
    let (_hosts, [here, there]) = two(database.url());
    let body = message("tck-slow-3");
    let mut stream = here.stream("/message:stream", &body, None).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.push(stream.next().await.unwrap().unwrap());
    }
    let id = seen[0].data["task"]["id"].as_str().unwrap().to_owned();
    // The client lost its connection, and knows nothing but its message and the last number.
    drop(stream);
    let last = seen.last().unwrap().number;
    let mut stream = there.stream("/message:stream", &body, last).await.unwrap();
    seen.extend(stream.rest().await.unwrap());
    let numbers: Vec<_> = seen.iter().map(|event| event.number.unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());

    // The same by a blocking send, at once from both.
    let (one, other) = tokio::join!(here.send(&body), there.send(&body));
    assert_eq!(one.unwrap()["id"], *id);
    assert_eq!(other.unwrap()["id"], *id);
    let fresh = message("tck-artifact-data-4");
    let (one, other) = tokio::join!(here.send(&fresh), there.send(&fresh));
    assert_eq!(one.unwrap()["id"], other.unwrap()["id"]);
    let listed = here.get("/tasks").await.unwrap();
    assert_eq!(listed["totalSize"], 2, "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_and_conversations_belong_to_all_instances() {
    let database = TestDatabase::create().await.unwrap();
    let (_hosts, [here, there]) = two(database.url());
    let task = here.send(&message("tck-input-required-5")).await.unwrap();
    let id = task["id"].as_str().unwrap();
    let path = format!("/tasks/{id}/pushNotificationConfigs");
    let config = json!({ "id": "mine", "url": "http://127.0.0.1:9/hook" });
    there.post(&path, &config).await.unwrap();
    let configs = here.get(&path).await.unwrap();
    assert_eq!(configs["configs"][0]["id"], "mine", "{configs}");
    // The conversation goes on with the other one.
    let mut more = message("tck-complete-task-6");
    more["message"]["taskId"] = id.into();
    let task = there.send(&more).await.unwrap();
    assert_eq!(task["id"], id);
    assert!(has_ended(&here.task(id).await.unwrap()));
}
