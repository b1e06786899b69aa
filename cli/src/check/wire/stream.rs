//! An answer in pieces: server-sent events.

use std::time::{Duration, Instant};

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::time::timeout_at;

use super::reply::is_expected;
use super::{Binding, Expected, Fault, LARGEST, Reply, unanswered};
use crate::check::verdict::{Ended, Seen, wrong};

/// What came of a request for a stream.
#[derive(Debug)]
pub(crate) enum Streamed {
    /// A stream.
    Events {
        /// The events, as they are; with JSON-RPC in their envelopes.
        raw: Vec<Value>,
        /// Whether it ended by itself, in time.
        ended: bool,
        /// How they are spelled.
        binding: Binding,
    },
    /// An answer in one piece.
    Whole(Reply),
}

impl Streamed {
    pub(super) async fn read(
        binding: Binding,
        mut response: Response,
        most: usize,
        patience: Duration,
    ) -> Result<Self, Ended> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let is_stream = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("text/event-stream"));
        let deadline = (Instant::now() + patience).into();
        let (mut text, mut raw, mut ended) = (Vec::new(), Vec::new(), false);
        while raw.len() < most {
            let Ok(piece) = timeout_at(deadline, response.chunk()).await else {
                break;
            };
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) if error.is_timeout() => break,
                Err(error) => return Err(unanswered(error)),
            };
            let Some(piece) = piece else {
                ended = true;
                break;
            };
            text.extend(piece.iter().filter(|byte| **byte != b'\r'));
            if text.len() > LARGEST {
                return wrong(format!(
                    "a stream with more than {LARGEST} bytes in one event"
                ));
            }
            if is_stream {
                take_events(&mut text, &mut raw)?;
            }
        }
        Ok(if is_stream {
            Self::Events {
                raw,
                ended,
                binding,
            }
        } else {
            Self::Whole(Reply::new(binding, status, headers, text))
        })
    }

    /// The events without envelopes, and whether the stream ended by itself.
    pub(crate) fn events(self) -> Result<(Vec<Value>, bool), Ended> {
        match self {
            Self::Whole(reply) => match reply.outcome()? {
                Err(fault) => wrong(fault.shown()),
                Ok(_) => wrong(format!(
                    "an answer in one piece ({:?})",
                    reply.content_type()
                )),
            },
            Self::Events {
                raw,
                ended,
                binding,
            } => {
                let mut events = Vec::with_capacity(raw.len());
                for event in raw {
                    events.push(match (binding, event.get("result"), event.get("error")) {
                        (Binding::HttpJson, _, None) => event,
                        (Binding::JsonRpc, Some(result), None) => result.clone(),
                        (Binding::JsonRpc, None, None) => {
                            return wrong("an event without a JSON-RPC envelope");
                        }
                        (_, _, Some(_)) => return wrong(format!("the event {event}")),
                    });
                }
                Ok((events, ended))
            }
        }
    }

    /// That it was refused like this, at once or in the first event.
    pub(crate) fn refused_as(self, expected: Expected) -> Seen {
        match self {
            Self::Whole(reply) => reply.refused_as(expected),
            Self::Events { raw, binding, .. } => {
                let error = raw.first().and_then(|event| event.get("error"));
                let Some(error) = error else {
                    return wrong("a stream");
                };
                let fault = Fault {
                    status: 200,
                    error: error.clone(),
                };
                is_expected(binding, &fault, expected)
            }
        }
    }
}

fn take_events(text: &mut Vec<u8>, events: &mut Vec<Value>) -> Result<(), Ended> {
    while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
        let block: Vec<u8> = text.drain(..end + 2).collect();
        let block = String::from_utf8_lossy(&block);
        let data: Vec<_> = block
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        if data.is_empty() {
            continue;
        }
        let Ok(event) = serde_json::from_str(&data.join("\n")) else {
            return wrong("an event whose data is not JSON");
        };
        events.push(event);
    }
    Ok(())
}
