//! Runs `attache`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run left.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// The lines of standard output as JSON.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let lines = self.out.lines().map(serde_json::from_str);
        lines
            .map(|line| line.unwrap_or_else(|why| panic!("{why}: {self:?}")))
            .collect()
    }

    #[track_caller]
    pub(crate) fn ends(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn complains(self, of: &str) -> Self {
        assert!(self.err.contains(of), "no {of:?} in {self:#?}");
        self
    }
}

/// `attache` with these arguments; `-` of it reads nothing.
pub(crate) fn attache(arguments: &[&str]) -> Said {
    attache_with(arguments, &[], "")
}

/// The same with variables, and something on standard input.
pub(crate) fn attache_with(arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Said {
    let mut child = Command::new(env!("CARGO_BIN_EXE_attache"))
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("attache");
    // Whoever does not read it has closed the pipe.
    let _ = child
        .stdin
        .take()
        .expect("stdin")
        .write_all(input.as_bytes());
    let output = child.wait_with_output().expect("its end");
    Said {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
