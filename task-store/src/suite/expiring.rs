//! Removing what ended long ago.
//!
//! [`Expire`] looks at every scope, so these cases take place long before all others.

use super::case::{Case, LEASE, change, everything, key, with_snapshot};
use super::webhooks::{config, put};
use crate::{
    ClaimDeliveries, Database, Delivered, DeliveryDropped, Error, Expire, Expired, Get, Lease,
    List, ReadState, State, WriteState,
};

/// When they take place, in milliseconds since the epoch.
const LONG_AGO: u64 = 1_000_000;
const LATER: u64 = LONG_AGO + 1_000;

impl<D: Database> Case<'_, D> {
    /// Expires until nothing is left to.
    async fn expire(&mut self) -> Result<Expired, String> {
        let mut all = Expired::default();
        for _ in 0..1_000 {
            let expired = self.perform("expire", Expire { before: LATER }).await?;
            all.tasks += expired.tasks;
            all.values += expired.values;
            all.dead_letters += expired.dead_letters;
            if !expired.more {
                return Ok(all);
            }
        }
        Err(self.wrong("expiring comes to an end", &all))
    }

    async fn ended(&mut self, id: &str, state: State, now: u64) -> Result<Lease, String> {
        let lease = self.create(id, "c", State::Working, LONG_AGO).await?;
        self.append(&lease, change(state, now, &["end"]), now)
            .await?;
        Ok(lease)
    }

    async fn total(&mut self) -> Result<u64, String> {
        let list = List {
            scope: self.scope.clone(),
            query: everything(),
            now: LATER,
        };
        Ok(self.perform("list", list).await?.total)
    }

    fn get_old(&self, id: &str) -> Get {
        super::case::get(&self.scope, id, LATER)
    }
}

pub(super) async fn removes_what_ended<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    for (id, state) in [
        ("completed", State::Completed),
        ("failed", State::Failed),
        ("canceled", State::Canceled),
        ("rejected", State::Rejected),
        ("asks", State::InputRequired),
        ("asks for a right", State::AuthRequired),
    ] {
        case.ended(id, state, LONG_AGO).await?;
    }
    let works = case.create("works", "c", State::Working, LONG_AGO).await?;
    case.ended("later", State::Completed, LATER).await?;
    let total = case.total().await?;
    case.equal("before", total, 8)?;
    let expired = case.expire().await?;
    case.equal("expired", expired.tasks, 4)?;
    let total = case.total().await?;
    case.equal("after", total, 4)?;
    for id in ["completed", "failed", "canceled", "rejected"] {
        case.refuse(id, case.get_old(id), Error::NotFound).await?;
    }
    for id in ["asks", "asks for a right", "works", "later"] {
        case.perform(id, case.get_old(id)).await?;
    }
    // Its id may be had again: nothing of the old one is left.
    let begin = case.creation(
        "completed",
        "c",
        key("m", 1),
        with_snapshot(change(State::Completed, LATER, &["anew"]), "{}"),
        LATER,
    );
    case.perform("the id again", begin).await?;
    let task = case.perform("anew", case.get_old("completed")).await?;
    case.equal("its events", task.newest, 1)?;
    // A lease of long ago would be claimed by other cases.
    case.append(&works, change(State::Completed, LATER, &["end"]), LATER)
        .await
        .map(|_| ())
}

pub(super) async fn removes_a_little_at_a_time<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let many = vec!["event"; 900];
    let lease = case.create("long", "c", State::Working, LONG_AGO).await?;
    for _ in 0..5 {
        case.append(&lease, change(State::Working, LONG_AGO, &many), LONG_AGO)
            .await?;
    }
    case.append(
        &lease,
        change(State::Completed, LONG_AGO, &["end"]),
        LONG_AGO,
    )
    .await?;
    let expired = case.perform("expire", Expire { before: LATER }).await?;
    case.equal("not at once", (expired.tasks, expired.more), (0, true))?;
    let task = case.perform("still there", case.get_old("long")).await?;
    case.equal("as it ended", task.state, State::Completed)?;
    let expired = case.expire().await?;
    case.equal("in the end", expired.tasks, 1)?;
    case.refuse("gone", case.get_old("long"), Error::NotFound)
        .await
}

