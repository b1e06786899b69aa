//! A real host, with the agent `hello`.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// What `variable` names, else `default` in the workspace.
fn built(variable: &str, default: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = std::env::var_os(variable)
        .map_or_else(|| workspace.join(default), |path| workspace.join(path));
    assert!(
        path.exists(),
        "run `make build`: {} is missing",
        path.display()
    );
    path
}

/// The host's program.
pub fn program() -> PathBuf {
    built("ATTACHE_HOST_BIN", "target/fast/attache-host")
}

/// The agent `hello`.
pub fn hello() -> PathBuf {
    built("ATTACHE_GUESTS_DIR", "target/wasm32-wasip2/release").join("hello_agent.wasm")
}

/// A host, which ends with this.
pub struct Host {
    process: Child,
    pub url: String,
}

impl Host {
    /// Starts one with these variables and no others but those of its place.
    pub fn start(folder: &Path, variables: &[(String, String)]) -> Self {
        let mut command = Command::new(program());
        command
            .arg("serve")
            .arg(hello())
            .env_clear()
            .envs(variables.iter().cloned());
        command
            .env("PORT", "0")
            .env("ATTACHE_HOST", "127.0.0.1")
            .env("ATTACHE_LOG_FORMAT", "text")
            .env("ATTACHE_DATA_DIR", folder);
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (found, url) = mpsc::channel();
        // The lines that follow are read too: a full pipe would stop the host.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
                    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                    let _ = found.send(format!("http://127.0.0.1:{port}"));
                }
            }
        });
        let url = url.recv_timeout(Duration::from_secs(120));
        Self {
            process,
            url: url.expect("the host says where it listens"),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
