//! What is said to and heard from other processes about runs.

use std::sync::PoisonError;
use std::time::Duration;

use attache_task_store::{Check, Database, Lease};
use tokio::time::{MissedTickBehavior, interval};
use tracing::debug;

use super::Keeper;
use crate::tasks::news::{News, Reader, TaskKey};

/// How often runs ask whether to stop while nobody could tell them.
const ASK: Duration = Duration::from_millis(400);

impl Keeper {
    /// Tells other processes what happens here, and hears what happens there. Never ends where there
    /// can be others.
    pub async fn exchange_news(&self) {
        let gazette = self.0.gazette.lock();
        let gazette = gazette.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(gazette) = gazette {
            tokio::join!(gazette.run(self), self.ask_whether_to_stop());
        }
    }

    /// Asks for all runs now and then, while nobody else would tell them.
    async fn ask_whether_to_stop(&self) {
        let mut ticks = interval(ASK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if self.wakeups().herald().is_deaf() {
                self.check(|_| true).await;
            }
        }
    }

    /// Asks what became of some of the runs of this process.
    async fn check(&self, which: impl Fn(&Lease) -> bool) {
        let (numbers, leases): (Vec<_>, Vec<_>) =
            self.some(|held| which(&held.lease)).into_iter().unzip();
        if leases.is_empty() {
            return;
        }
        match self.0.database.perform(Check { leases }).await {
            Ok(renewals) => {
                for (number, renewal) in numbers.into_iter().zip(renewals) {
                    self.renewed(number, renewal);
                }
            }
            // The next renewal says more.
            Err(error) => debug!("runs cannot ask whether to stop: {error}"),
        }
    }
}

impl Reader for Keeper {
    fn hear(&self, news: News) {
        match news {
            News::Event(key) => self.wakeups().wake_here(key),
            News::Left => self.inherit(),
            News::Cancel(key) => {
                let keeper = self.clone();
                // What others say is a hint; the task itself says whether it is to be cancelled.
                self.0.runtime.spawn(async move {
                    let is_it = |lease: &Lease| TaskKey::of(&lease.scope, &lease.task_id) == key;
                    keeper.check(is_it).await;
                });
            }
        }
    }

    fn look_everywhere(&self) {
        self.wakeups().wake_all_here();
        let keeper = self.clone();
        self.0
            .runtime
            .spawn(async move { keeper.check(|_| true).await });
    }
}
