//! What became of a transaction whose COMMIT was not answered.
//!
//! The server is asked by the number of the transaction. A transaction that is durable keeps its
//! number for good, so whatever else than "committed" a server says of it in the end, it is undone.
//! But a server that crashed forgets which numbers it had given to those of whom nothing had reached
//! its disk, and gives them again. From one that may have crashed "committed" may therefore be about
//! somebody else's transaction, and what is in the tables decides: see [`Evidence`].
//!
//! A server that started again is known by the time at which it started. One that only lost a
//! process to a crash starts over without that, but ends it with a checkpoint: so without a
//! checkpoint since the transaction began there was no crash.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::Server;
use super::fault::{Fault, Remedy};
use super::patience::Backoff;
use super::transaction::Mark;
use super::values::{bound, rewritten};
use crate::Evidence;

/// How long to ask. A server that crashed has recovered by then, or takes so long that nobody waits
/// for it.
const SETTLING: Duration = Duration::from_secs(15);
/// A checkpoint tells its time in whole seconds, and the clocks of two machines differ in speed.
const SLACK: Duration = Duration::from_secs(2);

/// A replica, or a server that recovers with its tables open to readers, may not have come to the
/// transaction yet.
const STATUS: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN 'not recovered yet'
ELSE pg_xact_status($1::text::xid8) END, EXTRACT(EPOCH FROM pg_postmaster_start_time())::text";

/// How long ago the newest checkpoint began, as the third column.
const CHECKPOINT: &str = ", EXTRACT(EPOCH FROM clock_timestamp() - checkpoint_time)::float8
FROM pg_control_checkpoint()";

pub(super) enum Settled {
    Committed,
    Undone,
    /// It was written or not, and running it again is right in both cases.
    Either,
    Unknown(String),
}

/// Asks until it is known.
pub(super) async fn settle(server: &Server, mark: Option<Mark>, evidence: Evidence) -> Settled {
    let Some(mark) = mark else {
        return Settled::Unknown("the transaction had no number".to_owned());
    };
    let deadline = Instant::now() + SETTLING;
    let mut backoff = Backoff::default();
    let mut reason = String::new();
    while Instant::now() < deadline {
        match ask(server, &mark).await {
            Ok((status, standing)) => match judge(status.as_deref(), standing) {
                Verdict::Committed => return Settled::Committed,
                Verdict::Undone => return Settled::Undone,
                Verdict::Forgotten => {
                    return Settled::Unknown("the server does not remember it any more".to_owned());
                }
                Verdict::Ambiguous => match look(server, &evidence).await {
                    Ok(settled) => return settled,
                    Err(fault) => reason = fault.error.to_string(),
                },
                Verdict::Pending => reason = format!("it is {}", status.unwrap_or_default()),
            },
            // A number that was never given: to this server, which took the place of one that
            // failed or forgot it in a crash, the transaction never was.
            Err(fault) if fault.code == Some(SqlState::INVALID_PARAMETER_VALUE) => {
                return Settled::Undone;
            }
            Err(fault) => reason = fault.error.to_string(),
        }
        backoff.wait().await;
    }
    Settled::Unknown(reason)
}

/// Whether the server that is asked is the one that gave the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Same,
    /// It may have crashed since, and numbers with it.
    Suspect,
    /// It has started since, or is another one.
    Restarted,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Committed,
    Undone,
    /// Some transaction of this number was committed.
    Ambiguous,
    /// It was so long ago that nothing is known.
    Forgotten,
    /// Ask again.
    Pending,
}

fn judge(status: Option<&str>, standing: Standing) -> Verdict {
    match (status, standing) {
        (None, _) => Verdict::Forgotten,
        (Some("committed"), Standing::Same) => Verdict::Committed,
        (Some("committed"), _) => Verdict::Ambiguous,
        // Ours, or whose the number is now: and then ours was not durable.
        (Some("aborted"), _) => Verdict::Undone,
        // Nothing goes on through a restart, so this is somebody else's.
        (Some("in progress"), Standing::Restarted) => Verdict::Undone,
        // The server has not noticed yet that the connection is gone, or is still at it; where it
        // may be somebody else's, that ends soon too.
        (Some(_), _) => Verdict::Pending,
    }
}

async fn ask(server: &Server, mark: &Mark) -> Result<(Option<String>, Standing), Fault> {
    let params: [(&(dyn ToSql + Sync), Type); 1] = [(&mark.number, Type::TEXT)];
    let rows = match server
        .single(&format!("{STATUS}{CHECKPOINT}"), &params)
        .await
    {
        // Everybody may ask for checkpoints, unless whoever runs the server took that away.
        Err(fault)
            if fault.remedy == Remedy::Report
                && fault.code != Some(SqlState::INVALID_PARAMETER_VALUE) =>
        {
            server.single(STATUS, &params).await?
        }
        answer => answer?,
    };
    let Some(row) = rows.first() else {
        return Ok((None, Standing::Suspect));
    };
    let started: Option<&str> = row.try_get(1).ok();
    let checkpoint: Option<f64> = row.try_get(2).ok();
    // Taken after the answer: so it is never shorter than what the server measured.
    let age = (mark.begun.elapsed() + SLACK).as_secs_f64();
    let standing = if started != Some(mark.server.as_str()) {
        Standing::Restarted
    } else if checkpoint.is_some_and(|checkpoint| checkpoint > age) {
        Standing::Same
    } else {
        Standing::Suspect
    };
    Ok((row.try_get(0).ok().flatten(), standing))
}

/// Decides by what is in the tables.
async fn look(server: &Server, evidence: &Evidence) -> Result<Settled, Fault> {
    let (sql, params) = match evidence {
        Evidence::Row(sql, params) => (sql, params),
        Evidence::Needless => return Ok(Settled::Either),
        Evidence::Lacking => {
            let reason = "the server may have crashed, and nothing in its tables tells";
            return Ok(Settled::Unknown(reason.to_owned()));
        }
    };
    let params: Vec<_> = params.iter().map(bound).collect();
    let params: Vec<(&(dyn ToSql + Sync), Type)> = params
        .iter()
        .map(|(value, r#type)| (value as &(dyn ToSql + Sync), r#type.clone()))
        .collect();
    let rows = server.single(&rewritten(sql), &params).await?;
    Ok(if rows.is_empty() {
        Settled::Undone
    } else {
        Settled::Committed
    })
}

#[cfg(test)]
mod tests {
    use super::Standing::{Restarted, Same, Suspect};
    use super::Verdict::{Ambiguous, Committed, Forgotten, Pending, Undone};
    use super::*;

    #[test]
    fn only_the_server_that_gave_a_number_is_believed_that_it_is_committed() {
        let recovering = Some("not recovered yet");
        for (status, expected) in [
            (Some("committed"), [Committed, Ambiguous, Ambiguous]),
            (Some("aborted"), [Undone, Undone, Undone]),
            (Some("in progress"), [Pending, Pending, Undone]),
            (recovering, [Pending, Pending, Pending]),
            (None, [Forgotten, Forgotten, Forgotten]),
        ] {
            let judged = [Same, Suspect, Restarted].map(|standing| judge(status, standing));
            assert_eq!(judged, expected, "{status:?}");
        }
    }
}
