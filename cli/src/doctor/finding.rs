//! One thing that is wrong.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// It does not work, or is not safe.
    Error,
    /// It works, and will disappoint.
    Warning,
    /// It could not be looked at.
    Unknown,
}

impl Severity {
    /// As it is shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
        }
    }
}

/// What is wrong, and what mends it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    /// The check that found it.
    pub(crate) check: &'static str,
    pub(crate) severity: Severity,
    /// One sentence.
    pub(crate) sentence: String,
    /// A line for a shell, or what else to do.
    pub(crate) mend: String,
}

impl Finding {
    /// It does not work, or is not safe.
    pub(crate) fn error(
        check: &'static str,
        sentence: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self::new(check, Severity::Error, sentence, mend)
    }

    /// It works, and will disappoint.
    pub(crate) fn warning(
        check: &'static str,
        sentence: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self::new(check, Severity::Warning, sentence, mend)
    }

    /// It could not be looked at.
    pub(crate) fn unknown(
        check: &'static str,
        sentence: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self::new(check, Severity::Unknown, sentence, mend)
    }

    fn new(
        check: &'static str,
        severity: Severity,
        sentence: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            check,
            severity,
            sentence: sentence.into(),
            mend: mend.into(),
        }
    }
}
