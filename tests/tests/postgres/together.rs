//! Two processes that want the same at the same time.

use std::collections::HashSet;

use attache_task_store::{
    Begin, Begun, Change, ClaimExpired, Database, Error, MessageKey, Opening, Scope, Snapshot,
    State,
};
use attache_tests::postgres::TestDatabase;
use tokio::task::JoinSet;

use crate::{connect, migrated};

const NOW: u64 = 1_800_000_000_000;
const LEASE: u64 = 30_000;

fn begin(task_id: &str, message: Option<&str>) -> Begin {
    Begin {
        scope: Scope::default(),
        opening: Opening::Create {
            task_id: task_id.to_owned(),
            context_id: "c".to_owned(),
            message: message.map(|id| MessageKey {
                id: id.to_owned(),
                digest: vec![7; 32],
            }),
            first: Change {
                events: vec![b"first".to_vec()],
                state: State::Working,
                status_time: NOW,
                snapshot: Some(Snapshot {
                    task: b"{}".to_vec(),
                    artifacts: None,
                }),
                checkpoint: None,
            },
            push: None,
        },
        now: NOW,
        lease_ms: LEASE,
        idempotency_window_ms: 600_000,
    }
}

#[tokio::test]
async fn one_message_begins_one_task() {
    let own = TestDatabase::create().await.unwrap();
    let processes = [migrated(own.url()).await, connect(own.url()).await];
    for message in 0..20 {
        let mut sends = JoinSet::new();
        for attempt in 0..6 {
            let database = processes[attempt % 2].clone();
            let begin = begin(
                &format!("task-{message}-{attempt}"),
                Some(&format!("message-{message}")),
            );
            sends.spawn(async move { database.perform(begin).await });
        }
        let mut tasks = HashSet::new();
        let mut started = 0;
        while let Some(begun) = sends.join_next().await {
            tasks.insert(match begun.unwrap().unwrap() {
                Begun::Started { lease, .. } => {
                    started += 1;
                    lease.task_id
                }
                Begun::Repeated(task) => task.id,
            });
        }
        assert_eq!((started, tasks.len()), (1, 1), "{tasks:?}");
    }
}

#[tokio::test]
async fn one_id_is_one_task() {
    let own = TestDatabase::create().await.unwrap();
    let processes = [migrated(own.url()).await, connect(own.url()).await];
    for task in 0..20 {
        let mut creations = JoinSet::new();
        for attempt in 0..4 {
            let database = processes[attempt % 2].clone();
            let begin = begin(&format!("task-{task}"), None);
            creations.spawn(async move { database.perform(begin).await });
        }
        let mut created = 0;
        while let Some(begun) = creations.join_next().await {
            match begun.unwrap() {
                Ok(_) => created += 1,
                Err(Error::Invalid(text)) => assert!(text.contains("exists"), "{text}"),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(created, 1);
    }
}

#[tokio::test]
async fn one_process_takes_over_a_task() {
    const TASKS: usize = 60;
    let own = TestDatabase::create().await.unwrap();
    let processes = [migrated(own.url()).await, connect(own.url()).await];
    for task in 0..TASKS {
        let begin = begin(&format!("task-{task}"), None);
        processes[0].perform(begin).await.unwrap();
    }
    let mut sweeps = JoinSet::new();
    for sweep in 0..4 {
        let database = processes[sweep % 2].clone();
        sweeps.spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let claim = ClaimExpired {
                    now: NOW + LEASE,
                    lease_ms: LEASE,
                    limit: 7,
                };
                let leases = database.perform(claim).await.unwrap();
                if leases.is_empty() {
                    return claimed;
                }
                claimed.extend(leases.into_iter().map(|lease| lease.task_id));
            }
        });
    }
    let claimed: Vec<String> = sweeps.join_all().await.concat();
    assert_eq!(claimed.len(), TASKS);
    assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), TASKS);
}
