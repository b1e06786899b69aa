//! What webhooks are to be sent.

use super::case::{Case, LEASE, NOW, change, key, with_snapshot};
use super::webhooks::{config, delete, put, with_push};
use crate::{
    Begun, ClaimDeliveries, Database, Delivered, Delivery, DeliveryDropped, DeliveryFailed, Fail,
    Lease, PostponeDeliveries, State,
};

pub(super) fn delivered(delivery: &Delivery, number: u64, through: u64, now: u64) -> Delivered {
    Delivered {
        claim: delivery.claim.clone(),
        number,
        through,
        now,
        lease_ms: LEASE,
    }
}

pub(super) fn failed(delivery: &Delivery, number: u64, retry_at: u64) -> DeliveryFailed {
    DeliveryFailed {
        claim: delivery.claim.clone(),
        number,
        now: NOW,
        retry_at,
    }
}

pub(super) fn dropped(
    delivery: &Delivery,
    number: u64,
    through: u64,
    reason: &str,
) -> DeliveryDropped {
    DeliveryDropped {
        claim: delivery.claim.clone(),
        number,
        through,
        reason: reason.to_owned(),
        now: NOW,
        lease_ms: LEASE,
    }
}

impl<D: Database> Case<'_, D> {
    /// Creates a task with one event and a webhook.
    pub(super) async fn create_with(&mut self, id: &str, webhook: &str) -> Result<Lease, String> {
        let first = with_snapshot(change(State::Working, NOW, &["first"]), "{}");
        let begin = with_push(self.creation(id, "c", None, first, NOW), config(webhook));
        match self.perform("create with a webhook", begin).await? {
            Begun::Started {
                lease, task: None, ..
            } => Ok(lease),
            other => Err(self.wrong("create with a webhook", &other)),
        }
    }

    /// What is to be sent in this case's scope, by webhook; and when to ask again.
    pub(super) async fn due(&mut self, now: u64) -> Result<Vec<Delivery>, String> {
        let claim = ClaimDeliveries {
            now,
            lease_ms: LEASE,
            limit: 1_000,
        };
        let claimed = self.perform("claim deliveries", claim).await?;
        let mut deliveries = claimed.deliveries;
        deliveries.retain(|delivery| delivery.claim.scope == self.scope);
        deliveries.sort_by(|a, b| a.config.id.cmp(&b.config.id));
        Ok(deliveries)
    }

    /// The one delivery there is.
    pub(super) async fn due_one(&mut self, now: u64) -> Result<Delivery, String> {
        match <[Delivery; 1]>::try_from(self.due(now).await?) {
            Ok([delivery]) => Ok(delivery),
            Err(other) => Err(self.wrong("claim one delivery", &other)),
        }
    }

    /// Reports an event as sent, and compares what follows it.
    pub(super) async fn sends(
        &mut self,
        what: &str,
        delivery: &Delivery,
        number: u64,
        expected: Option<&str>,
    ) -> Result<(), String> {
        let next = self.sent(delivery, number).await?;
        self.equal(what, next.as_deref(), expected)
    }

    /// Reports an event as sent. Returns the text of the next one.
    pub(super) async fn sent(
        &mut self,
        delivery: &Delivery,
        number: u64,
    ) -> Result<Option<String>, String> {
        let delivered = delivered(delivery, number, number, NOW);
        let next = self.perform("delivered", delivered).await?;
        match next {
            Some(event) if event.number == number + 1 => {
                Ok(Some(String::from_utf8_lossy(&event.payload).into_owned()))
            }
            Some(event) => Err(self.wrong("the next event", &event)),
            None => Ok(None),
        }
    }
}

pub(super) async fn comes_with_an_opening<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let first = || with_snapshot(change(State::InputRequired, NOW, &["one"]), "{}");
    let begin = case.creation("t", "c", key("m", 1), first(), NOW);
    case.perform("create", with_push(begin, config("a")))
        .await?;
    // A message that is repeated changes nothing.
    let begin = case.creation("u", "c", key("m", 1), first(), NOW);
    case.perform("repeat", with_push(begin, config("b")))
        .await?;
    let ids = case.ids("t").await?;
    case.equal("the first", ids, vec!["a".to_owned()])?;

    let begin = case.resumption("t", key("n", 1), false, NOW);
    let begun = case
        .perform("resume", with_push(begin, config("b")))
        .await?;
    let Begun::Started { lease, .. } = begun else {
        return Err(case.wrong("resume", &begun));
    };
    let both = vec!["a".to_owned(), "b".to_owned()];
    let ids = case.ids("t").await?;
    case.equal("both", ids, both)?;
    let done = change(State::Completed, NOW, &["two"]);
    let appended = case.append(&lease, done, NOW).await?;
    case.equal("something to send", appended.push, true)?;

    let deliveries = case.due(NOW).await?;
    let [first, second] = deliveries.as_slice() else {
        return Err(case.wrong("both have something", &deliveries));
    };
    case.equal("from the first event", first.event.number, 1)?;
    case.equal("from the resumption", second.event.number, 2)?;
    case.sends("a", first, 1, Some("two")).await?;
    case.sends("a has all", first, 2, None).await?;
    case.sends("b has all", second, 2, None).await
}

