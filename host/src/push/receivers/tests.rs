use attache_task_store::{Event, PushConfig, Scope};

use super::*;

fn delivery(url: &str, number: usize) -> Delivery {
    Delivery {
        claim: DeliveryClaim {
            scope: Scope::default(),
            task_id: number.to_string(),
            config_id: "hook".to_owned(),
            fence: 1,
        },
        config: PushConfig {
            id: "hook".to_owned(),
            url: url.to_owned(),
            token: None,
            authentication: None,
            protocol_version: "1.0".to_owned(),
        },
        event: Event {
            number: 1,
            payload: vec![0; 1 << 10],
        },
        newest: 1,
        attempts: 0,
        since: 1,
    }
}

/// Places so many for one receiver. Returns the slots of those that are sent now, how many wait, and
/// for how long the others are put off.
fn place(
    receivers: &mut Receivers,
    url: &str,
    count: usize,
    now: Instant,
) -> (Vec<Slot>, usize, Vec<Duration>) {
    let (mut slots, mut waiting, mut later) = (Vec::new(), 0, Vec::new());
    for number in 0..count {
        match receivers.place(delivery(url, number), now) {
            Place::Now(_, slot) => slots.push(slot),
            Place::InLine => waiting += 1,
            Place::Later(_, wait) => later.push(wait),
        }
    }
    (slots, waiting, later)
}

#[test]
fn a_receiver_is_scheme_host_and_port() {
    let same = |a: &str, b: &str| assert_eq!(Receiver::of(a), Receiver::of(b));
    same("https://a.example/x?y", "https://A.example:443/z#part");
    same("http://a.example", "http://a.example:80/");
    same("no URL at all", "nor this one");
    let other = |a: &str, b: &str| assert_ne!(Receiver::of(a), Receiver::of(b));
    other("https://a.example/", "http://a.example/");
    other("https://a.example/", "https://b.example/");
    other("https://a.example/", "https://a.example:8443/");
}

#[test]
fn a_receiver_has_its_share_and_the_next_goes_when_one_is_done() {
    let (mut receivers, now) = (Receivers::default(), Instant::now());
    let (mut slots, waiting, later) = place(&mut receivers, "http://a.example", 200, now);
    assert_eq!(
        (slots.len(), waiting, later.len()),
        (SHARE, LINE, 200 - SHARE - LINE)
    );
    let (others, waiting, later) = place(&mut receivers, "http://b.example", 1, now);
    assert_eq!((others.len(), waiting, later.len()), (1, 0, 0));

    assert_eq!(receivers.next(usize::MAX, now).len(), 0);
    slots.truncate(SHARE - 2);
    assert_eq!(receivers.next(1, now).len(), 1);
    let next = receivers.next(usize::MAX, now);
    // The slot of the first was given back at once.
    assert_eq!(next.len(), 2);
    let order: Vec<&str> = next
        .iter()
        .map(|(delivery, _)| delivery.claim.task_id.as_str())
        .collect();
    assert_eq!(order, ["9", "10"]);
}

#[test]
fn nobody_waits_for_long_and_a_receiver_that_is_stuck_is_left_alone_for_longer() {
    let (mut receivers, began) = (Receivers::default(), Instant::now());
    let (slots, _, later) = place(&mut receivers, "http://a.example", 200, began);
    assert_eq!(later.first(), Some(&PUT_OFF.0));
    assert_eq!(receivers.overdue(began + WAIT / 2).len(), 0);
    let overdue = receivers.overdue(began + WAIT);
    assert_eq!(overdue.len(), LINE);
    assert!(overdue.iter().all(|(_, wait)| *wait == PUT_OFF.1));
    assert!(!receivers.has_waiting());
    assert_eq!(receivers.bytes, 0);
    drop(slots);
    receivers.next(0, began);
    assert!(receivers.lines.is_empty());
}

#[test]
fn all_lines_together_have_a_bound() {
    let (mut receivers, now) = (Receivers::default(), Instant::now());
    let mut all = Vec::new();
    for number in 0..10 {
        let url = format!("http://{number}.example");
        all.push(place(&mut receivers, &url, SHARE + LINE, now));
    }
    let waiting: usize = all.iter().map(|(_, waiting, _)| waiting).sum();
    assert_eq!(waiting, WAITING);
    // Whoever comes next is sent something nevertheless.
    let (slots, _, _) = place(&mut receivers, "http://next.example", 1, now);
    assert_eq!(slots.len(), 1);
    assert_eq!(receivers.leave().len(), WAITING);
    assert!(!receivers.has_waiting());
}
