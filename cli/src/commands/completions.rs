//! `attache completions SHELL`.

use std::io;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Arguments;
use crate::failure::{Exit, Failure};

/// For example `attache completions bash > ~/.local/share/bash-completion/completions/attache`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    /// # Errors
    /// None: a reader who has left wants no more.
    #[allow(clippy::unnecessary_wraps, reason = "a command like the others")]
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut Arguments::command(),
            "attache",
            &mut script,
        );
        let _ = io::Write::write_all(&mut io::stdout(), &script);
        Ok(Exit::Ok)
    }
}
