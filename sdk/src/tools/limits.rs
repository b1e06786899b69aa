//! How long a conversation may go on, and how it ends where it has no answer.

use std::time::Duration;

use crate::model::ModelError;

/// What a conversation may take. Whichever limit is reached first ends it, with a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How often the model is asked.
    pub turns: u32,
    /// From the first question to the answer.
    pub time: Duration,
    /// Of all questions and answers together. Looked at before each question.
    pub tokens: u64,
    /// The largest result of a tool, in bytes of JSON. What is over it is cut, with a note.
    pub result_bytes: usize,
    /// How many calls of one reply run at the same time.
    pub parallel: usize,
    /// How many calls may fail one after another.
    pub failures: u32,
    /// How often the same call is made with the same arguments. Once more, and the model is told;
    /// again, and it ends.
    pub repeats: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turns: 16,
            time: Duration::from_secs(300),
            tokens: 1_000_000,
            result_bytes: 64 * 1024,
            parallel: 8,
            failures: 5,
            repeats: 3,
        }
    }
}

/// Why a conversation has no answer, in a sentence for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The model could not be asked, or would not answer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// [`Limits::turns`].
    #[error("there is no answer after {0} turns of the model, the limit for one message")]
    Turns(u32),
    /// [`Limits::time`].
    #[error("there is no answer after {} s, the limit for one message", .0.as_secs_f32())]
    Time(Duration),
    /// [`Limits::tokens`].
    #[error("the model took {took} tokens without an answer; the limit for one message is {limit}")]
    Tokens {
        /// What it took.
        took: u64,
        /// The limit.
        limit: u64,
    },
    /// [`Limits::failures`].
    #[error(
        "{failures} calls of tools failed one after another, the limit; the last, {name:?}: {error}"
    )]
    Failures {
        /// How many.
        failures: u32,
        /// The tool that failed last.
        name: String,
        /// What it said.
        error: String,
    },
    /// [`Limits::repeats`].
    #[error(
        "the model goes on calling {name:?} with the same arguments; the limit is {limit} times"
    )]
    Repeats {
        /// The tool.
        name: String,
        /// The limit.
        limit: u32,
    },
    /// The answer was cut before it said anything of use.
    #[error("the model's answer was cut at its limit of tokens before it {0}")]
    Cut(&'static str),
    /// It answered with neither words nor calls.
    #[error("the model answered with nothing")]
    Nothing,
}
