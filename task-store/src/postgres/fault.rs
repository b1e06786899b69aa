//! What a failure of PostgreSQL means: for the executor, whether trying again helps, and for whoever
//! runs the process, what to do.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use tokio_postgres::error::{DbError, Severity, SqlState};

use super::place::Place;
use crate::Error;

/// What the executor does about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The connection is gone, or there was none to have: another one may do, in a moment.
    Reconnect,
    /// Another transaction was in the way: the operation runs again from its start.
    Repeat,
    /// Trying again changes nothing.
    Report,
}

/// A failure, judged.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) remedy: Remedy,
    /// For the caller, when there is no remedy or it did not help.
    pub(super) error: Error,
    /// What the server called it.
    pub(super) code: Option<SqlState>,
}

impl Fault {
    /// A connection could not be opened.
    pub(super) fn connecting(place: &Place, error: &tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(refusal) => refused(place, refusal),
            None => unreachable(place, error),
        }
    }

    /// A statement failed on an open connection.
    pub(super) fn running(place: &Place, error: &tokio_postgres::Error) -> Self {
        let Some(refusal) = error.as_db_error() else {
            return Self::lost(place, &detail(error));
        };
        let ended = matches!(
            refusal.parsed_severity(),
            Some(Severity::Fatal | Severity::Panic)
        );
        if ended || is_connection_exception(refusal.code()) {
            return Self {
                code: Some(refusal.code().clone()),
                ..Self::lost(place, refusal.message())
            };
        }
        failed(place, refusal)
    }

    /// The connection broke, or nothing is heard on it.
    pub(super) fn lost(place: &Place, detail: &str) -> Self {
        Self::of(
            Remedy::Reconnect,
            place,
            "the connection to it was lost",
            detail,
        )
    }

    /// Nothing was heard for so long that the connection is given up.
    pub(super) fn silent(place: &Place, limit: Duration) -> Self {
        let detail = format!("it did not answer within {} s", limit.as_secs());
        Self::of(
            Remedy::Reconnect,
            place,
            "it does not answer: check the server and the network",
            &detail,
        )
    }

    /// There is no password to log in with.
    pub(super) fn password(place: &Place, reason: &str) -> Self {
        let what = format!(
            "the password of role {} could not be fetched: check the service that gives it",
            place.role()
        );
        Self::of(Remedy::Reconnect, place, &what, reason)
    }

    /// Every connection of the pool was busy for too long.
    pub(super) fn busy(place: &Place, pool: usize, waited: Duration) -> Self {
        let what = format!(
            "all {pool} connections of this process were busy for {} s: try again in a moment, or \
             give the process more connections if the server allows more",
            waited.as_secs()
        );
        Self {
            remedy: Remedy::Report,
            error: Error::Unavailable(format!("{place} is unavailable: {what}")),
            code: None,
        }
    }

    /// What the server is cannot serve.
    pub(super) fn unsuitable(place: &Place, what: &str) -> Self {
        Self {
            remedy: Remedy::Report,
            error: Error::Unavailable(format!("{place} cannot be used: {what}")),
            code: None,
        }
    }

    /// Whether the connection can serve again.
    pub(super) fn ends_connection(&self) -> bool {
        // A server that no longer writes may have become a replica: the next connection may lead
        // to the one that took its place.
        self.remedy == Remedy::Reconnect
            || self.code.as_ref() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
    }

    fn of(remedy: Remedy, place: &Place, what: &str, detail: &str) -> Self {
        Self {
            remedy,
            error: Error::Unavailable(format!("{place} is unavailable: {what} ({detail})")),
            code: None,
        }
    }
}

/// The server answered, and let nobody in.
fn refused(place: &Place, refusal: &DbError) -> Fault {
    let (code, message) = (refusal.code(), refusal.message());
    let role = place.role();
    let (remedy, what) = if *code == SqlState::INVALID_PASSWORD {
        let what = format!(
            "the role {role} does not exist or its password is wrong: check both, or set it with \
             ALTER ROLE {role} PASSWORD '…'"
        );
        (Remedy::Report, what)
    } else if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        let what = if message.contains("no encryption") || message.contains("SSL off") {
            "the server does not let this role in without TLS: set sslmode=require, or stricter"
                .to_owned()
        } else if message.contains("does not exist") {
            format!("there is no role {role}: create it, or check the user name")
        } else {
            format!(
                "the server does not let the role {role} in: check its login right, and \
                 pg_hba.conf for this address"
            )
        };
        (Remedy::Report, what)
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        let what = format!(
            "there is no such database: create it with CREATE DATABASE {}, or check the name",
            place.database()
        );
        (Remedy::Report, what)
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        let what = format!(
            "the role {role} may not connect to it: run GRANT CONNECT ON DATABASE {} TO {role}",
            place.database()
        );
        (Remedy::Report, what)
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        (Remedy::Reconnect, no_connection_left().to_owned())
    } else if is_shutdown(code) {
        (Remedy::Reconnect, shutdown().to_owned())
    } else if is_connection_exception(code) {
        (
            Remedy::Reconnect,
            "the connection was refused on the way to it".to_owned(),
        )
    } else {
        (Remedy::Report, "the server refuses the login".to_owned())
    };
    Fault {
        code: Some(code.clone()),
        ..Fault::of(remedy, place, &what, message)
    }
}

