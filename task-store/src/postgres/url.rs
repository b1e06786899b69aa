//! Reads connection strings.
//!
//! tokio-postgres reads most of them. What it does not know is taken out before: how far TLS is to be
//! trusted, the schemes of Python's drivers, and options of libpq that mean nothing here. No error
//! repeats a part of the string in which a password could be.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;

use super::{Roots, Tls};

const SCHEMES: [&str; 6] = [
    "postgres",
    "postgresql",
    "postgresql+asyncpg",
    "postgresql+psycopg",
    "postgresql+psycopg2",
    "postgresql+pg8000",
];

/// Options that tokio-postgres reads.
const KNOWN: [&str; 18] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
    "sslnegotiation",
];

/// Options that other clients need and that change nothing here.
const WITHOUT_EFFECT: [&str; 7] = [
    "client_encoding",
    "fallback_application_name",
    "gssencmode",
    "pgbouncer",
    "prepared_statement_cache_size",
    "sslcompression",
    "sslsni",
];

/// What a string says of TLS.
#[derive(Default)]
struct Ssl {
    mode: Option<String>,
    roots: Option<Roots>,
}

/// The configuration, and how it is to be encrypted.
pub(super) fn parse(text: &str) -> Result<(Config, Tls), String> {
    let text = text.trim();
    let mut ssl = Ssl::default();
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['=', ' ']) => {
            if !SCHEMES.contains(&scheme) {
                return Err(
                    "the database URL has a scheme that is not PostgreSQL's: begin it with \
                     postgres://"
                        .to_owned(),
                );
            }
            format!("postgres://{}", without_ssl(rest, &mut ssl)?)
        }
        _ => pairs(text, &mut ssl)?,
    };
    let config: Config = rest.parse().map_err(|error: tokio_postgres::Error| {
        let reason = std::error::Error::source(&error).map(ToString::to_string);
        match reason {
            // Only this one names an option; others may quote the text around an error.
            Some(reason) if reason.starts_with("invalid value for option") => {
                format!("the database URL has an {reason}")
            }
            _ => "the database URL cannot be read: write it as \
                  postgres://ROLE:PASSWORD@HOST:PORT/DATABASE, with special characters as %XX"
                .to_owned(),
        }
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(missing("host"));
    }
    Ok((config, ssl.tls()?))
}

/// Whether a role is named, for those who cannot find it out.
pub(super) fn require_role(config: &Config) -> Result<(), String> {
    if config.get_user().is_none_or(str::is_empty) {
        return Err(missing("role"));
    }
    Ok(())
}

fn missing(what: &str) -> String {
    format!(
        "the database URL names no {what}: write it as \
         postgres://ROLE:PASSWORD@HOST:PORT/DATABASE"
    )
}

impl Ssl {
    /// Takes an option about TLS, or one without effect. False when tokio-postgres shall have it.
    fn take(&mut self, key: &str, value: &str) -> Result<bool, String> {
        match key {
            "sslmode" | "ssl" => self.mode = Some(value.to_owned()),
            "sslrootcert" if value == "system" => self.roots = Some(Roots::Public),
            "sslrootcert" => self.roots = Some(Roots::File(PathBuf::from(value))),
            key if WITHOUT_EFFECT.contains(&key) => {}
            key if KNOWN.contains(&key) => return Ok(false),
            key => {
                let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
                let name = if key.len() <= 32 && key.bytes().all(plain) {
                    key
                } else {
                    "of another name"
                };
                return Err(format!(
                    "the database URL has an option {name} that is not known here: remove it"
                ));
            }
        }
        Ok(true)
    }

    fn tls(self) -> Result<Tls, String> {
        let (mode, roots) = (self.mode.as_deref(), self.roots);
        Ok(match (mode, roots) {
            (Some("disable" | "false"), _) => Tls::Disable,
            (None, None) | (Some("allow" | "prefer"), _) => Tls::Prefer,
            (Some("require" | "true"), None) => Tls::Require,
            (Some("require" | "true"), Some(roots)) => Tls::VerifyCa(roots),
            (Some("verify-ca"), roots) => Tls::VerifyCa(roots.unwrap_or_default()),
            (Some("verify-full"), roots) => Tls::VerifyFull(roots.unwrap_or_default()),
            (None, Some(roots)) => Tls::VerifyFull(roots),
            (Some(_), _) => {
                return Err(
                    "the sslmode of the database URL is not one of disable, prefer, require, \
                     verify-ca and verify-full"
                        .to_owned(),
                );
            }
        })
    }
}

/// A URL behind its scheme, without the options that are ours.
fn without_ssl(rest: &str, ssl: &mut Ssl) -> Result<String, String> {
    // Two could mean that a part of the password is taken for the host, and shown.
    if rest.matches('@').count() > 1 {
        return Err(
            "the database URL has more than one @: write those in the role, the password or an \
             option as %40"
                .to_owned(),
        );
    }
    let behind_password = rest.find('@').unwrap_or(0);
    let (before, query) = match rest
        .get(behind_password..)
        .and_then(|behind| behind.find('?'))
    {
        Some(at) => rest.split_at(behind_password + at),
        None => (rest, ""),
    };
    let mut kept = Vec::new();
    for option in query.trim_start_matches('?').split('&') {
        if option.is_empty() {
            continue;
        }
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        let decoded = percent_decode_str(value).decode_utf8_lossy();
        if !ssl.take(key, &decoded)? {
            kept.push(option);
        }
    }
    Ok(if kept.is_empty() {
        before.to_owned()
    } else {
        format!("{before}?{}", kept.join("&"))
    })
}

