//! Brings the schema to the version of this build.

use crate::{Error, Operation, Transaction};

/// Creates or upgrades the schema. Changes nothing when it is current, and may run in several
/// processes at once.
///
/// Errors: [`Error::Unavailable`] when the database was written by a newer build.
#[derive(Clone, Copy, Debug)]
pub struct Migrate;

/// Whether [`Migrate`] has nothing to do: two small reads, for an executor that lives only as long
/// as one request.
#[derive(Clone, Copy, Debug)]
pub struct IsMigrated;

impl Operation for Migrate {
    type Output = ();
    const READ_ONLY: bool = false;

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<(), Error> {
        Err(Error::Unavailable(String::new()))
    }
}

impl Operation for IsMigrated {
    type Output = bool;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, _transaction: &mut T) -> Result<bool, Error> {
        Err(Error::Unavailable(String::new()))
    }
}
