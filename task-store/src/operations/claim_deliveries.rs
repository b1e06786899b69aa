//! Finds the webhooks that are behind.

use crate::limits::integer;
use crate::{
    Delivery, DeliveryClaim, Error, MAX_DELIVERIES_BYTES, Operation, Row, Scope, Transaction,
    Value, outbox, push,
};

// The condition is repeated for a row that somebody else claimed while this waited for it.
const CLAIM: &str = "UPDATE attache_outbox SET fence = fence + 1, due = ?2
WHERE (tenant, owner, task_id, config_id) IN (SELECT tenant, owner, task_id, config_id
FROM attache_outbox WHERE due <= ?1 ORDER BY due LIMIT ?3) AND due <= ?1
RETURNING tenant, owner, task_id, config_id, fence, next, newest, attempts, since";

const NEXT_DUE: &str = "SELECT due FROM attache_outbox WHERE due > ?1 ORDER BY due LIMIT 1";

/// Claims webhooks that are to be sent something now, in every scope, longest due first; each comes
/// with its next event, and after [`crate::MAX_DELIVERIES_BYTES`] of them there are no more. Until
/// the claim ends nobody else sends that webhook anything, so events of a task reach a webhook in
/// order.
///
/// What was sent is reported with [`crate::Delivered`], what could not be with
/// [`crate::DeliveryFailed`], what is given up with [`crate::DeliveryDropped`] and what there was no
/// time for with [`crate::PostponeDeliveries`]; a claim of which nothing is heard ends by itself.
#[derive(Clone, Copy, Debug)]
pub struct ClaimDeliveries {
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the claims last, in milliseconds.
    pub lease_ms: u64,
    /// Most webhooks to claim.
    pub limit: u32,
}

/// What [`ClaimDeliveries`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedDeliveries {
    /// What to send now.
    pub deliveries: Vec<Delivery>,
    /// When to ask again unless something is appended before, in milliseconds since the epoch: the
    /// next attempt that is planned, or the end of a claim, these included.
    pub next_due: Option<u64>,
}

impl Operation for ClaimDeliveries {
    type Output = ClaimedDeliveries;
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<ClaimedDeliveries, Error> {
        let until = self.now.saturating_add(self.lease_ms);
        let params = [integer(self.now), integer(until), i64::from(self.limit)];
        let rows = transaction
            .query(CLAIM, &params.map(Value::Integer))
            .await?;
        let mut deliveries = Vec::with_capacity(rows.len());
        let mut bytes = 0;
        for mut row in rows {
            let claim = claim(&mut row)?;
            let (next, newest) = (row.unsigned()?, row.unsigned()?);
            let (attempts, since) = (row.unsigned()?, row.unsigned()?);
            if bytes >= MAX_DELIVERIES_BYTES {
                outbox::release(transaction, &claim, self.now).await?;
                continue;
            }
            let DeliveryClaim {
                scope,
                task_id,
                config_id,
                ..
            } = &claim;
            let config = push::one(transaction, scope, task_id, config_id).await?;
            let event = outbox::event(transaction, scope, task_id, next).await?;
            let (Some(config), Some(event)) = (config, event) else {
                // Nothing of the log leaves such a row; it must not be claimed again and again.
                outbox::remove(transaction, &claim).await?;
                continue;
            };
            bytes += event.payload.len();
            deliveries.push(Delivery {
                claim,
                config,
                event,
                newest,
                attempts,
                since,
            });
        }
        let now = Value::Integer(integer(self.now));
        let next_due = match transaction.query(NEXT_DUE, &[now]).await?.first_mut() {
            Some(row) => Some(row.unsigned()?),
            None => None,
        };
        Ok(ClaimedDeliveries {
            deliveries,
            next_due,
        })
    }
}

fn claim(row: &mut Row) -> Result<DeliveryClaim, Error> {
    Ok(DeliveryClaim {
        scope: Scope {
            tenant: row.text()?,
            owner: row.text()?,
        },
        task_id: row.text()?,
        config_id: row.text()?,
        fence: row.integer()?,
    })
}
