//! Creating tasks.

use super::case::{Case, LEASE, NOW, append, change, everything, get, key, texts, with_snapshot};
use crate::{
    Begun, Cancel, Change, Database, Error, Events, Fail, Lease, List, MAX_IDENTIFIER_BYTES,
    MAX_TIME, Renew, Renewal, Scope, Snapshot, State, Task,
};

pub(super) async fn creates_a_task<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let first = Change {
        snapshot: Some(Snapshot {
            task: b"{\"id\":\"t\"}".to_vec(),
            artifacts: Some(b"[1]".to_vec()),
        }),
        ..change(State::Submitted, NOW - 5, &["one", "two"])
    };
    let begin = case.creation("t", "c", None, first, NOW);
    let begun = case.perform("create", begin).await?;
    let lease = Lease {
        scope: case.scope.clone(),
        task_id: "t".to_owned(),
        context_id: "c".to_owned(),
        fence: 1,
    };
    let started = Begun::Started {
        lease,
        task: None,
        checkpoint: None,
        dispatched: false,
    };
    case.equal("begun", begun, started)?;
    let task = case.get("t", NOW).await?;
    let expected = Task {
        id: "t".to_owned(),
        context_id: "c".to_owned(),
        state: State::Submitted,
        status_time: NOW - 5,
        snapshot: Snapshot {
            task: b"{\"id\":\"t\"}".to_vec(),
            artifacts: Some(b"[1]".to_vec()),
        },
        tail: Vec::new(),
        newest: 2,
        running: true,
    };
    case.equal("the task", task, expected)
}

pub(super) async fn refuses_an_id_that_exists<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    case.create("t", "c", State::Working, NOW).await?;
    let before = case.get("t", NOW).await?;
    let other = with_snapshot(
        change(State::Completed, NOW + 1, &["other"]),
        "{\"other\":1}",
    );
    let again = case.creation("t", "other", None, other, NOW + 1);
    case.refuse(
        "create again",
        again,
        Error::Invalid("\"t\" exists".to_owned()),
    )
    .await?;
    let after = case.get("t", NOW).await?;
    case.equal("the task after it", after, before)
}

pub(super) async fn refuses_what_cannot_be_stored<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let first = || with_snapshot(change(State::Working, NOW, &["first"]), "{}");
    let long = "x".repeat(MAX_IDENTIFIER_BYTES + 1);
    for (id, context, part) in [
        ("", "c", "task id is empty"),
        (long.as_str(), "c", "513 bytes"),
        ("a\0b", "c", "control character"),
        ("t", "", "context id is empty"),
        ("t", "a\nb", "context id"),
    ] {
        let begin = case.creation(id, context, None, first(), NOW);
        case.refuse("an identifier", begin, Error::Invalid(part.to_owned()))
            .await?;
    }
    let mut begin = case.creation("t", "c", None, first(), NOW);
    begin.scope.tenant = long.clone();
    case.refuse("a tenant", begin, Error::Invalid("tenant".to_owned()))
        .await?;
    let mut begin = case.creation("t", "c", None, first(), NOW);
    begin.scope.owner = "a\0b".to_owned();
    case.refuse("an owner", begin, Error::Invalid("owner".to_owned()))
        .await?;

    let bare = case.creation("t", "c", None, change(State::Working, NOW, &["first"]), NOW);
    case.refuse(
        "no snapshot",
        bare,
        Error::Invalid("no snapshot".to_owned()),
    )
    .await?;
    let empty = with_snapshot(change(State::Working, NOW, &[]), "");
    let empty = case.creation("t", "c", None, empty, NOW);
    case.refuse(
        "an empty snapshot",
        empty,
        Error::Invalid("empty".to_owned()),
    )
    .await?;
    let late = with_snapshot(change(State::Working, MAX_TIME + 1, &[]), "{}");
    let late = case.creation("t", "c", None, late, NOW);
    case.refuse(
        "the year 10000",
        late,
        Error::Invalid("year 9999".to_owned()),
    )
    .await?;

    let scope = case.scope.clone();
    case.refuse(
        "nothing was written",
        get(&scope, "t", NOW),
        Error::NotFound,
    )
    .await?;
    // What cannot be stored cannot be found either.
    case.refuse("an empty id", get(&scope, "", NOW), Error::NotFound)
        .await?;
    case.refuse("an id with NUL", get(&scope, "a\0b", NOW), Error::NotFound)
        .await?;
    case.refuse("a long id", get(&scope, &long, NOW), Error::NotFound)
        .await
}

