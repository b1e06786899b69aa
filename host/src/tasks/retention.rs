use std::time::Duration;

use attache_task_store::{Database, Expire, Expired};
use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::database::TaskDatabase;
use super::{milliseconds, now};

/// How often finished tasks are looked for.
const LOOK: Duration = Duration::from_secs(60);
/// A pause between two small removals, in which others write.
const BETWEEN: Duration = Duration::from_millis(20);
/// A file that is full to this part of its bound loses the oldest finished tasks before their time.
const FULL: f64 = 0.8;

/// Removes what ended long ago, in small steps.
#[derive(Debug)]
pub struct Retention {
    database: TaskDatabase,
    /// None keeps tasks for ever, or as long as there is room.
    age: Option<Duration>,
    /// Younger than this nothing is removed: a repeated message has to find its task.
    least: Duration,
}

impl Retention {
    /// Keeps what `database` holds for `age`, and for `least` where room is short.
    pub fn new(database: TaskDatabase, age: Option<Duration>, least: Option<Duration>) -> Self {
        Self {
            database,
            age,
            // The window ends a moment after the task does.
            least: least.unwrap_or_default() + LOOK,
        }
    }

    /// Looks now and then. Never ends.
    pub async fn run(self) {
        loop {
            if let Some(age) = self.age {
                self.expire(age, "").await;
            }
            if self.database.fullness().await > FULL {
                self.expire(self.least, ", because the file is nearly full")
                    .await;
            }
            // Several processes that share a database should not all look at the same moment.
            sleep(LOOK.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
        }
    }

    async fn expire(&self, age: Duration, why: &str) {
        let before = now().saturating_sub(milliseconds(age));
        let mut all = Expired::default();
        loop {
            match self.database.perform(Expire { before }).await {
                Ok(expired) => {
                    all.tasks += expired.tasks;
                    all.dead_letters += expired.dead_letters;
                    all.values += expired.values;
                    if !expired.more {
                        break;
                    }
                    sleep(BETWEEN).await;
                }
                Err(error) => {
                    warn!("old tasks cannot be removed now: {error}");
                    break;
                }
            }
        }
        if all.tasks > 0 {
            info!(
                "{} tasks that ended more than {age:?} ago were removed{why}",
                all.tasks
            );
        } else if all.dead_letters + all.values > 0 {
            debug!("{all:?} were removed{why}");
        }
    }
}
