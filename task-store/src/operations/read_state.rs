//! Reads what an agent keeps for a conversation.

use crate::limits::{is_identifier, is_scope, state_key};
use crate::stored::keyed;
use crate::{Error, Operation, Scope, Transaction, Value};

const READ: &str = "SELECT value FROM attache_state
WHERE tenant = ?1 AND owner = ?2 AND context_id = ?3 AND name = ?4";

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

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Option<Vec<u8>>, Error> {
        let Self {
            scope,
            context_id,
            key,
        } = self;
        if !is_scope(scope) || !is_identifier(context_id) || state_key(key).is_err() {
            return Ok(None);
        }
        let params = keyed(scope, context_id, [Value::from(key.as_str())]);
        match transaction.query(READ, &params).await?.first_mut() {
            Some(row) => row.blob().map(Some),
            None => Ok(None),
        }
    }
}
