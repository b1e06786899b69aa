//! Gathers what operations insert, and inserts it many rows at a time: a database at the other end of a
//! connection would be waited for six times for each task.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use attache_task_store::{Dialect, Error, Row, Transaction, Value};

/// Rows of one statement.
const ROWS: usize = 250;

/// A transaction whose inserts happen at its end. The operations in it must not read what they
/// inserted; those that begin tasks do not.
pub(crate) struct Gathering<'a, T> {
    transaction: &'a mut T,
    inserts: Vec<(&'static str, Vec<Vec<Value>>)>,
}

impl<'a, T: Transaction> Gathering<'a, T> {
    pub(crate) fn new(transaction: &'a mut T) -> Self {
        let inserts = Vec::new();
        Self {
            transaction,
            inserts,
        }
    }

    pub(crate) async fn finish(self) -> Result<(), Error> {
        for (sql, rows) in self.inserts {
            let each = split(sql).1.matches('(').count();
            for rows in rows.chunks(ROWS) {
                let sql = of_rows(sql, rows.len(), rows[0].len());
                let written = self.transaction.execute(sql, &rows.concat()).await?;
                if written != (each * rows.len()) as u64 {
                    return Err(Error::Invalid("the database is not empty".to_owned()));
                }
            }
        }
        Ok(())
    }
}

impl<T: Transaction> Transaction for Gathering<'_, T> {
    const DIALECT: Dialect = T::DIALECT;

    async fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, Error> {
        // One statement cannot count twice on the same counter.
        if !sql.starts_with("INSERT") || sql.contains("attache_counter") {
            return self.transaction.execute(sql, params).await;
        }
        match self.inserts.iter_mut().find(|(known, _)| *known == sql) {
            Some((_, rows)) => rows.push(params.to_vec()),
            None => self.inserts.push((sql, vec![params.to_vec()])),
        }
        Ok(1)
    }

    async fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, Error> {
        self.transaction.query(sql, params).await
    }
}

/// The statement with so many rows of values. Statements live for ever, and of these there are few.
fn of_rows(sql: &'static str, rows: usize, params: usize) -> &'static str {
    static KNOWN: Mutex<Option<HashMap<(&str, usize), &'static str>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known
        .get_or_insert_default()
        .entry((sql, rows))
        .or_insert_with(|| {
            let (before, row, after) = split(sql);
            let rows: Vec<String> = (0..rows)
                .map(|index| numbered(row, index * params))
                .collect();
            format!("{before}{}{after}", rows.join(", ")).leak()
        })
}

/// What is before the values of a statement, its rows of values, and what is after them.
fn split(sql: &str) -> (&str, &str, &str) {
    let begin = sql.find("VALUES (").expect("values") + "VALUES ".len();
    let mut end = begin;
    loop {
        end += sql[end..].find(')').expect("their end") + 1;
        if !sql[end..].starts_with(", (") {
            return (&sql[..begin], &sql[begin..end], &sql[end..]);
        }
    }
}

/// The same values, with the numbers of their parameters raised.
fn numbered(rows: &str, by: usize) -> String {
    let mut pieces = rows.split('?');
    let mut raised = pieces.next().expect("a piece").to_owned();
    for piece in pieces {
        let digits = piece.find(|c: char| !c.is_ascii_digit()).expect("an end");
        let number: usize = piece[..digits].parse().expect("a number");
        raised += &format!("?{}{}", number + by, &piece[digits..]);
    }
    raised
}
