//! Appending to tasks.

use super::case::{Case, LEASE, NOW, append, change, texts, with_snapshot};
use crate::{
    Appended, Cancel, Change, Database, Error, Fail, MAX_ARTIFACTS_BYTES, MAX_CHANGE_BYTES,
    MAX_CHANGE_EVENTS, MAX_EVENT_BYTES, MAX_TAIL_BYTES, MAX_TAIL_EVENTS, MAX_TASK_BYTES, Snapshot,
    State,
};

pub(super) async fn numbers_events<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let lease = case.create("t", "c", State::Submitted, NOW).await?;
    let appended = case
        .append(
            &lease,
            change(State::Working, NOW + 1, &["two", "three"]),
            NOW + 1,
        )
        .await?;
    let expected = Appended {
        newest: 3,
        cancel_requested: false,
        push: false,
    };
    case.equal("appended", appended, expected)?;
    let none = case
        .append(&lease, change(State::Working, NOW + 2, &[]), NOW + 2)
        .await?;
    case.equal("no events", none.newest, 3)?;
    let appended = case
        .append(&lease, change(State::Working, NOW + 3, &["four"]), NOW + 3)
        .await?;
    case.equal("appended", appended.newest, 4)?;
    let task = case.get("t", NOW + 3).await?;
    case.equal("state", task.state, State::Working)?;
    case.equal("status time", task.status_time, NOW + 3)?;
    case.equal("newest", task.newest, 4)?;
    let tail = [(2, "two"), (3, "three"), (4, "four")].map(|(n, text)| (n, text.to_owned()));
    case.equal("tail", texts(&task.tail), tail.to_vec())
}

pub(super) async fn keeps_a_tail_until_a_snapshot<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create("t", "c", State::Working, NOW).await?;
    case.append(&lease, change(State::Working, NOW, &["two"]), NOW)
        .await?;
    let snapshot = Snapshot {
        task: b"{\"at\":3}".to_vec(),
        artifacts: Some(b"[\"a\"]".to_vec()),
    };
    let third = Change {
        snapshot: Some(snapshot.clone()),
        ..change(State::Working, NOW, &["three"])
    };
    case.append(&lease, third, NOW).await?;
    let task = case.get("t", NOW).await?;
    case.equal("snapshot", task.snapshot, snapshot.clone())?;
    case.equal("tail", task.tail, Vec::new())?;
    case.append(&lease, change(State::Working, NOW, &["four"]), NOW)
        .await?;
    let task = case.get("t", NOW).await?;
    case.equal("snapshot", task.snapshot, snapshot)?;
    case.equal("tail", texts(&task.tail), vec![(4, "four".to_owned())])?;
    // Artifacts that are gone are gone.
    case.append(
        &lease,
        with_snapshot(change(State::Working, NOW, &[]), "{\"at\":4}"),
        NOW,
    )
    .await?;
    let task = case.get("t", NOW).await?;
    case.equal("artifacts", task.snapshot.artifacts, None)?;
    case.equal("tail", task.tail, Vec::new())
}

pub(super) async fn never_changes_a_finished_task<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    for state in State::ALL.into_iter().filter(|state| state.is_terminal()) {
        let id = format!("ends-{state}");
        let lease = case.create(&id, "c", State::Working, NOW).await?;
        case.append(&lease, change(state, NOW + 1, &["end"]), NOW + 1)
            .await?;
        let before = case.get(&id, NOW + 1).await?;
        case.equal("running", before.running, false)?;
        let finished = Error::Finished(state);
        let more = append(&lease, change(State::Working, NOW + 2, &["more"]), NOW + 2);
        case.refuse("append", more, finished.clone()).await?;
        let fail = Fail {
            lease,
            reason: "late".to_owned(),
            now: NOW + 2,
        };
        case.refuse("fail", fail, finished.clone()).await?;
        for take_over in [false, true] {
            let resume = case.resumption(&id, None, take_over, NOW + 2);
            case.refuse("resume", resume, finished.clone()).await?;
        }
        let cancel = Cancel {
            scope: case.scope.clone(),
            task_id: id.clone(),
        };
        case.refuse("cancel", cancel, finished).await?;
        let after = case.get(&id, NOW + 1).await?;
        case.equal("the task", after, before)?;
    }
    Ok(())
}

pub(super) async fn ends_the_run_of_an_interrupted_task<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    for state in State::ALL
        .into_iter()
        .filter(|state| state.is_interrupted())
    {
        let id = format!("waits-{state}");
        let lease = case.create(&id, "c", State::Working, NOW).await?;
        case.append(&lease, change(state, NOW + 1, &["asks"]), NOW + 1)
            .await?;
        let task = case.get(&id, NOW + 1).await?;
        case.equal("running", task.running, false)?;
        let more = append(&lease, change(State::Working, NOW + 2, &["more"]), NOW + 2);
        case.refuse("append", more, Error::Lost).await?;
        let (next, task) = case.resume(&id, false, NOW + 3).await?;
        case.equal("resumed in", task.state, state)?;
        case.equal("resumed", task.running, true)?;
        case.append(
            &next,
            change(State::Working, NOW + 4, &["goes on"]),
            NOW + 4,
        )
        .await?;
        let task = case.get(&id, NOW + 4).await?;
        case.equal("running again", task.running, true)?;
    }
    Ok(())
}

