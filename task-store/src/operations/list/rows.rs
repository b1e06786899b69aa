//! The rows of a page: one range of one index for each combination of filters.
//!
//! `status_since` is no part of the statement. Rows come newest first, so the page just ends at the
//! first one that is older; and with a bound at both ends of the range, SQLite's planner, which has
//! no statistics here, no longer tells a good index from a bad one.
//!
//! The state is a sub-select, here and in the totals. PostgreSQL plans with the value of a parameter:
//! it would see that a finished state is asked for, and might walk the index of all that ended, whoever
//! owns it.

use crate::limits::integer;
use crate::stored::Head;
use crate::{Error, MAX_TIME, Query, Row, Scope, State, Transaction, Value};

macro_rules! matching {
    ($filter:literal) => {
        concat!(
            "SELECT id, context_id, state, status_time, newest, bytes, tail_after, tail_start,
            task_bytes, artifacts_bytes, fence, lease_until, cancel, push, checkpoint, dispatched
            FROM attache_task WHERE tenant = ?1 AND owner = ?2 ",
            $filter,
            " AND (status_time, id) < (?3, ?4) ORDER BY status_time DESC, id DESC LIMIT ?5"
        )
    };
}

pub(super) const ALL: &str = matching!("");
pub(super) const IN_CONTEXT: &str = matching!("AND context_id = ?6");
pub(super) const COMPLETED: &str = matching!("AND state = (SELECT ?6)");
// SQLite has an index of what has not completed, which is said as the index says it.
pub(super) const IN_STATE: &str = matching!("AND state = (SELECT ?6) AND state <> 3");
pub(super) const IN_CONTEXT_AND_STATE: &str =
    matching!("AND context_id = ?6 AND state = (SELECT ?7)");

/// A task of the page, before its payloads are read.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) head: Head,
}

impl Listed {
    /// How many bytes its payloads have.
    pub(super) fn bytes(&self, include_artifacts: bool) -> u64 {
        let head = &self.head;
        let artifacts = if include_artifacts {
            head.artifacts_bytes
        } else {
            0
        };
        let tail = head.bytes.saturating_sub(head.tail_start);
        head.task_bytes
            .saturating_add(artifacts)
            .saturating_add(tail)
    }
}

/// The tasks of a page, and one more when another page follows.
pub(super) async fn matching<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    query: &Query,
) -> Result<Vec<Listed>, Error> {
    // The first page begins after the end of time.
    let (status_time, task_id) = match &query.after {
        Some(cursor) => (cursor.status_time, cursor.task_id.as_str()),
        None => (MAX_TIME + 1, ""),
    };
    let mut params = vec![
        Value::from(scope.tenant.as_str()),
        Value::from(scope.owner.as_str()),
        Value::Integer(integer(status_time)),
        Value::from(task_id),
        Value::Integer(i64::from(query.page_size) + 1),
    ];
    params.extend(query.context_id.as_deref().map(Value::from));
    params.extend(query.state.map(|state| Value::Integer(state.code())));
    let sql = match (&query.context_id, query.state) {
        (None, None) => ALL,
        (Some(_), None) => IN_CONTEXT,
        (None, Some(State::Completed)) => COMPLETED,
        (None, Some(_)) => IN_STATE,
        (Some(_), Some(_)) => IN_CONTEXT_AND_STATE,
    };
    let mut rows = Vec::new();
    for row in transaction.query(sql, &params).await? {
        let task = listed(row)?;
        if query
            .status_since
            .is_some_and(|since| task.head.status_time < since)
        {
            break;
        }
        rows.push(task);
    }
    Ok(rows)
}

fn listed(mut row: Row) -> Result<Listed, Error> {
    Ok(Listed {
        id: row.text()?,
        head: Head::read(&mut row)?,
    })
}
