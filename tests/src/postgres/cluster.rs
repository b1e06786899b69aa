//! A server of one's own.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{sql, terminate_clients};
use crate::guests::workspace;

/// Where servers go that end with `scripts/postgres with`, even if a test is killed.
const FOLDER: &str = "ATTACHE_POSTGRES_DIR";

/// A throwaway PostgreSQL server, to be stopped, paused and spoilt. It goes when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    url: String,
}

impl Cluster {
    /// Starts one with settings as in `postgresql.conf`, such as `max_connections=10`. Blocks for
    /// about a second.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(settings: &[&str]) -> Result<Self, String> {
        let parent = env::var_os(FOLDER).map_or_else(env::temp_dir, Into::into);
        let folder = tempfile::Builder::new()
            .prefix("cluster-")
            .tempdir_in(parent)
            .map_err(|error| format!("a folder for PostgreSQL cannot be created: {error}"))?;
        let url = script("start", folder.path(), settings)?;
        Ok(Self { folder, url })
    }

    /// The URL of its first database, as the superuser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder with its data in `data`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs statements as the superuser, and returns the rows of them all as texts.
    ///
    /// # Errors
    /// When one of them fails.
    pub async fn sql(&self, statements: &str) -> Result<Vec<Vec<String>>, String> {
        sql(&self.url, statements).await
    }

    /// Ends every connection of clients. Returns how many there were.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn terminate_clients(&self) -> Result<usize, String> {
        terminate_clients(&self.url).await
    }

    /// Stops it, by its own shutdown.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn stop(&self) -> Result<(), String> {
        script("stop", self.folder.path(), &["fast"]).map(|_| ())
    }

    /// Stops it as a crash does: nothing is written before.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn crash(&self) -> Result<(), String> {
        script("stop", self.folder.path(), &["immediate"]).map(|_| ())
    }

    /// Starts it again on the same port, with more settings.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&self, settings: &[&str]) -> Result<(), String> {
        script("start", self.folder.path(), settings).map(|_| ())
    }

    /// Puts a pooler in transaction mode before it, with four connections. Returns the URL.
    ///
    /// # Errors
    /// When it does not start.
    pub fn pool(&self) -> Result<String, String> {
        script("pool", self.folder.path(), &[])
    }

    /// Halts every process of it, as a machine that hangs: it neither answers nor hangs up.
    ///
    /// # Errors
    /// When its processes are not found.
    pub fn pause(&self) -> Result<(), String> {
        script("signal", self.folder.path(), &["STOP"]).map(|_| ())
    }

    /// Lets its processes run on.
    ///
    /// # Errors
    /// When its processes are not found.
    pub fn resume(&self) -> Result<(), String> {
        script("signal", self.folder.path(), &["CONT"]).map(|_| ())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // What does not stop here, `scripts/postgres with` stops.
        let _ = self.resume();
        let _ = self.crash();
    }
}

fn script(verb: &str, folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let script = workspace().join("scripts/postgres");
    output(
        Command::new(script)
            .arg(verb)
            .arg(folder)
            .args(arguments)
            .stdin(Stdio::null()),
    )
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?} cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "{command:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
