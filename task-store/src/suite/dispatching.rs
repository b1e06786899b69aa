//! Leaving a task for somebody else to work on.

use super::case::{Case, LEASE, NOW, append, change};
use crate::{
    Cancel, ClaimDispatched, Database, Dispatch, DispatchClaim, Error, Fail, Lease,
    MAX_CHECKPOINT_BYTES, Renew, Renewal, SettleDispatched, State, Undispatch,
};

/// How long the tasks of these cases wait for a call. Longer than any other lease.
const PATIENCE: u64 = 100 * LEASE;

impl<D: Database> Case<'_, D> {
    /// Tokens are not bound to a scope, and the suite may run again on the same database.
    fn token(&self, id: &str) -> String {
        format!("{}/{}/{id}", self.scope.tenant, self.scope.owner)
    }

    fn dispatch(&self, lease: &Lease) -> Dispatch {
        Dispatch {
            lease: lease.clone(),
            token: self.token(&lease.task_id),
            checkpoint: None,
            now: NOW,
            patience_ms: PATIENCE,
        }
    }

    /// Creates a task and dispatches it: what its run had, and what is left of it.
    async fn dispatched(&mut self, id: &str) -> Result<(Lease, Lease), String> {
        let run = self.create(id, "c", State::Submitted, NOW).await?;
        let dispatch = self.dispatch(&run);
        match self.perform("dispatch", dispatch).await? {
            Some(lease) => Ok((run, lease)),
            None => Err(self.wrong("dispatch", &"a request to cancel")),
        }
    }

    async fn call(&mut self, id: &str, now: u64) -> Result<DispatchClaim, String> {
        let claim = ClaimDispatched {
            token: self.token(id),
            now,
            lease_ms: LEASE,
        };
        self.perform(&format!("call for {id}"), claim).await
    }

    /// A call that has to be given the task, which nobody asked to cancel.
    async fn called(&mut self, id: &str, now: u64) -> Result<Lease, String> {
        match self.call(id, now).await? {
            DispatchClaim::Claimed {
                lease,
                canceled: false,
            } => Ok(lease),
            other => Err(self.wrong(&format!("call for {id}"), &other)),
        }
    }

    async fn settle(&mut self, id: &str) -> Result<bool, String> {
        let token = self.token(id);
        self.perform("settle", SettleDispatched { token }).await
    }
}

pub(super) async fn waits_for_a_call<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let (run, lease) = case.dispatched("t").await?;
    case.equal("fence", lease.fence, run.fence + 1)?;
    let late = append(&run, change(State::Working, NOW, &["late"]), NOW);
    case.refuse("the run that ended", late, Error::Lost).await?;
    let renew = Renew {
        leases: vec![run],
        now: NOW,
        lease_ms: LEASE,
    };
    let renewed = case.perform("renew", renew).await?;
    case.equal("its renewal", renewed, vec![Renewal::Lost])?;
    let task = case.get("t", NOW).await?;
    case.equal("running", task.running, false)?;
    let more = case.resumption("t", None, false, NOW + PATIENCE - 1);
    case.refuse("another message meanwhile", more, Error::Busy)
        .await?;
    let settled = case.settle("t").await?;
    case.equal("settled", settled, false)?;
    let claimed = case.claim(NOW + PATIENCE - 1).await?;
    case.equal("claimed by a sweep", claimed, Vec::new())?;

    // However late.
    let claim = case.called("t", NOW + PATIENCE - 1).await?;
    case.equal("the task", claim.task_id.as_str(), "t")?;
    case.equal("its context", claim.context_id.as_str(), "c")?;
    case.equal("its scope", &claim.scope, &case.scope.clone())?;
    case.equal("fence of the claim", claim.fence, lease.fence + 1)?;
    let (run, _, dispatched) = case.take_up("t", NOW + PATIENCE).await?;
    case.equal("dispatched", dispatched, true)?;
    let task = case.get("t", NOW + PATIENCE).await?;
    case.equal("running now", task.running, true)?;
    let (_, _, dispatched) = case.take_up("t", NOW + PATIENCE).await?;
    case.equal("dispatched once", dispatched, false)?;
    let late = append(&run, change(State::Working, NOW, &["late"]), NOW);
    case.refuse("the run before", late, Error::Lost).await
}

