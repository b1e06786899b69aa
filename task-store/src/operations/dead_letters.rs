//! Lists what webhooks were not sent.

use crate::{DeadLetter, Error, MAX_PAGE_SIZE, Operation, Transaction, Value, Webhook};

const PAGE: &str = "SELECT d.tenant, d.owner, d.task_id, d.config_id, p.url, d.oldest, d.newest,
d.reason, d.died FROM attache_dead_letter d JOIN attache_push p ON p.tenant = d.tenant
AND p.owner = d.owner AND p.task_id = d.task_id AND p.id = d.config_id
WHERE (d.tenant, d.owner, d.task_id, d.config_id) > (?1, ?2, ?3, ?4)
ORDER BY d.tenant, d.owner, d.task_id, d.config_id LIMIT ?5";

/// Lists the dead letters of every scope, for whoever runs the server: by tenant, owner, task and
/// webhook. A page that is not full is the last.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    /// The last one of the page before.
    pub after: Option<Webhook>,
    /// Most to return; no more than [`crate::MAX_PAGE_SIZE`].
    pub limit: u32,
}

impl Operation for DeadLetters {
    type Output = Vec<DeadLetter>;
    const READ_ONLY: bool = true;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Vec<DeadLetter>, Error> {
        // No task has an empty id, so this comes before all of them.
        let key = match &self.after {
            Some(after) => [
                after.scope.tenant.as_str(),
                after.scope.owner.as_str(),
                after.task_id.as_str(),
                after.config_id.as_str(),
            ],
            None => [""; 4],
        };
        let limit = Value::Integer(i64::from(self.limit.min(MAX_PAGE_SIZE)));
        let params: Vec<Value> = key.map(Value::from).into_iter().chain([limit]).collect();
        let rows = transaction.query(PAGE, &params).await?;
        rows.into_iter().map(DeadLetter::read).collect()
    }
}
