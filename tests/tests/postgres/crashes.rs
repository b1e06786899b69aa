//! The server crashes while nobody on this side knows whether the last operation was written.

use std::process::Command;
use std::time::Duration;

use attache_task_store::{
    Append, Begin, Begun, ClaimDeliveries, Database, DeliveryFailed, Dispatch, Error, Fail, Lease,
    Opening, Operation, Postgres, PostgresSettings, PushConfig, PutPushConfig, Scope, State,
    Undispatch, WriteState,
};
use attache_tests::postgres::{Cluster, connect as raw};
use tokio::time::{Instant, sleep};

use crate::wire::{Break, Wire};
use crate::writing::{append, create, stored};
use crate::{connect, migrated, unavailable};

const NOW: u64 = 1_800_000_000_000;
const WAIT: Duration = Duration::from_secs(60);

/// A server, and a store that reaches it by a line.
struct Reached {
    cluster: Cluster,
    wire: Wire,
    database: Postgres,
}

impl Reached {
    async fn start(settings: &[&str]) -> Self {
        let cluster = Cluster::start(settings).unwrap();
        migrated(cluster.url()).await.close().await;
        let config = PostgresSettings::parse(cluster.url()).unwrap().config;
        let port = config.get_ports()[0];
        let wire = Wire::to(port).await;
        let database = connect(&wire.url(cluster.url(), port)).await;
        Self {
            cluster,
            wire,
            database,
        }
    }

    /// Runs an operation whose line breaks with the COMMIT, and stays cut until `meanwhile` is over.
    async fn perform<O: Operation + 'static>(
        &self,
        operation: O,
        moment: Break,
        meanwhile: impl AsyncFnOnce(&Cluster),
    ) -> Result<O::Output, Error> {
        self.wire.open(false);
        self.wire.arm(moment);
        let database = self.database.clone();
        let answer = tokio::spawn(async move { database.perform(operation).await });
        let deadline = Instant::now() + WAIT;
        while !self.wire.broke() {
            assert!(Instant::now() < deadline, "nothing is committed");
            sleep(Duration::from_millis(5)).await;
        }
        meanwhile(&self.cluster).await;
        self.wire.open(true);
        answer.await.unwrap()
    }

    /// Runs an operation that is written before the server crashes.
    async fn written<O: Operation + 'static>(&self, operation: O) -> Result<O::Output, Error> {
        let restart = async |cluster: &Cluster| restart(cluster);
        self.perform(operation, Break::AfterCommit, restart).await
    }
}

/// The server crashes, and starts again.
fn restart(cluster: &Cluster) {
    cluster.crash().unwrap();
    cluster.start_again(&[]).unwrap();
}

/// One process of the server crashes: it ends the others, recovers and goes on.
async fn lose_a_process(cluster: &Cluster) {
    let lost = raw(cluster.url()).await.unwrap();
    let pid: i32 = lost
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0);
    let killed = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status();
    assert!(killed.unwrap().success());
    let deadline = Instant::now() + WAIT;
    while !lost.is_closed() || cluster.sql("SELECT 1").await.is_err() {
        assert!(Instant::now() < deadline, "the server does not recover");
        sleep(Duration::from_millis(20)).await;
    }
}

fn claim_deliveries(now: u64) -> ClaimDeliveries {
    ClaimDeliveries {
        now,
        lease_ms: 60_000,
        limit: 1,
    }
}

/// The number of the next transaction.
async fn next_number(cluster: &Cluster) -> u64 {
    let next = "SELECT pg_snapshot_xmax(pg_current_snapshot())";
    cluster.sql(next).await.unwrap()[0][0].parse().unwrap()
}

/// A crash undoes a transaction of which nothing was on the disk, and its number goes to another one,
/// which is committed.
async fn a_number_is_given_again(crash: impl AsyncFnOnce(&Cluster)) {
    // Nothing but a COMMIT brings anything to the disk.
    let reached = Reached::start(&[
        "wal_level=minimal",
        "max_wal_senders=0",
        "wal_writer_delay=10s",
        "autovacuum=off",
    ])
    .await;
    let lease = create(&reached.database, "t").await;
    let number = next_number(&reached.cluster).await;
    let appended = reached.perform(append(&lease, 1), Break::BeforeCommit, async |cluster| {
        assert!(next_number(cluster).await > number, "it had this number");
        crash(cluster).await;
        assert!(next_number(cluster).await <= number, "it is free again");
        while next_number(cluster).await <= number {
            cluster.sql("SELECT pg_current_xact_id()").await.unwrap();
        }
    });
    assert_eq!(appended.await.unwrap().newest, 2);
    assert_eq!(stored(&reached.database, &lease).await, [0, 1]);
}

