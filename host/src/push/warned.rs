use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use attache_task_store::{DeliveryClaim, Scope};

/// Webhooks remembered; then all are forgotten, and some are warned of once more.
const MOST: usize = 4096;

/// The webhooks whose failure was in the log already: one that is gone fails with every event of its
/// task, and says nothing new after the first.
#[derive(Debug, Default)]
pub(super) struct Warned(Mutex<HashSet<(Scope, String, String)>>);

impl Warned {
    /// True the first time.
    pub(super) fn is_new(&self, claim: &DeliveryClaim) -> bool {
        let key = (
            claim.scope.clone(),
            claim.task_id.clone(),
            claim.config_id.clone(),
        );
        // Nothing in here can be half done, so a panic elsewhere leaves it whole.
        let mut warned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.len() >= MOST {
            warned.clear();
        }
        warned.insert(key)
    }
}
