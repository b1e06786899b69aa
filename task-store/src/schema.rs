//! The tables, as migrations that are applied in order and never edited.
//!
//! - `attache_task`: one small row per task, rewritten by every append and renewal. Everything that
//!   listings, leases and limits ask is here, and payloads are elsewhere, so a lease is renewed
//!   without touching a megabyte of artifacts.
//! - `attache_snapshot`: the payloads of the newest snapshot.
//! - `attache_event`: the log. `start` is the number of bytes of all earlier events of the task, so
//!   that a reader can be given as many events as fit, and a limit be checked, without a sum.
//! - `attache_message`: which message began which task, for the idempotency window.
//! - `attache_counter`: how many tasks an owner has in each state, so that a listing's total is not
//!   a scan. Split in shards by task, so that writers of different tasks rarely meet on a row.
//! - `attache_state`: what agents keep for a conversation.
//! - `attache_push`: the webhooks of a task. Their number is also in the row of the task (`push`), so
//!   that an append to a task without any pays nothing for them.
//! - `attache_outbox`: what webhooks have not been sent yet, as one row for each webhook that is
//!   behind: the numbers of the `next` event to post and of the `newest`. The events themselves are
//!   in the log already, a webhook that is a thousand events behind costs as much as one that is one
//!   behind, and there is nothing to post out of order. `due` is when somebody may take the row:
//!   now, after a failure, or when the one who has it (known by `fence`) was not heard of any more.
//!   `since` is when its next event became the next one: how long that has been tried.
//! - `attache_dead_letter`: what a webhook was not sent and will not be, as one row for each webhook:
//!   from the `oldest` event to the `newest`, and why. Kept for whoever repairs the receiver.
//! - `attache_checkpoint`: what a run left for the one that takes its task up. Its size is also in
//!   the row of the task (`checkpoint`), so that a task without one pays nothing.
//! - `attache_dispatch`: which task a token stands for, that a queue was given to call back with. The
//!   row of the task says whether that has yet to happen (`dispatched`).
//!
//! Every key has tenant and owner. `lease_until` is 0 for a task without a run; the index over it
//! holds only tasks with one. Times are milliseconds since the epoch.
//!
//! In SQLite a write costs what its trees cost, so version 4 has fewer of them there, and keys that
//! are told apart by their first column: SQLite compares that one by a shorter way, and tenant and
//! owner, which come first elsewhere, are mostly equal. A new task takes half the time. The price is
//! paid by two listings: what has completed is picked from all of an owner's tasks, most of which
//! have, and the tasks of a conversation in one state from that conversation. Both read the index
//! alone, which holds the state.

use crate::Dialect;

