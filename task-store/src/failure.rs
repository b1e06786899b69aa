//! The only A2A payload that this crate knows.
//!
//! A run that traps, is killed or loses its machine cannot write its own end, and no other run of
//! the agent may be able to either: the agent may be what is broken. Somebody has to write it, or
//! the task stays WORKING for ever, and only the log is there in every case. Readers fold the
//! snapshot and the events after it, so one event is enough and the snapshot need not be parsed.

use serde_json::json;
use time::OffsetDateTime;

use crate::State;
use crate::limits::{MAX_TIME, integer};

/// Longest reason, in bytes.
const MAX_REASON_BYTES: usize = 4096;

/// A `StreamResponse` that says that the task failed and why. The message id follows from the task
/// and the number of the event, so that a reader that sees the event twice sees one message.
pub(crate) fn failed_event(
    task_id: &str,
    context_id: &str,
    number: u64,
    reason: &str,
    now: u64,
) -> Vec<u8> {
    let event = json!({
        "statusUpdate": {
            "taskId": task_id,
            "contextId": context_id,
            "status": {
                "state": State::Failed.name(),
                "message": {
                    "messageId": format!("{task_id}-{number}"),
                    "role": "ROLE_AGENT",
                    "taskId": task_id,
                    "contextId": context_id,
                    "parts": [{ "text": cut(reason) }],
                },
                "timestamp": timestamp(now),
            },
        },
    });
    event.to_string().into_bytes()
}

fn cut(reason: &str) -> &str {
    let end = reason.floor_char_boundary(MAX_REASON_BYTES);
    reason.get(..end).unwrap_or(reason)
}

/// RFC 3339 in UTC with milliseconds.
fn timestamp(now: u64) -> String {
    let now = now.min(MAX_TIME);
    let time = OffsetDateTime::from_unix_timestamp(integer(now / 1000))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        now % 1000
    )
}
