//! Keeping runs alive, and finding those that are not.

use std::collections::HashMap;

use super::case::{Case, LEASE, NOW, append, change};
use crate::{Cancel, ClaimExpired, Database, Error, Lease, Release, Renew, Renewal, State};

impl<D: Database> Case<'_, D> {
    async fn renew(&mut self, leases: &[&Lease], now: u64) -> Result<Vec<Renewal>, String> {
        let renew = Renew {
            leases: leases.iter().map(|lease| (*lease).clone()).collect(),
            now,
            lease_ms: LEASE,
        };
        self.perform("renew", renew).await
    }

    /// Claims until nothing is left, and returns what is this case's: other cases leave tasks too.
    pub(super) async fn claim(&mut self, now: u64) -> Result<Vec<Lease>, String> {
        let mut mine = Vec::new();
        loop {
            let claim = ClaimExpired {
                now,
                lease_ms: LEASE,
                limit: 100,
            };
            let leases = self.perform("claim", claim).await?;
            if leases.is_empty() {
                return Ok(mine);
            }
            mine.extend(leases.into_iter().filter(|lease| lease.scope == self.scope));
        }
    }
}

const HELD: Renewal = Renewal::Held {
    cancel_requested: false,
};

pub(super) async fn renews<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let kept = case.create("kept", "c", State::Working, NOW).await?;
    let taken = case.create("taken", "c", State::Working, NOW).await?;
    let ended = case.create("ended", "c", State::Working, NOW).await?;
    let (next, _) = case.resume("taken", true, NOW).await?;
    case.append(&ended, change(State::Completed, NOW, &["end"]), NOW)
        .await?;
    let missing = Lease {
        task_id: "missing".to_owned(),
        ..kept.clone()
    };
    let now = NOW + LEASE - 1;
    let renewed = case
        .renew(&[&ended, &kept, &taken, &missing, &next], now)
        .await?;
    let lost = Renewal::Lost;
    case.equal("renewed", renewed, vec![lost, HELD, lost, lost, HELD])?;
    let task = case.get("kept", now + LEASE - 1).await?;
    case.equal("running for as long", task.running, true)?;
    let task = case.get("kept", now + LEASE).await?;
    case.equal("running no longer", task.running, false)?;
    // Late is better than never, as long as nobody claimed the task.
    let renewed = case.renew(&[&kept], now + LEASE).await?;
    case.equal("renewed late", renewed, vec![HELD])?;
    let none = case.renew(&[], NOW).await?;
    case.equal("nothing to renew", none, Vec::new())
}

pub(super) async fn releases<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let left = case.create("left", "c", State::Working, NOW).await?;
    let ended = case.create("ended", "c", State::Working, NOW).await?;
    case.append(&ended, change(State::Completed, NOW, &["end"]), NOW)
        .await?;
    for (lease, released) in [(&left, true), (&left, false), (&ended, false)] {
        let release = Release {
            lease: lease.clone(),
            now: NOW,
        };
        let found = case.perform("release", release).await?;
        case.equal("released", found, released)?;
    }
    let task = case.get("left", NOW).await?;
    case.equal("running", task.running, false)?;
    // What the run asked for before and comes only now does not bring it back.
    let late = case
        .append(&left, change(State::Working, NOW, &["late"]), NOW)
        .await;
    case.equal("appended late", late.is_err(), true)?;
    let renewed = case.renew(&[&left], NOW).await?;
    case.equal("renewed late", renewed, vec![Renewal::Lost])?;
    let claimed = case.claim(NOW).await?;
    let ids: Vec<_> = claimed.iter().map(|lease| lease.task_id.as_str()).collect();
    case.equal("claimed", ids, vec!["left"])
}

pub(super) async fn claims_what_is_abandoned<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lost = case.create("lost", "c1", State::Working, NOW).await?;
    let alive = case.create("alive", "c2", State::Working, NOW).await?;
    case.create("waits", "c3", State::InputRequired, NOW)
        .await?;
    case.create("ended", "c4", State::Completed, NOW).await?;
    let cancel = Cancel {
        scope: case.scope.clone(),
        task_id: "lost".to_owned(),
    };
    case.perform("cancel", cancel).await?;
    let early = case.claim(NOW + LEASE - 1).await?;
    case.equal("before any lease ended", early, Vec::new())?;
    let now = NOW + LEASE;
    let renewed = case.renew(&[&alive], now).await?;
    case.equal("renewed", renewed, vec![HELD])?;
    let claimed = case.claim(now).await?;
    let expected = Lease {
        fence: lost.fence + 1,
        ..lost.clone()
    };
    case.equal("claimed", claimed.clone(), vec![expected.clone()])?;
    let again = case.claim(now + 1).await?;
    case.equal("claimed once", again, Vec::new())?;
    let late = append(&lost, change(State::Working, now, &["late"]), now);
    case.refuse("the lost run", late, Error::Lost).await?;
    let renewed = case.renew(&[&lost], now).await?;
    case.equal("its renewal", renewed, vec![Renewal::Lost])?;
    let task = case.get("lost", now).await?;
    case.equal("running again", task.running, true)?;
    let appended = case
        .append(&expected, change(State::Working, now, &["two"]), now)
        .await?;
    case.equal(
        "the request to cancel stays",
        appended.cancel_requested,
        true,
    )?;
    // Whoever claimed it may be lost as well.
    let claimed = case.claim(now + LEASE).await?;
    let fences: HashMap<_, _> = claimed
        .into_iter()
        .map(|lease| (lease.task_id, lease.fence))
        .collect();
    let expected = [
        ("lost".to_owned(), lost.fence + 2),
        ("alive".to_owned(), alive.fence + 1),
    ];
    case.equal("claimed again", fences, HashMap::from(expected))
}

pub(super) async fn claims_a_few_at_a_time<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    // Long before the leases of every other case.
    let then = 1_000;
    for (id, now) in [("b", then + 1), ("a", then), ("c", then + 2)] {
        case.create(id, "c", State::Working, now).await?;
    }
    let mut order = Vec::new();
    for _ in 0..3 {
        let claim = ClaimExpired {
            now: then + LEASE + 2,
            lease_ms: LEASE,
            limit: 1,
        };
        let leases = case.perform("claim one", claim).await?;
        order.extend(leases.into_iter().map(|lease| lease.task_id));
    }
    case.equal(
        "longest ended first",
        order,
        ["a", "b", "c"].map(str::to_owned).to_vec(),
    )
}
