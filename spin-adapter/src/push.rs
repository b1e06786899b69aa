//! Webhooks: posts the events of tasks from within the request that appends them.
//!
//! Nothing runs between requests here, so whoever appends events to a task with webhooks also sends
//! them: requests are begun at once, moved on whenever the run calls again, and waited for when the
//! run ends, for as long as [`PATIENCE`]. What could not be delivered stays in the outbox, and is
//! tried again by the next run of any task with webhooks. A task without any costs nothing.
//!
//! When to try again and when to give up is the task log's to say ([`Patience`]), as it is under the
//! host. Notifications are not signed here: there is no key that the agent could not read.
//!
//! Which hosts may be reached is Spin's business: `allowed_outbound_hosts` of the component, which
//! its dependency on this one has to inherit.

mod exchange;
mod notification;

use std::cell::RefCell;
use std::rc::Rc;

use attache_task_store::{
    Attempt, ClaimDeliveries, Delivered, Delivery, DeliveryDropped, DeliveryFailed, Error, Event,
    Outcome, Patience, Settlement,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::random::random::get_random_u64;

use self::exchange::Exchange;
use crate::store::Store;
use crate::waiting::{elapsed, now, pause};

/// How long the end of a run waits for its webhooks, in milliseconds.
const PATIENCE: u64 = 10_000;
/// How long a webhook is this instance's, in milliseconds: longer than the life of most requests.
const CLAIM: u64 = 30_000;
/// Webhooks that are sent something at the same time.
const CONCURRENCY: usize = 8;

/// Sends webhooks what they have not been sent yet.
pub(crate) struct Courier {
    store: Rc<Store>,
    under_way: RefCell<Vec<UnderWay>>,
}

/// One notification that is being sent.
struct UnderWay {
    delivery: Delivery,
    /// At the event that is sent now: the delivery's, or one after it.
    attempt: Attempt,
    exchange: Exchange,
}

impl Courier {
    /// The courier of this instance.
    pub(crate) fn of_this_instance(store: &Rc<Store>) -> Rc<Self> {
        thread_local! {
            static COURIER: RefCell<Option<Rc<Courier>>> = const { RefCell::new(None) };
        }
        COURIER.with_borrow_mut(|courier| {
            courier
                .get_or_insert_with(|| {
                    Rc::new(Self {
                        store: Rc::clone(store),
                        under_way: RefCell::default(),
                    })
                })
                .clone()
        })
    }

    /// Begins to send what is due. Waits for nothing. Called after an append that webhooks hear of.
    pub(crate) fn send_due(&self) {
        self.advance();
        self.claim();
    }

    /// Moves on what is under way. Waits for nothing.
    pub(crate) fn advance(&self) {
        let mut under_way = self.under_way.take();
        let mut still = Vec::with_capacity(under_way.len());
        for one in under_way.drain(..) {
            still.extend(self.moved_on(one));
        }
        *self.under_way.borrow_mut() = still;
    }

    /// Sends what is due until all of it is settled, at most for [`PATIENCE`].
    pub(crate) fn finish(&self) {
        let deadline = elapsed().saturating_add(PATIENCE);
        loop {
            self.advance();
            if self.under_way.borrow().is_empty() {
                self.claim();
            }
            let waits = self.waits();
            if waits.is_empty() {
                return;
            }
            let left = deadline.saturating_sub(elapsed());
            if left == 0 {
                break;
            }
            let limit = pause(left);
            let waits: Vec<&Pollable> = waits.iter().chain([&limit]).collect();
            poll(&waits);
        }
        for one in self.under_way.take() {
            let outcome = Outcome::failed(format!("no answer within {PATIENCE} ms"));
            self.settle(&one.delivery, &one.attempt, outcome);
        }
    }

    fn waits(&self) -> Vec<Pollable> {
        let under_way = self.under_way.borrow();
        under_way
            .iter()
            .flat_map(|one| one.exchange.waits())
            .collect()
    }

    fn claim(&self) {
        let room = CONCURRENCY.saturating_sub(self.under_way.borrow().len());
        if room == 0 {
            return;
        }
        let claimed = self.store.perform(ClaimDeliveries {
            now: now(),
            lease_ms: CLAIM,
            limit: u32::try_from(room).unwrap_or(u32::MAX),
        });
        match claimed {
            Ok(claimed) => {
                for delivery in claimed.deliveries {
                    let (event, attempt) = (delivery.event.clone(), Attempt::first_of(&delivery));
                    let begun = self.begin(delivery, event, attempt);
                    self.under_way.borrow_mut().extend(begun);
                }
            }
            Err(error) => eprintln!("attache: webhooks cannot be looked for: {error}"),
        }
    }

    /// What is left to do for a notification; none when its webhook has everything or has to wait.
    fn moved_on(&self, mut one: UnderWay) -> Option<UnderWay> {
        match one.exchange.advance() {
            None => Some(one),
            Some(outcome) => {
                let next = self.settle(&one.delivery, &one.attempt, outcome)?;
                let attempt = one.attempt.next(next.number, now());
                self.begin(one.delivery, next, attempt)
            }
        }
    }

    /// Sends an event, or the next one that can be sent.
    fn begin(
        &self,
        delivery: Delivery,
        mut event: Event,
        mut attempt: Attempt,
    ) -> Option<UnderWay> {
        loop {
            match Exchange::begin(&delivery.config, event.payload) {
                Ok(exchange) => {
                    return self.moved_on(UnderWay {
                        delivery,
                        attempt,
                        exchange,
                    });
                }
                Err(outcome) => event = self.settle(&delivery, &attempt, outcome)?,
            }
            attempt = attempt.next(event.number, now());
        }
    }

    /// Notes what became of an event. Returns the one to send next.
    fn settle(&self, delivery: &Delivery, attempt: &Attempt, outcome: Outcome) -> Option<Event> {
        let (claim, number, now) = (delivery.claim.clone(), attempt.number, now());
        match Patience::default().settle(outcome, attempt, now, chance()) {
            Settlement::Delivered { through } => {
                let delivered = Delivered {
                    claim,
                    number,
                    through,
                    now,
                    lease_ms: CLAIM,
                };
                noted(delivery, self.store.perform(delivered)).flatten()
            }
            Settlement::Dropped { through, reason } => {
                give_up(delivery, number, &reason);
                let dropped = DeliveryDropped {
                    claim,
                    number,
                    through,
                    reason,
                    now,
                    lease_ms: CLAIM,
                };
                noted(delivery, self.store.perform(dropped)).flatten()
            }
            Settlement::Failed { wait, .. } => {
                let failed = DeliveryFailed {
                    claim,
                    number,
                    now,
                    retry_at: now.saturating_add(wait),
                };
                noted(delivery, self.store.perform(failed));
                None
            }
        }
    }
}

/// From 0 to 1.
fn chance() -> f64 {
    let random = u32::try_from(get_random_u64() >> 32).unwrap_or_default();
    f64::from(random) / f64::from(u32::MAX)
}

fn noted<T>(delivery: &Delivery, outcome: Result<T, Error>) -> Option<T> {
    outcome
        .inspect_err(|error| {
            // The claim runs out, and the event is sent once more.
            eprintln!(
                "attache: what a webhook of task {:?} was sent cannot be noted: {error}",
                delivery.claim.task_id
            );
        })
        .ok()
}

/// The URL may carry secrets: only its host is shown.
fn give_up(delivery: &Delivery, number: u64, why: &str) {
    eprintln!(
        "attache: a webhook of task {:?} at {} is not sent event {number}: {why}",
        delivery.claim.task_id,
        notification::host(&delivery.config.url)
    );
}
