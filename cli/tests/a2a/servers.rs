//! Real servers, each in a process of its own, killed in the end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_secs(180);

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    _data: Option<tempfile::TempDir>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The host with the component of a guest, such as `hello_agent`.
pub(crate) fn host(component: &str, settings: &[(&str, &str)]) -> Server {
    let data = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(host_binary());
    command
        .arg("serve")
        .arg(guest(component))
        .env_clear()
        .env("PORT", "0")
        .env("ATTACHE_HOST", "127.0.0.1")
        .env("ATTACHE_DATA_DIR", data.path())
        .env("ATTACHE_CACHE_DIR", target().join("tmp/compiled"))
        .env("ATTACHE_PUSH_ALLOW_PRIVATE", "1")
        .env("ATTACHE_IDEMPOTENCY_WINDOW", "0")
        .envs(settings.iter().copied());
    start(command, Some(data))
}

/// The official Python server with everything that it has.
pub(crate) fn reference() -> Server {
    let mut command = Command::new(target().join("clients/python/bin/python"));
    command
        .args(["reference_server.py", "0", "--everything"])
        .current_dir(workspace().join("tests/clients/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    start(command, None)
}

/// A pair of keys: `private.pem` and `public.pem`.
pub(crate) fn make_keys(folder: &Path, algorithm: &str) {
    run_python(
        "card_key.py",
        &[folder.to_str().expect("a path"), algorithm],
    );
}

/// Runs a script of the official Python client, all of whose checks have to hold.
pub(crate) fn run_python(script: &str, arguments: &[&str]) {
    let ran = Command::new(target().join("clients/python/bin/python"))
        .arg(script)
        .args(arguments)
        .current_dir(workspace().join("tests/clients/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("Python, by `make clients`");
    assert!(ran.status.success(), "{ran:?}");
}

fn start(mut command: Command, data: Option<tempfile::TempDir>) -> Server {
    let shown = format!("{command:?}");
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut server = Server {
        child: child.unwrap_or_else(|why| panic!("{shown}: {why}")),
        url: String::new(),
        _data: data,
    };
    let (said, lines) = channel();
    read_on(server.child.stdout.take().expect("stdout"), said.clone());
    read_on(server.child.stderr.take().expect("stderr"), said);
    let begun = Instant::now();
    let mut all = String::new();
    loop {
        let left = READY_WITHIN.saturating_sub(begun.elapsed());
        let line = lines
            .recv_timeout(left)
            .unwrap_or_else(|_| panic!("{shown} said: {all}"));
        all.push_str(&line);
        if let Some(url) = address(&line)
            && is_ready(&url, left)
        {
            server.url = url;
            return server;
        }
    }
}

/// Lines, until the process ends: a pipe that nobody reads would stop it.
fn read_on(stream: impl Read + Send + 'static, said: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = said.send(line + "\n");
        }
    });
}

fn address(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("http://127.0.0.1:")?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (port.parse::<u16>().ok()? > 0).then(|| format!("http://127.0.0.1:{port}"))
}

fn is_ready(url: &str, within: Duration) -> bool {
    let begun = Instant::now();
    let address = url.trim_start_matches("http://");
    while begun.elapsed() < within {
        let mut status = [0; 12];
        let answered = TcpStream::connect(address).and_then(|mut stream| {
            write!(
                stream,
                "GET /.well-known/agent-card.json HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            )?;
            stream.read_exact(&mut status)
        });
        if answered.is_ok() && status.ends_with(b"200") {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

fn guest(component: &str) -> PathBuf {
    let folder = std::env::var_os("ATTACHE_GUESTS_DIR").map(|folder| workspace().join(folder));
    let folder = folder.unwrap_or_else(|| target().join("wasm32-wasip2/release"));
    let path = folder.join(format!("{component}.wasm"));
    assert!(
        path.exists(),
        "{} is missing; run `make components`",
        path.display()
    );
    path
}

fn host_binary() -> PathBuf {
    let given = std::env::var_os("ATTACHE_HOST_BIN").map(|path| workspace().join(path));
    let path = given.unwrap_or_else(|| {
        let own = Path::new(env!("CARGO_BIN_EXE_attache"));
        own.with_file_name("attache-host")
    });
    assert!(
        path.exists(),
        "{} is missing; build attache-host",
        path.display()
    );
    path
}

fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("the workspace").to_owned()
}

fn target() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    workspace().join(folder)
}