/// `key=value key='va lue'`, without the options that are ours.
fn pairs(text: &str, ssl: &mut Ssl) -> Result<String, String> {
    let mut rest = text;
    let mut kept = String::new();
    while !rest.is_empty() {
        let Some((key, behind)) = rest.split_once('=') else {
            return Err("the database URL is neither postgres://… nor key=value pairs".to_owned());
        };
        let (value, behind) = value(behind.trim_start())?;
        if !ssl.take(key.trim_end(), &value)? {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            kept.push_str(&format!("{}='{value}' ", key.trim_end()));
        }
        rest = behind.trim_start();
    }
    Ok(kept)
}

/// The value at the beginning, unquoted, and what follows it.
fn value(text: &str) -> Result<(String, &str), String> {
    let (quoted, body) = match text.strip_prefix('\'') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let mut value = String::new();
    let mut characters = body.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' if quoted => return Ok((value, body.get(at + 1..).unwrap_or_default())),
            ' ' | '\t' | '\n' | '\r' if !quoted => {
                return Ok((value, body.get(at..).unwrap_or_default()));
            }
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    if quoted {
        return Err("the database URL has a quote that does not end".to_owned());
    }
    Ok((value, ""))
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    fn file(name: &str) -> Roots {
        Roots::File(PathBuf::from(name))
    }

    #[test]
    fn reads_every_form() {
        for (text, tls) in [
            ("postgres://me:pw@db.example:6432/tasks", Tls::Prefer),
            (
                "postgresql+asyncpg://me:pw@db.example:6432/tasks?ssl=require&application_name=x",
                Tls::Require,
            ),
            (
                "postgresql+psycopg://me:pw@db.example:6432/tasks?sslmode=verify-ca&sslrootcert=/a%20b",
                Tls::VerifyCa(file("/a b")),
            ),
            (
                "host=db.example port=6432 user=me password='pw' dbname=tasks sslmode=verify-full",
                Tls::VerifyFull(Roots::Public),
            ),
            (
                "host=db.example port = 6432 user=me password=pw dbname=tasks sslrootcert='/a b'",
                Tls::VerifyFull(file("/a b")),
            ),
            (
                "postgres://me:pw@db.example:6432/tasks?sslmode=require&sslrootcert=/ca&gssencmode=disable",
                Tls::VerifyCa(file("/ca")),
            ),
        ] {
            let (config, found) = parse(text).unwrap();
            assert_eq!(found, tls, "{text}");
            assert_eq!(config.get_hosts(), [Host::Tcp("db.example".to_owned())]);
            assert_eq!(config.get_ports(), [6432]);
            assert_eq!(config.get_user(), Some("me"));
            assert_eq!(config.get_password(), Some(b"pw".as_slice()));
            assert_eq!(config.get_dbname(), Some("tasks"));
        }
    }

    #[test]
    fn keeps_special_characters() {
        let (config, _) = parse("postgres://sa%40p.iam:a%2Fb%3F%40@%2Fvar%2Frun/d").unwrap();
        assert_eq!(config.get_user(), Some("sa@p.iam"));
        assert_eq!(config.get_password(), Some(b"a/b?@".as_slice()));
        assert_eq!(config.get_hosts(), [Host::Unix(PathBuf::from("/var/run"))]);
        let (config, tls) =
            parse(r"host=h user=me password='it\'s a \\ secret' sslmode=disable").unwrap();
        assert_eq!(config.get_password(), Some(br"it's a \ secret".as_slice()));
        assert_eq!(tls, Tls::Disable);
        let (config, _) = parse("postgres://me:a/b?c@h/d?sslmode=disable").unwrap();
        assert_eq!(config.get_password(), Some(b"a/b?c".as_slice()));
    }

    #[test]
    fn refuses_without_repeating_a_secret() {
        for (text, part) in [
            ("mysql://me:secret@h/d", "scheme"),
            ("postgres://me:sec@ret@h/d", "%40"),
            ("postgres://me:secret@h/d?sslmode=secret", "sslmode"),
            ("postgres://me:secret@h:secret/d", "`port`"),
            (
                "postgres://me:secret@h/d?application_name=%ff",
                "cannot be read",
            ),
            ("postgres://me:secret@h/d?sslcert=x", "sslcert"),
            ("postgres://me:x@h/d?Secret0=1", "of another name"),
            ("postgres://me:secret@h:port/d", "port"),
            ("postgres://me:secret@/d", "names no host"),
            ("postgres://h/d", "names no role"),
            ("host=h user=me password='secret", "quote"),
            ("secret", "neither"),
            ("", "names no host"),
        ] {
            let error = parse(text)
                .and_then(|(config, _)| require_role(&config))
                .unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.to_lowercase().contains("secret"), "{text}: {error}");
        }
    }
}
