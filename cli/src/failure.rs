//! What ends a command: a sentence, what to do about it, and the exit status.

use std::process::ExitCode;

/// The exit statuses, after `sysexits.h` where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and what was looked at is as it should be.
    Ok = 0,
    /// Looked at, and found wanting: a check or a lint failed, a task ended FAILED.
    Wanting = 1,
    /// The command makes no sense as it was given.
    Usage = 64,
    /// A file or an answer is not what it has to be.
    Data = 65,
    /// A file that was named is not there, or cannot be read.
    NoInput = 66,
    /// A server cannot be reached, or a program that is needed is not there.
    Unavailable = 69,
    /// A fault of this program.
    Software = 70,
    /// A file cannot be written.
    CannotWrite = 73,
    /// A server refuses the credentials, or there are none.
    NoPermission = 77,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended without what it is for.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{sentence}")]
pub(crate) struct Failure {
    exit: Exit,
    sentence: String,
    remedy: Option<String>,
}

impl Failure {
    /// `sentence` says what happened and with which value.
    pub(crate) fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self {
            exit,
            sentence: sentence.into(),
            remedy: None,
        }
    }

    /// What the reader can do: a sentence, or a command to run.
    #[must_use]
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The status that the process ends with.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// See [`Self::remedy`].
    pub(crate) fn what_helps(&self) -> Option<&str> {
        self.remedy.as_deref()
    }
}