/// One statement, in every dialect; empty in one that needs nothing here.
pub(crate) struct Statement {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Statement {
    pub(crate) fn sql(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

macro_rules! sqlite {
    (TEXT) => {
        "TEXT"
    };
    (BLOB) => {
        "BLOB"
    };
    // The row lives in the tree of its key: one lookup instead of two. For small rows only.
    (CLUSTERED) => {
        "WITHOUT ROWID"
    };
    ($sql:literal) => {
        $sql
    };
}

macro_rules! postgres {
    // Byte order, as in SQLite: cursors compare ids.
    (TEXT) => {
        "TEXT COLLATE \"C\""
    };
    (BLOB) => {
        "BYTEA"
    };
    (CLUSTERED) => {
        ""
    };
    ($sql:literal) => {
        $sql
    };
}

macro_rules! statement {
    ($($part:tt)*) => {
        Statement {
            sqlite: concat!($(sqlite!($part), " "),*),
            postgres: concat!($(postgres!($part), " "),*),
        }
    };
}

const fn for_sqlite(sqlite: &'static str) -> Statement {
    Statement {
        sqlite,
        postgres: "",
    }
}

/// The version that [`MIGRATIONS`] leads to.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Whether there is a schema at all.
pub(crate) const EXISTS: Statement = Statement {
    sqlite: "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'attache_schema'",
    postgres: "SELECT COUNT(to_regclass('attache_schema'))",
};

/// One row per migration that was applied.
pub(crate) const CREATE: Statement =
    statement!("CREATE TABLE attache_schema (version BIGINT PRIMARY KEY)");

/// The statements that lead to version 1, 2, 3 ….
pub(crate) const MIGRATIONS: &[&[Statement]] = &[
    &[
        statement!(
            "CREATE TABLE attache_task (tenant" TEXT "NOT NULL, owner" TEXT "NOT NULL, id" TEXT
            "NOT NULL, context_id" TEXT "NOT NULL, state BIGINT NOT NULL, status_time BIGINT NOT NULL,
        newest BIGINT NOT NULL, bytes BIGINT NOT NULL,
        tail_after BIGINT NOT NULL, tail_start BIGINT NOT NULL,
        task_bytes BIGINT NOT NULL, artifacts_bytes BIGINT NOT NULL,
        fence BIGINT NOT NULL, lease_until BIGINT NOT NULL, cancel BIGINT NOT NULL,
        PRIMARY KEY (tenant, owner, id))" CLUSTERED
        ),
        statement!(
            "CREATE INDEX attache_task_by_time
        ON attache_task (tenant, owner, status_time DESC, id DESC)"
        ),
        statement!(
            "CREATE INDEX attache_task_by_context
        ON attache_task (tenant, owner, context_id, status_time DESC, id DESC)"
        ),
        statement!(
            "CREATE INDEX attache_task_by_state
        ON attache_task (tenant, owner, state, status_time DESC, id DESC)"
        ),
        statement!(
            "CREATE INDEX attache_task_by_context_and_state
        ON attache_task (tenant, owner, context_id, state, status_time DESC, id DESC)"
        ),
        statement!(
            "CREATE INDEX attache_task_by_lease ON attache_task (lease_until) WHERE lease_until > 0"
        ),
        statement!(
            "CREATE TABLE attache_snapshot (tenant" TEXT "NOT NULL, owner" TEXT "NOT NULL, task_id" TEXT
            "NOT NULL, task" BLOB "NOT NULL, artifacts" BLOB ", PRIMARY KEY (tenant, owner, task_id))"
        ),
        statement!(
            "CREATE TABLE attache_event (tenant" TEXT "NOT NULL, owner" TEXT "NOT NULL, task_id" TEXT
            "NOT NULL, number BIGINT NOT NULL, start BIGINT NOT NULL, payload" BLOB
            "NOT NULL, PRIMARY KEY (tenant, owner, task_id, number))"
        ),
        statement!(
            "CREATE TABLE attache_message (tenant" TEXT "NOT NULL, owner" TEXT
            "NOT NULL, message_id" TEXT "NOT NULL, digest" BLOB "NOT NULL, task_id" TEXT
            "NOT NULL, created BIGINT NOT NULL,
            PRIMARY KEY (tenant, owner, message_id, digest))" CLUSTERED
        ),
        statement!("CREATE INDEX attache_message_by_age ON attache_message (created)"),
        statement!(
            "CREATE TABLE attache_counter (tenant" TEXT "NOT NULL, owner" TEXT
            "NOT NULL, state BIGINT NOT NULL, shard BIGINT NOT NULL, total BIGINT NOT NULL,
            PRIMARY KEY (tenant, owner, state, shard))" CLUSTERED
        ),
        statement!(
            "CREATE TABLE attache_state (tenant" TEXT "NOT NULL, owner" TEXT
            "NOT NULL, context_id" TEXT "NOT NULL, name" TEXT "NOT NULL, value" BLOB
            "NOT NULL, PRIMARY KEY (tenant, owner, context_id, name))"
        ),
    ],
    &[
        statement!("ALTER TABLE attache_task ADD COLUMN push BIGINT NOT NULL DEFAULT 0"),
        statement!(
            "CREATE TABLE attache_push (tenant" TEXT "NOT NULL, owner" TEXT "NOT NULL, task_id" TEXT
            "NOT NULL, id" TEXT "NOT NULL, url" TEXT "NOT NULL, token" TEXT ", scheme" TEXT
            ", credentials" TEXT ", protocol_version" TEXT
            "NOT NULL, PRIMARY KEY (tenant, owner, task_id, id))"
        ),
        statement!(
            "CREATE TABLE attache_outbox (tenant" TEXT "NOT NULL, owner" TEXT "NOT NULL, task_id" TEXT
            "NOT NULL, config_id" TEXT "NOT NULL, next BIGINT NOT NULL, newest BIGINT NOT NULL,
        attempts BIGINT NOT NULL, due BIGINT NOT NULL, fence BIGINT NOT NULL,
        PRIMARY KEY (tenant, owner, task_id, config_id))" CLUSTERED
        ),
        statement!("CREATE INDEX attache_outbox_by_due ON attache_outbox (due)"),
    ],
    &[
        statement!("ALTER TABLE attache_task ADD COLUMN checkpoint BIGINT NOT NULL DEFAULT 0"),
        statement!("ALTER TABLE attache_task ADD COLUMN dispatched BIGINT NOT NULL DEFAULT 0"),
        // What ended is found by its age. The condition is written as the statements write it.
        statement!(
            "CREATE INDEX attache_task_by_end ON attache_task (status_time)
        WHERE state IN (3, 4, 5, 7)"
        ),
        statement!(
            "CREATE TABLE attache_checkpoint (tenant" TEXT "NOT NULL, owner" TEXT
            "NOT NULL, task_id" TEXT "NOT NULL, data" BLOB
            "NOT NULL, PRIMARY KEY (tenant, owner, task_id))"
        ),
        statement!(
            "CREATE TABLE attache_dispatch (token" TEXT "NOT NULL, tenant" TEXT
            "NOT NULL, owner" TEXT "NOT NULL, task_id" TEXT
            "NOT NULL, created BIGINT NOT NULL, PRIMARY KEY (token))" CLUSTERED
        ),
        statement!("CREATE INDEX attache_dispatch_by_age ON attache_dispatch (created)"),
        statement!("ALTER TABLE attache_outbox ADD COLUMN since BIGINT NOT NULL DEFAULT 0"),
        statement!(
            "CREATE TABLE attache_dead_letter (tenant" TEXT "NOT NULL, owner" TEXT
            "NOT NULL, task_id" TEXT "NOT NULL, config_id" TEXT
            "NOT NULL, oldest BIGINT NOT NULL, newest BIGINT NOT NULL, reason" TEXT
            "NOT NULL, died BIGINT NOT NULL, PRIMARY KEY (tenant, owner, task_id, config_id))"
        ),
        statement!("CREATE INDEX attache_dead_letter_by_age ON attache_dead_letter (died)"),
        statement!("ALTER TABLE attache_state ADD COLUMN updated BIGINT NOT NULL DEFAULT 0"),
        statement!("CREATE INDEX attache_state_by_age ON attache_state (updated)"),
    ],
    LAYOUT,
];

