use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use attache_task_store::Scope;
use tokio::sync::watch;
use tokio::time::timeout;

use super::news::{Herald, News, TaskKey};

/// Wakes those who wait for news of a task, in this process and, through the herald, in others.
///
/// A sleeper first registers, then looks, then sleeps: news that comes between the look and the
/// sleep still wakes it. A task that nobody waits for costs nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Wakeups(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    sleepers: Mutex<HashMap<TaskKey, Sleepers>>,
    herald: Herald,
}

#[derive(Debug)]
struct Sleepers {
    news: watch::Sender<()>,
    /// Registrations alive. The entry goes with the last one.
    count: usize,
}

/// One registration.
#[derive(Debug)]
pub(super) struct Sleeper {
    wakeups: Wakeups,
    key: TaskKey,
    news: watch::Receiver<()>,
}

impl Wakeups {
    /// Wakes others through `herald`.
    pub(super) fn with(herald: Herald) -> Self {
        Self(Arc::new(Inner {
            sleepers: Mutex::default(),
            herald,
        }))
    }

    /// Who tells other processes.
    pub(super) fn herald(&self) -> &Herald {
        &self.0.herald
    }

    /// Registers for news of a task.
    pub(super) fn register(&self, scope: &Scope, task_id: &str) -> Sleeper {
        let key = TaskKey::of(scope, task_id);
        let news = match self.sleepers().entry(key) {
            Entry::Occupied(mut entry) => {
                let sleepers = entry.get_mut();
                sleepers.count += 1;
                sleepers.news.subscribe()
            }
            Entry::Vacant(entry) => {
                let (news, receiver) = watch::channel(());
                entry.insert(Sleepers { news, count: 1 });
                receiver
            }
        };
        Sleeper {
            wakeups: self.clone(),
            key,
            news,
        }
    }

    /// Wakes everybody who waits for this task, wherever they are.
    pub(super) fn wake(&self, scope: &Scope, task_id: &str) {
        let key = TaskKey::of(scope, task_id);
        self.wake_here(key);
        self.0.herald.say(News::Event(key));
    }

    /// Wakes everybody in this process who waits for this task.
    pub(super) fn wake_here(&self, key: TaskKey) {
        if let Some(sleepers) = self.sleepers().get(&key) {
            sleepers.news.send_replace(());
        }
    }

    /// Wakes everybody in this process.
    pub(super) fn wake_all_here(&self) {
        for sleepers in self.sleepers().values() {
            sleepers.news.send_replace(());
        }
    }

    fn sleepers(&self) -> MutexGuard<'_, HashMap<TaskKey, Sleepers>> {
        let sleepers = self.0.sleepers.lock();
        // Nothing in here can be half done, so a panic elsewhere leaves it whole.
        sleepers.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sleeper {
    /// Whose news it waits for.
    pub(super) fn key(&self) -> TaskKey {
        self.key
    }

    /// Waits for news that came after the registration and was not waited for yet. Not for ever:
    /// a run that dies in another process ends without a word, and what that process says may not
    /// arrive, so the sleeper wakes now and then to look for itself.
    pub(super) async fn sleep(&mut self) {
        let longest: Duration = self.wakeups.0.herald.look_again();
        // The sender lives in the entry, and the entry as long as this registration.
        let _ = timeout(longest, self.news.changed()).await;
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = self.wakeups.sleepers().entry(self.key) {
            entry.get_mut().count -= 1;
            if entry.get().count == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn news_after_the_registration_is_not_lost() {
        let wakeups = Wakeups::default();
        let scope = Scope::default();
        let mut sleeper = wakeups.register(&scope, "task");
        wakeups.wake(&scope, "other");
        assert!(timeout(SOON, sleeper.sleep()).await.is_err());
        wakeups.wake(&scope, "task");
        sleeper.sleep().await;
        assert!(timeout(SOON, sleeper.sleep()).await.is_err());
    }

    #[tokio::test]
    async fn every_sleeper_wakes_and_the_last_one_clears_up() {
        let wakeups = Wakeups::default();
        let scope = Scope {
            tenant: "t".into(),
            owner: "o".into(),
        };
        let mut first = wakeups.register(&scope, "task");
        let mut second = wakeups.register(&scope, "task");
        wakeups.wake(&scope, "task");
        first.sleep().await;
        drop(first);
        second.sleep().await;
        assert_eq!(wakeups.sleepers().len(), 1);
        drop(second);
        assert_eq!(wakeups.sleepers().len(), 0);
    }
}
