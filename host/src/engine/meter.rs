use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use wasmtime::{Store, UpdateDeadline};

use super::{Ticker, clock};
use crate::instance::Breach;

/// The time that one instance spends on a thread.
///
/// Counting ticks of the engine's clock would charge an instance that wakes often for time in
/// which it slept, so the polls of its future are measured instead ([`Metered`]), and the clock
/// only decides when to look.
#[derive(Debug, Clone)]
pub struct CpuMeter(Arc<Spent>);

#[derive(Debug)]
struct Spent {
    ticker: Ticker,
    budget: Duration,
    /// Nanoseconds spent in polls that have ended.
    before: AtomicU64,
    /// When the current poll began, by the clock of its thread.
    poll_began: AtomicU64,
}

impl CpuMeter {
    /// A meter that allows `budget`, of an engine that `ticker` moves the clock of.
    pub fn new(budget: Duration, ticker: Ticker) -> Self {
        Self(Arc::new(Spent {
            ticker,
            budget,
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
                return Err(Breach::Cpu(meter.0.budget).into());
            }
            // Unlike the engine's own way to yield, the runtime's lets it look for what happened on
            // its sockets first.
            let yielded = Box::pin(tokio::task::yield_now());
            Ok(UpdateDeadline::YieldCustom(1, yielded))
        });
    }

    /// Measures what `future` spends.
    pub fn measure<F>(&self, future: F) -> Metered<F> {
        Metered {
            future,
            meter: self.clone(),
        }
    }

    /// Called from inside a poll.
    fn spent(&self) -> Duration {
        let current =
            clock::nanoseconds().saturating_sub(self.0.poll_began.load(Ordering::Relaxed));
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
        let Self { future, meter } = &mut *self;
        let spent = &*meter.0;
        let _computing = spent.ticker.compute();
        let began = clock::nanoseconds();
        spent.poll_began.store(began, Ordering::Relaxed);
        let polled = Pin::new(future).poll(cx);
        let passed = clock::nanoseconds().saturating_sub(began);
        spent.before.fetch_add(passed, Ordering::Relaxed);
        polled
    }
}
