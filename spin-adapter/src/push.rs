//! Webhooks: posts the events of tasks from within the request that appends them.
//!
//! Nothing runs between requests here, so whoever appends events to a task with webhooks also sends
//! them: requests are begun at once, moved on whenever the run calls again, and waited for when the
//! run ends, for as long as [`PATIENCE`]. What could not be delivered stays in the outbox, and is
//! tried again by the next run of any task with webhooks. A task without any costs nothing.
//!
//! Which hosts may be reached is Spin's business: `allowed_outbound_hosts` of the component, which
//! its dependency on this one has to inherit.

mod exchange;
mod notification;

use std::cell::RefCell;
use std::rc::Rc;

use attache_task_store::{ClaimDeliveries, Delivered, Delivery, DeliveryFailed, Error, Event};
use wasip2::io::poll::{Pollable, poll};

use self::exchange::{Exchange, Outcome};
use crate::store::Store;
use crate::waiting::{elapsed, now, pause};

/// How long the end of a run waits for its webhooks, in milliseconds.
const PATIENCE: u64 = 10_000;
/// How long a webhook is this instance's, in milliseconds: longer than the life of most requests.
const CLAIM: u64 = 30_000;
/// Webhooks that are sent something at the same time.
const CONCURRENCY: usize = 8;
/// Attempts for one event.
const ATTEMPTS: u64 = 20;
/// The first wait after a failure, and the longest, in milliseconds.
const FIRST_WAIT: u64 = 1_000;
const LONGEST_WAIT: u64 = 300_000;

/// Sends webhooks what they have not been sent yet.
pub(crate) struct Courier {
    store: Rc<Store>,
    under_way: RefCell<Vec<UnderWay>>,
}

/// One notification that is being sent.
struct UnderWay {
    delivery: Delivery,
    /// The event that is sent now: the delivery's, or one after it.
    number: u64,
    attempts: u64,
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
            let outcome = Outcome::Failed(format!("no answer within {PATIENCE} ms"));
            self.settle(&one.delivery, one.number, one.attempts, outcome);
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
                    let (event, attempts) = (delivery.event.clone(), delivery.attempts);
                    let begun = self.begin(delivery, event, attempts);
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
                let next = self.settle(&one.delivery, one.number, one.attempts, outcome)?;
                self.begin(one.delivery, next, 0)
            }
        }
    }

    /// Sends an event, or the next one that can be sent.
    fn begin(&self, delivery: Delivery, mut event: Event, mut attempts: u64) -> Option<UnderWay> {
        loop {
            let number = event.number;
            match Exchange::begin(&delivery.config, event.payload) {
                Ok(exchange) => {
                    return self.moved_on(UnderWay {
                        delivery,
                        number,
                        attempts,
                        exchange,
                    });
                }
                Err(outcome) => event = self.settle(&delivery, number, attempts, outcome)?,
            }
            attempts = 0;
        }
    }

    /// Notes what became of an event. Returns the one to send next.
    fn settle(
        &self,
        delivery: &Delivery,
        number: u64,
        attempts: u64,
        outcome: Outcome,
    ) -> Option<Event> {
        // What follows was not tried; but where this is impossible, so is that.
        let rest = delivery.newest.max(number);
        let through = match outcome {
            Outcome::Delivered => number,
            Outcome::Rejected(why) => {
                give_up(delivery, number, &why);
                number
            }
            Outcome::Impossible(why) => {
                give_up(delivery, number, &why);
                rest
            }
            Outcome::Failed(why) if attempts + 1 >= ATTEMPTS => {
                give_up(delivery, number, &why);
                rest
            }
            Outcome::Failed(_) => {
                let failed = DeliveryFailed {
                    claim: delivery.claim.clone(),
                    number,
                    retry_at: now().saturating_add(wait(attempts)),
                };
                noted(delivery, self.store.perform(failed));
                return None;
            }
        };
        let delivered = Delivered {
            claim: delivery.claim.clone(),
            number,
            through,
            now: now(),
            lease_ms: CLAIM,
        };
        noted(delivery, self.store.perform(delivered)).flatten()
    }
}

/// Doubles from one second to five minutes.
fn wait(attempts: u64) -> u64 {
    let doubled = u32::try_from(attempts).unwrap_or(u32::MAX).min(16);
    FIRST_WAIT.saturating_mul(1 << doubled).min(LONGEST_WAIT)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes() {
        let waits = [0, 1, 8, 9, 19, u64::MAX].map(wait);
        assert_eq!(waits, [1_000, 2_000, 256_000, 300_000, 300_000, 300_000]);
    }
}
