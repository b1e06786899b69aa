//! A database of an earlier build.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it fails"
)]

use std::path::Path;

use attache_task_store::{
    Append, Begin, Begun, Change, ClaimDeliveries, Database, Events, Get, Lease, List, MessageKey,
    Migrate, Opening, PushConfig, PushConfigs, PutPushConfig, Query, Scope, Snapshot, Sqlite,
    State,
};

const NOW: u64 = 1_800_000_000_000;
const LEASE: u64 = 60_000;

fn change(text: &str) -> Change {
    Change {
        events: vec![text.as_bytes().to_vec()],
        state: State::Working,
        status_time: NOW,
        snapshot: Some(Snapshot {
            task: b"{}".to_vec(),
            artifacts: None,
        }),
        checkpoint: None,
    }
}

async fn create(database: &Sqlite) -> Lease {
    let begin = Begin {
        scope: Scope::default(),
        opening: Opening::Create {
            task_id: "old".to_owned(),
            context_id: "c".to_owned(),
            message: None,
            first: change("before"),
            push: None,
        },
        now: NOW,
        lease_ms: LEASE,
        idempotency_window_ms: 0,
    };
    match database.perform(begin).await.unwrap() {
        Begun::Started { lease, .. } => lease,
        other => panic!("a new task is not repeated: {other:?}"),
    }
}

#[tokio::test]
async fn a_task_from_before_there_were_webhooks_goes_on_and_gets_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let database = Sqlite::open(&path).unwrap();
    database.perform(Migrate).await.unwrap();
    let lease = create(&database).await;
    database.close().await;
    // What versions 2 and 3 added, away again.
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(
            "DROP TABLE attache_outbox; DROP TABLE attache_push; DROP TABLE attache_checkpoint;
            DROP TABLE attache_dispatch; DROP TABLE attache_dead_letter;
            DROP INDEX attache_task_by_end; DROP INDEX attache_state_by_age;
            ALTER TABLE attache_task DROP COLUMN checkpoint;
            ALTER TABLE attache_task DROP COLUMN dispatched;
            ALTER TABLE attache_state DROP COLUMN updated;
            ALTER TABLE attache_task DROP COLUMN push;
            DELETE FROM attache_schema WHERE version > 1;",
        )
        .unwrap();

    let database = Sqlite::open(&path).unwrap();
    database.perform(Migrate).await.unwrap();
    let (scope, task_id) = (Scope::default(), "old".to_owned());
    let configs = PushConfigs {
        scope: scope.clone(),
        task_id: task_id.clone(),
    };
    assert_eq!(database.perform(configs).await.unwrap(), []);
    let put = PutPushConfig {
        scope: scope.clone(),
        task_id: task_id.clone(),
        config: PushConfig {
            id: "new".to_owned(),
            url: "https://example.com/".to_owned(),
            token: None,
            authentication: None,
            protocol_version: "1.0".to_owned(),
        },
    };
    database.perform(put).await.unwrap();
    let append = Append {
        lease,
        change: change("after"),
        now: NOW,
        lease_ms: LEASE,
    };
    assert!(database.perform(append).await.unwrap().push);
    let claim = ClaimDeliveries {
        now: NOW,
        lease_ms: LEASE,
        limit: 10,
    };
    let claimed = database.perform(claim).await.unwrap();
    let payloads: Vec<&[u8]> = claimed
        .deliveries
        .iter()
        .map(|delivery| delivery.event.payload.as_slice())
        .collect();
    assert_eq!(payloads, [b"after"]);
    let get = Get {
        scope,
        task_id,
        now: NOW,
    };
    assert_eq!(database.perform(get).await.unwrap().newest, 2);
}

/// Every table and index of a database as SQLite has them, but for white space.
fn schema(path: &Path) -> Vec<(String, String)> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut select = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        .unwrap();
    let rows = select.query_map((), |row| {
        let sql: String = row.get(1)?;
        Ok((
            row.get(0)?,
            sql.split_whitespace().collect::<Vec<_>>().join(" "),
        ))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn tasks_of_version_3_are_all_there_in_the_new_layout() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(include_str!("version3.sql"))
        .unwrap();
    let database = Sqlite::open(&path).unwrap();
    database.perform(Migrate).await.unwrap();

    let fresh = folder.path().join("fresh.db");
    let other = Sqlite::open(&fresh).unwrap();
    other.perform(Migrate).await.unwrap();
    assert_eq!(schema(&path), schema(&fresh));

    let scope = Scope {
        tenant: "t".to_owned(),
        owner: "o".to_owned(),
    };
    let list = |state, context_id: Option<&str>| List {
        scope: scope.clone(),
        query: Query {
            context_id: context_id.map(str::to_owned),
            state,
            status_since: None,
            after: None,
            page_size: 10,
            include_artifacts: true,
            max_bytes: u64::MAX,
        },
        now: NOW,
    };
    for context_id in [None, Some("c")] {
        for (state, expected) in [
            (None, &["open", "done"][..]),
            (Some(State::Completed), &["done"]),
            (Some(State::Working), &["open"]),
            (Some(State::Failed), &[]),
        ] {
            let page = database.perform(list(state, context_id)).await.unwrap();
            let ids: Vec<&str> = page.tasks.iter().map(|task| task.id.as_str()).collect();
            assert_eq!(ids, expected, "{state:?} {context_id:?}");
            assert_eq!(
                page.total,
                expected.len() as u64,
                "{state:?} {context_id:?}"
            );
        }
    }
    let begin = |opening| Begin {
        scope: scope.clone(),
        opening,
        now: NOW,
        lease_ms: LEASE,
        idempotency_window_ms: LEASE,
    };
    let digest = [
        0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
        0xff,
    ];
    let again = begin(Opening::Create {
        task_id: "new".to_owned(),
        context_id: "c".to_owned(),
        message: Some(MessageKey {
            id: "m".to_owned(),
            digest: [digest, digest].concat(),
        }),
        first: change("again"),
        push: None,
    });
    let Begun::Repeated(done) = database.perform(again).await.unwrap() else {
        panic!("the message began a second task");
    };
    assert_eq!(done.id, "done");
    assert_eq!(done.snapshot.artifacts.as_deref(), Some(&b"[{}]"[..]));

    let take_over = begin(Opening::Resume {
        task_id: "open".to_owned(),
        message: None,
        take_over: true,
        push: None,
    });
    let Begun::Started {
        lease,
        task: Some(open),
        checkpoint,
        ..
    } = database.perform(take_over).await.unwrap()
    else {
        panic!("the open task is not taken up");
    };
    assert_eq!(checkpoint.as_deref(), Some(&b"there"[..]));
    assert_eq!(open.snapshot.task, b"{\"of\":\"one\"}");
    assert_eq!(open.tail.len(), 1);
    let append = Append {
        lease,
        change: change("third"),
        now: NOW,
        lease_ms: LEASE,
    };
    database.perform(append).await.unwrap();
    let events = Events {
        scope,
        task_id: "open".to_owned(),
        after: 0,
        now: NOW,
    };
    let payloads: Vec<Vec<u8>> = database
        .perform(events)
        .await
        .unwrap()
        .events
        .into_iter()
        .map(|event| event.payload)
        .collect();
    assert_eq!(payloads, [&b"first "[..], b"second", b"third"]);
}
