//! What can go wrong, in the cases of the contract.

use crate::State;

/// Why an operation was refused. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such task in this scope; it may exist in another one.
    #[error("no such task")]
    NotFound,
    /// The task is in this terminal state and can no longer change.
    #[error("the task has ended in state {0} and can no longer change")]
    Finished(State),
    /// Another run holds the task.
    #[error("another run holds the task")]
    Busy,
    /// This run lost the task: it was taken over, or it ended its run itself.
    #[error("this run no longer holds the task")]
    Lost,
    /// An argument is not acceptable; the text says which and why.
    #[error("{0}")]
    Invalid(String),
    /// A limit of the log was reached; the text names it.
    #[error("{0}")]
    TooLarge(String),
    /// The log cannot be reached now; the text says what an operator can do about it.
    #[error("{0}")]
    Unavailable(String),
}
