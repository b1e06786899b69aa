//! One question on its way: the request, again if it has to be, and its answer piece by piece.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::{self, LocalBoxStream};
use serde_json::Value;

use super::endpoint::Endpoint;
use super::events::{Event, Events, excerpt};
use super::{ModelError, Piece, Reply, retry};
use crate::outbound::{Response, SendError, pause};

/// The longest error that is read.
const MAX_ERROR: usize = 64 * 1024;

/// An answer as a provider writes it.
pub(super) trait Answer: Default {
    /// Takes a piece; gives the text in it.
    fn take(&mut self, piece: Value) -> Result<String, ModelError>;

    /// Takes what stands in the place of JSON. True when it means the end.
    fn ends_with(&self, _: &str) -> bool {
        false
    }

    /// The whole, at the end of the stream.
    fn end(self) -> Result<Reply, ModelError>;
}

/// Asks with this body at this path.
pub(super) fn ask<'a, A: Answer + 'a>(
    endpoint: &'a Endpoint,
    path: String,
    body: Value,
) -> LocalBoxStream<'a, Result<Piece, ModelError>> {
    let asking = Asking::<A> {
        endpoint,
        path,
        body,
        ends: Instant::now() + endpoint.total,
        attempts: 0,
        given: false,
        open: None,
        ready: VecDeque::new(),
        over: false,
    };
    stream::try_unfold(asking, |mut asking| async move {
        let piece = asking.next().await?;
        Ok(piece.map(|piece| (piece, asking)))
    })
    .boxed_local()
}

struct Asking<'a, A> {
    endpoint: &'a Endpoint,
    path: String,
    body: Value,
    ends: Instant,
    attempts: u32,
    /// Whether a piece was given out: then there is no asking again.
    given: bool,
    open: Option<Open<A>>,
    ready: VecDeque<Piece>,
    over: bool,
}

struct Open<A> {
    response: Response,
    events: Events,
    answer: A,
}

/// Why an attempt failed.
struct Failed {
    error: ModelError,
    /// None when asking again does not help; else how long the provider asks to wait, if it does.
    again: Option<Option<Duration>>,
}

impl From<ModelError> for Failed {
    fn from(error: ModelError) -> Self {
        Self { error, again: None }
    }
}

impl<A: Answer> Asking<'_, A> {
    async fn next(&mut self) -> Result<Option<Piece>, ModelError> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                self.given = true;
                return Ok(Some(piece));
            }
            if self.over {
                return Ok(None);
            }
            if let Err(failed) = self.advance().await {
                self.open = None;
                self.wait_after(failed).await?;
            }
        }
    }

    /// Asks, or reads on.
    async fn advance(&mut self) -> Result<(), Failed> {
        let Some(open) = &mut self.open else {
            self.attempts += 1;
            let begun = Instant::now();
            let response = self.endpoint.send(&self.path, &self.body, self.ends).await;
            let response = match response {
                Ok(response) => response,
                Err(error) => return Err(self.unsent(error, begun)),
            };
            self.open = Some(self.admit(response).await?);
            return Ok(());
        };
        let begun = Instant::now();
        let chunk = open.response.chunk().await;
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => return Err(self.unsent(error, begun)),
        };
        let ended = chunk.is_none();
        let events = match chunk {
            Some(bytes) => open.events.feed(&bytes)?,
            None => open.events.end()?,
        };
        let mut over = ended;
        for event in events {
            let values = match event {
                Event::Data(text) if open.answer.ends_with(&text) => {
                    over = true;
                    break;
                }
                Event::Data(text) => vec![serde_json::from_str(&text).map_err(|error| {
                    ModelError::Malformed(format!(
                        "{error} in {:?}",
                        excerpt(&self.endpoint.without_key(&text))
                    ))
                })?],
                Event::Bare(Value::Array(values)) => values,
                Event::Bare(value) => vec![value],
            };
            for value in values {
                if let Some(failed) = self.endpoint.failure_in(&value) {
                    return Err(failed_with(failed.0, failed.1, None, &value));
                }
                let text = open.answer.take(value)?;
                if !text.is_empty() {
                    self.ready.push_back(Piece::Text(text));
                }
            }
        }
        if over && let Some(open) = self.open.take() {
            self.ready.push_back(Piece::Reply(open.answer.end()?));
            self.over = true;
        }
        Ok(())
    }

    async fn admit(&self, mut response: Response) -> Result<Open<A>, Failed> {
        let status = response.status().as_u16();
        if !response.status().is_success() {
            let asked = response.header("retry-after").map(str::to_owned);
            let body = response.bytes(MAX_ERROR).await.unwrap_or_default();
            let body = String::from_utf8_lossy(&body);
            let value = serde_json::from_str(&body).unwrap_or_default();
            let message = match self.endpoint.failure_in(&value) {
                Some((_, message)) => message,
                None => excerpt(&self.endpoint.without_key(&body)),
            };
            return Err(failed_with(status, message, asked.as_deref(), &value));
        }
        Ok(Open {
            response,
            events: Events::default(),
            answer: A::default(),
        })
    }

    /// What did not arrive, or not to its end.
    fn unsent(&self, error: SendError, begun: Instant) -> Failed {
        let silence = self.endpoint.silence;
        match error {
            SendError::Denied { host } => ModelError::Denied(host).into(),
            SendError::Timeout { waited, .. } => {
                // A connection that is not taken fails before its time.
                let early = begun.elapsed() < silence.min(self.endpoint.total);
                let out_of_time = self
                    .ends
                    .saturating_duration_since(Instant::now())
                    .is_zero();
                let waited = if out_of_time {
                    self.endpoint.total
                } else {
                    waited.min(silence)
                };
                Failed {
                    error: ModelError::TimedOut(waited),
                    again: (early && !out_of_time).then_some(None),
                }
            }
            error => Failed {
                again: error.is_transient().then_some(None),
                error: ModelError::Unavailable(self.endpoint.without_key(&error.to_string())),
            },
        }
    }

    /// Returns when it is time to ask again.
    async fn wait_after(&mut self, failed: Failed) -> Result<(), ModelError> {
        let Failed { error, again } = failed;
        let Some(asked) = again.filter(|_| !self.given && self.attempts < retry::ATTEMPTS) else {
            return Err(error);
        };
        // What was read of the failed attempt is said again by the next.
        self.ready.clear();
        let chance = wasip2::random::random::get_random_u64() >> 11;
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
        let chance = chance as f64 / (1_u64 << 53) as f64;
        let delay = retry::delay(self.attempts, asked, chance);
        if delay >= self.ends.saturating_duration_since(Instant::now()) {
            return Err(error);
        }
        pause(delay).await;
        Ok(())
    }
}

fn failed_with(status: u16, message: String, header: Option<&str>, body: &Value) -> Failed {
    if !retry::may_help(status) {
        return ModelError::Refused { status, message }.into();
    }
    let error = error_of(body).unwrap_or(&Value::Null);
    Failed {
        error: ModelError::Unavailable(format!("HTTP status {status}: {message}")),
        again: Some(retry::asked_for(header, error)),
    }
}

/// The error in a body: Google's are sometimes the one item of an array.
pub(super) fn error_of(body: &Value) -> Option<&Value> {
    let body = body.get(0).unwrap_or(body);
    body.get("error").filter(|error| !error.is_null())
}