/// No answer of PostgreSQL's came.
fn unreachable(place: &Place, error: &tokio_postgres::Error) -> Fault {
    let detail = detail(error);
    if let Some(error) = certificate(error) {
        let what = match error {
            rustls::Error::InvalidCertificate(
                rustls::CertificateError::NotValidForName
                | rustls::CertificateError::NotValidForNameContext { .. },
            ) => {
                "its certificate is for another name: connect by the name in the certificate, or \
                 set sslmode=verify-ca to trust every name that its CA vouches for"
            }
            rustls::Error::InvalidCertificate(_) => {
                "its certificate is not trusted: name the file of the CA that issued it with \
                 sslrootcert=FILE"
            }
            _ => "TLS could not be agreed upon",
        };
        return Fault::of(Remedy::Report, place, what, &detail);
    }
    if detail.contains("does not support TLS") {
        let what = "the server refuses TLS: switch it on there, or set sslmode=disable where the \
                    network is private or a proxy encrypts";
        return Fault::of(Remedy::Report, place, what, &detail);
    }
    if detail.contains("password missing") {
        let what = format!(
            "the server asks for the password of role {}, and none is set",
            place.role()
        );
        return Fault::of(Remedy::Report, place, &what, &detail);
    }
    let Some(error) = error.source().and_then(|source| source.downcast_ref()) else {
        return Fault::of(
            Remedy::Report,
            place,
            "no connection could be opened",
            &detail,
        );
    };
    let error: &io::Error = error;
    let what = match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
            "nothing listens there: check host and port, and that the server runs"
        }
        io::ErrorKind::TimedOut
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable => {
            "it cannot be reached: check the address, the network and its firewall"
        }
        _ if detail.contains("lookup address") => "its host name cannot be resolved: check it",
        _ => "the connection to it was lost",
    };
    Fault::of(Remedy::Reconnect, place, what, &detail)
}

/// The server refused a statement.
fn failed(place: &Place, refusal: &DbError) -> Fault {
    let (code, message) = (refusal.code(), refusal.message());
    let fault = |remedy, what: &str| Fault {
        code: Some(code.clone()),
        ..Fault::of(remedy, place, what, message)
    };
    if [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        // Somebody added the row after this transaction began: the next one sees it.
        SqlState::UNIQUE_VIOLATION,
    ]
    .contains(code)
    {
        return fault(
            Remedy::Repeat,
            "too many operations write the same rows at once: try again in a moment",
        );
    }
    if *code == SqlState::CHARACTER_NOT_IN_REPERTOIRE {
        return Fault {
            remedy: Remedy::Report,
            error: Error::Invalid(format!(
                "a text holds a character that PostgreSQL cannot store ({message}): remove it"
            )),
            code: Some(code.clone()),
        };
    }
    if code.code().starts_with("54") {
        return Fault {
            remedy: Remedy::Report,
            error: Error::TooLarge(format!("a value is larger than {place} takes: {message}")),
            code: Some(code.clone()),
        };
    }
    let role = place.role();
    let what = if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        "it is read-only (a replica, or failing over): connect to the primary, or wait until it \
         is one"
            .to_owned()
    } else if *code == SqlState::DISK_FULL {
        "its disk is full: free some space, or enlarge it".to_owned()
    } else if *code == SqlState::OUT_OF_MEMORY {
        "the server has no memory left for it".to_owned()
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        no_connection_left().to_owned()
    } else if *code == SqlState::QUERY_CANCELED {
        "a statement took longer than its time-out: find out what keeps the server busy".to_owned()
    } else if *code == SqlState::LOCK_NOT_AVAILABLE {
        "another transaction holds what it has to write for too long: pg_stat_activity shows it"
            .to_owned()
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        missing_right(message, &role)
    } else if *code == SqlState::INVALID_SCHEMA_NAME {
        format!(
            "the role {role} has no schema for the tables: run GRANT USAGE, CREATE ON SCHEMA \
             public TO {role}, or set its search_path"
        )
    } else if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::UNDEFINED_COLUMN {
        format!(
            "its tables are missing or of another version, or not in the search_path of the role \
             {role}: restart this process as a role that may create them"
        )
    } else {
        format!("PostgreSQL refused with {}", code.code())
    };
    fault(Remedy::Report, &what)
}

fn missing_right(message: &str, role: &str) -> String {
    if message.contains("must be owner") {
        "the tables belong to another role: let that role run this build once, to upgrade them"
            .to_owned()
    } else if message.contains("for schema") {
        let schema = message
            .rsplit("for schema ")
            .next()
            .unwrap_or("public")
            .trim();
        format!(
            "the role {role} may not create the tables: run GRANT USAGE, CREATE ON SCHEMA {schema} \
             TO {role}"
        )
    } else {
        format!(
            "the role {role} may not use the tables: run GRANT SELECT, INSERT, UPDATE, DELETE ON \
             ALL TABLES IN SCHEMA public TO {role}, or what is their schema"
        )
    }
}

fn no_connection_left() -> &'static str {
    "the server has no connection left for it: use fewer processes or smaller pools, or raise its \
     max_connections"
}

fn shutdown() -> &'static str {
    "the server is starting, stopping or restarting"
}

fn is_shutdown(code: &SqlState) -> bool {
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
    ]
    .contains(code)
}

/// Class 08. Poolers report by it that they lost the server.
fn is_connection_exception(code: &SqlState) -> bool {
    code.code().starts_with("08")
}

/// What rustls objected to.
fn certificate(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    let error: &io::Error = error.source()?.downcast_ref()?;
    error.get_ref()?.downcast_ref()
}

/// The message and what caused it. Neither tokio-postgres nor PostgreSQL puts a password there.
fn detail(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}
