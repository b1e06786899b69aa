//! Writes a change to a task.

use crate::limits::{MAX_LOG_BYTES, MAX_TAIL_BYTES, MAX_TAIL_EVENTS, integer};
use crate::stored::{Head, keyed};
use crate::{Change, Error, Scope, Snapshot, Transaction, Value, checkpoint, counters, push};

macro_rules! events {
    ($more:literal) => {
        concat!(
            "INSERT INTO attache_event (tenant, owner, task_id, number, start, payload) ",
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            $more
        )
    };
}

/// As many rows as a run commonly adds at once: one statement finds the place of all.
const EVENTS: [&str; 4] = [
    events!(""),
    events!(", (?1, ?2, ?3, ?7, ?8, ?9)"),
    events!(", (?1, ?2, ?3, ?7, ?8, ?9), (?1, ?2, ?3, ?10, ?11, ?12)"),
    events!(", (?1, ?2, ?3, ?7, ?8, ?9), (?1, ?2, ?3, ?10, ?11, ?12), (?1, ?2, ?3, ?13, ?14, ?15)"),
];

const SNAPSHOT: &str = "INSERT INTO attache_snapshot (tenant, owner, task_id, task, artifacts)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (tenant, owner, task_id)
DO UPDATE SET task = excluded.task, artifacts = excluded.artifacts";

const HEAD: &str = "UPDATE attache_task SET state = ?4, status_time = ?5, newest = ?6, bytes = ?7,
tail_after = ?8, tail_start = ?9, task_bytes = ?10, artifacts_bytes = ?11, lease_until = ?12,
checkpoint = ?13 WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND fence = ?14 AND newest = ?15";

/// Where a log ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tip {
    /// The number of the newest event.
    pub(crate) newest: u64,
    /// Bytes of all events.
    pub(crate) bytes: u64,
}

impl Tip {
    /// Where it will end with these events.
    pub(crate) fn with(self, events: &[Vec<u8>]) -> Self {
        events.iter().fold(self, |tip, event| Self {
            newest: tip.newest + 1,
            bytes: tip.bytes + event.len() as u64,
        })
    }
}

/// Adds events after `tip`.
pub(crate) async fn append_events<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    id: &str,
    mut tip: Tip,
    events: &[Vec<u8>],
) -> Result<(), Error> {
    for events in events.chunks(EVENTS.len()) {
        let Some(insert) = EVENTS.get(events.len() - 1) else {
            return Err(Error::Invalid(format!(
                "{} events are more than one statement takes",
                events.len()
            )));
        };
        let mut params = Vec::with_capacity(3 * events.len());
        for event in events {
            params.extend([
                Value::Integer(integer(tip.newest + 1)),
                Value::Integer(integer(tip.bytes)),
                Value::from(event.as_slice()),
            ]);
            tip = tip.with(std::slice::from_ref(event));
        }
        transaction
            .execute(insert, &keyed(scope, id, params))
            .await?;
    }
    Ok(())
}

/// Replaces the snapshot.
pub(crate) async fn write_snapshot<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    id: &str,
    snapshot: &Snapshot,
) -> Result<(), Error> {
    let params = [
        Value::from(snapshot.task.as_slice()),
        Value::from(snapshot.artifacts.as_deref()),
    ];
    transaction
        .execute(SNAPSHOT, &keyed(scope, id, params))
        .await
        .map(|_| ())
}