pub(super) async fn is_claimed_once<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    case.dispatched("t").await?;
    let claim = case.called("t", NOW).await?;
    let again = case.call("t", NOW + LEASE - 1).await?;
    case.equal("before the run begins", again, DispatchClaim::Running)?;
    let task = case.get("t", NOW).await?;
    case.equal("running before the run begins", task.running, false)?;
    let (run, _, _) = case.take_up("t", NOW).await?;
    let again = case.call("t", NOW + LEASE - 1).await?;
    case.equal("while it runs", again, DispatchClaim::Running)?;
    let late = append(&claim, change(State::Working, NOW, &["late"]), NOW);
    case.refuse("the claim that was taken over", late, Error::Lost)
        .await?;
    case.append(&run, change(State::Completed, NOW, &["end"]), NOW)
        .await?;
    let again = case.call("t", NOW).await?;
    case.equal("after its end", again, DispatchClaim::Ended)?;
    let again = case.call("t", NOW).await?;
    case.equal("then", again, DispatchClaim::Unknown)?;

    case.dispatched("asks").await?;
    case.called("asks", NOW).await?;
    let (run, _, _) = case.take_up("asks", NOW).await?;
    case.append(&run, change(State::InputRequired, NOW, &["ask"]), NOW)
        .await?;
    let settled = case.settle("asks").await?;
    case.equal("settled", settled, true)?;
    let (_, _, dispatched) = case.take_up("asks", NOW).await?;
    case.equal("the next turn is dispatched", dispatched, false)?;
    // A call that comes late is not for this turn.
    let again = case.call("asks", NOW).await?;
    case.equal("during the next turn", again, DispatchClaim::Unknown)?;
    let settled = case.settle("asks").await?;
    case.equal("settled again", settled, true)
}

pub(super) async fn is_claimed_again_when_the_run_is_lost<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    case.dispatched("t").await?;
    let first = case.called("t", NOW).await?;
    // Lost before the run began.
    let second = case.called("t", NOW + LEASE).await?;
    case.equal("fence", second.fence, first.fence + 1)?;
    let (run, _, dispatched) = case.take_up("t", NOW + LEASE).await?;
    case.equal("dispatched", dispatched, true)?;
    // Lost while it ran.
    let third = case.called("t", NOW + 2 * LEASE).await?;
    case.equal("fence of the next", third.fence, run.fence + 1)?;
    let task = case.get("t", NOW + 2 * LEASE).await?;
    case.equal("running", task.running, true)?;
    let (_, _, dispatched) = case.take_up("t", NOW + 2 * LEASE).await?;
    case.equal("dispatched still", dispatched, false)
}

pub(super) async fn is_taken_up_when_nobody_calls<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let (_, lease) = case.dispatched("t").await?;
    let now = NOW + PATIENCE;
    let claimed = case.claim(now).await?;
    let expected = Lease {
        fence: lease.fence + 1,
        ..lease
    };
    case.equal("claimed", claimed, vec![expected])?;
    let late = case.call("t", now).await?;
    case.equal("a late call", late, DispatchClaim::Running)?;
    let (run, _, dispatched) = case.take_up("t", now).await?;
    case.equal("dispatched", dispatched, true)?;
    case.append(&run, change(State::Completed, now, &["end"]), now)
        .await?;
    let late = case.call("t", now).await?;
    case.equal("a later call", late, DispatchClaim::Ended)
}

