//! Which calls a conversation has made, so that one that goes round in a circle ends.

use serde_json::Value;

use crate::model::Call;

/// The calls of a conversation.
#[derive(Default)]
pub(crate) struct Calls {
    made: Vec<Seen>,
    /// How many failed since the last that did not.
    pub(crate) failures: u32,
    /// How many replies there were.
    pub(crate) reply: u32,
}

/// A call, and how often it was wanted.
pub(crate) struct Seen {
    name: String,
    arguments: Value,
    pub(crate) times: u32,
    /// The reply after which the model was told that it repeats itself.
    pub(crate) told: Option<u32>,
    /// The reply that wants it now.
    pub(crate) now: u32,
}

impl Calls {
    /// The call, with this time counted.
    pub(crate) fn count(&mut self, call: &Call) -> &mut Seen {
        let same = |s: &Seen| s.name == call.name && s.arguments == call.arguments;
        let mut seen = match self.made.iter().position(same) {
            Some(index) => self.made.swap_remove(index),
            None => Seen {
                name: call.name.clone(),
                arguments: call.arguments.clone(),
                times: 0,
                told: None,
                now: 0,
            },
        };
        seen.times += 1;
        seen.now = self.reply;
        self.made.push_mut(seen)
    }
}
