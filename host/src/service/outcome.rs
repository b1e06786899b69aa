use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const RUNNING: u8 = 0;
const RETURNED: u8 = 1;
const BROKEN: u8 = 2;

/// How an instance ended, for whoever sends its response on.
///
/// The body of a response ends in the same way when the component finished it and when its
/// instance went away. The instance's end is therefore noted here before the instance is dropped:
/// whoever sees a body end without such a note sees one that was finished.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome(Arc<AtomicU8>);

/// Notes an outcome when it is dropped. Declare it after the store, so that it goes first.
#[derive(Debug)]
pub(super) struct OutcomeNote(Outcome);

impl Outcome {
    pub(super) fn note(&self) -> OutcomeNote {
        OutcomeNote(self.clone())
    }

    pub(super) fn is_broken(&self) -> bool {
        self.0.load(Ordering::Acquire) == BROKEN
    }
}

impl OutcomeNote {
    /// The component returned; without this call, it broke off.
    pub(super) fn returned(self) {
        self.0.0.store(RETURNED, Ordering::Release);
    }
}

impl Drop for OutcomeNote {
    fn drop(&mut self) {
        let _ = self
            .0
            .0
            .compare_exchange(RUNNING, BROKEN, Ordering::AcqRel, Ordering::Acquire);
    }
}