pub(super) async fn sends_events_in_order<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create_with("t", "a").await?;
    let more = change(State::Working, NOW, &["second", "third"]);
    case.append(&lease, more, NOW).await?;

    let delivery = case.due_one(NOW).await?;
    case.equal("the config", &delivery.config, &config("a"))?;
    let event = (delivery.event.number, delivery.event.payload.as_slice());
    case.equal("the first event", event, (1, b"first".as_slice()))?;
    case.equal("the newest", delivery.newest, 3)?;
    case.equal("attempts", delivery.attempts, 0)?;
    let others = case.due(NOW).await?;
    case.equal("nobody else has it", others, vec![])?;

    let next = case.sent(&delivery, 1).await?;
    case.equal("the second", next, Some("second".to_owned()))?;
    // What is appended now does not overtake.
    let last = change(State::Completed, NOW, &["last"]);
    case.append(&lease, last, NOW).await?;
    let others = case.due(NOW).await?;
    case.equal("still nobody else", others, vec![])?;
    let next = case.sent(&delivery, 2).await?;
    case.equal("the third", next, Some("third".to_owned()))?;
    let again = case.sent(&delivery, 2).await?;
    case.equal("an event is settled once", again, None)?;
    let next = case.sent(&delivery, 3).await?;
    case.equal("the last", next, Some("last".to_owned()))?;
    case.sends("the end", &delivery, 4, None).await?;
    let nothing = case.due(NOW + 2 * LEASE).await?;
    case.equal("nothing more", nothing, vec![])?;

    // A task without webhooks has nothing to send, nor a change without events.
    let lease = case.create("u", "c", State::Working, NOW).await?;
    let appended = case
        .append(&lease, change(State::Working, NOW, &["x"]), NOW)
        .await?;
    case.equal("without webhooks", appended.push, false)
}

pub(super) async fn tries_again<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let lease = case.create_with("t", "a").await?;
    let done = change(State::Completed, NOW, &["second"]);
    case.append(&lease, done, NOW).await?;
    for attempt in 0..3 {
        let now = NOW + attempt * 1_000;
        let early = case.due(now.saturating_sub(1)).await?;
        case.equal("not before", early.len(), 0)?;
        let delivery = case.due_one(now).await?;
        case.equal("attempts", delivery.attempts, attempt)?;
        case.equal("the same event", delivery.event.number, 1)?;
        let failed = failed(&delivery, 1, now + 1_000);
        case.perform("failed", failed).await?;
        let claim = ClaimDeliveries {
            now,
            lease_ms: LEASE,
            limit: 1_000,
        };
        let claimed = case.perform("claim", claim).await?;
        let due = claimed.next_due.is_some_and(|due| due <= now + 1_000);
        case.equal("when to ask again", due, true)?;
    }
    let delivery = case.due_one(NOW + 3_000).await?;
    let next = case.sent(&delivery, 1).await?;
    case.equal("goes on", next, Some("second".to_owned()))?;
    case.perform("failed", failed(&delivery, 2, NOW + 4_000))
        .await?;
    let delivery = case.due_one(NOW + 4_000).await?;
    case.equal("attempts of the second", delivery.attempts, 1)?;
    case.sends("the end", &delivery, 2, None).await
}

pub(super) async fn is_fenced<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let lease = case.create_with("t", "a").await?;
    let done = change(State::Completed, NOW, &["second"]);
    case.append(&lease, done, NOW).await?;
    let slow = case.due_one(NOW).await?;
    let quick = case.due_one(NOW + LEASE).await?;
    case.equal("at least once", quick.event.number, 1)?;
    case.sends("too late", &slow, 1, None).await?;
    case.perform("fails too late", failed(&slow, 1, NOW))
        .await?;
    let nothing = case.due(NOW + LEASE).await?;
    case.equal("the claim holds", nothing, vec![])?;
    let next = case.sent(&quick, 1).await?;
    case.equal("the second", next, Some("second".to_owned()))?;
    case.sends("the end", &quick, 2, None).await
}

pub(super) async fn gives_up<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let lease = case.create_with("t", "a").await?;
    let more = change(State::Working, NOW, &["second", "third"]);
    case.append(&lease, more, NOW).await?;
    let delivery = case.due_one(NOW).await?;
    let done = change(State::Completed, NOW, &["last"]);
    case.append(&lease, done, NOW).await?;
    // What came after the claim was never tried.
    let given_up = dropped(&delivery, 1, delivery.newest, "broken");
    let next = case.perform("give up", given_up).await?;
    let next = next.map(|event| event.number);
    case.equal("after what was given up", next, Some(4))?;
    let given_up = dropped(&delivery, 4, u64::MAX, "gone");
    let next = case.perform("give up all", given_up).await?;
    case.equal("the end", next, None)?;
    let nothing = case.due(NOW + 2 * LEASE).await?;
    case.equal("nothing more", nothing, vec![])
}