pub(super) async fn fences_out_an_earlier_run<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let first = case.create("t", "c", State::Working, NOW).await?;
    let (second, _) = case.resume("t", true, NOW + 1).await?;
    let late = || change(State::Completed, NOW + 2, &["late"]);
    case.refuse(
        "the first run",
        append(&first, late(), NOW + 2),
        Error::Lost,
    )
    .await?;
    let fail = Fail {
        lease: first,
        reason: "late".to_owned(),
        now: NOW + 2,
    };
    case.refuse("the first run fails", fail, Error::Lost)
        .await?;
    let future = crate::Lease {
        fence: second.fence + 1,
        ..second.clone()
    };
    case.refuse(
        "a run that never began",
        append(&future, late(), NOW + 2),
        Error::Lost,
    )
    .await?;
    case.append(&second, change(State::Working, NOW + 3, &["two"]), NOW + 3)
        .await?;
    let newest = case.get("t", NOW + 3).await?.newest;
    case.equal("newest", newest, 2)
}

pub(super) async fn goes_on_when_nobody_claimed_the_task<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create("t", "c", State::Working, NOW).await?;
    let late = NOW + LEASE + 1;
    let task = case.get("t", late).await?;
    case.equal("running after the lease", task.running, false)?;
    case.append(&lease, change(State::Working, late, &["two"]), late)
        .await?;
    let task = case.get("t", late + LEASE - 1).await?;
    case.equal("running after the append", task.running, true)?;
    let task = case.get("t", late + LEASE).await?;
    case.equal("running at the end of the lease", task.running, false)
}

pub(super) async fn limits_a_change<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let lease = case.create("t", "c", State::Working, NOW).await?;
    let with = |events: Vec<Vec<u8>>, snapshot: Option<Snapshot>| {
        let change = Change {
            events,
            snapshot,
            ..change(State::Working, NOW, &[])
        };
        append(&lease, change, NOW)
    };
    let snapshot = |task: usize, artifacts: usize| {
        Some(Snapshot {
            task: vec![b' '; task],
            artifacts: Some(vec![b' '; artifacts]),
        })
    };
    let large = with(vec![vec![b' '; MAX_EVENT_BYTES + 1]], None);
    case.refuse(
        "a large event",
        large,
        Error::TooLarge("16777217".to_owned()),
    )
    .await?;
    let many = with(vec![Vec::new(); MAX_CHANGE_EVENTS + 1], None);
    case.refuse(
        "many events",
        many,
        Error::TooLarge("1001 events".to_owned()),
    )
    .await?;
    let pieces = MAX_CHANGE_BYTES / MAX_EVENT_BYTES + 1;
    let much = with(vec![vec![b' '; MAX_EVENT_BYTES]; pieces], snapshot(1, 0));
    case.refuse(
        "many bytes",
        much,
        Error::TooLarge("events of the change".to_owned()),
    )
    .await?;
    let large = with(Vec::new(), snapshot(MAX_TASK_BYTES + 1, 0));
    case.refuse(
        "a large snapshot",
        large,
        Error::TooLarge("snapshot".to_owned()),
    )
    .await?;
    let large = with(Vec::new(), snapshot(1, MAX_ARTIFACTS_BYTES + 1));
    case.refuse(
        "large artifacts",
        large,
        Error::TooLarge("artifacts".to_owned()),
    )
    .await?;
    let largest = with(vec![vec![b' '; MAX_EVENT_BYTES]], None);
    case.perform("the largest event", largest).await?;
    let task = case.get("t", NOW).await?;
    let sizes: Vec<usize> = task.tail.iter().map(|event| event.payload.len()).collect();
    case.equal("the tail", sizes, vec![MAX_EVENT_BYTES])
}

pub(super) async fn limits_a_tail<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let lease = case.create("many", "c", State::Working, NOW).await?;
    let portion = vec!["x"; MAX_CHANGE_EVENTS];
    for _ in 0..MAX_TAIL_EVENTS / MAX_CHANGE_EVENTS as u64 {
        case.append(&lease, change(State::Working, NOW, &portion), NOW)
            .await?;
    }
    let more = append(&lease, change(State::Working, NOW, &["more"]), NOW);
    let limit = Error::TooLarge("10001 events would follow the newest snapshot".to_owned());
    case.refuse("one more", more, limit).await?;
    let rest = with_snapshot(change(State::Working, NOW, &["more"]), "{}");
    let newest = case.append(&lease, rest, NOW).await?.newest;
    case.equal("with a snapshot", newest, MAX_TAIL_EVENTS + 2)?;
    case.append(&lease, change(State::Working, NOW, &["more"]), NOW)
        .await?;

    let lease = case.create("much", "c", State::Working, NOW).await?;
    let large = |bytes| Change {
        events: vec![vec![b' '; bytes]],
        ..change(State::Working, NOW, &[])
    };
    let half = usize::try_from(MAX_TAIL_BYTES / 2).unwrap_or(MAX_EVENT_BYTES);
    case.append(&lease, large(half), NOW).await?;
    case.append(&lease, large(half), NOW).await?;
    let limit = Error::TooLarge("bytes of events would follow".to_owned());
    case.refuse("one byte more", append(&lease, large(1), NOW), limit)
        .await?;
    case.append(&lease, with_snapshot(large(1), "{}"), NOW)
        .await?;
    let task = case.get("much", NOW).await?;
    case.equal("tail", task.tail.len(), 0)
}
