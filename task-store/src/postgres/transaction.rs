//! One transaction on a connection of the pool.
//!
//! Statements have no names: a pooler that gives every transaction another connection to the server
//! would not find them again. What begins the transaction is sent together with its first statement,
//! so it costs no round trip of its own.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use deadpool::managed::Object;
use futures_util::TryStreamExt;
use futures_util::future::join;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::connect::Pooled;
use super::fault::Fault;
use super::place::Place;
use super::values::{bound, rewritten, row};
use crate::{Dialect, Error, Row, Transaction, Value};

/// How a transaction begins.
#[derive(Debug)]
pub(super) struct Opening {
    /// `BEGIN` and its settings, as one simple query.
    pub(super) sql: String,
    /// How long to wait for the server to answer a statement. Longer than what the server itself
    /// allows: this is for one that does not answer at all.
    pub(super) limit: Duration,
}

/// The transaction that is open on a connection, or opens with the first statement.
pub(super) struct Open<'s> {
    place: &'s Place,
    opening: &'s Opening,
    /// None when it was given back or cut.
    connection: Option<Pooled>,
    begun: bool,
    /// If [`Opening::sql`] asks for it.
    mark: Option<Mark>,
    /// The first failure. Nothing may be committed after it, whatever the operation made of it.
    fault: Option<Fault>,
}

/// The transaction may have been committed, or not.
pub(super) struct Uncommitted {
    pub(super) fault: Fault,
    pub(super) mark: Option<Mark>,
}

/// What a transaction is known by when its connection is gone.
pub(super) struct Mark {
    pub(super) number: String,
    /// When the server had started that gave the number. After a crash numbers are given again.
    pub(super) server: String,
    /// Not later than the server began it.
    pub(super) begun: Instant,
}

impl<'s> Open<'s> {
    pub(super) fn new(place: &'s Place, opening: &'s Opening, connection: Pooled) -> Self {
        Self {
            place,
            opening,
            connection: Some(connection),
            begun: false,
            mark: None,
            fault: None,
        }
    }

    /// The first failure of a statement.
    pub(super) fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// Keeps what was written. Gives the connection back.
    pub(super) async fn commit(mut self) -> Result<(), Uncommitted> {
        self.end("COMMIT").await.map_err(|fault| Uncommitted {
            fault,
            mark: self.mark.take(),
        })
    }

    /// Undoes what was written. Gives the connection back, or closes it when even that fails.
    pub(super) async fn roll_back(mut self) {
        // Cut off, the server does the same.
        let _ = self.end("ROLLBACK").await;
    }

    async fn end(&mut self, sql: &str) -> Result<(), Fault> {
        let Some(connection) = self.connection.take() else {
            return Ok(());
        };
        if !self.begun {
            return Ok(());
        }
        let ended = within(self.place, self.opening.limit, async {
            connection.client().simple_query(sql).await
        });
        let ended = ended.await;
        if ended.is_err() {
            Object::take(connection).cut();
        }
        ended.map(|_| ())
    }

    async fn run(&mut self, sql: &'static str, params: &[Value]) -> Result<(Vec<Row>, u64), Error> {
        if let Some(fault) = &self.fault {
            return Err(fault.error.clone());
        }
        let Some(connection) = &self.connection else {
            return Err(Fault::lost(self.place, "its transaction has ended").error);
        };
        let client = connection.client();
        let statement = rows(client, sql, params);
        let outcome = if self.begun {
            within(self.place, self.opening.limit, statement).await
        } else {
            self.begun = true;
            let sent = Instant::now();
            let begin = client.simple_query(&self.opening.sql);
            // Whatever is polled first is sent first. Without the BEGIN there is no connection left
            // for the statement: it holds nothing that the server could refuse alone.
            let both = within(self.place, self.opening.limit, async {
                let (begun, outcome) = join(begin, statement).await;
                Ok((begun?, outcome))
            });
            match both.await {
                Ok((begun, outcome)) => {
                    self.mark = mark(&begun, sent);
                    outcome.map_err(|error| Fault::running(self.place, &error))
                }
                Err(fault) => Err(fault),
            }
        };
        match outcome {
            Ok((rows, written)) => {
                let rows = rows
                    .iter()
                    .map(|found| row(self.place, found))
                    .collect::<Result<_, _>>()?;
                Ok((rows, written))
            }
            Err(fault) => Err(self.failed(fault)),
        }
    }

    fn failed(&mut self, fault: Fault) -> Error {
        let error = fault.error.clone();
        if fault.ends_connection()
            && let Some(connection) = self.connection.take()
        {
            Object::take(connection).cut();
        }
        self.fault = Some(fault);
        error
    }
}

impl Drop for Open<'_> {
    /// An operation that panicked must not leave its transaction to the next one.
    fn drop(&mut self) {
        if self.begun
            && let Some(connection) = self.connection.take()
        {
            Object::take(connection).cut();
        }
    }
}

impl Transaction for Open<'_> {
    const DIALECT: Dialect = Dialect::Postgres;

    async fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, Error> {
        self.run(sql, params).await.map(|(_, written)| written)
    }

    async fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, Error> {
        self.run(sql, params).await.map(|(rows, _)| rows)
    }
}

/// Waits for an answer, but not for ever.
async fn within<T>(
    place: &Place,
    limit: Duration,
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Fault> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(|error| Fault::running(place, &error)),
        Err(_) => Err(Fault::silent(place, limit)),
    }
}

async fn rows(
    client: &Client,
    sql: &'static str,
    params: &[Value],
) -> Result<(Vec<tokio_postgres::Row>, u64), tokio_postgres::Error> {
    let stream = client
        .query_typed_raw(&rewritten(sql), params.iter().map(bound))
        .await?;
    let mut stream = pin!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(row);
    }
    Ok((rows, stream.rows_affected().unwrap_or(0)))
}

/// What a transaction told of itself when it began.
fn mark(begun: &[SimpleQueryMessage], sent: Instant) -> Option<Mark> {
    begun.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(Mark {
            number: row.try_get(0).ok()??.to_owned(),
            server: row.try_get(1).ok()??.to_owned(),
            begun: sent,
        }),
        _ => None,
    })
}
