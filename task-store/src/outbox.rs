//! What the operations on deliveries share.

use crate::limits::integer;
use crate::stored;
use crate::{DeliveryClaim, Error, Event, Scope, Transaction, Value};

const EVENT: &str = "SELECT number, payload FROM attache_event
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND number = ?4";

const RELEASE: &str = "UPDATE attache_outbox SET due = ?6
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND config_id = ?4 AND fence = ?5";

const REMOVE: &str = "DELETE FROM attache_outbox
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND config_id = ?4 AND fence = ?5";

/// The parameters of a statement about one webhook: tenant, owner, task, webhook, and the rest from
/// `?5`.
pub(crate) fn keyed(claim: &DeliveryClaim, rest: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let config_id = Value::from(claim.config_id.as_str());
    let rest = std::iter::once(config_id).chain(rest);
    stored::keyed(&claim.scope, &claim.task_id, rest)
}

/// One event of a task.
pub(crate) async fn event<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    number: u64,
) -> Result<Option<Event>, Error> {
    let number = Value::Integer(integer(number));
    let params = stored::keyed(scope, task_id, [number]);
    let rows = transaction.query(EVENT, &params).await?;
    rows.into_iter().next().map(stored::event).transpose()
}

/// Gives a claim back that nothing was done with.
pub(crate) async fn release<T: Transaction>(
    transaction: &mut T,
    claim: &DeliveryClaim,
    now: u64,
) -> Result<(), Error> {
    let numbers = [claim.fence, integer(now)];
    let params = keyed(claim, numbers.map(Value::Integer));
    transaction.execute(RELEASE, &params).await.map(|_| ())
}

/// The webhook is not behind any more.
pub(crate) async fn remove<T: Transaction>(
    transaction: &mut T,
    claim: &DeliveryClaim,
) -> Result<(), Error> {
    let params = keyed(claim, [Value::Integer(claim.fence)]);
    transaction.execute(REMOVE, &params).await.map(|_| ())
}
