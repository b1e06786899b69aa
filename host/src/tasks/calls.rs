use tracing::warn;

use crate::bindings::tasks::Error;
use crate::telemetry::Limit;

/// What is left for closing a task: to look where it stands, and to say how it ended.
const CLOSING: u64 = 16;

/// The calls of the task log that one instance has left. By default it has enough.
#[derive(Debug)]
pub(super) struct Calls {
    most: u64,
    left: u64,
    closing: u64,
}

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Anything.
    Work,
    /// What may be needed to close a task. Whoever has used up its calls may still do that, so that
    /// nothing is lost but what was too much.
    Closing,
}

impl Default for Calls {
    fn default() -> Self {
        Self::at_most(u64::MAX)
    }
}

impl Calls {
    pub(super) fn at_most(most: u64) -> Self {
        Self {
            most,
            left: most,
            closing: CLOSING,
        }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// When it is one too many.
    pub(super) fn count(&mut self, purpose: Purpose) -> Result<(), Error> {
        let left = match (self.left, purpose) {
            (0, Purpose::Closing) => &mut self.closing,
            _ => &mut self.left,
        };
        if let Some(less) = left.checked_sub(1) {
            *left = less;
            return Ok(());
        }
        // Said once: the next comes soon.
        if self.most > 0 {
            Limit::StoreCalls.hit();
            warn!(
                "the component called the task log more than {} times in one request; \
                 ATTACHE_STORE_CALLS (--store-calls) sets this limit",
                self.most
            );
            self.most = 0;
        }
        Err(Error::TooLarge(
            "the agent used the task log more often than one request may".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_can_be_closed_when_there_are_no_calls_left() {
        let mut calls = Calls::at_most(2);
        assert!(calls.count(Purpose::Work).is_ok());
        assert!(calls.count(Purpose::Closing).is_ok());
        assert!(calls.count(Purpose::Work).is_err());
        for _ in 0..CLOSING {
            assert!(calls.count(Purpose::Closing).is_ok());
        }
        assert!(calls.count(Purpose::Closing).is_err());
    }
}
