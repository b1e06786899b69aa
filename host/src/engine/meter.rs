use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline};

/// The time that one instance spends on a thread.
///
/// Counting ticks of the engine's clock would charge an instance that wakes often for time in
/// which it slept, so the polls of its future are measured instead ([`Metered`]), and the clock
/// only decides when to look.
#[derive(Debug, Clone)]
pub struct CpuMeter(Arc<Spent>);

#[derive(Debug)]
struct Spent {
    budget: Duration,
    born: Instant,
    /// Nanoseconds spent in polls that have ended.
    before: AtomicU64,
    /// When the current poll began, in nanoseconds since `born`.
    poll_began: AtomicU64,
}

impl CpuMeter {
    /// A meter that allows `budget`.
    pub fn new(budget: Duration) -> Self {
        Self(Arc::new(Spent {
            budget,
            born: Instant::now(),
            before: AtomicU64::new(0),
            poll_began: AtomicU64::new(0),
        }))
    }

    /// Makes the instances of `store` yield at every tick, and trap when the budget is spent.
    pub fn govern<T>(&self, store: &mut Store<T>) {
        let meter = self.clone();
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            if meter.spent() > meter.0.budget {
                wasmtime::bail!(
                    "the component used more than {} ms of CPU time in one request; \
                     ATTACHE_CPU_MS (--cpu-ms) sets this limit",
                    meter.0.budget.as_millis()
                );
            }
            Ok(UpdateDeadline::Yield(1))
        });
    }

    /// Measures what `future` spends.
    pub fn measure<F>(&self, future: F) -> Metered<F> {
        Metered {
            future,
            meter: self.clone(),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Called from inside a poll.
    fn spent(&self) -> Duration {
        let current = self
            .now()
            .saturating_sub(self.0.poll_began.load(Ordering::Relaxed));
        Duration::from_nanos(
            self.0
                .before
                .load(Ordering::Relaxed)
                .saturating_add(current),
        )
    }
}

/// A future whose polls are measured.
#[derive(Debug)]
pub struct Metered<F> {
    future: F,
    meter: CpuMeter,
}

impl<F: Future + Unpin> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let began = self.meter.now();
        self.meter.0.poll_began.store(began, Ordering::Relaxed);
        let polled = Pin::new(&mut self.future).poll(cx);
        let spent = self.meter.now().saturating_sub(began);
        self.meter.0.before.fetch_add(spent, Ordering::Relaxed);
        polled
    }
}
