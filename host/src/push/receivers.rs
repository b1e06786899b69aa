use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use attache_task_store::{Delivery, DeliveryClaim};
use http::Uri;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Webhooks of one receiver that are sent something at the same time.
const SHARE: usize = 8;
/// Webhooks that wait here for one receiver.
const LINE: usize = 120;
/// Webhooks that wait here in all, and the bytes of their events.
const WAITING: usize = 512;
const WAITING_BYTES: usize = 32 << 20;
/// How long one may wait here. Its claim has to last for that, and for an attempt after it.
pub(super) const WAIT: Duration = Duration::from_secs(5);
/// The shortest and the longest time for which what has no place here is put off.
const PUT_OFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// Who is called: scheme, host and port. Whatever cannot be called is one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Receiver(String);

impl Receiver {
    fn of(url: &str) -> Self {
        let (url, _) = url.split_once('#').unwrap_or((url, ""));
        let Ok(uri) = url.parse::<Uri>() else {
            return Self(String::new());
        };
        let scheme = uri.scheme_str().unwrap_or_default();
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let port = uri
            .port_u16()
            .unwrap_or(if scheme == "https" { 443 } else { 80 });
        Self(format!("{scheme}://{host}:{port}"))
    }
}

/// The right to send something to a receiver, until it is dropped.
pub(super) type Slot = OwnedSemaphorePermit;

/// What becomes of a delivery that was claimed.
pub(super) enum Place {
    /// It is sent now.
    Now(Box<Delivery>, Slot),
    /// It waits here.
    InLine,
    /// There is no room for it until then.
    Later(DeliveryClaim, Duration),
}

/// Gives each receiver its share. One that does not answer would otherwise keep everybody's time: its
/// webhooks wait for it here for a moment, and then again in the outbox.
#[derive(Default)]
pub(super) struct Receivers {
    lines: HashMap<Receiver, Line>,
    waiting: usize,
    bytes: usize,
}

struct Line {
    slots: Arc<Semaphore>,
    waiting: VecDeque<(Instant, Delivery)>,
    /// When the last one went off.
    moved: Instant,
}

impl Line {
    fn slot(&mut self, now: Instant) -> Option<Slot> {
        // The semaphore is never closed: without a permit, all are taken.
        let slot = self.slots.clone().try_acquire_owned().ok()?;
        self.moved = now;
        Some(slot)
    }

    /// How long to put off what has no place: longer and longer while nothing moves.
    fn put_off(&self, now: Instant) -> Duration {
        let (shortest, longest) = PUT_OFF;
        let still = now.saturating_duration_since(self.moved);
        still.saturating_mul(2).clamp(shortest, longest)
    }
}

impl Receivers {
    /// Finds a place for what was claimed.
    pub(super) fn place(&mut self, delivery: Delivery, now: Instant) -> Place {
        let receiver = Receiver::of(&delivery.config.url);
        let line = self.lines.entry(receiver).or_insert_with(|| Line {
            slots: Arc::new(Semaphore::new(SHARE)),
            waiting: VecDeque::new(),
            moved: now,
        });
        if line.waiting.is_empty()
            && let Some(slot) = line.slot(now)
        {
            return Place::Now(Box::new(delivery), slot);
        }
        let bytes = self.bytes.saturating_add(delivery.event.payload.len());
        if line.waiting.len() >= LINE || self.waiting >= WAITING || bytes > WAITING_BYTES {
            return Place::Later(delivery.claim, line.put_off(now));
        }
        self.bytes = bytes;
        self.waiting += 1;
        line.waiting.push_back((now, delivery));
        Place::InLine
    }

    /// Those whose turn it is, at most `room`.
    pub(super) fn next(&mut self, room: usize, now: Instant) -> Vec<(Delivery, Slot)> {
        let mut next = Vec::new();
        for line in self.lines.values_mut() {
            while next.len() < room && !line.waiting.is_empty() {
                let Some(slot) = line.slot(now) else {
                    break;
                };
                if let Some((_, delivery)) = line.waiting.pop_front() {
                    self.waiting -= 1;
                    self.bytes = self.bytes.saturating_sub(delivery.event.payload.len());
                    next.push((delivery, slot));
                }
            }
        }
        self.lines
            .retain(|_, line| !line.waiting.is_empty() || line.slots.available_permits() < SHARE);
        next
    }

    /// Those that waited for too long, and for how long to put them off.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<(DeliveryClaim, Duration)> {
        let mut overdue = Vec::new();
        for line in self.lines.values_mut() {
            let put_off = line.put_off(now);
            while let Some((since, _)) = line.waiting.front()
                && now.saturating_duration_since(*since) >= WAIT
                && let Some((_, delivery)) = line.waiting.pop_front()
            {
                self.waiting -= 1;
                self.bytes = self.bytes.saturating_sub(delivery.event.payload.len());
                overdue.push((delivery.claim, put_off));
            }
        }
        overdue
    }

    /// Everybody who waits here, when the process ends.
    pub(super) fn leave(&mut self) -> Vec<DeliveryClaim> {
        (self.waiting, self.bytes) = (0, 0);
        self.lines
            .drain()
            .flat_map(|(_, line)| line.waiting)
            .map(|(_, delivery)| delivery.claim)
            .collect()
    }

    /// Whether somebody waits here.
    pub(super) fn has_waiting(&self) -> bool {
        self.waiting > 0
    }
}

#[cfg(test)]
mod tests;