pub(super) async fn knows_since_when<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let lease = case.create_with("t", "a").await?;
    let delivery = case.due_one(NOW + 10).await?;
    case.equal("since the append", delivery.since, NOW)?;
    case.perform("failed", failed(&delivery, 1, NOW + 20))
        .await?;
    let more = change(State::Working, NOW, &["second"]);
    case.append(&lease, more, NOW + 15).await?;
    let delivery = case.due_one(NOW + 20).await?;
    case.equal("a failure changes nothing", delivery.since, NOW)?;
    let sent = delivered(&delivery, 1, 1, NOW + 30);
    case.perform("delivered", sent).await?;
    case.perform("failed", failed(&delivery, 2, NOW + 40))
        .await?;
    let delivery = case.due_one(NOW + 40).await?;
    case.equal("since its turn", delivery.since, NOW + 30)?;
    case.sends("the end", &delivery, 2, None).await
}

pub(super) async fn is_put_off<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    case.create_with("t", "a").await?;
    let delivery = case.due_one(NOW).await?;
    let later = NOW + 2 * LEASE;
    let postpone = PostponeDeliveries {
        claims: vec![(delivery.claim.clone(), NOW + 5)],
    };
    case.perform("postpone", postpone).await?;
    let early = case.due(NOW + 4).await?;
    case.equal("not before", early, vec![])?;
    let again = case.due_one(NOW + 5).await?;
    case.equal("no attempt is counted", again.attempts, 0)?;
    case.equal("it grows older", again.since, NOW)?;
    // The claim was given back, and with it the right to give it back.
    let postpone = PostponeDeliveries {
        claims: vec![(delivery.claim, later)],
    };
    case.perform("too late", postpone).await?;
    case.sends("the end", &again, 1, None).await
}

pub(super) async fn forgets_what_was_removed<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let scope = case.scope.clone();
    let lease = case.create_with("t", "a").await?;
    let delivery = case.due_one(NOW).await?;
    case.perform("delete", delete(&scope, "t", "a")).await?;
    let working = change(State::Working, NOW, &["unheard"]);
    let appended = case.append(&lease, working, NOW).await?;
    case.equal("nobody listens", appended.push, false)?;
    case.sends("removed", &delivery, 1, None).await?;

    case.perform("put", put(&scope, "t", config("a"))).await?;
    let nothing = case.due(NOW + 2 * LEASE).await?;
    case.equal("not of the past", nothing, vec![])?;
    let done = change(State::Completed, NOW, &["heard"]);
    case.append(&lease, done, NOW).await?;
    let delivery = case.due_one(NOW).await?;
    case.equal("of what follows", delivery.event.number, 3)?;
    case.sends("the end", &delivery, 3, None).await
}

pub(super) async fn keeps_webhooks_apart<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let scope = case.scope.clone();
    let lease = case.create_with("t", "a").await?;
    case.perform("put", put(&scope, "t", config("b"))).await?;
    let done = change(State::Completed, NOW, &["second"]);
    case.append(&lease, done, NOW).await?;

    let few = ClaimDeliveries {
        now: NOW,
        lease_ms: LEASE,
        limit: 1,
    };
    let one = case.perform("claim one", few).await?.deliveries;
    let two = case.perform("claim another", few).await?.deliveries;
    let mut both = [one, two].concat();
    both.sort_by(|a, b| a.config.id.cmp(&b.config.id));
    let [a, b] = both.as_slice() else {
        return Err(case.wrong("one at a time", &both));
    };
    case.perform("a fails", failed(a, 1, NOW + 1_000)).await?;
    case.sends("b has all", b, 2, None).await?;
    let a = case.due_one(NOW + 1_000).await?;
    let next = case.sent(&a, 1).await?;
    case.equal("a goes on", next, Some("second".to_owned()))?;
    case.sends("a has all", &a, 2, None).await
}

pub(super) async fn hears_of_a_lost_run<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let lease = case.create_with("t", "a").await?;
    let fail = Fail {
        lease,
        reason: "gone".to_owned(),
        now: NOW,
    };
    case.perform("fail", fail).await?;
    let delivery = case.due_one(NOW).await?;
    let next = case.sent(&delivery, 1).await?.unwrap_or_default();
    let failed = next.contains("TASK_STATE_FAILED") && next.contains("gone");
    case.equal("the failure", failed, true)?;
    case.sends("the end", &delivery, 2, None).await
}
