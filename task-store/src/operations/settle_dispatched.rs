//! Lets a token go when its task needs it no more.

use crate::{Error, Operation, Transaction, dispatched};

/// Forgets a token whose task ended or waits for its client. Returns whether that is so; also true
/// when the token stands for nothing. False leaves the token, for somebody has yet to finish the
/// task.
#[derive(Clone, Debug)]
pub struct SettleDispatched {
    /// What [`crate::Dispatch`] was given.
    pub token: String,
}

impl Operation for SettleDispatched {
    type Output = bool;
    const READ_ONLY: bool = false;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<bool, Error> {
        match dispatched::find(transaction, &self.token).await? {
            Some((_, _, head)) if !head.rests() => return Ok(false),
            Some(_) => dispatched::remove(transaction, &self.token).await?,
            None => {}
        }
        Ok(true)
    }
}
