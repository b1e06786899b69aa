use std::sync::Arc;
use std::time::Duration;

use attache_task_store::{
    Attempt, Database, Delivered, Delivery, DeliveryDropped, DeliveryFailed, Error, Event, Outcome,
    Patience, Settlement,
};
use http::Uri;
use tracing::{Instrument, Span, debug, warn};

use super::deliverer::DelivererSettings;
use super::notification::{Translate, request, speaks_the_log};
use super::post::{ANSWER_WITHIN, post};
use super::receivers::WAIT;
use super::signer::NotificationSigner;
use super::warned::Warned;
use crate::outbound::{AllowList, Caller, Outbound, OutboundConfig};
use crate::tasks::{TaskDatabase, milliseconds, now};
use crate::telemetry::{metrics, push_span};

/// How long a webhook is this process's.
pub(super) const CLAIM: Duration = Duration::from_secs(25);

// It may wait for its receiver, and then one attempt has to fit.
const _: () = assert!(CLAIM.as_secs() >= WAIT.as_secs() + ANSWER_WITHIN.as_secs() + 5);

/// Sends one webhook at a time its events, and notes what became of them.
pub(super) struct Sender {
    database: TaskDatabase,
    translate: Arc<dyn Translate>,
    outbound: Outbound,
    patience: Patience,
    signer: Option<Arc<NotificationSigner>>,
    warned: Warned,
}

impl Sender {
    pub(super) fn new(
        database: TaskDatabase,
        translate: Arc<dyn Translate>,
        settings: DelivererSettings,
    ) -> Self {
        Self {
            database,
            translate,
            outbound: Outbound::new(OutboundConfig {
                allow: AllowList::everything(),
                allow_private: settings.allow_private,
                caller: Caller::Webhooks,
                network: settings.network,
                ..OutboundConfig::default()
            }),
            patience: settings.patience,
            signer: settings.signer,
            warned: Warned::default(),
        }
    }

    pub(super) fn database(&self) -> &TaskDatabase {
        &self.database
    }

    /// Sends one webhook its events, in order, until it has all of them or one has to wait.
    pub(super) async fn send(&self, delivery: Delivery) {
        let mut event = delivery.event.clone();
        let mut attempt = Attempt::first_of(&delivery);
        loop {
            let span = push_span(&delivery.claim.task_id, event.number);
            let tried = self.try_one(&delivery, event, &mut attempt);
            let outcome = tried.instrument(span.clone()).await;
            note(&span, &outcome);
            drop(span);
            match self.settle(&delivery, &attempt, outcome).await {
                Ok(Some(following)) => {
                    attempt = attempt.next(following.number, now());
                    event = following;
                }
                Ok(None) => return,
                Err(error) => {
                    // The claim runs out, and the event is sent once more.
                    warn!(
                        "what a webhook of task {:?} was sent cannot be noted: {error}",
                        delivery.claim.task_id
                    );
                    return;
                }
            }
        }
    }

    async fn try_one(&self, delivery: &Delivery, event: Event, attempt: &mut Attempt) -> Outcome {
        let body = if speaks_the_log(&delivery.config) {
            Ok(event.payload)
        } else {
            // The task as it stands tells of what followed, too.
            attempt.told = attempt.newest;
            self.translated(delivery).await
        };
        let body = match body {
            Ok(body) => body,
            Err(why) => return Outcome::failed(why),
        };
        let token = self
            .signer
            .as_ref()
            .map(|signer| signer.token(delivery, attempt.number, &body, now()));
        let token = match token.transpose() {
            Ok(token) => token,
            Err(why) => return Outcome::failed(why),
        };
        match request(&delivery.config, body, token.as_deref()) {
            Ok(request) => post(&self.outbound, request).await,
            Err(why) => Outcome::Impossible(why.to_owned()),
        }
    }

    async fn translated(&self, delivery: &Delivery) -> Result<Vec<u8>, String> {
        let version = &delivery.config.protocol_version;
        let claim = &delivery.claim;
        let (scope, task_id) = (claim.scope.clone(), claim.task_id.clone());
        let body = self.translate.notification(scope, task_id, version.clone());
        body.await.map_err(|why| {
            format!("the component says no notification of version {version}: {why}")
        })
    }

    /// Notes what became of an event. Returns the one to send next.
    async fn settle(
        &self,
        delivery: &Delivery,
        attempt: &Attempt,
        outcome: Outcome,
    ) -> Result<Option<Event>, Error> {
        let (claim, number, now) = (delivery.claim.clone(), attempt.number, now());
        let lease_ms = milliseconds(CLAIM);
        match self.patience.settle(outcome, attempt, now, fastrand::f64()) {
            Settlement::Delivered { through } => {
                metrics::push("delivered");
                let delivered = Delivered {
                    claim,
                    number,
                    through,
                    now,
                    lease_ms,
                };
                self.database.perform(delivered).await
            }
            Settlement::Dropped { through, reason } => {
                metrics::push("dropped");
                self.warn(delivery, number, &reason);
                let dropped = DeliveryDropped {
                    claim,
                    number,
                    through,
                    reason,
                    now,
                    lease_ms,
                };
                self.database.perform(dropped).await
            }
            Settlement::Failed { wait, why } => {
                metrics::push("failed");
                debug!(
                    "event {number} of task {:?} did not reach {}: {why}; the next attempt is in \
                     {wait} ms",
                    delivery.claim.task_id,
                    receiver(delivery)
                );
                let failed = DeliveryFailed {
                    claim,
                    number,
                    now,
                    retry_at: now.saturating_add(wait),
                };
                self.database.perform(failed).await.map(|()| None)
            }
        }
    }

    /// Says once for each webhook that it misses something. The URL may carry secrets: only its host
    /// is shown.
    fn warn(&self, delivery: &Delivery, number: u64, why: &str) {
        if self.warned.is_new(&delivery.claim) {
            warn!(
                "a webhook of task {:?} at {} is not sent event {number}: {why}; `attache-host \
                 dead-letters` shows what it lacks",
                delivery.claim.task_id,
                receiver(delivery)
            );
        }
    }
}

/// What a trace says of an attempt.
fn note(span: &Span, outcome: &Outcome) {
    match outcome {
        Outcome::Impossible(_) => span.record("error", "it cannot be sent"),
        Outcome::Delivered => span,
        _ => span.record("error", "the receiver did not take it"),
    };
}

fn receiver(delivery: &Delivery) -> String {
    host_of(&delivery.config.url)
}

/// What may be shown of a webhook's URL.
pub(crate) fn host_of(url: &str) -> String {
    let (url, _) = url.split_once('#').unwrap_or((url, ""));
    let uri = url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host);
    host.unwrap_or("an unknown host").to_owned()
}
