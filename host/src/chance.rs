//! Chance, where no secret depends on it: waits that should not coincide, names that should not.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Random bits. The standard library seeds its hashers at random, which is random enough for this.
pub(crate) fn bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// From 0 to 1.
pub(crate) fn fraction() -> f64 {
    f64::from(u32::try_from(bits() >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
