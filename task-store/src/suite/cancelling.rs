//! Asking runs to stop.

use super::case::{Case, LEASE, NOW, change};
use crate::{Cancel, Check, Database, Error, Lease, Renew, Renewal, State};

impl<D: Database> Case<'_, D> {
    fn cancellation(&self, id: &str) -> Cancel {
        Cancel {
            scope: self.scope.clone(),
            task_id: id.to_owned(),
        }
    }

    /// What the run learns by asking.
    async fn check(&mut self, lease: &Lease) -> Result<Renewal, String> {
        let check = Check {
            leases: vec![lease.clone()],
        };
        let renewals = self.perform("check", check).await?;
        let first = renewals.first().copied();
        first.ok_or_else(|| self.wrong("check", &renewals))
    }
}

fn held(cancel_requested: bool) -> Renewal {
    Renewal::Held { cancel_requested }
}

pub(super) async fn tells_the_run<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let lease = case.create("t", "c", State::Working, NOW).await?;
    let before = case
        .append(&lease, change(State::Working, NOW, &["two"]), NOW)
        .await?;
    case.equal("before", before.cancel_requested, false)?;
    let check = case.check(&lease).await?;
    case.equal("before, by asking", check, held(false))?;
    for _ in 0..2 {
        let cancel = case.cancellation("t");
        let told = case.perform("cancel", cancel).await?;
        case.equal("a run holds it", told, true)?;
    }
    let renew = Renew {
        leases: vec![lease.clone()],
        now: NOW,
        lease_ms: LEASE,
    };
    let renewed = case.perform("renew", renew).await?;
    case.equal("by renewal", renewed, vec![held(true)])?;
    let check = case.check(&lease).await?;
    case.equal("by asking", check, held(true))?;
    let after = case
        .append(&lease, change(State::Working, NOW, &["three"]), NOW)
        .await?;
    case.equal("by append", after.cancel_requested, true)?;
    // The request is not an event, and the run decides what becomes of it.
    let task = case.get("t", NOW).await?;
    case.equal("state", task.state, State::Working)?;
    case.equal("newest", task.newest, 3)?;
    case.append(&lease, change(State::Canceled, NOW, &["end"]), NOW)
        .await?;
    let check = case.check(&lease).await?;
    case.equal("after the end, by asking", check, Renewal::Lost)?;
    let cancel = case.cancellation("t");
    case.refuse("after the end", cancel, Error::Finished(State::Canceled))
        .await?;
    let cancel = case.cancellation("missing");
    case.refuse("a missing task", cancel, Error::NotFound).await
}

pub(super) async fn does_nothing_without_a_run<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    case.create("t", "c", State::InputRequired, NOW).await?;
    let cancel = case.cancellation("t");
    let told = case.perform("cancel", cancel).await?;
    case.equal("a run holds it", told, false)?;
    let (lease, _) = case.resume("t", false, NOW).await?;
    let appended = case
        .append(&lease, change(State::Working, NOW, &["two"]), NOW)
        .await?;
    case.equal("the next run", appended.cancel_requested, false)?;
    let earlier = Lease {
        fence: lease.fence - 1,
        ..lease.clone()
    };
    let check = case.check(&earlier).await?;
    case.equal("the run before it", check, Renewal::Lost)?;
    let check = case.check(&lease).await?;
    case.equal("the next run, by asking", check, held(false))?;
    // The lease is over, and nobody has claimed the task: still its run.
    let late = NOW + LEASE;
    let running = case.get("t", late).await?.running;
    case.equal("running", running, false)?;
    let cancel = case.cancellation("t");
    let told = case.perform("cancel", cancel).await?;
    case.equal("a run holds it", told, true)?;
    let check = case.check(&lease).await?;
    case.equal("after its lease", check, held(true))
}
