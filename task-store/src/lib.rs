//! The durable task log behind `attache:agent/tasks`, over any SQL executor.
//!
//! Three databases have to keep the same promises: SQLite inside the host, `spin:sqlite` inside the
//! Spin adapter, and PostgreSQL. So schema, statements and rules live here once, as [`Operation`]s
//! over a [`Transaction`] of two functions, and an executor only has to run statements. An operation
//! is one transaction: it returns `Ok` and everything is written, or `Err` and nothing is.
//!
//! The rules that everything else rests on:
//!
//! - Every statement about a task names its tenant, owner and id. A task of another owner does not
//!   exist.
//! - A run is a [`Lease`]: a fence number that the task row carries too. Taking a task over raises
//!   the number, so what the earlier run still sends is refused, however late it arrives.
//! - A task in a terminal state is never written again.
//! - A task whose lease ended is reported as not running, whatever its state says, until somebody
//!   claims it and resumes or fails it.
//! - A dispatched task is nobody's until the one with its token claims it, or nobody does in time.
//!
//! - A webhook hears of every event that is appended while the task has it, in order: what it was not
//!   sent yet is written in the transaction that appends, and only one sender has it at a time. What it
//!   is never sent is noted in the transaction that gives it up.
//!
//! Payloads are opaque bytes. The one exception is the event that [`Fail`] writes, because the run
//! that should have written it is gone.
//!
//! Features: `sqlite` is the native SQLite executor, `postgres` the one for PostgreSQL, `suite` the tests that every executor passes.

mod changes;
mod checkpoint;
mod counters;
mod dead_letter;
mod delivery;
mod dispatched;
mod error;
mod executor;
mod failure;
mod limits;
mod messages;
mod model;
mod operations;
mod outbox;
#[cfg(feature = "postgres")]
mod postgres;
mod push;
mod query;
mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;
mod state;
mod stored;
#[cfg(feature = "suite")]
pub mod suite;
mod webhook;

pub use dead_letter::{DeadLetter, Webhook};
pub use delivery::{Attempt, Outcome, Patience, Settlement};
pub use error::Error;
pub use executor::{Database, Dialect, Evidence, Operation, Row, Transaction, Value};
pub use limits::{
    MAX_ARTIFACTS_BYTES, MAX_CHANGE_BYTES, MAX_CHANGE_EVENTS, MAX_CHECKPOINT_BYTES,
    MAX_DELIVERIES_BYTES, MAX_DIGEST_BYTES, MAX_EVENT_BYTES, MAX_EVENTS, MAX_EVENTS_BYTES,
    MAX_IDENTIFIER_BYTES, MAX_LOG_BYTES, MAX_PAGE_SIZE, MAX_PUSH_CONFIGS, MAX_PUSH_SECRET_BYTES,
    MAX_PUSH_URL_BYTES, MAX_STATE_KEY_CHARS, MAX_STATE_KEYS, MAX_STATE_VALUE_BYTES, MAX_TAIL_BYTES,
    MAX_TAIL_EVENTS, MAX_TASK_BYTES, MAX_TIME, TOTAL_SINCE_BOUND,
};
pub use model::{
    Begun, Change, Event, Lease, MessageKey, Opening, Progress, Renewal, Scope, Snapshot, Task,
};
pub use operations::{
    Append, Appended, Begin, Cancel, Check, ClaimDeliveries, ClaimDispatched, ClaimExpired,
    ClaimedDeliveries, DeadLetters, DeletePushConfig, Delivered, DeliveryDropped, DeliveryFailed,
    DiscardDeadLetters, Dispatch, DispatchClaim, Events, Expire, Expired, Fail, Get, IsMigrated,
    List, Migrate, PostponeDeliveries, PushConfigs, PutPushConfig, ReadState, Release, Renew,
    RetryDeadLetters, SettleDispatched, Undispatch, WriteState,
};
#[cfg(feature = "postgres")]
pub use postgres::{
    Credentials, Listener, Notice, PasswordSource, Postgres, PostgresSettings, Roots, Tls,
};
pub use query::{Cursor, Page, Query};
#[cfg(feature = "sqlite")]
pub use sqlite::{Commits, Durability, Options, Sqlite};
pub use state::State;
/// How [`Postgres`] reaches a server.
#[cfg(feature = "postgres")]
pub use tokio_postgres::Config as PostgresConfig;
pub use webhook::{Authentication, Delivery, DeliveryClaim, PushConfig};
