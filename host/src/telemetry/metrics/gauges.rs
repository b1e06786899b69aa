//! What is true at the moment: counted where it happens, read when somebody asks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

use super::catalogue::{
    COMPONENT, INSTANCES, LIMITS, Metric, POOL_IN_USE, POOL_SIZE, QUEUE, SSE_ACTIVE,
};
use crate::telemetry::Limit;

static INSTANCES_IN_USE: AtomicI64 = AtomicI64::new(0);
static WAITING: AtomicI64 = AtomicI64::new(0);
static STREAMS: AtomicI64 = AtomicI64::new(0);
/// The digest that serves each agent.
static SERVING: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
static POOL: OnceLock<Box<dyn Fn() -> Pool + Send + Sync>> = OnceLock::new();

/// Counts one thing for as long as it lives.
#[derive(Debug)]
#[must_use = "it counts while it lives"]
pub struct Counted(&'static AtomicI64);

impl Counted {
    fn new(gauge: &'static AtomicI64) -> Self {
        gauge.fetch_add(1, Ordering::Relaxed);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The connections of this process to a database server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pool {
    /// How many are open.
    pub size: usize,
    /// How many of them somebody has.
    pub in_use: usize,
}

/// An instance that is alive.
pub fn instance() -> Counted {
    Counted::new(&INSTANCES_IN_USE)
}

/// A request that waits for an instance.
pub fn waiting() -> Counted {
    Counted::new(&WAITING)
}

/// An event stream that is open.
pub(super) fn stream() -> Counted {
    Counted::new(&STREAMS)
}

/// From now on the component with this digest serves the new requests of `agent`.
pub fn serving(agent: &str, digest: &str) {
    let mut serving = SERVING.lock().unwrap_or_else(PoisonError::into_inner);
    serving.insert(agent.to_owned(), digest.to_owned());
}

/// Where to look for the state of the pool of connections. The first call wins.
pub fn watch_pool(look: impl Fn() -> Pool + Send + Sync + 'static) {
    let _ = POOL.set(Box::new(look));
}

/// Has `meter` read all of them. Their instruments live in it.
pub(super) fn observe(meter: &Meter) {
    gauge(meter, &SSE_ACTIVE, || value(&STREAMS));
    gauge(meter, &INSTANCES, || value(&INSTANCES_IN_USE));
    gauge(meter, &QUEUE, || value(&WAITING));
    gauge(meter, &POOL_SIZE, || {
        POOL.get().map(|look| number(look().size))
    });
    gauge(meter, &POOL_IN_USE, || {
        POOL.get().map(|look| number(look().in_use))
    });
    meter
        .i64_observable_gauge(COMPONENT.name)
        .with_description(COMPONENT.help)
        .with_callback(|observer| {
            let serving = SERVING.lock().unwrap_or_else(PoisonError::into_inner);
            for (agent, digest) in serving.iter() {
                let agent = KeyValue::new("agent", agent.clone());
                let digest = KeyValue::new("digest", digest.clone());
                observer.observe(1, &[agent, digest]);
            }
        })
        .build();
    meter
        .u64_observable_counter(LIMITS.name)
        .with_description(LIMITS.help)
        .with_callback(|observer| {
            for limit in Limit::ALL {
                observer.observe(limit.hits(), &[KeyValue::new("limit", limit.name())]);
            }
        })
        .build();
}

fn gauge(meter: &Meter, metric: &Metric, look: impl Fn() -> Option<i64> + Send + Sync + 'static) {
    meter
        .i64_observable_gauge(metric.name)
        .with_description(metric.help)
        .with_callback(move |observer| {
            if let Some(value) = look() {
                observer.observe(value, &[]);
            }
        })
        .build();
}

fn value(gauge: &AtomicI64) -> Option<i64> {
    Some(gauge.load(Ordering::Relaxed))
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
