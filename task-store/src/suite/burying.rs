//! What webhooks were not sent.

use super::case::{Case, LEASE, NOW, change};
use super::notifying::{delivered, dropped, failed};
use super::webhooks::delete;
use crate::{
    Database, DeadLetter, DeadLetters, DiscardDeadLetters, RetryDeadLetters, State, Webhook,
};

impl<D: Database> Case<'_, D> {
    /// The dead letters of this case's scope, read in pages of two.
    async fn dead(&mut self) -> Result<Vec<DeadLetter>, String> {
        let mut all = Vec::new();
        // Before the first task of this scope.
        let mut after = Some(self.webhook("", ""));
        loop {
            let list = DeadLetters { after, limit: 2 };
            let page = self.perform("list dead letters", list).await?;
            let read = page.len();
            let own = page
                .into_iter()
                .filter(|letter| letter.webhook.scope == self.scope);
            let before = all.len();
            all.extend(own);
            if all.len() - before < 2 || read < 2 {
                return Ok(all);
            }
            after = all.last().map(|letter: &DeadLetter| letter.webhook.clone());
        }
    }

    /// From which event to which, and why: of each dead letter in this case's scope.
    async fn ranges(&mut self) -> Result<Vec<(u64, u64, String)>, String> {
        let letters = self.dead().await?;
        let range = |letter: DeadLetter| (letter.oldest, letter.newest, letter.reason);
        Ok(letters.into_iter().map(range).collect())
    }

    fn webhook(&self, task_id: &str, config_id: &str) -> Webhook {
        Webhook {
            scope: self.scope.clone(),
            task_id: task_id.to_owned(),
            config_id: config_id.to_owned(),
        }
    }

    async fn retry(&mut self, task_id: &str, config_id: &str) -> Result<u64, String> {
        let retry = RetryDeadLetters {
            webhooks: vec![self.webhook(task_id, config_id)],
            now: NOW,
        };
        self.perform("retry", retry).await
    }
}

pub(super) async fn notes_what_was_dropped<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create_with("t", "a").await?;
    let more = change(State::Working, NOW, &["second", "third"]);
    case.append(&lease, more, NOW).await?;
    let delivery = case.due_one(NOW).await?;
    let sent = case.sent(&delivery, 1).await?;
    case.equal("the second", sent, Some("second".to_owned()))?;
    let drop = dropped(&delivery, 2, 2, "not wanted");
    let next = case.perform("drop", drop).await?;
    let next = next.map(|event| event.number);
    case.equal("goes on after it", next, Some(3))?;
    let letters = case.dead().await?;
    let expected = DeadLetter {
        webhook: case.webhook("t", "a"),
        url: "https://example.com/a".to_owned(),
        oldest: 2,
        newest: 2,
        reason: "not wanted".to_owned(),
        died: NOW,
    };
    case.equal("noted", letters, vec![expected])?;

    // What dies later joins it.
    let more = change(State::Completed, NOW, &["fourth", "fifth"]);
    case.append(&lease, more, NOW).await?;
    let sent = case.sent(&delivery, 3).await?;
    case.equal("the fourth", sent, Some("fourth".to_owned()))?;
    let drop = dropped(&delivery, 4, u64::MAX, "gone");
    let next = case.perform("drop the rest", drop).await?;
    case.equal("the end", next, None)?;
    let ranges = case.ranges().await?;
    case.equal("one row", ranges, vec![(2, 5, "gone".to_owned())])
}

pub(super) async fn is_fenced<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    case.create_with("t", "a").await?;
    let slow = case.due_one(NOW).await?;
    let quick = case.due_one(NOW + LEASE).await?;
    let drop = dropped(&slow, 1, 1, "slow");
    let next = case.perform("drop too late", drop).await?;
    case.equal("not its own any more", next, None)?;
    let ranges = case.ranges().await?;
    case.equal("nothing is noted", ranges, vec![])?;
    case.sends("the end", &quick, 1, None).await
}

