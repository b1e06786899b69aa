//! Runs an operation to its end, through failures.
//!
//! Until the COMMIT is sent, a failure undoes everything, and the operation may run again. Once it is
//! sent and no answer comes, nobody on this side knows: the server is asked what became of it, see
//! [`super::settle`]. So nothing is written twice, and nothing is refused that was written. Where a
//! crash left nothing to tell by, an operation that may be done twice runs again, and of another one
//! the caller hears that it is not known.

use tokio::sync::oneshot;

use super::Server;
use super::fault::{Fault, Remedy};
use super::patience::Patience;
use super::settle::{Settled, settle};
use super::transaction::{Open, Opening, Uncommitted};
use crate::{Error, Operation};

type Answer<O> = Result<<O as Operation>::Output, Error>;

/// Runs an operation until it succeeds, is refused, or patience ends, and tells the caller.
pub(super) async fn perform<O: Operation>(
    server: &Server,
    operation: &O,
    caller: oneshot::Sender<Answer<O>>,
) {
    let mut patience = Patience::default();
    let mut in_doubt = false;
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
            Err(Failed { fault, doubt }) => {
                in_doubt |= doubt;
                if !patience.allows(&fault).await {
                    let _ = caller.send(Err(if in_doubt {
                        unknown(server, &fault, "it did not get to run again")
                    } else {
                        fault.error
                    }));
                    return;
                }
                tracing::debug!(reason = %fault.error, "an operation runs again");
            }
        }
    }
}

/// It was undone, and may run again.
struct Failed {
    fault: Fault,
    /// Or it was written, and may run again nevertheless.
    doubt: bool,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            doubt: false,
        }
    }
}

/// Runs it once. Returns the answer, and the transaction if it is still open and not needed any more.
async fn attempt<'s, O: Operation>(
    server: &'s Server,
    operation: &O,
) -> Result<(Answer<O>, Option<Open<'s>>), Failed> {
    let mut open = Open::new(
        &server.place,
        opening::<O>(server),
        server.pool.get().await?,
    );
    let outcome = operation.run(&mut open).await;
    if let Some(fault) = open.take_fault() {
        open.roll_back().await;
        return Err(fault.into());
    }
    let output = match outcome {
        Ok(output) if !O::READ_ONLY => output,
        // Nothing was written, or nothing shall be kept.
        answer => return Ok((answer, Some(open))),
    };
    match open.commit().await {
        Ok(()) => Ok((Ok(output), None)),
        Err(Uncommitted { fault, mark }) => {
            if fault.remedy != Remedy::Reconnect {
                return Err(fault.into());
            }
            let evidence = operation.evidence(&output);
            match settle(server, mark, evidence).await {
                Settled::Committed => Ok((Ok(output), None)),
                Settled::Undone => Err(fault.into()),
                Settled::Either => Err(Failed { fault, doubt: true }),
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

fn unknown(server: &Server, fault: &Fault, reason: &str) -> Error {
    Error::Unavailable(format!(
        "{}; it is not known whether the last operation was written ({reason})",
        match &fault.error {
            Error::Unavailable(text) => text.clone(),
            _ => format!("{} is unavailable", server.place),
        }
    ))
}
