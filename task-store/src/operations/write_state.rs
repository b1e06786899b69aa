//! Writes what an agent keeps for a conversation.

use crate::{Error, Operation, Scope, Transaction};

/// Sets the value of a key, or removes it.
///
/// Errors: [`Error::Invalid`] for a context id or a key that is not acceptable;
/// [`Error::TooLarge`] for a value over [`crate::MAX_STATE_VALUE_BYTES`] or a key beyond the
/// [`crate::MAX_STATE_KEYS`] of a conversation.
#[derive(Clone, Debug)]
pub struct WriteState {
    /// Whose conversation it is.
    pub scope: Scope,
    /// The conversation.
    pub context_id: String,
    /// The name of the value: 1 to [`crate::MAX_STATE_KEY_CHARS`] characters.
    pub key: String,
    /// The value; none removes it.
    pub value: Option<Vec<u8>>,
}

impl Operation for WriteState {
    type Output = ();
    const READ_ONLY: bool = false;

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<(), Error> {
        Err(Error::Unavailable(String::new()))
    }
}
