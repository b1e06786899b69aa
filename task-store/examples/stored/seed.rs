//! Stores many tasks, through the log's own operations.

use attache_task_store::{
    Begin, Change, Database, Error, Opening, Operation, Scope, Snapshot, Transaction,
};

use super::gather::Gathering;
use super::store::Store;
use super::tasks::{context_id, state, status_time, task_id};

/// Tasks in one transaction.
const BATCH: u64 = 500;

/// Stores the tasks 0 to `count`. One transaction after the other: all count on the same counters.
pub(crate) async fn seed(store: &Store, count: u64) -> Result<(), Error> {
    let mut first = 0;
    while first < count {
        let after = count.min(first + BATCH);
        store.perform(Batch { first, after }).await?;
        first = after;
    }
    Ok(())
}

/// Many tasks in one transaction.
struct Batch {
    first: u64,
    after: u64,
}

impl Operation for Batch {
    type Output = ();
    const READ_ONLY: bool = false;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<(), Error> {
        let mut gathering = Gathering::new(transaction);
        for number in self.first..self.after {
            begin(number).run(&mut gathering).await?;
        }
        gathering.finish().await
    }
}

/// A task that has ended, or waits for its user, as of its first change. Its payloads are as large
/// as those of the kit's agent that answers with a short text.
fn begin(number: u64) -> Begin {
    let (id, context) = (task_id(number), context_id(number));
    let names = format!(r#""taskId":"{id}","contextId":"{context}""#);
    let time = "2027-01-15T08:00:00.000Z";
    let state = state(number);
    let status = |name: &str| {
        format!(
            r#"{{"statusUpdate":{{{names},"status":{{"state":"{name}","timestamp":"{time}"}}}}}}"#
        )
    };
    let artifact = r#"{"artifactId":"result","parts":[{"text":"Generated text content"}]}"#;
    let events = [
        status("TASK_STATE_SUBMITTED"),
        format!(r#"{{"artifactUpdate":{{{names},"artifact":{artifact}}}}}"#),
        status(state.name()),
    ];
    let task = format!(
        r#"{{"id":"{id}","contextId":"{context}","status":{{"state":"{}","timestamp":"{time}"}},"history":[{{"messageId":"message-{number}","contextId":"{context}","taskId":"{id}","role":"ROLE_USER","parts":[{{"text":"hello"}}]}}]}}"#,
        state.name()
    );
    Begin {
        scope: Scope::default(),
        opening: Opening::Create {
            task_id: id,
            context_id: context,
            message: None,
            first: Change {
                events: events.map(String::into_bytes).to_vec(),
                state,
                status_time: status_time(number),
                snapshot: Some(Snapshot {
                    task: task.into_bytes(),
                    artifacts: Some(format!("[{artifact}]").into_bytes()),
                }),
                checkpoint: None,
            },
            push: None,
        },
        now: status_time(number),
        lease_ms: 0,
        idempotency_window_ms: 0,
    }
}
