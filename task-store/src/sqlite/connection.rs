//! Opens connections.

use std::fmt;
use std::path::{Path, PathBuf, absolute};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::fault::fault;
use super::{Durability, Options};
use crate::Error;
use crate::limits::integer;

/// Distinct statements of the log, with room to grow: none is prepared twice on a connection.
const STATEMENTS: usize = 96;
/// Pages that the writer keeps in memory, in KiB: the tops of a dozen trees.
const CACHE: i64 = 16 * 1024;
/// Pages that a reader keeps, in KiB: with a million tasks, everything but the leaves of its trees. So
/// what is read of a task costs as many calls of the system then as with a hundred thousand.
const READER_CACHE: i64 = 8 * 1024;
/// After so long without work a connection gives its cache back,
pub(super) const QUIET: Duration = Duration::from_secs(1);
/// when it has run so many operations since it last did. What looks after the log asks for something every
/// few seconds, and needs few pages.
pub(super) const MANY: usize = 1_000;
/// The write-ahead log is folded into the file when it has this many pages: 16 MiB. Four times
/// SQLite's own figure, because that pause then comes a quarter as often and finds more pages that
/// were written several times.
const LOG_PAGES: i64 = 4_000;
/// The write-ahead log is cut back to this after a burst, in bytes.
const LOG_SIZE: i64 = 64 * 1024 * 1024;

/// Where the data are. Displayed in errors, as the subject of a sentence.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Memory,
    File(PathBuf),
}

impl Place {
    /// Absolute, so that errors can be understood, and so that no name is taken for a URI.
    pub(super) fn of(path: &Path) -> Result<Self, Error> {
        if path == Path::new(":memory:") {
            return Ok(Place::Memory);
        }
        absolute(path).map(Place::File).map_err(|error| {
            Error::Unavailable(format!(
                "{path:?} cannot be the path of the task database: {error}"
            ))
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Memory => formatter.write_str("the task database in memory"),
            Place::File(path) => write!(formatter, "the task database {}", path.display()),
        }
    }
}

/// The connection that writes. Creates what is missing.
pub(super) fn writer(place: &Place, options: &Options) -> Result<Connection, Error> {
    let opened = match place {
        Place::Memory => Connection::open_in_memory(),
        Place::File(path) => {
            create_folder(path)?;
            Connection::open_with_flags(
                path,
                OpenFlags::SQLITE_OPEN_READ_WRITE
                    | OpenFlags::SQLITE_OPEN_CREATE
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )
        }
    };
    let connection = opened.map_err(|error| fault(place, &error))?;
    prepare(&connection, options)
        .and_then(|()| limit(&connection, options))
        .map_err(|error| fault(place, &error))?;
    if let Place::File(_) = place {
        write_ahead(&connection, place, options)?;
    }
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn reader(place: &Place, options: &Options) -> Result<Connection, Error> {
    let opened = match place {
        Place::Memory => Connection::open_in_memory(),
        Place::File(path) => Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        ),
    };
    let connection = opened.map_err(|error| fault(place, &error))?;
    prepare(&connection, options)
        .and_then(|()| connection.pragma_update(None, "cache_size", -READER_CACHE))
        .map_err(|error| fault(place, &error))?;
    Ok(connection)
}

/// Gives back what the connection keeps in memory and can read again.
pub(super) fn rest(connection: &Connection, rested: Option<fn()>) {
    // It is for memory alone: one that fails changes nothing.
    let _ = connection.execute_batch("PRAGMA shrink_memory");
    if let Some(rested) = rested {
        rested();
    }
}

fn create_folder(path: &Path) -> Result<(), Error> {
    let Some(folder) = path.parent() else {
        return Err(Error::Unavailable(format!(
            "the task database cannot be {}: it names no file",
            path.display()
        )));
    };
    std::fs::create_dir_all(folder).map_err(|error| {
        Error::Unavailable(format!(
            "the folder {} for the task database cannot be created: {error}; create it, or choose \
             a folder that this process may write to",
            folder.display()
        ))
    })
}

fn prepare(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(options.busy_timeout)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

fn limit(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    let Some(max_bytes) = options.max_bytes else {
        return Ok(());
    };
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = integer(max_bytes) / page.max(1);
    connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))
}

fn write_ahead(connection: &Connection, place: &Place, options: &Options) -> Result<(), Error> {
    let mode = journal_mode(connection, options).map_err(|error| fault(place, &error))?;
    if mode != "wal" {
        return Err(Error::Unavailable(format!(
            "{place} cannot have a write-ahead log (SQLite stayed in mode {mode:?}): its file \
             system does not allow it; choose a folder on a local disk"
        )));
    }
    let synchronous = match options.durability {
        Durability::Process => "NORMAL",
        Durability::Machine => "FULL",
    };
    connection
        .pragma_update(None, "synchronous", synchronous)
        .and_then(|()| connection.pragma_update(None, "cache_size", -CACHE))
        .and_then(|()| {
            connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))
        })
        .and_then(|()| {
            connection.pragma_update_and_check(None, "journal_size_limit", LOG_SIZE, |_| Ok(()))
        })
        .map_err(|error| fault(place, &error))
}

/// Turns the write-ahead log on and returns the mode that SQLite is in then. Two processes that do
/// this to a new file at once collide, and SQLite does not wait here as it does elsewhere.
fn journal_mode(connection: &Connection, options: &Options) -> rusqlite::Result<String> {
    let deadline = Instant::now() + options.busy_timeout;
    loop {
        let mode = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
