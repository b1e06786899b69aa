//! Says what a failure of SQLite means for whoever runs the process.

use rusqlite::ErrorCode;

use super::connection::Place;
use crate::Error;

/// The error for callers. SQLite undid the statement, or the executor will undo it.
pub(super) fn fault(place: &Place, error: &rusqlite::Error) -> Error {
    let what = match error.sqlite_error_code() {
        Some(ErrorCode::TooBig) => {
            return Error::TooLarge(format!("a value is larger than {place} takes: {error}"));
        }
        Some(ErrorCode::DiskFull) => {
            "the disk is full, or the file has reached its limit: free some space"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process holds it for too long: end that process"
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            "the file is damaged: restore it from a backup, or move it away to begin anew"
        }
        Some(ErrorCode::NotADatabase) => {
            "the file is not a SQLite database: move it away, or choose another path"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "it cannot be written: give this process the right to write the file and its folder"
        }
        Some(ErrorCode::CannotOpen) => {
            "it cannot be opened: check that the path is a file that this process may write"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk reports a failure: check it",
        Some(ErrorCode::OutOfMemory) => "there is no memory left for it",
        _ => "SQLite refused",
    };
    Error::Unavailable(format!("{place} is unavailable: {what} ({error})"))
}
