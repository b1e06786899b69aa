//! What a check found.

use serde::Serialize;

/// How much the specification wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Level {
    /// Without it, clients break.
    Must,
    /// Clients are better off with it.
    Should,
    /// Good to know.
    May,
}

impl Level {
    /// As the specification writes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}

/// Whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// It is.
    Passed,
    /// It is not.
    Failed,
    /// The agent gives no occasion to see.
    Skipped,
}

/// What was seen, in a sentence's part; or why there is nothing good to say.
pub(crate) type Seen = Result<String, Ended>;

/// Why a check did not pass.
#[derive(Debug, Clone)]
pub(crate) enum Ended {
    /// What was seen instead.
    Wrong(String),
    /// Why it cannot be checked with this agent.
    Skipped(String),
}

/// It is wrong, and this was seen.
pub(crate) fn wrong<T>(seen: impl Into<String>) -> Result<T, Ended> {
    Err(Ended::Wrong(seen.into()))
}

/// It cannot be checked, because of this.
pub(crate) fn skipped<T>(why: impl Into<String>) -> Result<T, Ended> {
    Err(Ended::Skipped(why.into()))
}

/// `good`, or `otherwise` is what is wrong.
pub(crate) fn holds(good: bool, otherwise: impl FnOnce() -> String) -> Result<(), Ended> {
    if good {
        Ok(())
    } else {
        Err(Ended::Wrong(otherwise()))
    }
}

/// One check with one binding.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// Which check.
    pub(crate) id: &'static str,
    /// The binding; none for what concerns the component or the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) binding: Option<&'static str>,
    /// The section of the specification.
    pub(crate) section: &'static str,
    /// How much it wants it.
    pub(crate) level: Level,
    /// What it wants.
    pub(crate) requirement: &'static str,
    /// What the official kit calls it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) kit: &'static [&'static str],
    /// What came of it.
    pub(crate) verdict: Verdict,
    /// What was seen, or why nothing was.
    pub(crate) seen: String,
}

impl Row {
    /// Whether it is not as it has to be.
    pub(crate) fn is_failed(&self) -> bool {
        self.verdict == Verdict::Failed
    }
}