#[tokio::test]
async fn the_number_of_a_lost_transaction_is_given_again_after_a_restart() {
    a_number_is_given_again(async |cluster| restart(cluster)).await;
}

#[tokio::test]
async fn the_number_of_a_lost_transaction_is_given_again_after_the_crash_of_a_process() {
    a_number_is_given_again(lose_a_process).await;
}

/// Each kind of evidence, and an operation that needs none.
#[tokio::test]
async fn what_was_written_before_a_crash_is_found() {
    let reached = Reached::start(&[]).await;
    let lease = create(&reached.database, "t").await;
    let put = PutPushConfig {
        scope: Scope::default(),
        task_id: "t".to_owned(),
        config: PushConfig {
            id: "w".to_owned(),
            url: "https://example.com".to_owned(),
            token: None,
            authentication: None,
            protocol_version: "1.0".to_owned(),
        },
    };
    reached.written(put).await.unwrap();
    let appended = reached.written(append(&lease, 1)).await.unwrap();
    assert_eq!(appended.newest, 2);

    let claimed = reached.database.perform(claim_deliveries(NOW)).await;
    let failed = DeliveryFailed {
        claim: claimed.unwrap().deliveries.remove(0).claim,
        number: 2,
        now: NOW,
        retry_at: NOW + 1,
    };
    reached.written(failed).await.unwrap();
    let claimed = reached.database.perform(claim_deliveries(NOW + 1)).await;
    assert_eq!(claimed.unwrap().deliveries[0].attempts, 1, "it failed once");

    let dispatch = Dispatch {
        lease,
        token: "token".to_owned(),
        checkpoint: None,
        now: NOW,
        patience_ms: 60_000,
    };
    let lease = reached.written(dispatch).await.unwrap().unwrap();
    let undispatch = Undispatch {
        lease,
        token: "token".to_owned(),
        now: NOW,
        lease_ms: 60_000,
    };
    let lease = reached.written(undispatch).await.unwrap();

    let resume = Begin {
        scope: Scope::default(),
        opening: Opening::Resume {
            task_id: "t".to_owned(),
            message: None,
            take_over: true,
            push: None,
        },
        now: NOW,
        lease_ms: 60_000,
        idempotency_window_ms: 0,
    };
    let Begun::Started { lease: resumed, .. } = reached.written(resume).await.unwrap() else {
        panic!("it was repeated");
    };
    assert_eq!(resumed.fence, lease.fence + 1, "it was resumed once");

    let mut silent = append(&resumed, 2);
    silent.change.events.clear();
    assert_eq!(reached.written(silent).await.unwrap().newest, 2);

    let write = WriteState {
        scope: Scope::default(),
        context_id: "c".to_owned(),
        key: "k".to_owned(),
        value: Some(b"v".to_vec()),
        now: NOW,
    };
    reached.written(write).await.unwrap();

    let fail = Fail {
        lease: resumed,
        reason: "it trapped".to_owned(),
        now: NOW,
    };
    assert_eq!(reached.written(fail).await.unwrap(), 3);
}

/// Ends a task without an event: the one kind of change of which nothing tells.
fn end(lease: &Lease) -> Append {
    let mut end = append(lease, 1);
    end.change.events.clear();
    end.change.state = State::Completed;
    end
}

#[tokio::test]
async fn what_leaves_no_evidence_is_not_known_after_a_crash() {
    let reached = Reached::start(&[]).await;
    let lease = create(&reached.database, "t").await;
    let text = unavailable(reached.written(end(&lease)).await);
    assert!(text.contains("not known"), "{text}");
    assert!(text.contains("nothing in its tables tells"), "{text}");
}

#[tokio::test]
async fn without_a_checkpoint_there_was_no_crash() {
    let reached = Reached::start(&[]).await;
    let lost = Break::AfterCommit;
    // The server wrote a checkpoint when it started.
    sleep(Duration::from_secs(4)).await;
    let lease = create(&reached.database, "known").await;
    let ended = reached.perform(end(&lease), lost, async |_| {}).await;
    assert_eq!(ended.unwrap().newest, 1);

    // As where not everybody may ask for it.
    let rename = "ALTER FUNCTION pg_control_checkpoint() RENAME TO hidden";
    reached.cluster.sql(rename).await.unwrap();
    let lease = create(&reached.database, "doubtful").await;
    let ended = reached.perform(end(&lease), lost, async |_| {}).await;
    assert!(unavailable(ended).contains("may have crashed"));
    let lease = create(&reached.database, "evident").await;
    let appended = reached.perform(append(&lease, 1), lost, async |_| {}).await;
    assert_eq!(appended.unwrap().newest, 2);
}
