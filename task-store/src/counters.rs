//! How many tasks an owner has in each state, kept in the same transactions that change them.

use crate::{Error, Scope, State, Transaction, Value};

/// Writers of different tasks of one owner meet on a row in one of this many cases.
const SHARDS: u64 = 16;

const ADD: &str = "INSERT INTO attache_counter (tenant, owner, state, shard, total)
VALUES (?1, ?2, ?3, ?4, 1)
ON CONFLICT (tenant, owner, state, shard) DO UPDATE SET total = attache_counter.total + 1";

const REMOVE: &str = "UPDATE attache_counter SET total = total - 1
WHERE tenant = ?1 AND owner = ?2 AND state = ?3 AND shard = ?4";

const MOVE: &str = "INSERT INTO attache_counter (tenant, owner, state, shard, total)
VALUES (?1, ?2, ?3, ?4, ?5), (?1, ?2, ?6, ?4, ?7)
ON CONFLICT (tenant, owner, state, shard)
DO UPDATE SET total = attache_counter.total + excluded.total";

// SUM of BIGINT is NUMERIC in PostgreSQL.
const ALL: &str = "SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM attache_counter
WHERE tenant = ?1 AND owner = ?2";

const IN_STATE: &str = "SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM attache_counter
WHERE tenant = ?1 AND owner = ?2 AND state = ?3";

/// The shard of a task: always the same one, so that no count is ever negative.
pub(crate) fn shard(task_id: &str) -> u64 {
    // FNV-1a. The numbers are stored, so the hash must never change; std's may.
    let hash = task_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    hash % SHARDS
}

fn shard_value(task_id: &str) -> Value {
    Value::Integer(crate::limits::integer(shard(task_id)))
}

/// The key of the row that counts a task.
fn row(scope: &Scope, state: State, task_id: &str) -> [Value; 4] {
    [
        Value::from(scope.tenant.as_str()),
        Value::from(scope.owner.as_str()),
        Value::Integer(state.code()),
        shard_value(task_id),
    ]
}

/// Counts a new task.
pub(crate) async fn add<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    state: State,
) -> Result<(), Error> {
    let params = row(scope, state, task_id);
    transaction.execute(ADD, &params).await.map(|_| ())
}

/// Counts a task no more.
pub(crate) async fn remove<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    state: State,
) -> Result<(), Error> {
    let params = row(scope, state, task_id);
    transaction.execute(REMOVE, &params).await.map(|_| ())
}

/// Counts a task in another state than before.
pub(crate) async fn change<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    before: State,
    after: State,
) -> Result<(), Error> {
    if before == after {
        return Ok(());
    }
    // Rows are always taken in the order of their key, so that two writers cannot deadlock.
    let mut rows = [(before.code(), -1), (after.code(), 1)];
    rows.sort_unstable();
    let [(low, low_change), (high, high_change)] = rows;
    let params = [
        Value::from(scope.tenant.as_str()),
        Value::from(scope.owner.as_str()),
        Value::Integer(low),
        shard_value(task_id),
        Value::Integer(low_change),
        Value::Integer(high),
        Value::Integer(high_change),
    ];
    transaction.execute(MOVE, &params).await.map(|_| ())
}

/// How many tasks there are, or how many in one state.
pub(crate) async fn total<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    state: Option<State>,
) -> Result<u64, Error> {
    let mut params = vec![
        Value::from(scope.tenant.as_str()),
        Value::from(scope.owner.as_str()),
    ];
    let sql = match state {
        None => ALL,
        Some(state) => {
            params.push(Value::Integer(state.code()));
            IN_STATE
        }
    };
    match transaction.query(sql, &params).await?.first_mut() {
        Some(row) => row.unsigned(),
        None => Ok(0),
    }
}
