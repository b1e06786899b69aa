//! What the application's variables say.

use attache_task_store::Error;

use crate::bindings::wasi::config::store::{self, Error as ConfigError};

/// Seconds for which a repeated message finds the task that it began; 0 turns this off.
const IDEMPOTENCY_WINDOW: &str = "attache_idempotency_window";
/// Longer than any client keeps retrying a send.
const DEFAULT_WINDOW: u64 = 600;
/// Tokens of models for one task; not set is no limit.
const TOKENS_PER_TASK: &str = "attache_tokens_per_task";

/// The idempotency window in milliseconds.
///
/// # Errors
/// [`Error::Unavailable`] when the variable cannot be read or is no number: a task begun with a
/// window that nobody asked for would be a silent mistake.
pub(crate) fn idempotency_window_ms() -> Result<u64, Error> {
    let value = store::get(IDEMPOTENCY_WINDOW).map_err(|error| {
        let said = match error {
            ConfigError::Upstream(said) | ConfigError::Io(said) => said,
        };
        Error::Unavailable(format!(
            "the task log cannot read the variable {IDEMPOTENCY_WINDOW} ({said}): in spin.toml add \
             \"variables\" to the inherit_configuration of the dependency on attache:agent"
        ))
    })?;
    seconds(value.as_deref()).map(|seconds| seconds.saturating_mul(1_000))
}

/// The most tokens that models may take for a task, if there is a limit.
///
/// # Errors
/// A sentence, when the variable cannot be read or is no number.
pub(crate) fn tokens_per_task() -> Result<Option<u64>, String> {
    let value = store::get(TOKENS_PER_TASK)
        .map_err(|_| format!("the variable {TOKENS_PER_TASK} cannot be read"))?;
    tokens(value.as_deref())
}

fn tokens(value: Option<&str>) -> Result<Option<u64>, String> {
    match value.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            format!("the variable {TOKENS_PER_TASK} is {text:?}: give a whole number of tokens")
        }),
    }
}

/// A variable that is not set may be missing or empty: Spin knows no optional ones.
fn seconds(value: Option<&str>) -> Result<u64, Error> {
    match value.map(str::trim) {
        None | Some("") => Ok(DEFAULT_WINDOW),
        Some(text) => text.parse().map_err(|_| {
            Error::Unavailable(format!(
                "the variable {IDEMPOTENCY_WINDOW} is {text:?}: give a whole number of seconds, \
                 or 0 to turn idempotency off"
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_number_of_seconds() {
        assert_eq!(seconds(None), Ok(600));
        assert_eq!(seconds(Some("")), Ok(600));
        assert_eq!(seconds(Some("0")), Ok(0));
        assert_eq!(seconds(Some(" 30 ")), Ok(30));
    }

    #[test]
    fn anything_else_is_refused_with_its_text() {
        let error = seconds(Some("10m")).unwrap_err().to_string();
        assert!(error.contains("\"10m\""), "{error}");
        let error = tokens(Some("many")).unwrap_err();
        assert!(error.contains("\"many\""), "{error}");
    }

    #[test]
    fn without_a_number_of_tokens_there_is_no_limit() {
        assert_eq!(tokens(None), Ok(None));
        assert_eq!(tokens(Some(" ")), Ok(None));
        assert_eq!(tokens(Some("1000")), Ok(Some(1000)));
    }
}
