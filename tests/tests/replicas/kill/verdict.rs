//! Whether the promises were kept.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use attache_tests::a2a::{Client, Event, has_ended, state};
use attache_tests::receiver::Receiver;
use serde_json::Value;

use super::load::Done;
use super::pair::Pair;
use crate::hosts::LEASE;

/// After the last kill every task has ended by then: its lease ends, somebody looks, and a busy machine
/// takes its time.
const SETTLED: Duration = Duration::from_secs(LEASE * 2 + 20);
/// And every webhook has heard of it: claims of a sender that was killed last for half a minute.
const HEARD: Duration = Duration::from_secs(90);

pub(super) async fn check(pair: &Pair, receiver: &Receiver, done: Done) -> String {
    let client = pair.client(0).await;
    let waited = settled(&client, pair).await;
    let tasks = all_tasks(&client).await;
    let states = states(&tasks);

    // A message made one task, however often it was sent.
    let by_id: HashMap<_, _> = tasks
        .iter()
        .map(|task| (task["id"].as_str().unwrap(), task))
        .collect();
    assert_eq!(by_id.len(), tasks.len(), "a task is listed twice");
    let mut of_message = HashMap::new();
    for task in &tasks {
        let history = task["history"].as_array().unwrap();
        let message = history.iter().find(|said| said["role"] == "ROLE_USER");
        let message = message.unwrap()["messageId"].as_str().unwrap();
        let earlier = of_message.insert(message, task["id"].as_str().unwrap());
        assert_eq!(earlier, None, "message {message} made two tasks");
    }
    for (message, task) in &done.tasks {
        assert_eq!(
            of_message.get(message.as_str()),
            Some(&task.as_str()),
            "the task of message {message}, which was acknowledged"
        );
    }

    // What was answered as ended is as it was answered.
    for task in &done.ended {
        let stored = client.task(task["id"].as_str().unwrap()).await.unwrap();
        assert_eq!(*task, stored);
    }

    let mut events = 0;
    for (id, seen) in &done.followed {
        followed_whole(id, seen, &log(&client, id).await);
        events += seen.len();
    }
    let heard = notified(&client, receiver, &done).await;
    format!(
        "{} messages acknowledged, {} tasks ({states}), all ended {waited:?} after the last kill; \
         {} streams of {events} events without a gap; {} webhooks with {heard} notifications in \
         order; {} cancelled; {} connections lost and {} requests refused on the way",
        done.tasks.len(),
        tasks.len(),
        done.followed.len(),
        done.webhooks.len(),
        done.canceled,
        done.lost,
        done.refused,
    )
}

async fn settled(client: &Client, pair: &Pair) -> Duration {
    let began = Instant::now();
    loop {
        let mut left = 0;
        for state in ["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"] {
            let path = format!("/tasks?status={state}&pageSize=1");
            let listed = client.get(&path).await.unwrap();
            left += listed["totalSize"].as_u64().unwrap();
        }
        if left == 0 {
            return began.elapsed();
        }
        assert!(
            began.elapsed() < SETTLED,
            "{left} tasks are still in work after {SETTLED:?}:\n{}",
            pair.output().await
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn all_tasks(client: &Client) -> Vec<Value> {
    let mut tasks = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!("/tasks?pageSize=100&historyLength=100&pageToken={token}");
        let mut page = client.get(&path).await.unwrap();
        tasks.extend(page["tasks"].take().as_array().cloned().unwrap_or_default());
        match page["nextPageToken"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return tasks,
        }
    }
}

fn states(tasks: &[Value]) -> String {
    let mut counts = BTreeMap::new();
    for task in tasks {
        *counts.entry(state(task).to_owned()).or_insert(0) += 1;
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|(state, count)| format!("{count} {}", state.trim_start_matches("TASK_STATE_")))
        .collect();
    counts.join(", ")
}

/// Every event of a task, as the log has it.
async fn log(client: &Client, id: &str) -> Vec<Event> {
    let mut events = client.subscribe(id, Some(0)).await.unwrap();
    let events = events.rest().await.unwrap();
    let numbers: Vec<_> = events.iter().map(|event| event.number.unwrap()).collect();
    let expected: Vec<_> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "the log of task {id}");
    assert!(has_ended(&events.last().unwrap().data["statusUpdate"]));
    events
}

fn followed_whole(id: &str, seen: &[Event], log: &[Event]) {
    // The first frame shows the task with the events that it had by then.
    let first = seen.first().unwrap().number.unwrap();
    let numbers: Vec<_> = seen.iter().map(|event| event.number.unwrap()).collect();
    let expected: Vec<_> = (first..=log.len() as u64).collect();
    assert_eq!(numbers, expected, "what the follower of task {id} saw");
    for event in seen.iter().skip(1) {
        let number = event.number.unwrap();
        let stored = &log[usize::try_from(number).unwrap() - 1];
        if event.data.get("task").is_none() {
            assert_eq!(event.data, stored.data, "event {number} of task {id}");
        }
    }
}

/// Waits until every webhook has every event of its task, and returns how many notifications that took.
async fn notified(client: &Client, receiver: &Receiver, done: &Done) -> usize {
    let deadline = Instant::now() + HEARD;
    let mut count = 0;
    let mut by_path = by_path(receiver);
    for (path, id) in &done.webhooks {
        let log: Vec<_> = log(client, id).await.into_iter().map(|e| e.data).collect();
        loop {
            let mut taken = by_path.remove(path).unwrap_or_default();
            let all = taken.len();
            // At least once: an event may come again when its sender was killed, right after itself.
            taken.dedup();
            if taken.len() >= log.len() {
                assert_eq!(taken, log, "the webhook of task {id}");
                count += all;
                break;
            }
            assert_eq!(taken, log[..taken.len()], "the webhook of task {id}");
            assert!(
                Instant::now() < deadline,
                "the webhook of task {id} has {} of {} events after {HEARD:?}",
                taken.len(),
                log.len()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
            by_path = self::by_path(receiver);
        }
    }
    count
}

/// What each webhook has taken so far.
fn by_path(receiver: &Receiver) -> HashMap<String, Vec<Value>> {
    let mut by_path: HashMap<_, Vec<_>> = HashMap::new();
    for taken in receiver.taken() {
        by_path.entry(taken.path).or_default().push(taken.body);
    }
    by_path
}
