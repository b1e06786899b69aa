//! A2A 0.3 at the same URLs. Gemini Enterprise and every client from before 1.0 speak it.
//!
//! It is translated here, at the edge, and nowhere else: a request of 0.3 becomes the request of 1.0
//! that means the same, the same operation answers it, and its answer is said in the words of 0.3.
//! So a task that one version began goes on in the other. Each file translates one kind of object,
//! in both directions where both occur: `to_new` and `to_old`.
//!
//! The objects of 0.3 have two JSON forms, see [`Form`]. Requests are read leniently, either form in
//! either binding wherever they can be told apart, because clients mix them.

mod error;
mod event;
pub(crate) mod json_rpc;
mod message;
mod object;
mod part;
mod push;
pub(crate) mod rest;
mod sending;
mod task;

#[cfg(test)]
mod round_trip;

use futures_util::stream::StreamExt as _;
use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::operation::Frames;
use crate::run::Frame;
use crate::wire::{Message, Task};

/// The two JSON forms of 0.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON-RPC: the objects of `types.ts`, told apart by `kind`.
    Kind,
    /// HTTP+JSON: ProtoJSON of the package `a2a.v1`.
    Proto,
}

/// When a stream ends, which tells which of its events is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// With the turn: also where the task waits for its client.
    WithTurn,
    /// With the task.
    WithTask,
}

/// A message as a client of 0.3 sends it.
pub fn old_message(new: Message, form: Form) -> Value {
    message::to_old(new, form)
}

/// What a webhook of 0.3 is sent: the task as it stands (section 9.5 of 0.3).
pub(crate) fn notification(task: Task) -> Result<Vec<u8>, Error> {
    print(&task::to_old(task, Form::Kind))
}

/// The same stream in the words of 0.3.
fn translated(frames: Frames, form: Form, ends: Ends) -> Frames {
    let translate = move |frame: Frame| {
        let event = serde_json::from_slice(&frame.payload).map_err(unprintable)?;
        let payload = print(&event::to_old(event, form, ends))?;
        Ok(Frame { payload, ..frame })
    };
    frames
        .map(move |frame| frame.and_then(translate))
        .boxed_local()
}

fn print(value: &Value) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(unprintable)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unprintable(error: serde_json::Error) -> Error {
    Error::new(
        ErrorKind::InvalidAgentResponse,
        format!("The answer cannot be said in A2A 0.3: {error}."),
    )
}
