//! Reads what an agent keeps for a conversation.

use crate::{Error, Operation, Scope, Transaction};

/// The value of a key; none when there is none.
#[derive(Clone, Debug)]
pub struct ReadState {
    /// Whose conversation it is.
    pub scope: Scope,
    /// The conversation.
    pub context_id: String,
    /// The name of the value.
    pub key: String,
}

impl Operation for ReadState {
    type Output = Option<Vec<u8>>;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<Option<Vec<u8>>, Error> {
        Err(Error::Unavailable(String::new()))
    }
}