pub(super) async fn waits_for_webhooks<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let scope = case.scope.clone();
    let lease = case.create("t", "c", State::Working, LONG_AGO).await?;
    case.perform("put", put(&scope, "t", config("a"))).await?;
    let done = change(State::Completed, LONG_AGO, &["end"]);
    case.append(&lease, done, LONG_AGO).await?;
    let expired = case.expire().await?;
    case.equal("kept", expired.tasks, 0)?;
    let claim = ClaimDeliveries {
        now: LONG_AGO,
        lease_ms: LEASE,
        limit: 1_000,
    };
    let mut claimed = case.perform("claim", claim).await?.deliveries;
    claimed.retain(|delivery| delivery.claim.scope == scope);
    for delivery in claimed {
        let delivered = Delivered {
            number: delivery.event.number,
            through: delivery.event.number,
            claim: delivery.claim,
            now: LONG_AGO,
            lease_ms: LEASE,
        };
        case.perform("delivered", delivered).await?;
    }
    let expired = case.expire().await?;
    case.equal("then not", expired.tasks, 1)
}

pub(super) async fn removes_dead_letters<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let scope = case.scope.clone();
    for (id, state) in [("works", State::Working), ("ended", State::Completed)] {
        let lease = case.create(id, "c", State::Working, LONG_AGO).await?;
        case.perform("put", put(&scope, id, config("a"))).await?;
        case.append(&lease, change(state, LONG_AGO, &["event"]), LONG_AGO)
            .await?;
        if state == State::Working {
            // Its lease would be claimed by other cases.
            case.append(&lease, change(State::InputRequired, LATER, &[]), LATER)
                .await?;
        }
    }
    let claim = ClaimDeliveries {
        now: LONG_AGO,
        lease_ms: LEASE,
        limit: 1_000,
    };
    let mut claimed = case.perform("claim", claim).await?.deliveries;
    claimed.retain(|delivery| delivery.claim.scope == scope);
    case.equal("both are behind", claimed.len(), 2)?;
    for delivery in claimed {
        let dropped = DeliveryDropped {
            number: delivery.event.number,
            through: u64::MAX,
            claim: delivery.claim,
            reason: "gone".to_owned(),
            now: LONG_AGO,
            lease_ms: LEASE,
        };
        case.perform("drop", dropped).await?;
    }
    // One goes with its task, the other by its own age.
    let expired = case.expire().await?;
    case.equal("expired", (expired.tasks, expired.dead_letters), (1, 1))
}

pub(super) async fn removes_what_agents_kept<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let scope = case.scope.clone();
    let write = |context: &str, now| WriteState {
        scope: scope.clone(),
        context_id: context.to_owned(),
        key: "k".to_owned(),
        value: Some(b"v".to_vec()),
        now,
    };
    let read = |context: &str| ReadState {
        scope: scope.clone(),
        context_id: context.to_owned(),
        key: "k".to_owned(),
    };
    for (context, now) in [("c", LONG_AGO), ("gone", LONG_AGO), ("new", LATER)] {
        case.perform("write", write(context, now)).await?;
    }
    let begun = case.create("t", "c", State::Working, LONG_AGO).await?;
    let expired = case.expire().await?;
    case.equal("without a task", expired.values, 1)?;
    for (context, kept) in [("c", true), ("gone", false), ("new", true)] {
        let found = case.perform("read", read(context)).await?;
        case.equal(context, found.is_some(), kept)?;
    }
    case.append(
        &begun,
        change(State::Completed, LONG_AGO, &["end"]),
        LONG_AGO,
    )
    .await?;
    let expired = case.expire().await?;
    case.equal("with its task", (expired.tasks, expired.values), (1, 1))
}
