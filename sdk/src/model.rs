//! Asking a language model.
//!
//! [`Model`] is one question and a stream of its answer; everything else, such as tools and limits, is
//! built on it, so an agent may bring a model of its own. What a conversation consists of is plain data
//! ([`Prompt`], [`Turn`], [`Reply`]) that can be stored between turns.
//!
//! A reply keeps the model's own words for what it said ([`Reply::raw`]) and they go back to it
//! untouched: Gemini wants its `thoughtSignature`s back where they were.

mod asking;
mod configured;
mod endpoint;
mod events;
mod files;
mod gemini;
mod metered;
mod openai;
mod retry;

use std::time::Duration;

use futures_util::stream::LocalBoxStream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Part;

pub use configured::{configured, for_turn};
pub use metered::Metered;

/// A language model, or something that answers like one.
pub trait Model {
    /// Its name, as the provider spells it, such as `gemini-3.5-flash`.
    fn name(&self) -> &str;

    /// Whose it is, in the words of OpenTelemetry's `gen_ai.provider.name`: `gcp.gemini`,
    /// `gcp.vertex_ai`, `openai`.
    fn provider(&self) -> &str;

    /// Asks. The stream gives pieces of text as they come, and the whole reply as its last item, unless
    /// it ends in an error. Dropping it ends the request upstream.
    fn ask<'a>(&'a self, prompt: &'a Prompt) -> LocalBoxStream<'a, Result<Piece, ModelError>>;
}

/// What a model is asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Prompt {
    /// What it is told of its role.
    pub system: String,
    /// The conversation, oldest first. The last turn is the user's or the tools'.
    pub turns: Vec<Turn>,
    /// What it may call.
    pub tools: Vec<Declaration>,
    /// Whether it has to.
    pub choice: Choice,
    /// What the answer has to look like.
    pub output: Output,
    /// The longest answer in tokens, thoughts included. None leaves it to the provider.
    pub max_output_tokens: Option<u32>,
    /// How free it is, from 0. None leaves it to the provider.
    pub temperature: Option<f32>,
}

/// A part of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// What the user said: texts, images and files as parts of A2A messages.
    User(Vec<Part>),
    /// What the model answered.
    Model(Reply),
    /// What the tools gave that the model called, in the order of its calls.
    Tools(Vec<Given>),
}

/// A tool as a model sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Declaration {
    /// Letters, digits and `_`, at most 64, first a letter.
    pub name: String,
    /// What it does, when to call it.
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub parameters: Value,
}

/// Whether a model may call tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// As it thinks best.
    #[default]
    Auto,
    /// It must call one.
    Any,
    /// It must answer.
    None,
}

/// What an answer has to look like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// As it is.
    #[default]
    Text,
    /// JSON of this schema.
    Json(Value),
}

/// A part of an answer on its way.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// More of the text. Thoughts are not text.
    Text(String),
    /// The end, and the whole.
    Reply(Reply),
}

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The text, without thoughts.
    pub text: String,
    /// The tools it wants called. Calls of one reply may run at the same time.
    pub calls: Vec<Call>,
    /// Why it ended.
    pub finish: Finish,
    /// What it took.
    pub usage: Usage,
    /// Which model answered, in its own words.
    pub model: String,
    /// The answer as the provider writes it, to go back to it as it is.
    pub raw: Value,
}

/// A model wants a tool called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Which call it is, if the provider numbers them.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// An object, as far as the model keeps to the schema.
    pub arguments: Value,
}

/// What a tool gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// [`Call::id`].
    pub id: Option<String>,
    /// [`Call::name`].
    pub name: String,
    /// What it found; or a sentence on why it could not, for the model to do better.
    pub outcome: Result<Value, String>,
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// All is said, or tools are called.
    #[default]
    Stop,
    /// It came to the limit of tokens: the text is cut.
    MaxTokens,
}

/// Tokens that a question and its answer took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Of the prompt, cached ones included.
    pub input: u64,
    /// Of those, the ones that the provider had cached.
    pub cached: u64,
    /// Of the answer, thoughts included.
    pub output: u64,
    /// Of those, the thoughts.
    pub thoughts: u64,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The provider would not answer this, for the reason in its own word, such as `SAFETY`.
    #[error("the model declined to answer ({reason})")]
    Blocked {
        /// A `finishReason` or `blockReason`.
        reason: String,
        /// What it took all the same, as far as the provider had said.
        usage: Usage,
    },
    /// The provider refused the request: a wrong key, an unknown model, a request it does not
    /// understand. Asking again changes nothing.
    #[error("the model refused the request ({status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's sentence, without secrets.
        message: String,
    },
    /// It is overloaded or cannot be reached, after all attempts.
    #[error("the model is not available: {0}")]
    Unavailable(String),
    /// Nothing was heard of it for so long, or it took longer than it may.
    #[error("the model did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// What it answered cannot be read.
    #[error("the model's answer cannot be read: {0}")]
    Malformed(String),
    /// A limit of the deployment, such as tokens of one caller, in a sentence.
    #[error("{0}")]
    Limit(String),
    /// The deployment names a model that there cannot be, in a sentence.
    #[error("{0}")]
    Setting(String),
    /// The outbound policy does not allow the model's host.
    #[error("the model at {0:?} may not be reached; whoever runs this agent can allow it")]
    Denied(String),
}

impl ModelError {
    /// What was taken although there is no answer.
    #[must_use]
    pub fn usage(&self) -> Usage {
        match self {
            Self::Blocked { usage, .. } => *usage,
            _ => Usage::default(),
        }
    }

    /// One word, for metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Blocked { .. } => "blocked",
            Self::Refused { .. } => "refused",
            Self::Unavailable(_) => "unavailable",
            Self::TimedOut(_) => "timeout",
            Self::Malformed(_) => "malformed",
            Self::Limit(_) => "limit",
            Self::Setting(_) => "setting",
            Self::Denied(_) => "denied",
        }
    }
}
