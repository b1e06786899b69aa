//! Writes and reads webhooks, and what they have not been sent yet.
//!
//! Everything that adds or removes a webhook, and everything that appends events, writes to the row
//! of the task. So a database that checks for conflicts at the commit never lets a webhook miss an
//! event that was appended at the same time, nor keeps something to send for a webhook that is gone.

use crate::changes::Tip;
use crate::limits::{MAX_PUSH_CONFIGS, integer};
use crate::stored::{Head, keyed};
use crate::{Authentication, Error, PushConfig, Row, Scope, Transaction, Value, dead_letter};

const INSERT: &str = "INSERT INTO attache_push (tenant, owner, task_id, id, url, token, scheme,
credentials, protocol_version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const REPLACE: &str = "UPDATE attache_push SET url = ?5, token = ?6, scheme = ?7, credentials = ?8,
protocol_version = ?9 WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND id = ?4";

const COUNT: &str = "UPDATE attache_task SET push = push + ?4
WHERE tenant = ?1 AND owner = ?2 AND id = ?3";

const ALL: &str = "SELECT id, url, token, scheme, credentials, protocol_version FROM attache_push
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 ORDER BY id";

const ONE: &str = "SELECT id, url, token, scheme, credentials, protocol_version FROM attache_push
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND id = ?4";

const DELETE: &str = "DELETE FROM attache_push
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND id = ?4";

const FORGET: &str = "DELETE FROM attache_outbox
WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3 AND config_id = ?4";

// A webhook that is behind already is only further behind. It is written to nevertheless: so this
// and the delivery of what was its last event cannot both be committed without one seeing the other.
const ANNOUNCE: &str = "INSERT INTO attache_outbox
(tenant, owner, task_id, config_id, next, newest, attempts, due, fence, since)
SELECT tenant, owner, task_id, id, CAST(?4 AS BIGINT), CAST(?5 AS BIGINT), 0, CAST(?6 AS BIGINT), 0,
CAST(?6 AS BIGINT) FROM attache_push WHERE tenant = ?1 AND owner = ?2 AND task_id = ?3
ON CONFLICT (tenant, owner, task_id, config_id) DO UPDATE SET newest = excluded.newest";

/// Adds a webhook that does not exist. The caller counts it in the row of the task.
pub(crate) async fn insert<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    config: &PushConfig,
) -> Result<(), Error> {
    let params = keyed(scope, task_id, columns(config));
    transaction.execute(INSERT, &params).await.map(|_| ())
}

/// Adds or replaces a webhook of a task that was read in this transaction.
pub(crate) async fn put<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    head: &Head,
    config: &PushConfig,
) -> Result<(), Error> {
    let params = keyed(scope, task_id, columns(config));
    if head.push > 0 && transaction.execute(REPLACE, &params).await? > 0 {
        return Ok(());
    }
    if head.push >= MAX_PUSH_CONFIGS {
        return Err(Error::TooLarge(format!(
            "the task {task_id:?} has {MAX_PUSH_CONFIGS} push-notification configurations, which is \
             the limit: delete one before adding {:?}",
            config.id
        )));
    }
    transaction.execute(INSERT, &params).await?;
    count(transaction, scope, task_id, 1).await
}

/// Removes a webhook, and what it has not been sent.
pub(crate) async fn delete<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    id: &str,
) -> Result<(), Error> {
    let params = keyed(scope, task_id, [Value::from(id)]);
    if transaction.execute(DELETE, &params).await? == 0 {
        return Ok(());
    }
    transaction.execute(FORGET, &params).await?;
    dead_letter::take(transaction, scope, task_id, id).await?;
    count(transaction, scope, task_id, -1).await
}

async fn count<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    change: i64,
) -> Result<(), Error> {
    let params = keyed(scope, task_id, [Value::Integer(change)]);
    transaction.execute(COUNT, &params).await.map(|_| ())
}

/// The webhooks of a task, by id.
pub(crate) async fn all<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
) -> Result<Vec<PushConfig>, Error> {
    let rows = transaction.query(ALL, &keyed(scope, task_id, [])).await?;
    rows.into_iter().map(config).collect()
}

/// One webhook.
pub(crate) async fn one<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    id: &str,
) -> Result<Option<PushConfig>, Error> {
    let params = keyed(scope, task_id, [Value::from(id)]);
    let rows = transaction.query(ONE, &params).await?;
    rows.into_iter().next().map(config).transpose()
}

/// Lets the webhooks of a task hear of the events between two ends of its log.
pub(crate) async fn announce<T: Transaction>(
    transaction: &mut T,
    scope: &Scope,
    task_id: &str,
    before: Tip,
    after: Tip,
    now: u64,
) -> Result<(), Error> {
    if after.newest == before.newest {
        return Ok(());
    }
    let numbers = [before.newest + 1, after.newest, now];
    let params = numbers.map(|number| Value::Integer(integer(number)));
    transaction
        .execute(ANNOUNCE, &keyed(scope, task_id, params))
        .await
        .map(|_| ())
}

fn columns(config: &PushConfig) -> [Value; 6] {
    let authentication = config.authentication.as_ref();
    [
        Value::from(config.id.as_str()),
        Value::from(config.url.as_str()),
        Value::from(config.token.as_deref()),
        Value::from(authentication.map(|given| given.scheme.as_str())),
        Value::from(authentication.map(|given| given.credentials.as_str())),
        Value::from(config.protocol_version.as_str()),
    ]
}

/// From the columns of [`ALL`], in its order.
fn config(mut row: Row) -> Result<PushConfig, Error> {
    let (id, url, token) = (row.text()?, row.text()?, row.optional_text()?);
    let (scheme, credentials) = (row.optional_text()?, row.optional_text()?);
    Ok(PushConfig {
        id,
        url,
        token,
        authentication: scheme.map(|scheme| Authentication {
            scheme,
            credentials: credentials.unwrap_or_default(),
        }),
        protocol_version: row.text()?,
    })
}
