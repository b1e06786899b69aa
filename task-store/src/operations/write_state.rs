//! Writes what an agent keeps for a conversation.

use crate::stored::keyed;
use crate::{
    Error, MAX_STATE_KEYS, MAX_STATE_VALUE_BYTES, Operation, Scope, Transaction, Value, limits,
};

const REMOVE: &str = "DELETE FROM attache_state
WHERE tenant = ?1 AND owner = ?2 AND context_id = ?3 AND name = ?4";

const REPLACE: &str = "UPDATE attache_state SET value = ?5, updated = ?6
WHERE tenant = ?1 AND owner = ?2 AND context_id = ?3 AND name = ?4";

const COUNT: &str = "SELECT COUNT(*) FROM attache_state
WHERE tenant = ?1 AND owner = ?2 AND context_id = ?3";

const ADD: &str = "INSERT INTO attache_state (tenant, owner, context_id, name, value, updated)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

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
    /// The time, in milliseconds since the epoch.
    pub now: u64,
}

impl Operation for WriteState {
    type Output = ();
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<(), Error> {
        limits::scope(&self.scope)?;
        limits::identifier("context id", &self.context_id)?;
        limits::state_key(&self.key)?;
        let key = Value::from(self.key.as_str());
        let Some(value) = self.value.as_deref() else {
            let params = keyed(&self.scope, &self.context_id, [key]);
            return transaction.execute(REMOVE, &params).await.map(|_| ());
        };
        let name = format!("the value of {:?}", self.key);
        limits::size(&name, value, MAX_STATE_VALUE_BYTES)?;
        let updated = Value::Integer(limits::integer(self.now));
        let params = keyed(
            &self.scope,
            &self.context_id,
            [key, Value::from(value), updated],
        );
        if transaction.execute(REPLACE, &params).await? > 0 {
            return Ok(());
        }
        if self.count(transaction).await? >= MAX_STATE_KEYS {
            return Err(Error::TooLarge(format!(
                "the conversation {:?} keeps {MAX_STATE_KEYS} values, which is the limit: remove \
                 one before adding {:?}",
                self.context_id, self.key
            )));
        }
        transaction.execute(ADD, &params).await.map(|_| ())
    }
}

impl WriteState {
    async fn count<T: Transaction>(&self, transaction: &mut T) -> Result<u64, Error> {
        let params = keyed(&self.scope, &self.context_id, []);
        match transaction.query(COUNT, &params).await?.first_mut() {
            Some(row) => row.unsigned(),
            None => Ok(0),
        }
    }
}
