//! Reading events.

use super::case::{Case, LEASE, NOW, change, texts, with_snapshot};
use crate::{
    Change, Database, Error, Events, MAX_CHANGE_EVENTS, MAX_EVENT_BYTES, MAX_EVENTS, Progress,
    State,
};

impl<D: Database> Case<'_, D> {
    async fn events(&mut self, id: &str, after: u64, now: u64) -> Result<Progress, String> {
        let events = Events {
            scope: self.scope.clone(),
            task_id: id.to_owned(),
            after,
            now,
        };
        self.perform(&format!("events of {id} after {after}"), events)
            .await
    }
}

pub(super) async fn gives_events_after_a_number<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create("t", "c", State::Submitted, NOW).await?;
    let second = with_snapshot(change(State::Working, NOW, &["two"]), "{}");
    case.append(&lease, second, NOW).await?;
    case.append(&lease, change(State::Working, NOW, &["three"]), NOW)
        .await?;
    let all = [(1, "first"), (2, "two"), (3, "three")].map(|(n, text)| (n, text.to_owned()));
    for after in 0..=4 {
        let progress = case.events("t", after, NOW).await?;
        let rest: Vec<_> = all
            .iter()
            .filter(|(number, _)| *number > after)
            .cloned()
            .collect();
        case.equal("events", texts(&progress.events), rest)?;
        case.equal("state", progress.state, State::Working)?;
        case.equal("running", progress.running, true)?;
    }
    let none = case.events("t", u64::MAX, NOW).await?;
    case.equal("after the largest number", none.events, Vec::new())?;
    case.append(&lease, change(State::Completed, NOW, &[]), NOW)
        .await?;
    let progress = case.events("t", 3, NOW).await?;
    case.equal("state at the end", progress.state, State::Completed)?;
    case.equal("running at the end", progress.running, false)?;
    let missing = Events {
        scope: case.scope.clone(),
        task_id: "missing".to_owned(),
        after: 0,
        now: NOW,
    };
    case.refuse("a missing task", missing, Error::NotFound)
        .await
}

pub(super) async fn gives_events_in_portions<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create("many", "c", State::Working, NOW).await?;
    let portion = vec!["x"; MAX_CHANGE_EVENTS];
    case.append(&lease, change(State::Working, NOW, &portion), NOW)
        .await?;
    case.append(&lease, change(State::Working, NOW, &["x"; 50]), NOW)
        .await?;
    let mut portions = Vec::new();
    let mut after = 0;
    loop {
        let events = case.events("many", after, NOW).await?.events;
        let Some(last) = events.last() else {
            break;
        };
        portions.push((events.len() as u64, last.number));
        after = last.number;
    }
    let expected = vec![(MAX_EVENTS, MAX_EVENTS), (51, MAX_EVENTS + 51)];
    case.equal("portions", portions, expected)?;

    // Two thirds of the bytes of a portion each, and then the largest event that there can be.
    let lease = case.create("much", "c", State::Working, NOW).await?;
    for bytes in [
        MAX_EVENT_BYTES / 3,
        MAX_EVENT_BYTES / 3,
        MAX_EVENT_BYTES / 2,
        MAX_EVENT_BYTES,
    ] {
        let large = Change {
            events: vec![vec![b' '; bytes]],
            ..with_snapshot(change(State::Working, NOW, &[]), "{}")
        };
        case.append(&lease, large, NOW).await?;
    }
    let mut portions = Vec::new();
    let mut after = 0;
    loop {
        let events = case.events("much", after, NOW).await?.events;
        let Some(last) = events.last() else {
            break;
        };
        portions.push((events.len(), last.number));
        after = last.number;
    }
    case.equal("portions by bytes", portions, vec![(3, 3), (1, 4), (1, 5)])
}

pub(super) async fn knows_a_lost_run<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    case.create("t", "c", State::Working, NOW).await?;
    let late = NOW + LEASE;
    let progress = case.events("t", 0, late).await?;
    case.equal("state", progress.state, State::Working)?;
    case.equal("running by events", progress.running, false)?;
    let task = case.get("t", late).await?;
    case.equal("running by get", task.running, false)
}
