//! The tool, and what it is given.

use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a component, keys, and nobody's credentials.
pub(crate) struct Desk {
    folder: TempDir,
}

/// Runs it, to its end.
pub(crate) fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// How the tool ended.
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("docker")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A program of this name, in the folder `bin`.
    pub(crate) fn program(&self, name: &str, script: &str) {
        std::fs::create_dir_all(self.path("bin")).unwrap();
        let path = self.put(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Docker's configuration.
    pub(crate) fn docker(&self, config: &Value) {
        self.put("docker/config.json", config.to_string());
    }

    /// An agent, with something in it that changes nothing but its digest: a custom section.
    pub(crate) fn agent(&self, package: &str, name: &str) -> PathBuf {
        let mut component =
            std::fs::read(attache_tests::guests::component(package).unwrap()).unwrap();
        let length = u8::try_from(name.len()).unwrap();
        component.extend([0, 1 + length, length]);
        component.extend(name.bytes());
        self.put(&format!("{name}.wasm"), component)
    }

    /// A pair of keys, as openssl makes them: the private one and the public one.
    pub(crate) fn keys(&self, name: &str) -> (PathBuf, PathBuf) {
        let (private, public) = (
            self.path(&format!("{name}.key")),
            self.path(&format!("{name}.pub")),
        );
        let (key, of_key) = (private.to_str().unwrap(), public.to_str().unwrap());
        let curve = "ec_paramgen_curve:P-256";
        openssl(&[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            curve,
            "-out",
            key,
        ]);
        openssl(&["pkey", "-in", key, "-pubout", "-out", of_key]);
        (private, public)
    }

    pub(crate) fn tool(&self, arguments: &[&str]) -> Ended {
        self.tool_with(arguments, &[], "")
    }

    pub(crate) fn tool_with(
        &self,
        arguments: &[&str],
        environment: &[(&str, &str)],
        input: &str,
    ) -> Ended {
        let mut child = Command::new(env!("CARGO_BIN_EXE_attache"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DOCKER_CONFIG", self.path("docker"))
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        child.wait_with_output().unwrap().into()
    }

    /// Publishes and returns what the tool says of it.
    pub(crate) fn push(&self, component: &Path, reference: &str, more: &[&str]) -> Value {
        let mut arguments = vec!["push", component.to_str().unwrap(), reference, "-o", "json"];
        arguments.extend(more);
        self.tool(&arguments).json()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Ended {
    pub(crate) fn json(self) -> Value {
        assert_eq!(self.status, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// It ended so, and said why.
    pub(crate) fn refused(&self, status: i32, why: &str) {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(why), "{why}: {}", self.stderr);
    }
}