pub(super) async fn sends_again_from_the_oldest<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create_with("t", "a").await?;
    let more = change(State::Working, NOW, &["second", "third"]);
    case.append(&lease, more, NOW).await?;
    let delivery = case.due_one(NOW).await?;
    case.sent(&delivery, 1).await?;
    let drop = dropped(&delivery, 2, 2, "not wanted");
    case.perform("drop", drop).await?;
    case.sends("all the others", &delivery, 3, None).await?;

    let none = case.retry("t", "b").await?;
    case.equal("no such webhook", none, 0)?;
    let one = case.retry("t", "a").await?;
    case.equal("one is put back", one, 1)?;
    let ranges = case.ranges().await?;
    case.equal("it is dead no more", ranges, vec![])?;
    let none = case.retry("t", "a").await?;
    case.equal("only once", none, 0)?;

    let delivery = case.due_one(NOW).await?;
    let found = (delivery.event.number, delivery.newest, delivery.attempts);
    case.equal("from the oldest to the newest", found, (2, 3, 0))?;
    let next = case.sent(&delivery, 2).await?;
    case.equal("in order", next, Some("third".to_owned()))?;
    // An event that is appended meanwhile follows.
    let done = change(State::Completed, NOW, &["last"]);
    case.append(&lease, done, NOW).await?;
    let next = case.sent(&delivery, 3).await?;
    case.equal("then what is new", next, Some("last".to_owned()))?;
    case.sends("the end", &delivery, 4, None).await
}

pub(super) async fn starts_over_behind_what_is_under_way<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create_with("t", "a").await?;
    let more = change(State::Working, NOW, &["second", "third"]);
    case.append(&lease, more, NOW).await?;
    let delivery = case.due_one(NOW).await?;
    let drop = dropped(&delivery, 1, 1, "not wanted");
    case.perform("drop", drop).await?;

    // The second event is under way.
    case.retry("t", "a").await?;
    let nothing = case.due(NOW).await?;
    case.equal("nobody overtakes it", nothing, vec![])?;
    case.sends("it has to start over", &delivery, 2, None)
        .await?;
    let again = case.due_one(NOW).await?;
    case.equal("from the first", again.event.number, 1)?;
    let drop = dropped(&again, 1, 1, "not wanted");
    case.perform("drop again", drop).await?;
    case.retry("t", "a").await?;
    case.perform("fail", failed(&again, 2, NOW + LEASE)).await?;
    let again = case.due_one(NOW).await?;
    case.equal("also after a failure", again.event.number, 1)?;

    let all = delivered(&again, 1, 3, NOW);
    let next = case.perform("all at once", all).await?;
    case.equal("the end", next, None)
}

pub(super) async fn forgets<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let scope = case.scope.clone();
    for (task, webhook) in [("t", "a"), ("u", "a")] {
        case.create_with(task, webhook).await?;
        let delivery = case.due_one(NOW).await?;
        let drop = dropped(&delivery, 1, 1, "not wanted");
        case.perform("drop", drop).await?;
    }
    let discard = || DiscardDeadLetters {
        webhooks: vec![
            Webhook {
                scope: scope.clone(),
                task_id: "t".to_owned(),
                config_id: "a".to_owned(),
            },
            Webhook {
                scope: scope.clone(),
                task_id: "t".to_owned(),
                config_id: "b".to_owned(),
            },
        ],
    };
    let count = case.perform("discard", discard()).await?;
    case.equal("one", count, 1)?;
    let count = case.perform("discard again", discard()).await?;
    case.equal("none", count, 0)?;
    let letters = case.dead().await?;
    case.equal("the other", letters.len(), 1)?;
    case.perform("delete", delete(&scope, "u", "a")).await?;
    let letters = case.dead().await?;
    case.equal("gone with its webhook", letters, vec![])?;
    let nothing = case.due(NOW + 2 * LEASE).await?;
    case.equal("nothing is sent", nothing, vec![])
}

pub(super) async fn lists_in_pages<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let mut expected = Vec::new();
    for task in ["1", "2", "3", "4", "5"] {
        case.create_with(task, "a").await?;
        let delivery = case.due_one(NOW).await?;
        let drop = dropped(&delivery, 1, 1, "not wanted");
        case.perform("drop", drop).await?;
        expected.push(case.webhook(task, "a"));
    }
    let letters = case.dead().await?;
    let found: Vec<Webhook> = letters.into_iter().map(|letter| letter.webhook).collect();
    case.equal("all, in order", found, expected)?;
    let list = DeadLetters {
        after: None,
        limit: 1,
    };
    let page = case.perform("the first page", list).await?;
    case.equal("of every scope", page.len(), 1)
}
