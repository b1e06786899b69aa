//! Signs of life: leases are renewed while their runs live.

use std::time::Instant;

use attache_task_store::{Database, Lease, Renew, Renewal};
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use super::{Held, Keeper};
use crate::tasks::held::Standing;
use crate::tasks::now;

/// A lease of which a third is over is renewed; it is looked for twice as often, so none is older than
/// half of its time while the database answers.
const RENEWED_AFTER: u32 = 3;
const LOOKS: u32 = 6;
/// Leases in one transaction: the more there are, the likelier another writer is in the way.
const TOGETHER: usize = 32;

impl Keeper {
    /// Renews the leases of all runs. Never ends.
    pub async fn renew(&self) {
        let mut ticks = interval(self.0.lease / LOOKS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let old = self.0.lease / RENEWED_AFTER;
            let due = self.some(|held| held.renewed.elapsed() >= old);
            for due in due.chunks(TOGETHER) {
                self.renew_these(due).await;
            }
        }
    }

    async fn renew_these(&self, due: &[(u64, Lease)]) {
        let renew = Renew {
            leases: due.iter().map(|(_, lease)| lease.clone()).collect(),
            now: now(),
            lease_ms: self.lease_ms(),
        };
        match self.0.database.perform(renew).await {
            Ok(renewals) => {
                for ((number, _), renewal) in due.iter().zip(renewals) {
                    self.touch(*number);
                    self.renewed(*number, renewal);
                }
            }
            Err(error) => warn!("runs cannot show that they are alive: {error}"),
        }
    }

    /// Some of the runs of this process.
    pub(super) fn some(&self, which: impl Fn(&Held) -> bool) -> Vec<(u64, Lease)> {
        self.held()
            .iter()
            .filter(|(_, held)| which(held))
            .map(|(number, held)| (*number, held.lease.clone()))
            .collect()
    }

    /// It was just written that a run is alive.
    pub(in crate::tasks) fn touch(&self, number: u64) {
        if let Some(held) = self.held().get_mut(&number) {
            held.renewed = Instant::now();
        }
    }

    pub(super) fn renewed(&self, number: u64, renewal: Renewal) {
        match renewal {
            Renewal::Held {
                cancel_requested: false,
            } => {}
            Renewal::Held {
                cancel_requested: true,
            } => self.raise(number, Standing::Canceling),
            Renewal::Lost => self.raise(number, Standing::Over),
        }
    }
}
