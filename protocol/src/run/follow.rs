//! Following a task that another run works on, by its log.

use std::collections::VecDeque;

use futures_util::stream::{self, Stream};

use super::{Frame, log_error};
use crate::error::Error;
use crate::log::SharedLog;
use crate::wire::TaskState;

/// How many events one read of the log gives at the most (`wit/tasks.wit`).
const PAGE: usize = 1000;

/// When to stop following.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Only at a terminal state.
    Terminal,
    /// At a terminal state, or where the task waits for its client.
    Rest,
}

impl Until {
    pub(crate) fn reached(self, state: TaskState) -> bool {
        state.is_terminal() || (self == Self::Rest && state.is_interrupted())
    }
}

struct Follower {
    log: SharedLog,
    id: String,
    after: u64,
    until: Until,
    ready: VecDeque<Frame>,
    last: bool,
}

/// The events after `after`, as they come.
pub(crate) fn follow(
    log: SharedLog,
    id: String,
    after: u64,
    until: Until,
) -> impl Stream<Item = Result<Frame, Error>> {
    let follower = Follower {
        log,
        id,
        after,
        until,
        ready: VecDeque::new(),
        last: false,
    };
    stream::unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        match follower.next().await {
            Ok(Some(frame)) => Some((Ok(frame), Some(follower))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

impl Follower {
    async fn next(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(Some(frame));
            }
            if self.last {
                return Ok(None);
            }
            // Watch first, then read: what is written in between wakes the watch.
            let failed = |error| log_error(&error, &self.id);
            let watch = self.log.watch(&self.id, self.after).map_err(failed)?;
            let progress = self.log.events(&self.id, self.after).map_err(failed)?;
            // A full page may not be the whole of it, and then the state belongs to a later event.
            self.last = progress.events.len() < PAGE && self.until.reached(progress.state);
            for event in progress.events {
                self.after = event.number;
                self.ready.push_back(Frame {
                    number: Some(event.number),
                    payload: event.payload,
                });
            }
            if self.ready.is_empty() && !self.last {
                watch.await;
            }
        }
    }
}
