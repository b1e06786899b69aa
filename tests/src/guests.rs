//! The components that tests run, built by cargo when a test first asks for one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Names a folder with built components; nothing is built when it is set.
pub const GUESTS_DIR: &str = "ATTACHE_GUESTS_DIR";

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// cargo could not be started.
    #[error("cannot run `{command}`: {source}")]
    Cargo {
        /// The whole command line.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// cargo failed; its own words are on stderr.
    #[error("`{command}` failed: {status}")]
    Build {
        /// The whole command line.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// The file is not where it should be.
    #[error("no component at {}: {hint}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What to do.
        hint: &'static str,
    },
}

/// The component of the package `package`, for example `agent-component`.
///
/// The package is built (`cargo build --release --target wasm32-wasip2 -p …`, in the workspace's
/// target folder) once per process, unless `ATTACHE_GUESTS_DIR` names a folder with components. Each
/// package is built by its own cargo call: built together, one guest's features would reach another,
/// and the component would not be the one that ships.
///
/// # Errors
/// When cargo cannot be run or fails, or when the file is missing afterwards.
pub fn component(package: &str) -> Result<PathBuf, GuestError> {
    static BUILT: Mutex<Option<HashMap<String, PathBuf>>> = Mutex::new(None);

    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let built = built.get_or_insert_default();
    if let Some(path) = built.get(package) {
        return Ok(path.clone());
    }
    let path = match std::env::var_os(GUESTS_DIR) {
        Some(folder) => existing(
            Path::new(&folder).join(file_name(package)),
            "ATTACHE_GUESTS_DIR is set, so nothing is built; unset it or add the file",
        )?,
        None => build(package)?,
    };
    built.insert(package.to_owned(), path.clone());
    Ok(path)
}

fn build(package: &str) -> Result<PathBuf, GuestError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = workspace();
    let mut command = Command::new(cargo);
    command.current_dir(&root).args([
        "build",
        "--release",
        "--target",
        "wasm32-wasip2",
        "-p",
        package,
    ]);
    // Set by cargo for the test run; the guests' build scripts and flags must not see them.
    for inherited in [
        "CARGO_MANIFEST_DIR",
        "CARGO_PKG_NAME",
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
    ] {
        command.env_remove(inherited);
    }
    let line = format!("{command:?}");
    let status = command.status().map_err(|source| GuestError::Cargo {
        command: line.clone(),
        source,
    })?;
    if !status.success() {
        return Err(GuestError::Build {
            command: line,
            status,
        });
    }
    existing(
        target_folder()
            .join("wasm32-wasip2/release")
            .join(file_name(package)),
        "cargo succeeded but wrote no such file; is the package's library a cdylib?",
    )
}

/// The file cargo writes is named after the library, which is the package's name unless said
/// otherwise.
fn file_name(package: &str) -> String {
    let library = match package {
        "attache-spin-adapter" => "spin_adapter".to_owned(),
        other => other.replace('-', "_"),
    };
    format!("{library}.wasm")
}

fn existing(path: PathBuf, hint: &'static str) -> Result<PathBuf, GuestError> {
    if path.is_file() {
        Ok(path)
    } else {
        Err(GuestError::Missing { path, hint })
    }
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// The folder that cargo builds into.
pub fn target_folder() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    workspace().join(folder)
}
