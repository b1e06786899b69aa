//! Says what a failure of `spin:sqlite` means for whoever runs the application.

use attache_task_store as store;

use crate::interface::Error;

/// SQLite's words for a lock that another connection holds. The interface carries no codes.
const LOCKED: [&str; 3] = [
    "database is locked",
    "database table is locked",
    "database schema is locked",
];
const TOO_BIG: &str = "string or blob too big";

/// Why the database cannot be opened.
pub(crate) fn opening(label: &str, error: &Error) -> store::Error {
    store::Error::Unavailable(match error {
        Error::AccessDenied => format!(
            "the task log may not use the SQLite database {label:?}: in spin.toml give the component \
             sqlite_databases = [\"{label}\"], and its dependency on attache:agent \
             inherit_configuration = [\"sqlite_databases\", \"variables\", \
             \"allowed_outbound_hosts\"]"
        ),
        Error::NoSuchDatabase => format!(
            "Spin knows no SQLite database {label:?}: define [sqlite_database.{label}] in the runtime \
             configuration file"
        ),
        other => return running(other),
    })
}

/// Why a statement failed.
pub(crate) fn running(error: &Error) -> store::Error {
    let (what, said) = match error {
        Error::Io(said) if said.contains(TOO_BIG) => {
            return store::Error::TooLarge(format!(
                "a value is larger than the SQLite database takes: {said}"
            ));
        }
        Error::Io(said) if is_locked(error) => (
            "another process holds it for too long: end that process",
            said.as_str(),
        ),
        Error::Io(said) if said.contains("disk is full") => {
            ("the disk is full: free some space", said.as_str())
        }
        Error::Io(said) => ("SQLite refused", said.as_str()),
        Error::DatabaseFull => ("it is full: free some space", "database-full"),
        Error::InvalidConnection => ("Spin lost the connection", "invalid-connection"),
        Error::AccessDenied => ("Spin denies it to this component", "access-denied"),
        Error::NoSuchDatabase => ("Spin does not know it", "no-such-database"),
    };
    store::Error::Unavailable(format!(
        "the SQLite database of the task log is unavailable: {what} ({said})"
    ))
}

/// True when trying again may help.
pub(crate) fn is_locked(error: &Error) -> bool {
    matches!(error, Error::Io(said) if LOCKED.iter().any(|words| said.contains(words)))
}

/// True when the database answered, and did not like the statement.
pub(crate) fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Io(_)) && !is_locked(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_database_comes_with_what_to_write_into_the_manifest() {
        let text = opening("default", &Error::AccessDenied).to_string();
        assert!(text.contains("sqlite_databases = [\"default\"]"), "{text}");
        assert!(text.contains("inherit_configuration"), "{text}");
    }

    #[test]
    fn a_lock_is_worth_another_attempt_and_a_syntax_error_is_not() {
        assert!(is_locked(&Error::Io("database is locked".into())));
        assert!(!is_locked(&Error::Io(
            "near \"SELEC\": syntax error".into()
        )));
        assert!(!is_locked(&Error::InvalidConnection));
    }

    #[test]
    fn a_value_that_is_too_large_is_the_callers_business() {
        let error = running(&Error::Io("string or blob too big".into()));
        assert!(matches!(error, store::Error::TooLarge(_)), "{error}");
    }
}
