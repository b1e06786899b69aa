use super::*;

/// 21 October 2015, 07:28:00 UTC, in milliseconds.
const NOW: u64 = 1_445_412_480_000;

fn attempt(earlier: u64) -> Attempt {
    Attempt {
        number: 3,
        told: 3,
        newest: 7,
        earlier,
        since: NOW,
    }
}

fn judged(status: u16) -> Outcome {
    Outcome::of_answer(status, None, NOW)
}

fn settled(outcome: Outcome, earlier: u64, now: u64) -> Settlement {
    Patience::default().settle(outcome, &attempt(earlier), now, 0.5)
}

#[test]
fn the_status_decides() {
    for status in [200, 201, 202, 204] {
        assert_eq!(judged(status), Outcome::Delivered, "{status}");
    }
    for status in [408, 429, 500, 502, 503, 504] {
        assert!(matches!(judged(status), Outcome::Failed { .. }), "{status}");
    }
    for status in [301, 307, 400, 401, 403, 404, 410, 413] {
        assert!(matches!(judged(status), Outcome::Rejected(_)), "{status}");
    }
}

#[test]
fn a_receiver_may_say_when() {
    let asked = |value: &str| match Outcome::of_answer(503, Some(value), NOW) {
        Outcome::Failed { retry_after, .. } => retry_after,
        other => panic!("{other:?}"),
    };
    assert_eq!(asked(" 7 "), Some(7_000));
    assert_eq!(asked("soon"), None);
    assert_eq!(asked("-1"), None);
    assert_eq!(asked("Wed, 21 Oct 2015 07:27:59 GMT"), None);
    assert_eq!(asked("Wed, 21 Oct 2015 07:28:30 GMT"), Some(30_000));
    assert_eq!(asked(&u64::MAX.to_string()), Some(u64::MAX));
}

#[test]
fn waits_double_up_to_five_minutes_and_are_spread() {
    for (earlier, longest) in [
        (0, 1_000),
        (1, 2_000),
        (4, 16_000),
        (8, 256_000),
        (9, 300_000),
        (u64::MAX, 300_000),
    ] {
        assert_eq!(pause(earlier, None, 1.0), longest, "{earlier}");
        assert_eq!(pause(earlier, None, 0.0), longest / 2, "{earlier}");
    }
}

#[test]
fn a_receiver_is_heard_within_reason() {
    assert_eq!(pause(0, Some(30_000), 0.5), 30_000);
    assert_eq!(pause(0, Some(u64::MAX), 0.5), LONGEST_ASKED);
    assert_eq!(pause(0, Some(0), 0.0), FIRST_WAIT / 2);
}

#[test]
fn an_event_that_is_not_wanted_is_left_out_alone() {
    assert_eq!(
        settled(judged(410), 0, NOW),
        Settlement::Dropped {
            through: 3,
            reason: "the answer was 410".to_owned()
        }
    );
    let impossible = Outcome::Impossible("forbidden".to_owned());
    let Settlement::Dropped { through, .. } = settled(impossible, 0, NOW) else {
        panic!("an address that may not be called is given up")
    };
    assert_eq!(through, 7);
}

#[test]
fn attempts_and_age_both_end_it() {
    let waits = settled(judged(500), 18, NOW + 86_399_999);
    assert!(matches!(waits, Settlement::Failed { .. }), "{waits:?}");
    let ends = |earlier, now| match settled(judged(500), earlier, now) {
        Settlement::Dropped { through: 7, reason } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(ends(19, NOW), "the answer was 500 (attempt 20, after 0 s)");
    assert_eq!(
        ends(2, NOW + 86_400_000),
        "the answer was 500 (attempt 3, after 86400 s)"
    );
    assert!(ends(u64::MAX, NOW).contains("attempt"));
}

#[test]
fn an_age_that_nobody_knows_ends_nothing() {
    let unknown = Attempt {
        since: 0,
        ..attempt(0)
    };
    let settled = Patience::default().settle(judged(500), &unknown, NOW, 0.5);
    assert!(matches!(settled, Settlement::Failed { .. }), "{settled:?}");
}

#[test]
fn what_was_told_is_settled() {
    let told = Attempt {
        told: 7,
        ..attempt(5)
    };
    let settled = Patience::default().settle(Outcome::Delivered, &told, NOW, 0.5);
    assert_eq!(settled, Settlement::Delivered { through: 7 });
    let next = told.next(8, NOW + 1);
    assert_eq!((next.told, next.newest, next.earlier), (8, 8, 0));
    assert_eq!(next.since, NOW + 1);
}