pub(super) async fn ends_the_run_with_the_first_change<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    for (id, state, refusal) in [
        ("a", State::Completed, Error::Finished(State::Completed)),
        ("b", State::Rejected, Error::Finished(State::Rejected)),
        ("c", State::InputRequired, Error::Lost),
        ("d", State::AuthRequired, Error::Lost),
    ] {
        let lease = case.create(id, "c", state, NOW).await?;
        let running = case.get(id, NOW).await?.running;
        case.equal("running", running, false)?;
        let more = append(&lease, change(State::Working, NOW, &["more"]), NOW);
        case.refuse("append", more, refusal).await?;
    }
    Ok(())
}

pub(super) async fn hides_tasks_of_others<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let lease = case.create("t", "c", State::Working, NOW).await?;
    let owner = &case.scope.owner;
    let others = [
        Scope {
            tenant: case.scope.tenant.clone(),
            owner: String::new(),
        },
        Scope {
            tenant: case.scope.tenant.clone(),
            owner: format!("{owner}2"),
        },
        Scope {
            tenant: String::new(),
            owner: owner.clone(),
        },
    ];
    for scope in others {
        let forged = Lease {
            scope: scope.clone(),
            ..lease.clone()
        };
        case.refuse("get", get(&scope, "t", NOW), Error::NotFound)
            .await?;
        let events = Events {
            scope: scope.clone(),
            task_id: "t".to_owned(),
            after: 0,
            now: NOW,
        };
        case.refuse("events", events, Error::NotFound).await?;
        let cancel = Cancel {
            scope: scope.clone(),
            task_id: "t".to_owned(),
        };
        case.refuse("cancel", cancel, Error::NotFound).await?;
        let mut resume = case.resumption("t", key("m", 1), true, NOW);
        resume.scope = scope.clone();
        case.refuse("resume", resume, Error::NotFound).await?;
        let more = append(&forged, change(State::Completed, NOW, &["forged"]), NOW);
        case.refuse("append", more, Error::NotFound).await?;
        let fail = Fail {
            lease: forged.clone(),
            reason: "forged".to_owned(),
            now: NOW,
        };
        case.refuse("fail", fail, Error::NotFound).await?;
        let renew = Renew {
            leases: vec![forged],
            now: NOW + 1,
            lease_ms: LEASE,
        };
        let renewed = case.perform("renew", renew).await?;
        case.equal("renewed", renewed, vec![Renewal::Lost])?;
        let mut query = everything();
        query.context_id = Some("c".to_owned());
        let list = List {
            scope,
            query,
            now: NOW,
        };
        let page = case.perform("list", list).await?;
        case.equal("total", page.total, 0)?;
    }
    let task = case.get("t", NOW).await?;
    case.equal("newest", task.newest, 1)?;
    case.equal("state", task.state, State::Working)
}

pub(super) async fn keeps_equal_ids_apart<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let mine = case.scope.clone();
    let scopes = [
        mine.clone(),
        Scope {
            owner: format!("{} and another", mine.owner),
            ..mine.clone()
        },
        Scope {
            tenant: format!("{} and another", mine.tenant),
            ..mine.clone()
        },
    ];
    let mut leases = Vec::new();
    for (scope, name) in scopes.iter().zip(["one", "two", "three"]) {
        case.scope = scope.clone();
        let first = with_snapshot(change(State::Working, NOW, &[name]), name);
        let begin = case.creation("t", name, None, first, NOW);
        match case.perform("create", begin).await? {
            Begun::Started { lease, .. } => leases.push(lease),
            repeated @ Begun::Repeated(_) => return Err(case.wrong("create", &repeated)),
        }
    }
    for (lease, name) in leases.iter().zip(["one", "two", "three"]) {
        case.append(lease, change(State::Working, NOW, &[name, name]), NOW)
            .await?;
    }
    if let Some(lease) = leases.last() {
        case.append(lease, change(State::Completed, NOW, &[]), NOW)
            .await?;
    }
    for (scope, name) in scopes.iter().zip(["one", "two", "three"]) {
        case.scope = scope.clone();
        let task = case.get("t", NOW).await?;
        case.equal("context", task.context_id.as_str(), name)?;
        case.equal("snapshot", task.snapshot.task.as_slice(), name.as_bytes())?;
        let tail = vec![(2, name.to_owned()), (3, name.to_owned())];
        case.equal("tail", texts(&task.tail), tail.clone())?;
        case.equal("ended", task.state.is_terminal(), name == "three")?;
        let events = Events {
            scope: scope.clone(),
            task_id: "t".to_owned(),
            after: 1,
            now: NOW,
        };
        let events = case.perform("events", events).await?.events;
        case.equal("events", texts(&events), tail.clone())?;
        let list = List {
            scope: scope.clone(),
            query: everything(),
            now: NOW,
        };
        let page = case.perform("list", list).await?;
        case.equal("listed", page.tasks, vec![task])?;
        case.equal("total", page.total, 1)?;
    }
    case.scope = mine;
    Ok(())
}
