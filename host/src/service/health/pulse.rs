use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// How long an answer counts. Probes of several kinds, each every second or more, then cost one
/// statement a second at most.
const FRESH: Duration = Duration::from_secs(1);

/// Whether something answered when it was last asked. Of many who want to know, one asks.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<Option<(Instant, bool)>>);

impl Pulse {
    /// What `ask` says, or said a moment ago.
    pub(super) async fn felt(&self, ask: impl AsyncFnOnce() -> bool) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, there)) = *last
            && at.elapsed() < FRESH
        {
            return there;
        }
        let there = ask().await;
        *last = Some((Instant::now(), there));
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn many_who_want_to_know_ask_once_and_not_for_ever() {
        let (pulse, asked) = (Arc::new(Pulse::default()), Arc::new(AtomicUsize::new(0)));
        let feel = |there: bool| {
            let (pulse, asked) = (pulse.clone(), asked.clone());
            tokio::spawn(async move {
                let ask = async || {
                    asked.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(FRESH / 10).await;
                    there
                };
                pulse.felt(ask).await
            })
        };
        for felt in [feel(true), feel(true), feel(false)] {
            assert!(felt.await.unwrap());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::sleep(FRESH).await;
        assert!(!feel(false).await.unwrap());
        assert!(!feel(true).await.unwrap());
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}
