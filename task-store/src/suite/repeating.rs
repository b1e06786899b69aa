//! Messages that are sent again.

use super::case::{Case, NOW, WINDOW, change, get, key, with_snapshot};
use crate::{Begin, Begun, Database, Error, MAX_DIGEST_BYTES, MessageKey, State, Task};

impl<D: Database> Case<'_, D> {
    fn send(&self, id: &str, message: Option<MessageKey>, now: u64) -> Begin {
        let first = with_snapshot(change(State::Working, now, &["first"]), "{}");
        self.creation(id, "c", message, first, now)
    }

    async fn starts(&mut self, what: &str, begin: Begin) -> Result<(), String> {
        match self.perform(what, begin).await? {
            Begun::Started { .. } => Ok(()),
            repeated @ Begun::Repeated(_) => Err(self.wrong(what, &repeated)),
        }
    }

    async fn repeats(&mut self, what: &str, begin: Begin) -> Result<Task, String> {
        match self.perform(what, begin).await? {
            Begun::Repeated(task) => Ok(task),
            started @ Begun::Started { .. } => Err(self.wrong(what, &started)),
        }
    }
}

pub(super) async fn finds_the_task_of_a_repeated_message<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let first = case.send("t", key("m", 1), NOW);
    case.starts("the first", first).await?;
    let again = case.send("u", key("m", 1), NOW + 1);
    let task = case.repeats("the same message", again).await?;
    case.equal("its task", task.id.as_str(), "t")?;
    case.equal("as it stands", task.running, true)?;
    let scope = case.scope.clone();
    case.refuse("no second task", get(&scope, "u", NOW), Error::NotFound)
        .await?;

    let other = case.send("v", key("m", 2), NOW + 1);
    case.starts("another body", other).await?;
    let other = case.send("w", key("n", 1), NOW + 1);
    case.starts("another id", other).await?;
    let mut other = case.send("t", key("m", 1), NOW + 1);
    other.scope.owner.push_str(" and another");
    case.starts("another owner", other).await?;
    let none = case.send("x", None, NOW + 1);
    case.starts("no key", none).await
}

pub(super) async fn forgets_after_the_window<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let first = case.send("t", key("m", 1), NOW);
    case.starts("the first", first).await?;
    let again = case.send("u", key("m", 1), NOW + WINDOW - 1);
    case.repeats("within the window", again).await?;
    // Repeats do not extend the window.
    let again = case.send("u", key("m", 1), NOW + WINDOW);
    case.starts("after the window", again).await?;
    let again = case.send("v", key("m", 1), NOW + WINDOW + 1);
    let task = case.repeats("within the next window", again).await?;
    case.equal("its task", task.id.as_str(), "u")
}

pub(super) async fn may_be_off<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    for id in ["t", "u", "w", "x"] {
        let mut begin = case.send(id, key("m", 1), NOW);
        begin.idempotency_window_ms = 0;
        case.starts("without a window", begin).await?;
    }
    let begin = case.send("v", key("m", 1), NOW);
    case.starts("nothing was recorded", begin).await
}

pub(super) async fn continues_once<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let lease = case.create("t", "c", State::Working, NOW).await?;
    case.append(&lease, change(State::InputRequired, NOW, &["asks"]), NOW)
        .await?;
    let answer = case.resumption("t", key("m", 1), false, NOW + 1);
    case.starts("the answer", answer).await?;
    let again = case.resumption("t", key("m", 1), false, NOW + 2);
    let task = case.repeats("the answer again", again).await?;
    case.equal("its task", task.id.as_str(), "t")?;
    let again = case.resumption("t", key("m", 1), true, NOW + 2);
    case.repeats("the answer again, taking over", again).await?;
    let other = case.resumption("t", key("n", 1), false, NOW + 2);
    case.refuse("another answer", other, Error::Busy).await?;
    let (last, _) = case.resume("t", true, NOW + 3).await?;
    case.append(&last, change(State::Completed, NOW + 3, &["end"]), NOW + 3)
        .await?;
    // Rather the finished task than an error for a message that was accepted.
    let again = case.resumption("t", key("m", 1), false, NOW + 4);
    let task = case.repeats("the answer after the end", again).await?;
    case.equal("its state", task.state, State::Completed)
}

pub(super) async fn records_only_what_began<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create("t", "c", State::Working, NOW).await?;
    let busy = case.resumption("t", key("m", 1), false, NOW + 1);
    case.refuse("while it runs", busy, Error::Busy).await?;
    case.append(
        &lease,
        change(State::InputRequired, NOW + 2, &["asks"]),
        NOW + 2,
    )
    .await?;
    let again = case.resumption("t", key("m", 1), false, NOW + 3);
    case.starts("the refused message", again).await?;
    let missing = case.resumption("missing", key("n", 1), false, NOW + 3);
    case.refuse("a missing task", missing, Error::NotFound)
        .await?;
    let exists = case.send("t", key("n", 1), NOW + 3);
    case.refuse(
        "an id that exists",
        exists,
        Error::Invalid("exists".to_owned()),
    )
    .await?;
    let begin = case.send("u", key("n", 1), NOW + 4);
    case.starts("the message that was refused twice", begin)
        .await
}

pub(super) async fn refuses_a_key_that_cannot_be_stored<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    for (id, digest, part) in [
        ("", 32, "message id is empty"),
        ("a\0b", 32, "message id"),
        ("m", 0, "0 bytes"),
        ("m", MAX_DIGEST_BYTES + 1, "65 bytes"),
    ] {
        let message = MessageKey {
            id: id.to_owned(),
            digest: vec![1; digest],
        };
        let begin = case.send("t", Some(message), NOW);
        case.refuse("a key", begin, Error::Invalid(part.to_owned()))
            .await?;
    }
    Ok(())
}
