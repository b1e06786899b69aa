//! Receivers that fail, in every way that they have.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use super::client::{get, until};
use super::process::Host;
use super::receiver::{Act, Receiver};

const PRIVATE: &[&str] = &["--push-allow-private"];

/// The events of a run, in order.
fn events(count: usize) -> Vec<String> {
    let mut events = vec!["begun".to_owned()];
    events.extend((0..count).map(|number| format!("event {number}")));
    events.push("ended".to_owned());
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_comes_at_least_once_and_in_order_whatever_the_receiver_does() {
    const EVENTS: usize = 6;
    let ok = Act::Answer(204);
    let mut receivers = Vec::new();
    for acts in [
        vec![Act::Drop, Act::Drop, ok, Act::Answer(500), ok, Act::Drop],
        vec![ok, Act::Answer(503), Act::AskForTime(429, 2), ok, Act::Drop],
        vec![Act::Hang, ok, ok, Act::Answer(408), ok, Act::Answer(502)],
        vec![ok, Act::Answer(410), ok, Act::Answer(404), Act::Drop],
    ] {
        receivers.push(Receiver::acting(&acts).await);
    }
    let host = Host::start(PRIVATE);
    for (number, receiver) in receivers.iter().enumerate() {
        let hook = receiver.hook();
        get(
            &host,
            &format!("/runs/begin?id={number}&events={EVENTS}&{hook}"),
        )
        .await;
    }
    for receiver in &receivers {
        let mut bodies = until(
            || async { receiver.bodies() },
            |bodies| bodies.last().is_some_and(|body| body == "ended"),
        )
        .await;
        let attempts = bodies.len();
        // An event that failed comes again before the next one does.
        bodies.dedup();
        assert_eq!(bodies, events(EVENTS));
        assert!(attempts >= bodies.len(), "{attempts}");
    }
    let tries = |receiver: &Receiver| receiver.bodies().len() - events(EVENTS).len();
    let tries: Vec<usize> = receivers.iter().map(tries).collect();
    // What is not wanted is not tried again.
    assert_eq!(tries, [4, 3, 3, 1]);

    let asked = receivers[1].taken();
    let waited = asked[3].at.duration_since(asked[2].at);
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
    // From half a second on, so that nobody is called again at once.
    let waited = asked[2].at.duration_since(asked[1].at);
    assert!(waited >= Duration::from_millis(500), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_answer_holds_up_nobody_else() {
    const DEAF: usize = 300;
    const HEALTHY: usize = 10;
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let deaf = format!("url=http://{}/", deaf.local_addr().unwrap());
    let receiver = Receiver::answering(&[]).await;
    let host = Host::start(PRIVATE);
    for number in 0..DEAF {
        get(&host, &format!("/runs/begin?id=deaf-{number}&{deaf}")).await;
    }
    let began = Instant::now();
    for number in 0..HEALTHY {
        let hook = receiver.hook();
        get(
            &host,
            &format!("/runs/begin?id={number}&events=5&{hook}/{number}"),
        )
        .await;
    }
    receiver.first(HEALTHY * events(5).len()).await;
    // Before the first attempt at the other one is given up, after fifteen seconds.
    assert!(began.elapsed() < Duration::from_secs(10));
    for number in 0..HEALTHY {
        let path = format!("POST /secret-path/{number}");
        let bodies: Vec<String> = receiver
            .taken()
            .into_iter()
            .filter(|taken| taken.path == path)
            .map(|taken| taken.body)
            .collect();
        assert_eq!(bodies, events(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_of_many_tasks_gets_them_all_although_few_go_at_a_time() {
    const TASKS: usize = 300;
    let receiver = Receiver::answering(&[]).await;
    let host = Host::start(PRIVATE);
    for number in 0..TASKS {
        let hook = receiver.hook();
        get(&host, &format!("/runs/begin?id={number}&{hook}/{number}")).await;
    }
    receiver.first(TASKS * 2).await;
    let mut paths: Vec<String> = receiver
        .taken()
        .into_iter()
        .map(|taken| taken.path)
        .collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), TASKS);
}
