//! Reads the events of a task after a number.

use crate::limits::integer;
use crate::stored::{event, head, keyed};
use crate::{
    Error, MAX_EVENT_BYTES, MAX_EVENTS, MAX_EVENTS_BYTES, Operation, Progress, Scope, Transaction,
    Value,
};

// As many as end within the bytes. The first always does.
const EVENTS: &str = "SELECT number, payload FROM attache_event
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND number >= ?4 AND number < ?5
AND start + length(payload) <= ?6 + (SELECT start FROM attache_event
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND number = ?4)
ORDER BY number";

const _: () = assert!(MAX_EVENT_BYTES as u64 <= MAX_EVENTS_BYTES);

/// The events after `after`: at most [`crate::MAX_EVENTS`] with no more than
/// [`crate::MAX_EVENTS_BYTES`] bytes, and at least one if there is one.
///
/// Errors: [`Error::NotFound`].
#[derive(Clone, Debug)]
pub struct Events {
    /// Whose task it is.
    pub scope: Scope,
    /// The task.
    pub task_id: String,
    /// The number of the last event that the reader has; 0 for none.
    pub after: u64,
    /// The time, in milliseconds since the epoch; decides whether the task is running.
    pub now: u64,
}

impl Operation for Events {
    type Output = Progress;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Progress, Error> {
        let head = head(transaction, &self.scope, &self.task_id).await?;
        let events = if head.newest > self.after {
            let first = self.after + 1;
            let params = [first, first + MAX_EVENTS, MAX_EVENTS_BYTES];
            let params = params.map(|number| Value::Integer(integer(number)));
            let params = keyed(&self.scope, &self.task_id, params);
            let rows = transaction.query(EVENTS, &params).await?;
            rows.into_iter().map(event).collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        Ok(Progress {
            events,
            state: head.state,
            running: head.is_running(self.now),
        })
    }
}
