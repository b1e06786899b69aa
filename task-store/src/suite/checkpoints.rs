//! What a run leaves for the next one.

use super::case::{Case, LEASE, NOW, append, change, texts, with_snapshot};
use crate::{Begun, Change, Database, Error, Fail, Lease, MAX_CHECKPOINT_BYTES, Opening, State};

impl<D: Database> Case<'_, D> {
    /// Takes a task over, which has to succeed: the lease, what the run before left, and whether the
    /// task was dispatched.
    pub(super) async fn take_up(
        &mut self,
        id: &str,
        now: u64,
    ) -> Result<(Lease, Option<String>, bool), String> {
        let begin = self.resumption(id, None, true, now);
        match self.perform(&format!("take up {id}"), begin).await? {
            Begun::Started {
                lease,
                task: Some(_),
                checkpoint,
                dispatched,
            } => {
                let text = |data: Vec<u8>| String::from_utf8_lossy(&data).into_owned();
                Ok((lease, checkpoint.map(text), dispatched))
            }
            other => Err(self.wrong(&format!("take up {id}"), &other)),
        }
    }
}

fn with_checkpoint(change: Change, data: &str) -> Change {
    Change {
        checkpoint: Some(data.as_bytes().to_vec()),
        ..change
    }
}

fn left(data: &str) -> Option<String> {
    Some(data.to_owned())
}

pub(super) async fn come_with_the_next_run<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let first = with_snapshot(change(State::Working, NOW, &["first"]), "{}");
    let create = case.creation("t", "c", None, with_checkpoint(first, "one"), NOW);
    let begun = case.perform("create", create).await?;
    let Begun::Started {
        checkpoint: None, ..
    } = begun
    else {
        return Err(case.wrong("a new task has no run before", &begun));
    };
    let (run, found, _) = case.take_up("t", NOW).await?;
    case.equal("after the creation", found, left("one"))?;
    case.append(&run, change(State::Working, NOW, &["two"]), NOW)
        .await?;
    let (run, found, _) = case.take_up("t", NOW).await?;
    case.equal("left as it is", found, left("one"))?;
    let next = with_checkpoint(change(State::Working, NOW, &["three"]), "more");
    case.append(&run, next, NOW).await?;
    let (run, found, _) = case.take_up("t", NOW).await?;
    case.equal("replaced", found, left("more"))?;
    let none = with_checkpoint(change(State::Working, NOW, &["four"]), "");
    case.append(&run, none.clone(), NOW).await?;
    case.append(&run, none, NOW).await?;
    let (_, found, _) = case.take_up("t", NOW).await?;
    case.equal("removed", found, None)?;
    case.create("other", "c", State::Working, NOW).await?;
    let (_, found, _) = case.take_up("other", NOW).await?;
    case.equal("of a task without", found, None)
}

pub(super) async fn are_written_with_events_or_without<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let run = case.create("t", "c", State::Working, NOW).await?;
    let alone = with_checkpoint(change(State::Working, NOW, &[]), "alone");
    let appended = case.append(&run, alone, NOW).await?;
    case.equal("no event", appended.newest, 1)?;
    let (next, found, _) = case.take_up("t", NOW).await?;
    case.equal("alone", found, left("alone"))?;
    // The run that lost the task writes neither.
    let late = with_checkpoint(change(State::Working, NOW, &["late"]), "late");
    case.refuse("the lost run", append(&run, late, NOW), Error::Lost)
        .await?;
    let both = with_checkpoint(change(State::Working, NOW, &["two"]), "both");
    case.append(&next, both, NOW).await?;
    let task = case.get("t", NOW).await?;
    case.equal("tail", texts(&task.tail), vec![(2, "two".to_owned())])?;
    let (_, found, _) = case.take_up("t", NOW).await?;
    case.equal("both", found, left("both"))
}

pub(super) async fn end_with_the_run<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let run = case.create("t", "c", State::Working, NOW).await?;
    let working = with_checkpoint(change(State::Working, NOW, &["two"]), "data");
    case.append(&run, working, NOW).await?;
    let asks = with_checkpoint(change(State::InputRequired, NOW, &["ask"]), "too late");
    case.append(&run, asks, NOW).await?;
    let (run, found, _) = case.take_up("t", NOW).await?;
    case.equal("of the turn before", found, None)?;
    let working = with_checkpoint(change(State::Working, NOW, &["two"]), "data");
    case.append(&run, working, NOW).await?;
    let fail = Fail {
        lease: run,
        reason: "gone".to_owned(),
        now: NOW + LEASE,
    };
    case.perform("fail a task with a checkpoint", fail).await?;
    let first = with_snapshot(change(State::AuthRequired, NOW, &["first"]), "{}");
    let create = case.creation("rests", "c", None, with_checkpoint(first, "data"), NOW);
    case.perform("create a task that rests", create).await?;
    let (_, found, _) = case.take_up("rests", NOW).await?;
    case.equal("of a task that never ran", found, None)
}

pub(super) async fn are_limited<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let run = case.create("t", "c", State::Working, NOW).await?;
    let large = |bytes| Change {
        checkpoint: Some(vec![b'x'; bytes]),
        ..change(State::Working, NOW, &["more"])
    };
    let too_large = Error::TooLarge("the checkpoint has 1048577 bytes".to_owned());
    let refused = append(&run, large(MAX_CHECKPOINT_BYTES + 1), NOW);
    case.refuse("append", refused, too_large.clone()).await?;
    let mut create = case.creation("u", "c", None, change(State::Working, NOW, &[]), NOW);
    if let Opening::Create { first, .. } = &mut create.opening {
        *first = with_snapshot(large(MAX_CHECKPOINT_BYTES + 1), "{}");
    }
    case.refuse("create", create, too_large).await?;
    case.append(&run, large(MAX_CHECKPOINT_BYTES), NOW).await?;
    let (_, found, _) = case.take_up("t", NOW).await?;
    let bytes = found.map_or(0, |text| text.len());
    case.equal("bytes", bytes, MAX_CHECKPOINT_BYTES)
}
