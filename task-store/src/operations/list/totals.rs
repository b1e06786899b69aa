//! How many tasks match, over all pages.

use crate::limits::integer;
use crate::{Error, Query, Scope, State, TOTAL_SINCE_BOUND, Transaction, Value, counters};

macro_rules! count {
    ($filter:literal) => {
        concat!(
            "SELECT COUNT(*) FROM attache_task WHERE tenant = ?1 AND owner = ?2 ",
            $filter
        )
    };
}

// Without an order PostgreSQL may read the whole table, in the hope of finding enough of them soon.
macro_rules! count_since {
    ($filter:literal) => {
        concat!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM attache_task WHERE tenant = ?1 AND owner = ?2 ",
            $filter,
            " AND status_time >= ?3 ORDER BY status_time DESC LIMIT ?4) AS counted"
        )
    };
}

pub(super) const IN_CONTEXT: &str = count!("AND context_id = ?3");
pub(super) const IN_CONTEXT_AND_STATE: &str = count!("AND context_id = ?3 AND state = (SELECT ?4)");
pub(super) const SINCE: &str = count_since!("");
pub(super) const IN_CONTEXT_SINCE: &str = count_since!("AND context_id = ?5");
pub(super) const COMPLETED_SINCE: &str = count_since!("AND state = (SELECT ?5)");
pub(super) const IN_STATE_SINCE: &str = count_since!("AND state = (SELECT ?5) AND state <> 3");
pub(super) const IN_CONTEXT_AND_STATE_SINCE: &str =
    count_since!("AND context_id = ?5 AND state = (SELECT ?6)");

pub(super) async fn total<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    query: &Query,
) -> Result<u64, Error> {
    let sql = match (&query.context_id, query.state, query.status_since) {
        (None, state, None) => return counters::total(transaction, scope, state).await,
        (Some(_), None, None) => IN_CONTEXT,
        (Some(_), Some(_), None) => IN_CONTEXT_AND_STATE,
        (None, None, Some(_)) => SINCE,
        (Some(_), None, Some(_)) => IN_CONTEXT_SINCE,
        (None, Some(State::Completed), Some(_)) => COMPLETED_SINCE,
        (None, Some(_), Some(_)) => IN_STATE_SINCE,
        (Some(_), Some(_), Some(_)) => IN_CONTEXT_AND_STATE_SINCE,
    };
    let mut params = vec![
        Value::from(scope.tenant.as_str()),
        Value::from(scope.owner.as_str()),
    ];
    if let Some(since) = query.status_since {
        params.push(Value::Integer(integer(since)));
        params.push(Value::Integer(integer(TOTAL_SINCE_BOUND)));
    }
    params.extend(query.context_id.as_deref().map(Value::from));
    params.extend(query.state.map(|state| Value::Integer(state.code())));
    match transaction.query(sql, &params).await?.first_mut() {
        Some(row) => row.unsigned(),
        None => Ok(0),
    }
}
