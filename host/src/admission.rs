//! Room for an instance, and the queue for it.
//!
//! A request takes a place among the instances, waits for one, or is told when to come back. The
//! queue is first in, first out, with a bound on its length and on the time in it: who waits longer
//! than a client does is work for nobody. One client may hold half of the queue, so that a flood of
//! its requests leaves the others a place in it.

mod client;

pub use client::Client;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config::Queueing;
use crate::telemetry::{Limit, metrics};

/// The longest that anybody is told to wait: by then everything may be different.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The instances of one agent, and the queue for them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Admission(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// One permit per instance. It hands them out in the order in which they were asked for.
    instances: Arc<Semaphore>,
    most: u32,
    places: u32,
    wait: Duration,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: u32,
    clients: HashMap<Client, u32>,
    /// For how long an instance is held, on a moving average.
    held: Option<Duration>,
}

/// Room for one instance, until it is dropped.
#[derive(Debug)]
pub struct Admitted {
    since: Instant,
    admission: Admission,
    _permit: OwnedSemaphorePermit,
}

/// There is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// So many instances are busy, and the queue is full or long.
    Busy {
        /// The instances that there are.
        instances: u32,
        /// When it is worth to try again.
        retry: Duration,
    },
    /// No more are let in.
    Closed,
}

/// A place in the queue, until it is dropped.
struct Place<'a> {
    _waiting: metrics::Counted,
    inner: &'a Inner,
    client: Option<Client>,
}

impl Admission {
    /// For this many instances at the same time.
    pub fn new(instances: u32, queueing: Queueing) -> Self {
        Self(Arc::new(Inner {
            instances: Arc::new(Semaphore::new(instances as usize)),
            most: instances,
            places: queueing.places.unwrap_or(instances.saturating_mul(2)),
            wait: queueing.wait,
            queue: Mutex::default(),
        }))
    }

    /// Waits for room, on behalf of `client` if it is known. Dropping the future gives the place in
    /// the queue up.
    ///
    /// # Errors
    /// When the queue is full, this client's half of it is, or the wait was too long.
    pub async fn admit(&self, client: Option<Client>) -> Result<Admitted, NotAdmitted> {
        let inner = &*self.0;
        // Whoever waits comes first: a permit that is let go belongs to it at once.
        if let Ok(permit) = inner.instances.clone().try_acquire_owned() {
            return Ok(self.admitted(permit));
        }
        if inner.instances.is_closed() {
            return Err(NotAdmitted::Closed);
        }
        let Some(place) = inner.place(client) else {
            Limit::Instances.hit();
            return Err(inner.busy());
        };
        let permit = inner.instances.clone().acquire_owned();
        let waited = timeout(inner.wait, permit).await;
        drop(place);
        match waited {
            Ok(Ok(permit)) => Ok(self.admitted(permit)),
            Ok(Err(_)) => Err(NotAdmitted::Closed),
            Err(_) => {
                Limit::QueueWait.hit();
                Err(inner.busy())
            }
        }
    }

    /// Lets nobody in from now on. Who waits is told at once.
    pub fn close(&self) {
        self.0.instances.close();
    }

    /// How many requests wait.
    pub fn queued(&self) -> u32 {
        self.0.queue().waiting
    }

    /// How many instances there is room for now.
    pub fn free(&self) -> u32 {
        u32::try_from(self.0.instances.available_permits()).unwrap_or(u32::MAX)
    }

    /// How many instances are in use.
    pub fn in_use(&self) -> u32 {
        self.0.most.saturating_sub(self.free())
    }

    fn admitted(&self, permit: OwnedSemaphorePermit) -> Admitted {
        Admitted {
            since: Instant::now(),
            admission: self.clone(),
            _permit: permit,
        }
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, client: Option<Client>) -> Option<Place<'_>> {
        let places = self.places;
        let mut queue = self.queue();
        if queue.waiting >= places {
            return None;
        }
        if let Some(client) = client.clone() {
            let held = queue.clients.entry(client).or_default();
            if *held >= places.div_ceil(2) {
                return None;
            }
            *held += 1;
        }
        queue.waiting += 1;
        Some(Place {
            _waiting: metrics::waiting(),
            inner: self,
            client,
        })
    }

    /// By then the queue has moved up by as many as it has, if requests take as long as they did.
    fn busy(&self) -> NotAdmitted {
        let queue = self.queue();
        let held = queue.held.unwrap_or_default();
        let retry = held * (queue.waiting + 1) / self.most.max(1);
        NotAdmitted::Busy {
            instances: self.most,
            retry: retry.clamp(Duration::from_secs(1), LONGEST_WAIT),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queue = self.inner.queue();
        queue.waiting -= 1;
        if let Some(client) = self.client.take()
            && let Entry::Occupied(mut held) = queue.clients.entry(client)
        {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let now = self.since.elapsed().min(LONGEST_WAIT);
        let mut queue = self.admission.0.queue();
        queue.held = Some(match queue.held {
            Some(held) => (held * 7 + now) / 8,
            None => now,
        });
    }
}

#[cfg(test)]
mod tests;
