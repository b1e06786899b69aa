//! Brings the schema to the version of this build.

use crate::schema::{CREATE, EXISTS, MIGRATIONS, VERSION};
use crate::{Error, Operation, Transaction, Value};

const APPLIED: &str = "SELECT COALESCE(MAX(version), 0) FROM attache_schema";
const APPLY: &str = "INSERT INTO attache_schema (version) VALUES (?1)";

/// Creates or upgrades the schema. Changes nothing when it is current, and then needs no right to.
/// Several processes may run it at once.
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
    const ALONE: bool = true;
    const REPEATABLE: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<(), Error> {
        if number(transaction, EXISTS.sql(T::DIALECT)).await? == 0 {
            transaction.execute(CREATE.sql(T::DIALECT), &[]).await?;
        }
        let applied = applied(transaction).await?;
        for (migration, version) in MIGRATIONS.iter().zip(1_i64..) {
            if version <= applied {
                continue;
            }
            for statement in *migration {
                let sql = statement.sql(T::DIALECT);
                if !sql.is_empty() {
                    transaction.execute(sql, &[]).await?;
                }
            }
            transaction
                .execute(APPLY, &[Value::Integer(version)])
                .await?;
        }
        Ok(())
    }
}

/// The version of the schema, which is not newer than this build.
async fn applied<T: Transaction>(transaction: &mut T) -> Result<i64, Error> {
    let applied = number(transaction, APPLIED).await?;
    if applied > VERSION {
        return Err(Error::Unavailable(format!(
            "the task database has schema version {applied} and this build knows versions up to \
             {VERSION}: run the newer build that wrote it"
        )));
    }
    Ok(applied)
}

async fn number<T: Transaction>(transaction: &mut T, sql: &'static str) -> Result<i64, Error> {
    match transaction.query(sql, &[]).await?.first_mut() {
        Some(row) => row.integer(),
        None => Ok(0),
    }
}

impl Operation for IsMigrated {
    type Output = bool;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<bool, Error> {
        if number(transaction, EXISTS.sql(T::DIALECT)).await? == 0 {
            return Ok(false);
        }
        Ok(applied(transaction).await? == VERSION)
    }
}
