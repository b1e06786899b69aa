//! What is kept for the run that takes a task up: what the client asked for beside its message, which
//! no task shows, and what the agent says of how far it came.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::log::{LogError, MAX_CHECKPOINT_BYTES};

/// How a client wants its message to be worked on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Terms {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) accepted_output_modes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) extensions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Map<String, Value>>,
    /// The agents that the request came through, among other things.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) baggage: String,
}

/// The checkpoint as the log has it.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Checkpoint {
    /// None when the client asked for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<Terms>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<Value>,
}

impl Terms {
    /// What the log keeps of them; none when there is nothing to keep.
    ///
    /// # Errors
    /// `TooLarge`.
    pub(crate) fn print(&self) -> Result<Option<Vec<u8>>, LogError> {
        if *self == Self::default() {
            return Ok(None);
        }
        self.print_with(None).map(Some)
    }

    /// What the log keeps of them and of what the agent left.
    ///
    /// # Errors
    /// `TooLarge`.
    pub(crate) fn print_with(&self, agent: Option<Value>) -> Result<Vec<u8>, LogError> {
        let checkpoint = Checkpoint {
            request: (*self != Self::default()).then(|| self.clone()),
            agent,
        };
        let printed =
            serde_json::to_vec(&checkpoint).map_err(|e| LogError::Invalid(e.to_string()))?;
        if printed.len() > MAX_CHECKPOINT_BYTES {
            return Err(LogError::TooLarge(format!(
                "the checkpoint, with what the client asked for, has {} bytes: the limit is \
                 {MAX_CHECKPOINT_BYTES}",
                printed.len()
            )));
        }
        Ok(printed)
    }
}

impl Checkpoint {
    /// What a run left, if it left anything.
    ///
    /// # Errors
    /// When something else wrote it.
    pub(crate) fn read(stored: Option<&[u8]>) -> Result<Self, serde_json::Error> {
        stored.map_or_else(|| Ok(Self::default()), serde_json::from_slice)
    }
}
