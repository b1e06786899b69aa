//! Reads a task as it is stored.

use crate::limits::{integer, is_identifier, is_scope};
use crate::{Error, Event, Evidence, Lease, Row, Scope, Snapshot, State, Task, Transaction, Value};

const HEAD: &str = "SELECT context_id, state, status_time, newest, bytes, tail_after, tail_start,
task_bytes, artifacts_bytes, fence, lease_until, cancel, push, checkpoint, dispatched
FROM attache_task WHERE tenant = ?1 AND owner = ?2 AND id = ?3";

const SNAPSHOT: &str = "SELECT task, artifacts FROM attache_snapshot
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3";

const TAIL: &str = "SELECT number, payload FROM attache_event
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND number > ?4 ORDER BY number";

const APPENDED: &str = "SELECT number FROM attache_event
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND number = ?4 AND payload = ?5";

const LEASED: &str = "SELECT fence FROM attache_task
WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND fence = ?4 AND lease_until = ?5";

/// The small row of a task.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) context_id: String,
    pub(crate) state: State,
    pub(crate) status_time: u64,
    /// The number of the newest event.
    pub(crate) newest: u64,
    /// Bytes of all its events.
    pub(crate) bytes: u64,
    /// The newest event that the snapshot contains.
    pub(crate) tail_after: u64,
    /// Bytes of the events that the snapshot contains.
    pub(crate) tail_start: u64,
    pub(crate) task_bytes: u64,
    pub(crate) artifacts_bytes: u64,
    /// The number of the newest run.
    pub(crate) fence: i64,
    /// When the lease of that run ends; 0 when it has ended by itself.
    pub(crate) lease_until: u64,
    pub(crate) cancel_requested: bool,
    /// How many webhooks it has.
    pub(crate) push: u64,
    /// Bytes of what the run left for the next one.
    pub(crate) checkpoint: u64,
    /// How far the way to another run is: see [`crate::dispatched`].
    pub(crate) dispatched: i64,
}

impl Head {
    /// From the columns of [`HEAD`], in its order.
    pub(crate) fn read(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            context_id: row.text()?,
            state: State::from_code(row.integer()?)?,
            status_time: row.unsigned()?,
            newest: row.unsigned()?,
            bytes: row.unsigned()?,
            tail_after: row.unsigned()?,
            tail_start: row.unsigned()?,
            task_bytes: row.unsigned()?,
            artifacts_bytes: row.unsigned()?,
            fence: row.integer()?,
            lease_until: row.unsigned()?,
            cancel_requested: row.integer()? != 0,
            push: row.unsigned()?,
            checkpoint: row.unsigned()?,
            dispatched: row.integer()?,
        })
    }

    /// True while the task is somebody's: a run's, or of whoever is to run it. What the state says
    /// does not matter: the run may be gone.
    pub(crate) fn is_held(&self, now: u64) -> bool {
        self.lease_until > now
    }

    /// True while a run holds the task.
    pub(crate) fn is_running(&self, now: u64) -> bool {
        self.is_held(now) && self.dispatched == 0
    }

    /// True when nobody has to work on the task: it has ended, or waits for its client.
    pub(crate) fn rests(&self) -> bool {
        self.state.is_terminal() || self.lease_until == 0
    }

    /// Whether the run of this lease may write.
    pub(crate) fn admits(&self, lease: &Lease) -> Result<(), Error> {
        if self.state.is_terminal() {
            return Err(Error::Finished(self.state));
        }
        if self.fence != lease.fence || self.lease_until == 0 {
            return Err(Error::Lost);
        }
        Ok(())
    }

    /// The task with these payloads.
    pub(crate) fn into_task(
        self,
        id: String,
        snapshot: Snapshot,
        tail: Vec<Event>,
        now: u64,
    ) -> Task {
        Task {
            id,
            running: self.is_running(now),
            context_id: self.context_id,
            state: self.state,
            status_time: self.status_time,
            snapshot,
            tail,
            newest: self.newest,
        }
    }
}

/// The parameters of a statement about one task: tenant, owner, id, and the rest from `?4`.
pub(crate) fn keyed(scope: &Scope, id: &str, rest: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let key = [
        Value::from(scope.tenant.as_str()),
        Value::from(scope.owner.as_str()),
        Value::from(id),
    ];
    key.into_iter().chain(rest).collect()
}

/// When a lease ends that begins now. Never 0, which means that there is none.
pub(crate) fn lease_end(now: u64, lease_ms: u64) -> u64 {
    now.saturating_add(lease_ms).max(1)
}

/// The evidence of what ends with an event: events stay as they are, and whoever else may have
/// written under this number wrote something else.
pub(crate) fn appended(lease: &Lease, number: u64, event: &[u8]) -> Evidence {
    let rest = [Value::Integer(integer(number)), Value::from(event)];
    Evidence::Row(APPENDED, keyed(&lease.scope, &lease.task_id, rest))
}

/// The evidence of what gave a lease that nobody has used: another one of the same number would
/// hardly end in the same millisecond.
pub(crate) fn leased(lease: &Lease, until: u64) -> Evidence {
    let rest = [lease.fence, integer(until)].map(Value::Integer);
    Evidence::Row(LEASED, keyed(&lease.scope, &lease.task_id, rest))
}

/// The row of a task.
pub(crate) async fn head<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    id: &str,
) -> Result<Head, Error> {
    if !is_scope(scope) || !is_identifier(id) {
        return Err(Error::NotFound);
    }
    let rows = transaction.query(HEAD, &keyed(scope, id, [])).await?;
    match rows.into_iter().next() {
        Some(mut row) => Head::read(&mut row),
        None => Err(Error::NotFound),
    }
}

/// The whole task of a row that was read in this transaction.
pub(crate) async fn task<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    id: &str,
    head: Head,
    now: u64,
) -> Result<Task, Error> {
    let rows = transaction.query(SNAPSHOT, &keyed(scope, id, [])).await?;
    let Some(mut row) = rows.into_iter().next() else {
        return Err(Error::Unavailable(format!(
            "the task database holds task {id:?} without a snapshot: something else has written \
             to it"
        )));
    };
    let snapshot = Snapshot {
        task: row.blob()?,
        artifacts: row.optional_blob()?,
    };
    let tail = if head.newest > head.tail_after {
        let after = Value::Integer(integer(head.tail_after));
        let rows = transaction.query(TAIL, &keyed(scope, id, [after])).await?;
        rows.into_iter().map(event).collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    Ok(head.into_task(id.to_owned(), snapshot, tail, now))
}

/// From the columns `number, payload`.
pub(crate) fn event(mut row: Row) -> Result<Event, Error> {
    Ok(Event {
        number: row.unsigned()?,
        payload: row.blob()?,
    })
}
