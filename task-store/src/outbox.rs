//! What the operations on deliveries share.

use crate::limits::integer;
use crate::stored;
use crate::{DeliveryClaim, Error, Event, Scope, Transaction, Value};

const EVENT: &str = "SELECT number, payload FROM attache_event
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND number = ?4";

const ADVANCE: &str = "UPDATE attache_outbox SET next = ?7, attempts = 0, due = ?8, since = ?9
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND config_id = ?4 AND fence = ?5 AND next = ?6
RETURNING newest";

// It was put back while somebody sent it something, who has to begin again.
const START_OVER: &str = "UPDATE attache_outbox SET due = ?7
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND config_id = ?4 AND fence = ?5 AND next < ?6";

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

/// A webhook whose event was settled.
pub(crate) struct Advanced {
    /// The newest event that it is to be sent.
    pub(crate) newest: u64,
    /// What it is to be sent next, if anything.
    pub(crate) event: Option<Event>,
}

/// Moves a webhook from the event `number` to the one after `through`. None when it is not this
/// claim's to move any more.
pub(crate) async fn advance<T: Transaction>(
    transaction: &mut T,
    claim: &DeliveryClaim,
    number: u64,
    through: u64,
    now: u64,
    lease_ms: u64,
) -> Result<Option<Advanced>, Error> {
    let next = through.saturating_add(1);
    let numbers = [
        claim.fence,
        integer(number),
        integer(next),
        integer(now.saturating_add(lease_ms)),
        integer(now),
    ];
    let params = keyed(claim, numbers.map(Value::Integer));
    let newest = match transaction.query(ADVANCE, &params).await?.first_mut() {
        Some(row) => row.unsigned()?,
        None => {
            start_over(transaction, claim, number, now).await?;
            return Ok(None);
        }
    };
    if newest >= next {
        let event = event(transaction, &claim.scope, &claim.task_id, next).await?;
        if event.is_some() {
            return Ok(Some(Advanced { newest, event }));
        }
    }
    remove(transaction, claim).await?;
    Ok(Some(Advanced {
        newest,
        event: None,
    }))
}

/// Ends a claim whose webhook is to be sent earlier events than the one that was tried.
pub(crate) async fn start_over<T: Transaction>(
    transaction: &mut T,
    claim: &DeliveryClaim,
    tried: u64,
    now: u64,
) -> Result<(), Error> {
    let numbers = [claim.fence, integer(tried), integer(now)];
    let params = keyed(claim, numbers.map(Value::Integer));
    transaction.execute(START_OVER, &params).await.map(|_| ())
}

/// Gives a claim back that nothing was done with: the webhook is due again then.
pub(crate) async fn release<T: Transaction>(
    transaction: &mut T,
    claim: &DeliveryClaim,
    due: u64,
) -> Result<(), Error> {
    let numbers = [claim.fence, integer(due)];
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