/// Writes a change to a task that exists. Returns the number of its newest event. The caller has
/// checked that the run may write; `lease_until` holds unless the new state ends the run.
pub(crate) async fn apply<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    id: &str,
    head: &Head,
    change: &Change,
    now: u64,
    lease_until: u64,
) -> Result<u64, Error> {
    let before = Tip {
        newest: head.newest,
        bytes: head.bytes,
    };
    let after = before.with(&change.events);
    append_events(transaction, scope, id, before, &change.events).await?;
    if head.push > 0 {
        push::announce(transaction, scope, id, before, after, now).await?;
    }
    let snapshot = match &change.snapshot {
        Some(snapshot) => {
            write_snapshot(transaction, scope, id, snapshot).await?;
            Contained::by(snapshot, after)
        }
        None => Contained::of(head),
    };
    let (lease_until, data) = match change.checkpoint.as_deref() {
        _ if change.state.ends_run() => (0, Some(&[][..])),
        data => (lease_until, data),
    };
    let bytes = checkpoint::replace(transaction, scope, id, head.checkpoint, data).await?;
    let params = [
        change.state.code(),
        integer(change.status_time),
        integer(after.newest),
        integer(after.bytes),
        integer(snapshot.tip.newest),
        integer(snapshot.tip.bytes),
        integer(snapshot.task_bytes),
        integer(snapshot.artifacts_bytes),
        integer(lease_until),
        integer(bytes),
        head.fence,
        integer(head.newest),
    ];
    let params = keyed(scope, id, params.map(Value::Integer));
    // The row was read in this transaction. Where that does not yet lock it, this decides.
    if transaction.execute(HEAD, &params).await? != 1 {
        return Err(Error::Lost);
    }
    counters::change(transaction, scope, id, head.state, change.state).await?;
    Ok(after.newest)
}

/// The sizes that the task row keeps of a snapshot.
pub(crate) struct Contained {
    /// The events that it contains.
    pub(crate) tip: Tip,
    pub(crate) task_bytes: u64,
    pub(crate) artifacts_bytes: u64,
}

impl Contained {
    pub(crate) fn by(snapshot: &Snapshot, tip: Tip) -> Self {
        Self {
            tip,
            task_bytes: snapshot.task.len() as u64,
            artifacts_bytes: snapshot.artifacts.as_ref().map_or(0, Vec::len) as u64,
        }
    }

    fn of(head: &Head) -> Self {
        Self {
            tip: Tip {
                newest: head.tail_after,
                bytes: head.tail_start,
            },
            task_bytes: head.task_bytes,
            artifacts_bytes: head.artifacts_bytes,
        }
    }
}

/// Whether the log has room for a change.
pub(crate) fn fits(head: &Head, change: &Change) -> Result<(), Error> {
    let before = Tip {
        newest: head.newest,
        bytes: head.bytes,
    };
    let after = before.with(&change.events);
    if after.bytes > MAX_LOG_BYTES {
        return Err(Error::TooLarge(format!(
            "the events of this task would have {} bytes: the limit is {MAX_LOG_BYTES}",
            after.bytes
        )));
    }
    if change.snapshot.is_some() {
        return Ok(());
    }
    let events = after.newest - head.tail_after.min(after.newest);
    if events > MAX_TAIL_EVENTS {
        return Err(Error::TooLarge(format!(
            "{events} events would follow the newest snapshot: the limit is {MAX_TAIL_EVENTS}; \
             append these with a snapshot"
        )));
    }
    let bytes = after.bytes - head.tail_start.min(after.bytes);
    if bytes > MAX_TAIL_BYTES {
        return Err(Error::TooLarge(format!(
            "{bytes} bytes of events would follow the newest snapshot: the limit is \
             {MAX_TAIL_BYTES}; append these with a snapshot"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::State;

    /// A gigabyte is too much for the suite.
    #[test]
    fn a_log_is_bounded() {
        let head = Head {
            context_id: "c".to_owned(),
            state: State::Working,
            status_time: 0,
            newest: 7,
            bytes: MAX_LOG_BYTES - 2,
            tail_after: 7,
            tail_start: MAX_LOG_BYTES - 2,
            task_bytes: 0,
            artifacts_bytes: 0,
            fence: 1,
            lease_until: 1,
            cancel_requested: false,
            push: 0,
            checkpoint: 0,
            dispatched: 0,
        };
        let change = |bytes| Change {
            events: vec![vec![0; bytes]],
            state: State::Working,
            status_time: 0,
            snapshot: None,
            checkpoint: None,
        };
        assert_eq!(fits(&head, &change(2)), Ok(()));
        let refused = fits(&head, &change(3));
        assert!(matches!(&refused, Err(Error::TooLarge(text)) if text.contains("1073741825")));
    }
}
