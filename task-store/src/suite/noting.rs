//! Shows which statements operations lead to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Database, Dialect, Error, Operation, Row, Transaction, Value};

type Statements = Arc<Mutex<BTreeMap<&'static str, Vec<Value>>>>;

/// Passes operations on to a database, and notes their statements, so that a test of how they are
/// run can forget none.
#[derive(Debug)]
pub struct Noting<D> {
    database: D,
    statements: Statements,
}

impl<D> Noting<D> {
    /// Begins with nothing noted.
    pub fn new(database: D) -> Self {
        Self {
            database,
            statements: Statements::default(),
        }
    }

    /// Every statement, with the parameters of its last call.
    #[must_use]
    pub fn statements(&self) -> BTreeMap<&'static str, Vec<Value>> {
        lock(&self.statements).clone()
    }
}

impl<D: Database + Sync> Database for Noting<D> {
    async fn perform<O: Operation + 'static>(&self, operation: O) -> Result<O::Output, Error> {
        let statements = Arc::clone(&self.statements);
        let noting = NotingOperation {
            operation,
            statements,
        };
        self.database.perform(noting).await
    }
}

struct NotingOperation<O> {
    operation: O,
    statements: Statements,
}

impl<O: Operation> Operation for NotingOperation<O> {
    type Output = O::Output;
    const READ_ONLY: bool = O::READ_ONLY;
    const ALONE: bool = O::ALONE;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<O::Output, Error> {
        let mut noting = NotingTransaction {
            transaction,
            statements: &self.statements,
        };
        self.operation.run(&mut noting).await
    }
}

struct NotingTransaction<'a, T> {
    transaction: &'a mut T,
    statements: &'a Statements,
}

impl<T: Transaction> Transaction for NotingTransaction<'_, T> {
    const DIALECT: Dialect = T::DIALECT;

    async fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, Error> {
        lock(self.statements).insert(sql, params.to_vec());
        self.transaction.execute(sql, params).await
    }

    async fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, Error> {
        lock(self.statements).insert(sql, params.to_vec());
        self.transaction.query(sql, params).await
    }
}

fn lock(statements: &Statements) -> MutexGuard<'_, BTreeMap<&'static str, Vec<Value>>> {
    statements.lock().unwrap_or_else(PoisonError::into_inner)
}
