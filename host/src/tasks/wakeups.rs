use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attache_task_store::Scope;
use tokio::sync::watch;

/// Wakes those who wait for news of a task, within this process.
///
/// A sleeper first registers, then looks, then sleeps: news that comes between the look and the
/// sleep still wakes it. A task that nobody waits for costs nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Wakeups(Arc<Mutex<HashMap<Key, Sleepers>>>);

type Key = (Scope, String);

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
    key: Key,
    news: watch::Receiver<()>,
}

impl Wakeups {
    /// Registers for news of a task.
    pub(super) fn register(&self, scope: &Scope, task_id: &str) -> Sleeper {
        let key = (scope.clone(), task_id.to_owned());
        let news = match self.sleepers().entry(key.clone()) {
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

    /// Wakes everybody who waits for this task.
    pub(super) fn wake(&self, scope: &Scope, task_id: &str) {
        if let Some(sleepers) = self.sleepers().get(&(scope.clone(), task_id.to_owned())) {
            sleepers.news.send_replace(());
        }
    }

    fn sleepers(&self) -> MutexGuard<'_, HashMap<Key, Sleepers>> {
        // Nothing in here can be half done, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sleeper {
    /// Waits for news that came after the registration and was not waited for yet.
    pub(super) async fn sleep(&mut self) {
        // The sender lives in the entry, and the entry as long as this registration.
        let _ = self.news.changed().await;
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = self.wakeups.sleepers().entry(self.key.clone()) {
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
    use std::time::Duration;
    use tokio::time::timeout;

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