/// Lays SQLite's trees out anew; see the module. PostgreSQL's stay.
const LAYOUT: &[Statement] = &[
    for_sqlite(
        "CREATE TABLE attache_task_4 (tenant TEXT NOT NULL, owner TEXT NOT NULL, id TEXT NOT NULL,
        context_id TEXT NOT NULL, state BIGINT NOT NULL, status_time BIGINT NOT NULL,
        newest BIGINT NOT NULL, bytes BIGINT NOT NULL,
        tail_after BIGINT NOT NULL, tail_start BIGINT NOT NULL,
        task_bytes BIGINT NOT NULL, artifacts_bytes BIGINT NOT NULL,
        fence BIGINT NOT NULL, lease_until BIGINT NOT NULL, cancel BIGINT NOT NULL,
        push BIGINT NOT NULL DEFAULT 0, checkpoint BIGINT NOT NULL DEFAULT 0,
        dispatched BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (id, tenant, owner)) WITHOUT ROWID",
    ),
    for_sqlite(
        "INSERT INTO attache_task_4 (tenant, owner, id, context_id, state, status_time, newest,
        bytes, tail_after, tail_start, task_bytes, artifacts_bytes, fence, lease_until, cancel,
        push, checkpoint, dispatched) SELECT tenant, owner, id, context_id, state, status_time,
        newest, bytes, tail_after, tail_start, task_bytes, artifacts_bytes, fence, lease_until,
        cancel, push, checkpoint, dispatched FROM attache_task",
    ),
    for_sqlite("DROP TABLE attache_task"),
    for_sqlite("ALTER TABLE attache_task_4 RENAME TO attache_task"),
    for_sqlite(
        "CREATE INDEX attache_task_by_time
        ON attache_task (tenant, owner, status_time DESC, id DESC, state)",
    ),
    for_sqlite(
        "CREATE INDEX attache_task_by_context
        ON attache_task (context_id, tenant, owner, status_time DESC, id DESC, state)",
    ),
    // The condition is written as the statements write it.
    for_sqlite(
        "CREATE INDEX attache_task_by_state
        ON attache_task (tenant, owner, state, status_time DESC, id DESC) WHERE state <> 3",
    ),
    for_sqlite(
        "CREATE INDEX attache_task_by_lease ON attache_task (lease_until) WHERE lease_until > 0",
    ),
    for_sqlite(
        "CREATE INDEX attache_task_by_end ON attache_task (status_time)
        WHERE state IN (3, 4, 5, 7)",
    ),
    for_sqlite(
        "CREATE TABLE attache_snapshot_4 (tenant TEXT NOT NULL, owner TEXT NOT NULL,
        task_id TEXT NOT NULL, task BLOB NOT NULL, artifacts BLOB,
        PRIMARY KEY (task_id, tenant, owner))",
    ),
    for_sqlite(
        "INSERT INTO attache_snapshot_4 (tenant, owner, task_id, task, artifacts)
        SELECT tenant, owner, task_id, task, artifacts FROM attache_snapshot",
    ),
    for_sqlite("DROP TABLE attache_snapshot"),
    for_sqlite("ALTER TABLE attache_snapshot_4 RENAME TO attache_snapshot"),
    for_sqlite(
        "CREATE TABLE attache_event_4 (tenant TEXT NOT NULL, owner TEXT NOT NULL,
        task_id TEXT NOT NULL, number BIGINT NOT NULL, start BIGINT NOT NULL,
        payload BLOB NOT NULL, PRIMARY KEY (task_id, tenant, owner, number))",
    ),
    for_sqlite(
        "INSERT INTO attache_event_4 (tenant, owner, task_id, number, start, payload)
        SELECT tenant, owner, task_id, number, start, payload FROM attache_event",
    ),
    for_sqlite("DROP TABLE attache_event"),
    for_sqlite("ALTER TABLE attache_event_4 RENAME TO attache_event"),
    for_sqlite(
        "CREATE TABLE attache_message_4 (tenant TEXT NOT NULL, owner TEXT NOT NULL,
        message_id TEXT NOT NULL, digest BLOB NOT NULL, task_id TEXT NOT NULL,
        created BIGINT NOT NULL, PRIMARY KEY (message_id, digest, tenant, owner)) WITHOUT ROWID",
    ),
    for_sqlite(
        "INSERT INTO attache_message_4 (tenant, owner, message_id, digest, task_id, created)
        SELECT tenant, owner, message_id, digest, task_id, created FROM attache_message",
    ),
    for_sqlite("DROP TABLE attache_message"),
    for_sqlite("ALTER TABLE attache_message_4 RENAME TO attache_message"),
    for_sqlite("CREATE INDEX attache_message_by_age ON attache_message (created)"),
];
