//! The official clients, run as scripts against a server.
//!
//! The scripts live in `tests/clients`; `make clients` installs what they need. Each prints a line
//! per check and exits with the number of failures.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};

use crate::guests::workspace;

/// Why a script gave no verdict, or a bad one.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// What the script needs is not installed.
    #[error("{} is missing; run `make clients`", .0.display())]
    NotInstalled(PathBuf),
    /// The interpreter could not be run.
    #[error("cannot run {program}: {source}")]
    Run {
        /// The interpreter.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Checks failed, or the script did.
    #[error("{failures}\n{last}")]
    Failed {
        /// The lines of the checks that failed, or everything when there is none.
        failures: String,
        /// The last line, with the counts.
        last: String,
    },
}

/// The Python interpreter that has the packages of `tests/clients/python/requirements.txt`.
///
/// # Errors
/// When `make clients` was not run.
pub fn python() -> Result<Command, ClientError> {
    let interpreter = workspace().join("target/clients/python/bin/python");
    if !interpreter.exists() {
        return Err(ClientError::NotInstalled(interpreter));
    }
    let mut command = Command::new(interpreter);
    command
        .current_dir(workspace().join("tests/clients/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// Runs a script of `tests/clients/python`.
///
/// # Errors
/// When a check fails or the script cannot run.
pub fn run_python(script: &str, arguments: &[&str]) -> Result<(), ClientError> {
    let mut command = python()?;
    command.arg(script).args(arguments);
    verdict(&mut command)
}

/// Makes a pair of keys for `ES256` or `RS256`: `private.pem` and `public.pem` in `folder`.
///
/// # Errors
/// When there is no Python, or it makes none.
pub fn make_keys(folder: &Path, algorithm: &str) -> Result<(), ClientError> {
    let mut command = python()?;
    command.arg("card_key.py").arg(folder).arg(algorithm);
    let (status, written) = run(&mut command)?;
    if status.success() {
        return Ok(());
    }
    Err(ClientError::Failed {
        failures: written,
        last: format!("card_key.py ({status})"),
    })
}

/// Runs a script of `tests/clients/js`.
///
/// # Errors
/// When a check fails or the script cannot run.
pub fn run_node(script: &str, arguments: &[&str]) -> Result<(), ClientError> {
    let folder = workspace().join("tests/clients/js");
    let packages = folder.join("node_modules");
    if !packages.exists() {
        return Err(ClientError::NotInstalled(packages));
    }
    let mut command = Command::new("node");
    command.current_dir(folder).arg(script).args(arguments);
    verdict(&mut command)
}

/// Runs a command to its end. Returns everything that it wrote, too.
fn run(command: &mut Command) -> Result<(ExitStatus, String), ClientError> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().map_err(|source| ClientError::Run {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    let written = format!(
        "{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    Ok((status, written))
}

fn verdict(command: &mut Command) -> Result<(), ClientError> {
    let (status, written) = run(command)?;
    let last = written.trim_end().lines().last().unwrap_or_default();
    // A script that ends well and says nothing has checked nothing.
    if status.success() && last.ends_with(" 0 failed") && !last.starts_with("0 passed") {
        return Ok(());
    }
    let failures: Vec<_> = written
        .lines()
        .filter(|line| line.starts_with("FAIL "))
        .collect();
    Err(ClientError::Failed {
        failures: if failures.is_empty() {
            written.clone()
        } else {
            failures.join("\n")
        },
        last: format!("{last} ({status})"),
    })
}
