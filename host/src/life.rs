//! How far the process has come on its way to its end.

use tokio::sync::watch;

/// The stages of a process. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It takes requests.
    Serving,
    /// What runs may finish. Whoever asks for more is told to go elsewhere.
    Draining,
    /// Nothing runs any more; connections end.
    Closing,
}

/// The stage of this process, for all whom it concerns. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Life(watch::Sender<Stage>);

impl Default for Life {
    fn default() -> Self {
        Self(watch::channel(Stage::Serving).0)
    }
}

impl Life {
    /// The process enters a stage. There is no way back.
    pub fn enter(&self, stage: Stage) {
        self.0.send_if_modified(|now| {
            let later = stage > *now;
            if later {
                *now = stage;
            }
            later
        });
    }

    /// Whether the process has come as far as that.
    pub fn is_at(&self, stage: Stage) -> bool {
        *self.0.borrow() >= stage
    }

    /// Waits until it has.
    pub async fn comes_to(&self, stage: Stage) {
        // The sender is this value's own.
        let _ = self.0.subscribe().wait_for(|now| *now >= stage).await;
    }
}
