//! Listing tasks.

use super::case::{Case, LEASE, NOW, change, everything, texts};
use crate::{
    Change, Cursor, Database, Error, List, MAX_PAGE_SIZE, Page, Query, Snapshot, State, Task,
};

impl<D: Database> Case<'_, D> {
    async fn list(&mut self, query: Query) -> Result<Page, String> {
        let list = List {
            scope: self.scope.clone(),
            query,
            now: NOW,
        };
        self.perform("list", list).await
    }

    /// The ids on every page, and the total, which is the same on each.
    async fn pages(&mut self, query: &Query) -> Result<(Vec<Vec<String>>, u64), String> {
        let mut pages = Vec::new();
        let mut query = query.clone();
        loop {
            let page = self.list(query.clone()).await?;
            pages.push((ids(&page.tasks), page.total));
            if page.next.is_none() {
                break;
            }
            query.after = page.next;
        }
        let total = pages.first().map_or(0, |(_, total)| *total);
        let same = pages.iter().all(|(_, other)| *other == total);
        self.equal("the same total on every page", same, true)?;
        Ok((pages.into_iter().map(|(ids, _)| ids).collect(), total))
    }
}

fn ids(tasks: &[Task]) -> Vec<String> {
    tasks.iter().map(|task| task.id.clone()).collect()
}

/// Context, state and status time of a task that has to be listed.
struct Listed {
    id: String,
    context: &'static str,
    state: State,
    time: u64,
}

/// Tasks in every state and three contexts, with timestamps that several share.
async fn store<D: Database>(case: &mut Case<'_, D>) -> Result<Vec<Listed>, String> {
    let mut stored = Vec::new();
    let contexts = ["c1", "c2", "c3"].into_iter().cycle();
    let states = State::ALL.into_iter().cycle();
    for ((number, context), state) in (0..40_u64).zip(contexts).zip(states) {
        let task = Listed {
            id: format!("t{:02}", number * 7 % 40),
            context,
            state,
            time: NOW + number / 4 * 10,
        };
        let lease = case
            .create(&task.id, context, State::Submitted, NOW)
            .await?;
        case.append(&lease, change(state, task.time, &["two"]), NOW)
            .await?;
        stored.push(task);
    }
    stored.sort_by(|a, b| (b.time, &b.id).cmp(&(a.time, &a.id)));
    Ok(stored)
}

pub(super) async fn pages_through_every_filter<D: Database>(
    case: &mut Case<'_, D>,
) -> Result<(), String> {
    let stored = store(case).await?;
    let contexts = [None, Some("c1"), Some("c2"), Some("missing")];
    let states = [
        None,
        Some(State::Working),
        Some(State::Completed),
        Some(State::AuthRequired),
    ];
    let times = [
        None,
        Some(0),
        Some(NOW + 40),
        Some(NOW + 41),
        Some(NOW + 1_000_000),
    ];
    for context in contexts {
        for state in states {
            for since in times {
                let matches: Vec<&Listed> = stored
                    .iter()
                    .filter(|task| context.is_none_or(|context| task.context == context))
                    .filter(|task| state.is_none_or(|state| task.state == state))
                    .filter(|task| since.is_none_or(|since| task.time >= since))
                    .collect();
                let expected: Vec<String> = matches.iter().map(|task| task.id.clone()).collect();
                for page_size in [1, 3, 100] {
                    let query = Query {
                        context_id: context.map(str::to_owned),
                        state,
                        status_since: since,
                        page_size,
                        ..everything()
                    };
                    let what = format!("{context:?} {state:?} since {since:?} by {page_size}");
                    let (pages, total) = case.pages(&query).await?;
                    case.equal(
                        &format!("tasks of {what}"),
                        pages.concat(),
                        expected.clone(),
                    )?;
                    case.equal(&format!("total of {what}"), total, expected.len() as u64)?;
                    let full = pages.len().saturating_sub(1);
                    let sizes: Vec<usize> = pages.iter().take(full).map(Vec::len).collect();
                    let size = usize::try_from(page_size).unwrap_or(0);
                    case.equal(&format!("pages of {what}"), sizes, vec![size; full])?;
                    // A page that ends exactly at the last task has no next one.
                    let rounds = expected.len().div_ceil(size).max(1);
                    case.equal(&format!("number of pages of {what}"), pages.len(), rounds)?;
                }
            }
        }
    }
    let page = case.list(Query {
        after: Some(Cursor {
            status_time: u64::MAX,
            task_id: String::new(),
        }),
        status_since: Some(u64::MAX),
        ..everything()
    });
    let page = page.await?;
    case.equal("after the end of time", page.tasks.len(), 0)
}

