use std::sync::Arc;
use std::time::{Duration, Instant};

use attache_task_store::{
    ClaimDeliveries, Database, Delivery, DeliveryClaim, Patience, PostponeDeliveries,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::notification::Translate;
use super::receivers::{Place, Receivers, Slot};
use super::sender::{CLAIM, Sender};
use super::signer::NotificationSigner;
use crate::outbound::Network;
use crate::tasks::{Keeper, milliseconds, now};

/// Webhooks that are sent something at the same time.
const CONCURRENCY: usize = 128;
/// How often to look when nothing wakes this: another process may have ended with its claims, or put
/// dead letters back.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How often to look while webhooks wait for their receiver.
const LOOK_AT_LINES: Duration = Duration::from_secs(1);
/// A pause when the log cannot be read.
const BREATHER: Duration = Duration::from_secs(5);
/// How webhooks are called.
#[derive(Debug, Default)]
pub struct DelivererSettings {
    /// Webhooks may have private addresses.
    pub allow_private: bool,
    /// How long an event is tried.
    pub patience: Patience,
    /// Signs notifications, if there is a key.
    pub signer: Option<Arc<NotificationSigner>>,
    /// How webhooks are reached.
    pub network: Network,
}

/// Sends webhooks what they have not been sent yet.
pub struct Deliverer {
    news: Arc<Notify>,
    sender: Arc<Sender>,
    receivers: Receivers,
    stop: watch::Receiver<Option<Instant>>,
}

impl Deliverer {
    /// Delivers what the tasks of `keeper` cause, until `stop` says when this has to be over.
    pub fn new(
        keeper: &Keeper,
        translate: Arc<dyn Translate>,
        settings: DelivererSettings,
        stop: watch::Receiver<Option<Instant>>,
    ) -> Self {
        Self {
            news: keeper.outbox(),
            sender: Arc::new(Sender::new(keeper.database().clone(), translate, settings)),
            receivers: Receivers::default(),
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
                _ = self.stop.wait_for(Option::is_some) => break,
                () = self.news.notified() => {}
                // There is room again, or a new time to try again.
                Some(_) = under_way.join_next() => {}
                () = sleep(pause) => {}
            }
        }
        let end = *self.stop.borrow();
        // What is left is written down then, which takes a moment too.
        let parting = end.map_or(Duration::ZERO, |end| {
            end.saturating_duration_since(Instant::now()) * 3 / 4
        });
        let parted = timeout(parting, async {
            self.send_due(&mut under_way).await;
            while under_way.join_next().await.is_some() {
                self.send_waiting(&mut under_way);
            }
        });
        if parted.await.is_err() {
            debug!(
                "{} notifications are left for the next start",
                under_way.len()
            );
        }
        let left = self.receivers.leave();
        let at_once = |claim| (claim, Duration::ZERO);
        self.postpone(left.into_iter().map(at_once).collect()).await;
    }

    /// Begins to send what is due. Returns when to look again unless something happens.
    async fn send_due(&mut self, under_way: &mut JoinSet<()>) -> Duration {
        self.send_waiting(under_way);
        let mut later = self.receivers.overdue(Instant::now());
        let room = CONCURRENCY.saturating_sub(under_way.len());
        let pause = if room == 0 {
            LOOK_AGAIN
        } else {
            self.claim(room, under_way, &mut later).await
        };
        self.postpone(later).await;
        if self.receivers.has_waiting() {
            pause.min(LOOK_AT_LINES)
        } else {
            pause
        }
    }

    /// Sends what waited until its receiver had time.
    fn send_waiting(&mut self, under_way: &mut JoinSet<()>) {
        let room = CONCURRENCY.saturating_sub(under_way.len());
        for (delivery, slot) in self.receivers.next(room, Instant::now()) {
            self.send(delivery, slot, under_way);
        }
    }

    fn send(&self, delivery: Delivery, slot: Slot, under_way: &mut JoinSet<()>) {
        let sender = self.sender.clone();
        under_way.spawn(async move {
            sender.send(delivery).await;
            drop(slot);
        });
    }

    /// Claims what is due and finds a place for each: it is sent, waits, or comes to `later`.
    async fn claim(
        &mut self,
        room: usize,
        under_way: &mut JoinSet<()>,
        later: &mut Vec<(DeliveryClaim, Duration)>,
    ) -> Duration {
        let claim = ClaimDeliveries {
            now: now(),
            lease_ms: milliseconds(CLAIM),
            limit: u32::try_from(room).unwrap_or(u32::MAX),
        };
        let claimed = match self.sender.database().perform(claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                warn!("webhooks cannot be looked for: {error}");
                return BREATHER;
            }
        };
        let is_all = claimed.deliveries.len() < room;
        for delivery in claimed.deliveries {
            match self.receivers.place(delivery, Instant::now()) {
                Place::Now(delivery, slot) => self.send(*delivery, slot, under_way),
                Place::InLine => {}
                Place::Later(claim, wait) => later.push((claim, wait)),
            }
        }
        if !is_all {
            // Behind those that have no place there may be others.
            return Duration::ZERO;
        }
        let next = claimed
            .next_due
            .map(|due| Duration::from_millis(due.saturating_sub(now())));
        let put_off = later.iter().map(|(_, wait)| *wait).min();
        let next = next.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN);
        next.min(put_off.unwrap_or(LOOK_AGAIN))
    }

    async fn postpone(&self, later: Vec<(DeliveryClaim, Duration)>) {
        if later.is_empty() {
            return;
        }
        let now = now();
        let due = |wait| now.saturating_add(milliseconds(wait));
        let claims = later
            .into_iter()
            .map(|(claim, wait)| (claim, due(wait)))
            .collect();
        if let Err(error) = self
            .sender
            .database()
            .perform(PostponeDeliveries { claims })
            .await
        {
            // The claims run out.
            warn!("webhooks cannot be put off: {error}");
        }
    }
}