pub(super) async fn is_taken_back<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let back = |lease: &Lease, token| Undispatch {
        lease: lease.clone(),
        token,
        now: NOW,
        lease_ms: LEASE,
    };
    let (_, lease) = case.dispatched("t").await?;
    let token = case.token("t");
    let run = case.perform("take back", back(&lease, token)).await?;
    case.equal("fence", run.fence, lease.fence + 1)?;
    let task = case.get("t", NOW).await?;
    case.equal("running", task.running, true)?;
    let late = case.call("t", NOW).await?;
    case.equal("a call", late, DispatchClaim::Unknown)?;
    case.append(&run, change(State::Completed, NOW, &["end"]), NOW)
        .await?;

    let (_, lease) = case.dispatched("called").await?;
    case.called("called", NOW).await?;
    let token = case.token("called");
    case.refuse("after a call", back(&lease, token), Error::Lost)
        .await?;
    let (_, lease) = case.dispatched("canceled").await?;
    let (run, _, _) = case.take_up("canceled", NOW).await?;
    case.append(&run, change(State::Canceled, NOW, &["end"]), NOW)
        .await?;
    let token = case.token("canceled");
    let ended = Error::Finished(State::Canceled);
    case.refuse("after its end", back(&lease, token), ended)
        .await
}

pub(super) async fn is_canceled_without_a_run<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    case.dispatched("t").await?;
    // Nobody works on it, so whoever cancels it writes the end.
    let (run, _, _) = case.take_up("t", NOW).await?;
    case.append(&run, change(State::Canceled, NOW, &["end"]), NOW)
        .await?;
    let late = case.call("t", NOW).await?;
    case.equal("a call", late, DispatchClaim::Ended)?;

    let cancel = |id: &str| Cancel {
        scope: case.scope.clone(),
        task_id: id.to_owned(),
    };
    let (before, after) = (cancel("before"), cancel("after"));
    let run = case.create("before", "c", State::Submitted, NOW).await?;
    case.perform("cancel", before).await?;
    let dispatch = case.dispatch(&run);
    let dispatched = case.perform("dispatch after that", dispatch).await?;
    case.equal("is left to the run", dispatched, None)?;
    case.append(&run, change(State::Canceled, NOW, &["end"]), NOW)
        .await?;
    case.dispatched("after").await?;
    case.perform("cancel", after).await?;
    match case.call("after", NOW).await? {
        DispatchClaim::Claimed {
            lease,
            canceled: true,
        } => {
            let fail = Fail {
                lease,
                reason: "The claim is a right to write.".to_owned(),
                now: NOW,
            };
            case.perform("end it", fail).await.map(|_| ())
        }
        other => Err(case.wrong("a call", &other)),
    }
}

pub(super) async fn carries_what_the_run_is_given<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let run = case.create("t", "c", State::Submitted, NOW).await?;
    let dispatch = Dispatch {
        checkpoint: Some(b"given".to_vec()),
        ..case.dispatch(&run)
    };
    case.perform("dispatch", dispatch).await?;
    case.called("t", NOW).await?;
    let (_, checkpoint, _) = case.take_up("t", NOW).await?;
    case.equal("checkpoint", checkpoint, Some("given".to_owned()))?;
    let run = case.create("u", "c", State::Submitted, NOW).await?;
    let dispatch = Dispatch {
        checkpoint: Some(vec![b'x'; MAX_CHECKPOINT_BYTES + 1]),
        ..case.dispatch(&run)
    };
    let large = Error::TooLarge("the checkpoint has 1048577 bytes".to_owned());
    case.refuse("dispatch", dispatch, large).await?;
    // Nothing happened to it.
    case.append(&run, change(State::Completed, NOW, &["end"]), NOW)
        .await
        .map(|_| ())
}

pub(super) async fn refuses_a_token_that_cannot_be_stored<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let run = case.create("t", "c", State::Submitted, NOW).await?;
    let dispatch = Dispatch {
        token: String::new(),
        ..case.dispatch(&run)
    };
    let empty = Error::Invalid("the token is empty".to_owned());
    case.refuse("dispatch", dispatch, empty).await?;
    for token in [String::new(), "\0".to_owned(), "x".repeat(10_000)] {
        let claim = ClaimDispatched {
            token,
            now: NOW,
            lease_ms: LEASE,
        };
        let claim = case.perform("call", claim).await?;
        case.equal("a strange token", claim, DispatchClaim::Unknown)?;
    }
    Ok(())
}
