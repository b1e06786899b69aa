//! An operation that waits for its turn, whatever its type.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;

use super::transaction::Open;
use crate::{Error, Operation};

/// What the threads know of an operation.
pub(super) trait Job: Send {
    /// Runs it in the open transaction. True when what it wrote, if anything, shall be kept. May be
    /// called again when the transaction was rolled back.
    fn run(&mut self, transaction: &mut Open<'_>) -> bool;

    /// Tells the caller: what the operation returned, or why it could not be kept.
    fn answer(self: Box<Self>, committed: Result<(), Error>);
}

type Answer<O> = Result<<O as Operation>::Output, Error>;

/// An operation and who waits for it.
pub(super) struct Waiting<O: Operation> {
    operation: O,
    outcome: Option<Answer<O>>,
    caller: oneshot::Sender<Answer<O>>,
}

impl<O: Operation> Waiting<O> {
    pub(super) fn new(operation: O) -> (Self, oneshot::Receiver<Answer<O>>) {
        let (caller, answer) = oneshot::channel();
        let waiting = Self {
            operation,
            outcome: None,
            caller,
        };
        (waiting, answer)
    }
}

impl<O: Operation> Job for Waiting<O> {
    fn run(&mut self, transaction: &mut Open<'_>) -> bool {
        let outcome = finish(self.operation.run(transaction));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), Error>) {
        let answer = match (self.outcome, committed) {
            (Some(Ok(output)), Ok(())) => Ok(output),
            (Some(Err(refused)), _) => Err(refused),
            (Some(Ok(_)) | None, Err(failed)) => Err(failed),
            (None, Ok(())) => Err(Error::Unavailable(
                "the task database did not run the operation".to_owned(),
            )),
        };
        // A caller that stopped waiting does not need the answer.
        let _ = self.caller.send(answer);
    }
}

/// Statements here never wait, so one poll runs an operation to its end.
fn finish<T>(operation: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(operation).as_mut().poll(&mut context) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(Error::Unavailable(
            "an operation waits for something else than its transaction".to_owned(),
        )),
    }
}
