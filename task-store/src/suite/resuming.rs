//! Resuming tasks.

use super::case::{Case, LEASE, NOW, append, change, texts};
use crate::{Cancel, Database, Error, State};

pub(super) async fn waits_for_the_other_run<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create("t", "c", State::Working, NOW).await?;
    let resume = case.resumption("t", None, false, NOW + 1);
    case.refuse("while it runs", resume, Error::Busy).await?;
    let resume = case.resumption("t", None, false, NOW + LEASE - 1);
    case.refuse("until its lease ends", resume, Error::Busy)
        .await?;
    case.append(&lease, change(State::Working, NOW + 2, &["two"]), NOW + 2)
        .await?;
    let resume = case.resumption("missing", None, false, NOW);
    case.refuse("a missing task", resume, Error::NotFound).await
}

pub(super) async fn takes_over<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let first = case.create("t", "c", State::Working, NOW).await?;
    case.append(&first, change(State::Working, NOW, &["two"]), NOW)
        .await?;
    let cancel = Cancel {
        scope: case.scope.clone(),
        task_id: "t".to_owned(),
    };
    case.perform("cancel the first run", cancel).await?;
    let (second, task) = case.resume("t", true, NOW + 1).await?;
    case.equal("fence", second.fence, first.fence + 1)?;
    case.equal("context", second.context_id.as_str(), "c")?;
    case.equal("task", task.id.as_str(), "t")?;
    case.equal("snapshot", task.snapshot.task, b"{\"first\":1}".to_vec())?;
    case.equal("tail", texts(&task.tail), vec![(2, "two".to_owned())])?;
    case.equal("running", task.running, true)?;
    let late = append(&first, change(State::Working, NOW + 2, &["late"]), NOW + 2);
    case.refuse("the first run", late, Error::Lost).await?;
    let appended = case
        .append(
            &second,
            change(State::Working, NOW + 2, &["three"]),
            NOW + 2,
        )
        .await?;
    case.equal("newest", appended.newest, 3)?;
    // The request was for the run that was taken over.
    case.equal("cancel requested", appended.cancel_requested, false)
}

pub(super) async fn follows_a_run_whose_lease_ended<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let first = case.create("t", "c", State::Working, NOW).await?;
    let late = NOW + LEASE;
    let (second, task) = case.resume("t", false, late).await?;
    case.equal("fence", second.fence, first.fence + 1)?;
    case.equal("running", task.running, true)?;
    let more = append(&first, change(State::Working, late, &["late"]), late);
    case.refuse("the first run", more, Error::Lost).await?;
    case.append(&second, change(State::Completed, late, &["end"]), late)
        .await?;
    let task = case.get("t", late).await?;
    case.equal("state", task.state, State::Completed)
}

pub(super) async fn refuses_a_finished_task<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    case.create("t", "c", State::Canceled, NOW).await?;
    for take_over in [false, true] {
        let resume = case.resumption("t", None, take_over, NOW);
        case.refuse("resume", resume, Error::Finished(State::Canceled))
            .await?;
    }
    Ok(())
}