pub(super) async fn ends_a_page_early<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    // 100 bytes of snapshot, 1000 of artifacts, 10 of tail.
    for number in 0..5 {
        let lease = case
            .create(&format!("t{number}"), "c", State::Working, NOW)
            .await?;
        let large = Change {
            snapshot: Some(Snapshot {
                task: vec![b' '; 100],
                artifacts: Some(vec![b' '; 1000]),
            }),
            ..change(State::Working, NOW, &["in the snapshot"])
        };
        case.append(&lease, large, NOW).await?;
        case.append(&lease, change(State::Working, NOW, &["0123456789"]), NOW)
            .await?;
    }
    for (include_artifacts, max_bytes, sizes) in [
        (false, 0, vec![1, 1, 1, 1, 1]),
        (false, 219, vec![1, 1, 1, 1, 1]),
        (false, 220, vec![2, 2, 1]),
        (false, 550, vec![5]),
        (true, 550, vec![1, 1, 1, 1, 1]),
        (true, 2220, vec![2, 2, 1]),
    ] {
        let query = Query {
            include_artifacts,
            max_bytes,
            ..everything()
        };
        let (pages, total) = case.pages(&query).await?;
        let found: Vec<usize> = pages.iter().map(Vec::len).collect();
        case.equal(&format!("pages of {max_bytes} bytes"), found, sizes)?;
        case.equal("total", total, 5)?;
        let order: Vec<String> = (0..5).rev().map(|number| format!("t{number}")).collect();
        case.equal("tasks", pages.concat(), order)?;
    }
    Ok(())
}

pub(super) async fn carries_payloads<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    for number in 0..12_u64 {
        let id = format!("t{number:02}");
        let lease = case.create(&id, "c", State::Working, NOW + number).await?;
        if number % 3 > 0 {
            let with_artifacts = Change {
                snapshot: Some(Snapshot {
                    task: id.clone().into_bytes(),
                    artifacts: Some(format!("[\"{id}\"]").into_bytes()),
                }),
                ..change(State::Working, NOW + number, &["two"])
            };
            case.append(&lease, with_artifacts, NOW).await?;
        }
        if number % 3 > 1 {
            let more = change(State::Working, NOW + number, &["three", id.as_str()]);
            case.append(&lease, more, NOW).await?;
        }
        if number % 4 == 3 {
            case.append(&lease, change(State::Completed, NOW + number, &[]), NOW)
                .await?;
        }
    }
    for include_artifacts in [false, true] {
        let page = case
            .list(Query {
                include_artifacts,
                ..everything()
            })
            .await?;
        case.equal("tasks", page.tasks.len(), 12)?;
        for listed in page.tasks {
            let mut stored = case.get(&listed.id, NOW).await?;
            if !include_artifacts {
                stored.snapshot.artifacts = None;
            }
            case.equal("tail", texts(&listed.tail), texts(&stored.tail))?;
            case.equal("as it is stored", listed, stored)?;
        }
    }
    let late = List {
        scope: case.scope.clone(),
        query: everything(),
        now: NOW + LEASE + 100,
    };
    let page = case.perform("list after the leases", late).await?;
    let running = page.tasks.iter().any(|task| task.running);
    case.equal("running after the leases", running, false)
}

pub(super) async fn counts_by_state<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let in_state = |state| Query {
        state: Some(state),
        page_size: 1,
        ..everything()
    };
    let mut leases = Vec::new();
    for number in 0..20 {
        leases.push(
            case.create(&format!("t{number}"), "c", State::Submitted, NOW)
                .await?,
        );
    }
    let path = [
        State::Working,
        State::Submitted,
        State::Working,
        State::Completed,
    ];
    for (step, state) in path.into_iter().enumerate() {
        for lease in &leases {
            case.append(lease, change(state, NOW, &[]), NOW).await?;
        }
        for other in State::ALL {
            let total = case.list(in_state(other)).await?.total;
            let expected = if other == state { 20 } else { 0 };
            case.equal(&format!("{other} after step {step}"), total, expected)?;
        }
        let total = case.list(everything()).await?.total;
        case.equal("all", total, 20)?;
    }
    Ok(())
}

pub(super) async fn refuses_a_page_size<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    for page_size in [0, MAX_PAGE_SIZE + 1, u32::MAX] {
        let list = List {
            scope: case.scope.clone(),
            query: Query {
                page_size,
                ..everything()
            },
            now: NOW,
        };
        let refusal = Error::Invalid(format!("page size is {page_size}"));
        case.refuse("a page size", list, refusal).await?;
    }
    let page = case.list(everything()).await?;
    let none = Page {
        tasks: Vec::new(),
        next: None,
        total: 0,
    };
    case.equal("nothing stored", page, none)
}
