//! The servers that are checked, each in a process of its own on a free port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_secs(180);

/// A server, until it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    _data: tempfile::TempDir,
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_owned()
}

pub(crate) fn host_binary() -> PathBuf {
    std::env::var_os("ATTACHE_HOST_BIN").map_or_else(
        || panic!("ATTACHE_HOST_BIN names the host; `make test` sets it"),
        PathBuf::from,
    )
}

/// A component that the tests share.
pub(crate) fn component(name: &str) -> PathBuf {
    let folder = std::env::var_os("ATTACHE_GUESTS_DIR").map_or_else(
        || workspace().join("target/wasm32-wasip2/release"),
        PathBuf::from,
    );
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is missing; `make components` builds it",
        path.display()
    );
    path
}

impl Server {
    /// The official Python server.
    pub(crate) fn reference(offering: &[&str]) -> Self {
        let python = workspace().join("target/clients/python/bin/python");
        assert!(
            python.exists(),
            "{} is missing; run `make clients`",
            python.display()
        );
        let mut command = Command::new(python);
        command
            .current_dir(workspace().join("tests/clients/python"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args(["reference_server.py", "0"])
            .args(offering);
        Self::start(command)
    }

    /// A component under the host, as the official kit is run against it.
    pub(crate) fn host(component_name: &str, more: &[&str]) -> Self {
        let mut command = Command::new(host_binary());
        command
            .arg("serve")
            .arg(component(component_name))
            .args(["--port", "0", "--log-format", "text"])
            .args(more)
            .env("ATTACHE_CARD", "pure")
            .env("ATTACHE_IDEMPOTENCY_WINDOW", "0")
            .env("ATTACHE_PUSH_ALLOW_PRIVATE", "1");
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let mut child = command
            .env("ATTACHE_DATA_DIR", data.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let out = child.stdout.take().expect("its output");
        let (found, finding) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some(start) = line.find("http://127.0.0.1:")
                    && !line.contains("/metrics")
                {
                    let url = line[start..].split_whitespace().next().unwrap_or_default();
                    let _ = found.send(url.trim_end_matches('/').to_owned());
                }
            }
        });
        let url = finding
            .recv_timeout(READY_WITHIN)
            .expect("it says where it listens");
        let server = Self {
            child,
            url,
            _data: data,
        };
        server.answers();
        server
    }

    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("an address")
    }

    fn answers(&self) {
        let begun = Instant::now();
        while begun.elapsed() < READY_WITHIN {
            if let Ok(mut stream) = TcpStream::connect(self.address()) {
                let asked = format!(
                    "GET /.well-known/agent-card.json HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                    self.address()
                );
                let mut answer = String::new();
                if stream.write_all(asked.as_bytes()).is_ok()
                    && stream.read_to_string(&mut answer).is_ok()
                    && answer.contains(" 200 ")
                {
                    return;
                }
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("{} does not answer", self.url);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
