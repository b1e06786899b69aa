use std::sync::Arc;
use std::time::Duration;

use attache_task_store::{
    ClaimDeliveries, Database, Delivered, Delivery, DeliveryClaim, DeliveryFailed, Error, Event,
};
use http::Uri;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::notification::{Translate, request, speaks_the_log};
use super::outcome::{Outcome, post};
use super::patience;
use super::warned::Warned;
use crate::outbound::{AllowList, Caller, Outbound, OutboundConfig};
use crate::tasks::{Keeper, TaskDatabase, milliseconds, now};

/// Webhooks that are sent something at the same time.
const CONCURRENCY: usize = 32;
/// How long a webhook is this process's: longer than one notification may take.
const CLAIM: Duration = Duration::from_secs(25);
/// How often to look when nothing wakes this: another process may have ended with its claims.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// A pause when the log cannot be read.
const BREATHER: Duration = Duration::from_secs(5);
/// How long this goes on when the process ends.
const PARTING: Duration = Duration::from_secs(2);

/// Sends webhooks what they have not been sent yet.
pub struct Deliverer {
    news: Arc<Notify>,
    sender: Arc<Sender>,
    stop: watch::Receiver<bool>,
}

struct Sender {
    database: TaskDatabase,
    /// None when the component cannot translate.
    translate: Option<Arc<dyn Translate>>,
    outbound: Outbound,
    warned: Warned,
}

/// What to do with an event after it was tried.
enum Next {
    /// Settle this many events and go on with the one after.
    Settle { through: u64 },
    /// Leave it for later.
    Retry { after: Duration },
}

impl Deliverer {
    /// Delivers what the tasks of `keeper` cause, until `stop` is true. `allow_private` lets
    /// webhooks have private addresses.
    pub fn new(
        keeper: &Keeper,
        translate: Option<Arc<dyn Translate>>,
        allow_private: bool,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let outbound = Outbound::new(OutboundConfig {
            allow: AllowList::everything(),
            allow_private,
            caller: Caller::Webhooks,
        });
        Self {
            news: keeper.outbox(),
            sender: Arc::new(Sender {
                database: keeper.database().clone(),
                translate,
                outbound,
                warned: Warned::default(),
            }),
            stop,
        }
    }

    /// Delivers until it is told to stop, then for a moment what was appended last. What was not
    /// delivered by then stays in the outbox.
    pub async fn run(mut self) {
        let mut under_way = JoinSet::new();
        loop {
            let pause = self.send_due(&mut under_way).await;
            tokio::select! {
                // Also when nobody is left who could say it.
                _ = self.stop.wait_for(|stop| *stop) => break,
                () = self.news.notified() => {}
                // There is room again, or a new time to try again.
                Some(_) = under_way.join_next() => {}
                () = sleep(pause) => {}
            }
        }
        let parted = timeout(PARTING, async {
            self.send_due(&mut under_way).await;
            while under_way.join_next().await.is_some() {}
        });
        if parted.await.is_err() {
            debug!(
                "{} notifications are left for the next start",
                under_way.len()
            );
        }
    }

    /// Begins to send what is due. Returns when to look again unless something happens.
    async fn send_due(&self, under_way: &mut JoinSet<()>) -> Duration {
        let room = CONCURRENCY.saturating_sub(under_way.len());
        if room == 0 {
            return LOOK_AGAIN;
        }
        let claim = ClaimDeliveries {
            now: now(),
            lease_ms: milliseconds(CLAIM),
            limit: u32::try_from(room).unwrap_or(u32::MAX),
        };
        let claimed = match self.sender.database.perform(claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                warn!("webhooks cannot be looked for: {error}");
                return BREATHER;
            }
        };
        for delivery in claimed.deliveries {
            let sender = self.sender.clone();
            under_way.spawn(async move { sender.send(delivery).await });
        }
        let next = claimed
            .next_due
            .map(|due| Duration::from_millis(due.saturating_sub(now())));
        next.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)
    }
}

