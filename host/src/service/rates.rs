//! How often callers may ask.
//!
//! Three limits, each with a table of its own: of an authenticated caller, of an address, and of an
//! address for the agent card, which registries and crawlers fetch and a stranger may. Whatever
//! limit a request is counted for is told in its answer, by the fields `RateLimit-Policy` and
//! `RateLimit` of draft-ietf-httpapi-ratelimit-headers.
//!
//! A limit is a bucket that is refilled evenly, kept as one time per client (the generic cell rate
//! algorithm). It is written here and not taken from a crate because that is one comparison, and
//! what has to be bounded is the table ([`Recent`]), which the crates leave to their users.

mod rate;

pub use rate::Rate;

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue};

use crate::admission::Client;
use crate::config::RateLimits;
use crate::paths::CARDS;
use crate::recent::Recent;
use crate::telemetry::Limit;

/// Clients that a limit remembers: about 10 MB when all are callers with long names.
const REMEMBERED: usize = 1 << 16;
/// The limits of this process.
pub(super) struct Rates {
    caller: Option<Limiter>,
    address: Option<Limiter>,
    card: Option<Limiter>,
}

/// What a request is counted for, and what is left of it.
#[derive(Debug, Default)]
pub(super) struct Quotas(Vec<Quota>);

#[derive(Debug)]
struct Quota {
    policy: &'static str,
    rate: Rate,
    left: u32,
    /// Until there is one more when none is left, and until all are there otherwise.
    reset: Duration,
}

/// A client asked too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TooOften {
    /// Of whom these are too many requests.
    pub(super) policy: &'static str,
    pub(super) rate: Rate,
    pub(super) wait: Duration,
}

struct Limiter {
    policy: &'static str,
    limit: Limit,
    rate: Rate,
    began: Instant,
    /// When the bucket of each client is full again, in nanoseconds since `began`.
    full_at: Mutex<Recent<Client, u64>>,
}

impl Rates {
    pub(super) fn new(limits: RateLimits) -> Self {
        let limiter = |rate: Option<Rate>, policy, limit| {
            rate.map(|rate| Limiter {
                policy,
                limit,
                rate,
                began: Instant::now(),
                full_at: Mutex::new(Recent::new(REMEMBERED)),
            })
        };
        Self {
            caller: limiter(limits.caller, "caller", Limit::RateCaller),
            address: limiter(limits.address, "address", Limit::RateAddress),
            card: limiter(limits.card, "card", Limit::RateCard),
        }
    }

    /// Counts a request for `path` that came from `address`, before anything else is done for it.
    pub(super) fn count_address(
        &self,
        address: IpAddr,
        path: &str,
        quotas: &mut Quotas,
    ) -> Result<(), TooOften> {
        let is_card = CARDS.iter().any(|card| path.ends_with(card));
        let limiter = match &self.card {
            Some(card) if is_card => Some(card),
            _ => self.address.as_ref(),
        };
        match limiter {
            Some(limiter) => limiter.count(Client::at(address), quotas),
            None => Ok(()),
        }
    }

    /// Counts a request of the caller who owns its tasks as `owner`; nobody's are not counted.
    pub(super) fn count_caller(&self, owner: &str, quotas: &mut Quotas) -> Result<(), TooOften> {
        match &self.caller {
            Some(limiter) if !owner.is_empty() => {
                limiter.count(Client::Caller(owner.into()), quotas)
            }
            _ => Ok(()),
        }
    }
}

impl Limiter {
    fn count(&self, client: Client, quotas: &mut Quotas) -> Result<(), TooOften> {
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = full_at.entry(client);
        let taken = self.rate.take(*full_at, now);
        if let Ok(next) = taken {
            *full_at = next;
        }
        let (left, reset) = match taken {
            Ok(next) => self.rate.left(next, now),
            Err(wait) => (0, wait),
        };
        quotas.0.push(Quota {
            policy: self.policy,
            rate: self.rate,
            left,
            reset,
        });
        let Err(wait) = taken else { return Ok(()) };
        self.limit.hit();
        Err(TooOften {
            policy: self.policy,
            rate: self.rate,
            wait,
        })
    }
}

impl Quotas {
    /// Tells the client where it stands.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        for quota in &self.0 {
            let Quota {
                policy, rate, left, ..
            } = quota;
            let (most, window) = (rate.burst(), rate.window());
            let reset = whole_seconds(quota.reset);
            let lines = [
                (
                    "ratelimit-policy",
                    format!("\"{policy}\";q={most};w={window}"),
                ),
                ("ratelimit", format!("\"{policy}\";r={left};t={reset}")),
            ];
            for (name, line) in lines {
                if let Ok(line) = HeaderValue::try_from(line) {
                    headers.append(name, line);
                }
            }
        }
    }
}

/// Seconds, of which a part counts as a whole one.
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests;
