//! The payloads of the tasks on a page, all in one statement each.

use std::collections::HashMap;

use crate::stored::event;
use crate::{Error, Event, MAX_PAGE_SIZE, Row, Scope, Snapshot, Transaction, Value};

use super::rows::Listed;

/// Statements are constant, so they have a place for every task that a page can have. Places that
/// are not needed hold NULL, which equals nothing.
macro_rules! of_page {
    ($select:literal) => {
        concat!(
            $select,
            " IN (
            ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
            ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38,
            ?39, ?40, ?41, ?42, ?43, ?44, ?45, ?46, ?47, ?48, ?49, ?50, ?51, ?52, ?53, ?54, ?55,
            ?56, ?57, ?58, ?59, ?60, ?61, ?62, ?63, ?64, ?65, ?66, ?67, ?68, ?69, ?70, ?71, ?72,
            ?73, ?74, ?75, ?76, ?77, ?78, ?79, ?80, ?81, ?82, ?83, ?84, ?85, ?86, ?87, ?88, ?89,
            ?90, ?91, ?92, ?93, ?94, ?95, ?96, ?97, ?98, ?99, ?100, ?101, ?102)"
        )
    };
}

pub(super) const SNAPSHOTS: &str = of_page!(
    "SELECT task_id, task, NULL FROM attache_snapshot
    WHERE tenant = ?1 AND owner = ?2 AND task_id"
);

pub(super) const SNAPSHOTS_WITH_ARTIFACTS: &str = of_page!(
    "SELECT task_id, task, artifacts FROM attache_snapshot
    WHERE tenant = ?1 AND owner = ?2 AND task_id"
);

pub(super) const TAILS: &str = of_page!(
    "SELECT event.task_id, event.number, event.payload
    FROM attache_task AS task JOIN attache_event AS event
    ON event.tenant = task.tenant AND event.owner = task.owner AND event.task_id = task.id
    AND event.number > task.tail_after
    WHERE task.tenant = ?1 AND task.owner = ?2 AND task.id"
);

/// What was read, by task.
#[derive(Debug, Default)]
pub(super) struct Payloads {
    by_task: HashMap<String, (Snapshot, Vec<Event>)>,
}

impl Payloads {
    /// The payloads of one task.
    pub(super) fn take(&mut self, id: &str) -> Result<(Snapshot, Vec<Event>), Error> {
        self.by_task.remove(id).ok_or_else(|| {
            Error::Unavailable(format!(
                "the task database holds task {id:?} without a snapshot: something else has \
                 written to it"
            ))
        })
    }

    fn add_snapshot(&mut self, mut row: Row) -> Result<(), Error> {
        let id = row.text()?;
        let snapshot = Snapshot {
            task: row.blob()?,
            artifacts: row.optional_blob()?,
        };
        self.by_task.insert(id, (snapshot, Vec::new()));
        Ok(())
    }

    fn add_event(&mut self, mut row: Row) -> Result<(), Error> {
        let id = row.text()?;
        let event = event(row)?;
        if let Some((_, tail)) = self.by_task.get_mut(&id) {
            tail.push(event);
        }
        Ok(())
    }
}

/// Reads snapshots and tails.
pub(super) async fn load<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    listed: &[Listed],
    include_artifacts: bool,
) -> Result<Payloads, Error> {
    let mut payloads = Payloads::default();
    if listed.is_empty() {
        return Ok(payloads);
    }
    let sql = if include_artifacts {
        SNAPSHOTS_WITH_ARTIFACTS
    } else {
        SNAPSHOTS
    };
    for row in transaction
        .query(sql, &places(scope, listed.iter()))
        .await?
    {
        payloads.add_snapshot(row)?;
    }
    let with_tail: Vec<&Listed> = listed
        .iter()
        .filter(|task| task.head.newest > task.head.tail_after)
        .collect();
    if !with_tail.is_empty() {
        for row in transaction
            .query(TAILS, &places(scope, with_tail.into_iter()))
            .await?
        {
            payloads.add_event(row)?;
        }
        for (_, tail) in payloads.by_task.values_mut() {
            tail.sort_unstable_by_key(|event| event.number);
        }
    }
    Ok(payloads)
}

fn places<'a>(scope: &Scope, tasks: impl Iterator<Item = &'a Listed>) -> Vec<Value> {
    let ids = tasks.map(|task| Value::from(task.id.as_str()));
    let unused = std::iter::repeat(Value::Null);
    let size = usize::try_from(MAX_PAGE_SIZE).unwrap_or(usize::MAX);
    [
        Value::from(scope.tenant.as_str()),
        Value::from(scope.owner.as_str()),
    ]
    .into_iter()
    .chain(ids.chain(unused).take(size))
    .collect()
}