impl Sender {
    /// Sends one webhook its events, in order, until it has all of them or one has to wait.
    async fn send(&self, delivery: Delivery) {
        let mut event = delivery.event.clone();
        let mut attempts = delivery.attempts;
        loop {
            let number = event.number;
            let next = self.try_one(&delivery, event, attempts).await;
            match self.settle(&delivery.claim, number, next).await {
                Ok(Some(following)) => (event, attempts) = (following, 0),
                Ok(None) => return,
                Err(error) => {
                    // The claim runs out, and the event is sent once more.
                    warn!(
                        "what a webhook of task {:?} was sent cannot be noted: {error}",
                        delivery.claim.task_id
                    );
                    return;
                }
            }
        }
    }

    async fn try_one(&self, delivery: &Delivery, event: Event, attempts: u64) -> Next {
        let number = event.number;
        // What follows was not tried; but where this is impossible, so is that.
        let rest = delivery.newest.max(number);
        let (body, told) = if speaks_the_log(&delivery.config) {
            (Ok(event.payload), number)
        } else {
            // The task as it stands tells of what followed, too.
            (self.translated(delivery).await, rest)
        };
        let outcome = match body {
            Err(why) => Outcome::Failed {
                why,
                retry_after: None,
            },
            Ok(body) => match request(&delivery.config, body) {
                Ok(request) => post(&self.outbound, request).await,
                Err(why) => Outcome::Impossible(why.to_owned()),
            },
        };
        match outcome {
            Outcome::Delivered => Next::Settle { through: told },
            Outcome::Rejected(why) => {
                self.warn(delivery, number, &why, attempts);
                Next::Settle { through: number }
            }
            Outcome::Impossible(why) => {
                self.warn(delivery, number, &why, attempts);
                Next::Settle { through: rest }
            }
            Outcome::Failed { why, retry_after } => match patience::wait(attempts, retry_after) {
                Some(after) => {
                    debug!(
                        "event {number} of task {:?} did not reach {}: {why}; the next attempt \
                         is in {after:?}",
                        delivery.claim.task_id,
                        receiver(delivery)
                    );
                    Next::Retry { after }
                }
                None => {
                    self.warn(delivery, number, &why, attempts);
                    Next::Settle { through: rest }
                }
            },
        }
    }

    async fn translated(&self, delivery: &Delivery) -> Result<Vec<u8>, String> {
        let version = &delivery.config.protocol_version;
        let Some(translate) = &self.translate else {
            return Err(format!(
                "the component exports no worker, which is asked for version {version}"
            ));
        };
        let claim = &delivery.claim;
        let (scope, task_id) = (claim.scope.clone(), claim.task_id.clone());
        let body = translate.notification(scope, task_id, version.clone());
        body.await.map_err(|why| {
            format!("the component says no notification of version {version}: {why}")
        })
    }

    /// Notes what became of an event. Returns the one to send next.
    async fn settle(
        &self,
        claim: &DeliveryClaim,
        number: u64,
        next: Next,
    ) -> Result<Option<Event>, Error> {
        let now = now();
        match next {
            Next::Settle { through } => {
                let delivered = Delivered {
                    claim: claim.clone(),
                    number,
                    through,
                    now,
                    lease_ms: milliseconds(CLAIM),
                };
                self.database.perform(delivered).await
            }
            Next::Retry { after } => {
                let failed = DeliveryFailed {
                    claim: claim.clone(),
                    number,
                    retry_at: now.saturating_add(milliseconds(after)),
                };
                self.database.perform(failed).await.map(|()| None)
            }
        }
    }

    /// Says once for each webhook that it misses something. The URL may carry secrets: only its host
    /// is shown.
    fn warn(&self, delivery: &Delivery, number: u64, why: &str, attempts: u64) {
        if self.warned.is_new(&delivery.claim) {
            warn!(
                "a webhook of task {:?} at {} is not sent event {number}: {why} (attempt {})",
                delivery.claim.task_id,
                receiver(delivery),
                attempts + 1
            );
        }
    }
}

fn receiver(delivery: &Delivery) -> String {
    let uri = delivery.config.url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host);
    host.unwrap_or("an unknown host").to_owned()
}
