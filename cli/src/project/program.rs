//! Where the programs are that others are started with.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::{Exit, Failure};

const HOST: &str = "attache-host";
const VARIABLE: &str = "ATTACHE_HOST_BIN";

/// The host that runs components. It is a program of its own, which brings the compiler.
#[derive(Debug, Clone, Args)]
pub(crate) struct HostProgram {
    /// The program `attache-host`. [default: $ATTACHE_HOST_BIN, else beside this program, else on PATH]
    #[arg(long = "host-bin", value_name = "FILE")]
    given: Option<PathBuf>,
}

impl HostProgram {
    /// Finds it.
    ///
    /// # Errors
    /// When it is where none of the four ways lead, or when what was named is no file.
    pub(crate) fn find(&self) -> Result<PathBuf, Failure> {
        if let Some(given) = &self.given {
            return named(given, "--host-bin");
        }
        if let Some(named_so) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
            return named(Path::new(&named_so), VARIABLE);
        }
        Self::installed().next().ok_or_else(|| {
            Failure::new(
                Exit::Unavailable,
                format!("{HOST} is neither beside this program nor on PATH"),
            )
            .remedy(format!(
                "build it with `cargo build --release -p {HOST}`, and name it with --host-bin or {VARIABLE}"
            ))
        })
    }

    /// Those beside this program and on PATH.
    pub(crate) fn installed() -> impl Iterator<Item = PathBuf> {
        beside(HOST).into_iter().chain(on_path(HOST))
    }

    /// The file that the variable names.
    pub(crate) fn of_variable() -> Option<PathBuf> {
        env::var_os(VARIABLE)
            .map(PathBuf::from)
            .filter(|path| path.is_file())
    }
}

fn named(path: &Path, by: &str) -> Result<PathBuf, Failure> {
    if path.is_file() {
        // A bare name would be looked for on PATH.
        return Ok(path.canonicalize().unwrap_or_else(|_| path.to_owned()));
    }
    Err(Failure::new(
        Exit::Unavailable,
        format!("{by} names {}, which is no file", path.display()),
    )
    .remedy(format!("give the path of {HOST} itself")))
}

fn beside(name: &str) -> Option<PathBuf> {
    let file = env::current_exe().ok()?.canonicalize().ok()?;
    Some(file.with_file_name(name)).filter(|path| path.is_file())
}

/// A program on PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// cargo, as this process would run it. Inside a run of cargo, that one.
pub(super) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// A folder as it is shown: as short as the place where the user is allows.
pub(crate) struct Shown<'a>(pub(crate) &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let here = env::current_dir()
            .ok()
            .and_then(|here| here.canonicalize().ok());
        let path = here
            .as_deref()
            .and_then(|here| self.0.strip_prefix(here).ok())
            .unwrap_or(self.0);
        if path.as_os_str().is_empty() {
            return f.write_str(".");
        }
        path.display().fmt(f)
    }
}
