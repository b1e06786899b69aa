//! The states of a task.

use std::fmt;

use crate::Error;

/// `TaskState` of A2A 1.0, section 4.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Accepted, not started.
    Submitted,
    /// Being worked on.
    Working,
    /// Ended well.
    Completed,
    /// Ended by an error.
    Failed,
    /// Ended because somebody asked for it.
    Canceled,
    /// Waits for another message of the user.
    InputRequired,
    /// Ended before it began: the agent declined.
    Rejected,
    /// Waits for an authorisation.
    AuthRequired,
}

impl State {
    /// Every state, in the order of its codes.
    pub const ALL: [State; 8] = [
        State::Submitted,
        State::Working,
        State::Completed,
        State::Failed,
        State::Canceled,
        State::InputRequired,
        State::Rejected,
        State::AuthRequired,
    ];

    /// The number that the database keeps. It is the value of the enum in the A2A 1.0 protocol
    /// buffers, and never changes.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            State::Submitted => 1,
            State::Working => 2,
            State::Completed => 3,
            State::Failed => 4,
            State::Canceled => 5,
            State::InputRequired => 6,
            State::Rejected => 7,
            State::AuthRequired => 8,
        }
    }

    /// The state of a code.
    ///
    /// # Errors
    /// [`Error::Unavailable`] for a number that is no state: somebody else wrote to the database.
    pub fn from_code(code: i64) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|state| state.code() == code)
            .ok_or_else(|| {
                Error::Unavailable(format!(
                    "the task database holds {code} where a task state from 1 to 8 belongs: \
                 something else has written to it"
                ))
            })
    }

    /// True when a task in this state never changes again.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            State::Completed | State::Failed | State::Canceled | State::Rejected
        )
    }

    /// True when the task waits for its user.
    #[must_use]
    pub fn is_interrupted(self) -> bool {
        matches!(self, State::InputRequired | State::AuthRequired)
    }

    /// True when a run that reaches this state is over.
    #[must_use]
    pub fn ends_run(self) -> bool {
        self.is_terminal() || self.is_interrupted()
    }

    /// The name in ProtoJSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Submitted => "TASK_STATE_SUBMITTED",
            State::Working => "TASK_STATE_WORKING",
            State::Completed => "TASK_STATE_COMPLETED",
            State::Failed => "TASK_STATE_FAILED",
            State::Canceled => "TASK_STATE_CANCELED",
            State::InputRequired => "TASK_STATE_INPUT_REQUIRED",
            State::Rejected => "TASK_STATE_REJECTED",
            State::AuthRequired => "TASK_STATE_AUTH_REQUIRED",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
