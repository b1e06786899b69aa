//! A database of an earlier build.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it fails"
)]

use attache_task_store::{
    Append, Begin, Begun, Change, ClaimDeliveries, Database, Get, Lease, Migrate, Opening,
    PushConfig, PushConfigs, PutPushConfig, Scope, Snapshot, Sqlite, State,
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
