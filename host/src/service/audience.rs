use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::config::GuestLimits;
use crate::instance::Breach;

/// Who waits for a response: while it lives, somebody does.
///
/// It goes with the response, from the request to the end of the body, and so tells the instance
/// where its response stands ([`Attention`]).
#[derive(Debug)]
pub(super) struct Audience(watch::Sender<Stage>);

/// What an instance has of its audience: it decides how long the instance may go on.
#[derive(Debug)]
pub(super) struct Attention {
    stage: watch::Receiver<Stage>,
    head: Duration,
    alone: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The head is waited for.
    Head,
    /// The body is read. How long that may take is the reader's affair.
    Body,
    /// The response has ended, or whoever waited for it left.
    Alone,
}

impl Audience {
    pub(super) fn new(limits: &GuestLimits) -> (Self, Attention) {
        let (sender, stage) = watch::channel(Stage::Head);
        let attention = Attention {
            stage,
            head: limits.response_head,
            alone: limits.background,
        };
        (Self(sender), attention)
    }

    /// The head is there.
    pub(super) fn has_head(&self) {
        self.0.send_replace(Stage::Body);
    }
}

impl Drop for Audience {
    fn drop(&mut self) {
        self.0.send_replace(Stage::Alone);
    }
}

impl Attention {
    /// Returns when the instance has gone on for too long.
    pub(super) async fn ends(mut self) -> Breach {
        loop {
            let stage = *self.stage.borrow_and_update();
            let (patience, breach) = match stage {
                Stage::Head => (self.head, Breach::Late(self.head)),
                Stage::Alone => (self.alone, Breach::Background(self.alone)),
                Stage::Body => {
                    if self.stage.changed().await.is_err() {
                        pending::<()>().await;
                    }
                    continue;
                }
            };
            tokio::select! {
                () = sleep(patience) => return breach,
                // The last change is to be alone, and after it there is none to wait for.
                Ok(()) = self.stage.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    const LIMITS: fn() -> GuestLimits = || GuestLimits {
        response_head: Duration::from_millis(20),
        background: Duration::from_millis(40),
        ..GuestLimits::default()
    };

    #[tokio::test]
    async fn each_stage_has_its_own_patience() {
        let (audience, attention) = Audience::new(&LIMITS());
        assert!(matches!(attention.ends().await, Breach::Late(_)));
        drop(audience);

        let (audience, attention) = Audience::new(&LIMITS());
        drop(audience);
        assert!(matches!(attention.ends().await, Breach::Background(_)));
    }

    #[tokio::test]
    async fn what_is_read_may_last() {
        let (audience, attention) = Audience::new(&LIMITS());
        audience.has_head();
        let mut ends = Box::pin(attention.ends());
        let waited = timeout(Duration::from_millis(100), &mut ends).await;
        assert!(waited.is_err(), "{waited:?}");
        drop(audience);
        assert!(matches!(ends.await, Breach::Background(_)));
    }
}
