//! Runs an operation to its end, through failures.
//!
//! Until the COMMIT is sent, a failure undoes everything, and the operation may run again. Once it is
//! sent and no answer comes, nobody on this side knows: the server is asked, by the number of the
//! transaction, what became of it. So nothing is written twice, and nothing is refused that was
//! written.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::Server;
use super::fault::{Fault, Remedy};
use super::patience::{Backoff, Patience};
use super::transaction::{Open, Opening, Uncommitted};
use crate::{Error, Operation};

/// How long to ask what became of a transaction. A server that crashed has recovered by then, or
/// takes so long that nobody waits for it.
const SETTLING: Duration = Duration::from_secs(15);

type Answer<O> = Result<<O as Operation>::Output, Error>;

/// Runs an operation until it succeeds, is refused, or patience ends, and tells the caller.
pub(super) async fn perform<O: Operation>(
    server: &Server,
    operation: &O,
    caller: oneshot::Sender<Answer<O>>,
) {
    let mut patience = Patience::default();
    loop {
        match attempt(server, operation).await {
            Ok((answer, open)) => {
                // A caller that stopped waiting does not need the answer; others need not wait
                // until the connection is free again.
                let _ = caller.send(answer);
                if let Some(open) = open {
                    open.roll_back().await;
                }
                return;
            }
            Err(fault) => {
                if !patience.allows(&fault).await {
                    let _ = caller.send(Err(fault.error));
                    return;
                }
                tracing::debug!(reason = %fault.error, "an operation runs again");
            }
        }
    }
}

/// Runs it once. Returns the answer, and the transaction if it is still open and not needed any more.
async fn attempt<'s, O: Operation>(
    server: &'s Server,
    operation: &O,
) -> Result<(Answer<O>, Option<Open<'s>>), Fault> {
    let mut open = Open::new(
        &server.place,
        opening::<O>(server),
        server.pool.get().await?,
    );
    let outcome = operation.run(&mut open).await;
    if let Some(fault) = open.take_fault() {
        open.roll_back().await;
        return Err(fault);
    }
    let output = match outcome {
        Ok(output) if !O::READ_ONLY => output,
        // Nothing was written, or nothing shall be kept.
        answer => return Ok((answer, Some(open))),
    };
    match open.commit().await {
        Ok(()) => Ok((Ok(output), None)),
        Err(Uncommitted { fault, number }) => {
            if fault.remedy != Remedy::Reconnect {
                return Err(fault);
            }
            match settle(server, number).await {
                Settled::Committed => Ok((Ok(output), None)),
                Settled::Undone => Err(fault),
                Settled::Unknown(reason) => Ok((Err(unknown(server, &fault, &reason)), None)),
            }
        }
    }
}

fn opening<O: Operation>(server: &Server) -> &Opening {
    if O::ALONE {
        &server.openings.alone
    } else if O::READ_ONLY {
        &server.openings.read
    } else {
        &server.openings.write
    }
}

/// What became of a transaction whose COMMIT was not answered.
enum Settled {
    Committed,
    Undone,
    Unknown(String),
}

async fn settle(server: &Server, number: Option<String>) -> Settled {
    let Some(number) = number else {
        return Settled::Unknown("the transaction had no number".to_owned());
    };
    let deadline = Instant::now() + SETTLING;
    let mut backoff = Backoff::default();
    let mut reason = String::new();
    while Instant::now() < deadline {
        match ask(server, &number).await {
            Ok(Some(status)) if status == "committed" => return Settled::Committed,
            Ok(Some(status)) if status == "aborted" => return Settled::Undone,
            // The server has not noticed yet that the connection is gone, or is still at it.
            Ok(Some(status)) => reason = format!("it is {status}"),
            Ok(None) => {
                return Settled::Unknown("the server does not remember it any more".to_owned());
            }
            // A number that was never given: this server took the place of one that failed before
            // it had heard of the transaction.
            Err(fault) if fault.code == Some(SqlState::INVALID_PARAMETER_VALUE) => {
                return Settled::Undone;
            }
            Err(fault) => reason = fault.error.to_string(),
        }
        backoff.wait().await;
    }
    Settled::Unknown(reason)
}

async fn ask(server: &Server, number: &str) -> Result<Option<String>, Fault> {
    const STATUS: &str = "SELECT pg_xact_status($1::text::xid8)";
    let rows = server.single(STATUS, &[(&number, Type::TEXT)]).await?;
    Ok(rows.first().and_then(|row| row.try_get(0).ok()).flatten())
}

fn unknown(server: &Server, fault: &Fault, reason: &str) -> Error {
    Error::Unavailable(format!(
        "{}; it is not known whether the last operation was written ({reason})",
        match &fault.error {
            Error::Unavailable(text) => text.clone(),
            _ => format!("{} is unavailable", server.place),
        }
    ))
}
