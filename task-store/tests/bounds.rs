//! What keeps the database and its answers from growing without end.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it fails"
)]

use attache_task_store::{
    Begin, Begun, Change, ClaimDeliveries, ClaimDispatched, Database, Dispatch, DispatchClaim,
    List, MAX_EVENT_BYTES, MessageKey, Migrate, Opening, PushConfig, Query, Scope, Snapshot,
    Sqlite, State, TOTAL_SINCE_BOUND,
};

const NOW: u64 = 1_800_000_000_000;
const WINDOW: u64 = 1_000;

fn creation(id: String, message: Option<MessageKey>, now: u64) -> Begin {
    Begin {
        scope: Scope::default(),
        opening: Opening::Create {
            task_id: id,
            context_id: "c".to_owned(),
            message,
            push: None,
            first: Change {
                events: Vec::new(),
                state: State::Completed,
                status_time: now,
                snapshot: Some(Snapshot {
                    task: b"{}".to_vec(),
                    artifacts: None,
                }),
                checkpoint: None,
            },
        },
        now,
        lease_ms: 1,
        idempotency_window_ms: WINDOW,
    }
}

#[tokio::test]
async fn old_messages_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let database = Sqlite::open(&path).unwrap();
    database.perform(Migrate).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    let mut most = 0;
    for number in 0..3_000 {
        let message = MessageKey {
            id: format!("m{number}"),
            digest: vec![1; 32],
        };
        // One message per millisecond, so that 1,000 are within the window.
        let begin = creation(format!("t{number}"), Some(message), NOW + number);
        database.perform(begin).await.unwrap();
        if number % 100 == 99 {
            let stored: i64 = other
                .query_row("SELECT COUNT(*) FROM attache_message", (), |row| row.get(0))
                .unwrap();
            let stored = u64::try_from(stored).unwrap();
            assert!(stored >= WINDOW.min(number + 1), "{stored} after {number}");
            most = most.max(stored);
        }
    }
    assert!(most < WINDOW + 200, "{most} of 3,000 messages were kept");
}

#[tokio::test]
async fn tokens_that_no_queue_keeps_any_more_are_forgotten() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let database = Sqlite::open(&path).unwrap();
    database.perform(Migrate).await.unwrap();
    let dispatch = async |number: u64, now| {
        let mut begin = creation(format!("t{number}"), None, now);
        if let Opening::Create { first, .. } = &mut begin.opening {
            first.state = State::Submitted;
        }
        let Begun::Started { lease, .. } = database.perform(begin).await.unwrap() else {
            panic!("a new task is not repeated");
        };
        let dispatch = Dispatch {
            lease,
            token: format!("token {number}"),
            checkpoint: None,
            now,
            patience_ms: 1,
        };
        database.perform(dispatch).await.unwrap();
    };
    // A hundred an hour before the queue forgets them, a hundred an hour after.
    for number in 0..200 {
        dispatch(number, NOW + (number / 100) * 2 * 60 * 60 * 1000).await;
    }
    for number in 200..300 {
        dispatch(number, NOW + 31 * DAY + 60 * 60 * 1000).await;
    }
    let mut found = Vec::new();
    for number in 0..300 {
        let claim = ClaimDispatched {
            token: format!("token {number}"),
            now: NOW,
            lease_ms: 1,
        };
        if database.perform(claim).await.unwrap() != DispatchClaim::Unknown {
            found.push(number);
        }
    }
    assert_eq!(found, (100..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn deliveries_are_claimed_as_far_as_there_is_memory_for_them() {
    let database = Sqlite::open(":memory:").unwrap();
    database.perform(Migrate).await.unwrap();
    let webhook = |id: &str| PushConfig {
        id: id.to_owned(),
        url: "https://example.com/".to_owned(),
        token: None,
        authentication: None,
        protocol_version: "1.0".to_owned(),
    };
    for number in 0..5 {
        let mut begin = creation(format!("t{number}"), None, NOW);
        if let Opening::Create { first, push, .. } = &mut begin.opening {
            first.events = vec![vec![b'x'; MAX_EVENT_BYTES]];
            *push = Some(webhook("w"));
        }
        database.perform(begin).await.unwrap();
    }
    let claim = ClaimDeliveries {
        now: NOW,
        lease_ms: 1_000,
        limit: 100,
    };
    let mut tasks = Vec::new();
    for expected in [2, 2, 1, 0] {
        let claimed = database.perform(claim).await.unwrap();
        assert_eq!(claimed.deliveries.len(), expected);
        tasks.extend(
            claimed
                .deliveries
                .into_iter()
                .map(|delivery| delivery.claim.task_id),
        );
    }
    tasks.sort();
    assert_eq!(tasks, ["t0", "t1", "t2", "t3", "t4"]);
}

#[tokio::test]
async fn a_total_since_some_time_is_bounded() {
    let database = Sqlite::open(":memory:").unwrap();
    database.perform(Migrate).await.unwrap();
    let more = TOTAL_SINCE_BOUND + 50;
    for number in 0..more {
        database
            .perform(creation(format!("t{number}"), None, NOW + number))
            .await
            .unwrap();
    }
    for (state, context, since, total) in [
        (None, None, None, more),
        (Some(State::Completed), None, None, more),
        (None, Some("c"), None, more),
        (None, None, Some(NOW), TOTAL_SINCE_BOUND),
        (Some(State::Completed), None, Some(NOW), TOTAL_SINCE_BOUND),
        (
            Some(State::Completed),
            Some("c"),
            Some(NOW),
            TOTAL_SINCE_BOUND,
        ),
        (None, None, Some(NOW + 51), TOTAL_SINCE_BOUND - 1),
    ] {
        let query = Query {
            context_id: context.map(str::to_owned),
            state,
            status_since: since,
            after: None,
            page_size: 1,
            include_artifacts: false,
            max_bytes: u64::MAX,
        };
        let list = List {
            scope: Scope::default(),
            query,
            now: NOW,
        };
        let page = database.perform(list).await.unwrap();
        assert_eq!(page.total, total, "{state:?} {context:?} {since:?}");
    }
}
