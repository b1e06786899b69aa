//! A server in a process of its own, as its users run it.
//!
//! Every server that the tests start takes port 0 and says where it listens, so a test never guesses
//! a port and never waits for a fixed time: [`Server::start`] returns once the server has named its
//! address and answers a request. What it writes is kept, because the question after a failure is
//! always what the server said.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::guests::{target_folder, workspace};

/// Names the host binary; without it, cargo builds one.
pub const HOST_BINARY: &str = "ATTACHE_HOST_BIN";

/// A component of several megabytes is compiled before the first answer, perhaps on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The program could not be run.
    #[error("cannot run {program}: {source}")]
    Run {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended instead of serving.
    #[error("{program} ended ({status}) before it answered; it wrote:\n{output}")]
    Ended {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// Everything that it wrote.
        output: String,
    },
    /// It ran, and did not answer in time.
    #[error("{program} did not answer {path} within {READY_WITHIN:?}; it wrote:\n{output}")]
    Late {
        /// The program.
        program: String,
        /// The path that was asked for.
        path: String,
        /// Everything that it wrote.
        output: String,
    },
}

/// A running server. It is killed when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    url: String,
    output: Output,
}

impl Server {
    /// Starts the host with a component and a folder for its data, on a free port.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn host(component: &Path, data: &Path) -> Result<Self, ServerError> {
        let mut command = host_command()?;
        command
            .arg("serve")
            .arg(component)
            .env("ATTACHE_DATA_DIR", data);
        Self::start(&mut command, "/health/ready")
    }

    /// Starts any server that writes `http://ADDRESS:PORT` somewhere, and waits until it answers a
    /// GET of `path` with 200.
    ///
    /// # Errors
    /// When it does not.
    pub fn start(command: &mut Command, path: &str) -> Result<Self, ServerError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| ServerError::Run {
                program: program.clone(),
                source,
            })?;
        let output = Output::default();
        if let Some(stdout) = child.stdout.take() {
            output.keep(stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            output.keep(stderr);
        }
        let mut server = Self {
            child,
            url: String::new(),
            output,
        };
        server.wait_until_it_answers(&program, path)?;
        Ok(server)
    }

    fn wait_until_it_answers(&mut self, program: &str, path: &str) -> Result<(), ServerError> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Some(address) = self.output.address()
                && answers(&address, path)
            {
                self.url = format!("http://{address}");
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(ServerError::Ended {
                    program: program.to_owned(),
                    status,
                    output: self.output(),
                });
            }
            if Instant::now() > deadline {
                return Err(ServerError::Late {
                    program: program.to_owned(),
                    path: path.to_owned(),
                    output: self.output(),
                });
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Everything that the server has written so far, on stdout and stderr.
    pub fn output(&self) -> String {
        self.output.text().clone()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How long the process has run on a processor so far, in hundredths of a second. Linux only.
    ///
    /// # Errors
    /// When the process is gone, or the system has no `/proc`.
    pub fn processor_time(&self) -> io::Result<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // The second field, the name, is the only one that may hold spaces.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let used = fields.split_whitespace().skip(11).take(2);
        used.map(|field| field.parse::<u64>().map_err(io::Error::other))
            .sum()
    }

    /// Asks the server to end, with SIGTERM.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn terminate(&self) -> io::Result<()> {
        let id = self.id().to_string();
        let status = Command::new("kill").args(["-s", "TERM", &id]).status()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("kill -s TERM {id}: {status}")))
        }
    }

    /// How the server ended; none while it runs.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Ends the server at once, with SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        // Both fail only for a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How the variables begin that choose a model, or open one.
pub const MODEL_VARIABLES: [&str; 4] = ["ATTACHE_MODEL", "GEMINI_", "GOOGLE_", "OPENAI_"];

/// The host with nothing of this process's own settings, on a free port of this machine.
///
/// # Errors
/// When there is no host and cargo cannot build one.
pub fn host_command() -> Result<Command, ServerError> {
    let mut command = Command::new(host_binary()?);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if MODEL_VARIABLES
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || name.starts_with("ATTACHE_")
            || name == "K_SERVICE"
            || name == "DATABASE_URL"
        {
            command.env_remove(name);
        }
    }
    command
        .env("PORT", "0")
        .env("ATTACHE_HOST", "127.0.0.1")
        // Large agents take long to compile: once is enough.
        .env("ATTACHE_CACHE_DIR", target_folder().join("tmp/compiled"))
        .env("ATTACHE_IDEMPOTENCY_WINDOW", "0");
    Ok(command)
}

/// The host binary that `ATTACHE_HOST_BIN` names, else the one that cargo builds for this profile.
fn host_binary() -> Result<PathBuf, ServerError> {
    if let Some(path) = std::env::var_os(HOST_BINARY) {
        return Ok(workspace().join(path));
    }
    // A test's own file is target/PROFILE/deps/NAME.
    let own = std::env::current_exe().map_err(|source| ServerError::Run {
        program: "this test".to_owned(),
        source,
    })?;
    let folder = own
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("."));
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(workspace()).args([
        "build",
        "--quiet",
        "--profile",
        profile,
        "-p",
        "attache-host",
    ]);
    let status = build.status().map_err(|source| ServerError::Run {
        program: format!("{build:?}"),
        source,
    })?;
    if !status.success() {
        return Err(ServerError::Ended {
            program: format!("{build:?}"),
            status,
            output: "(see above)".to_owned(),
        });
    }
    Ok(folder.join("attache-host"))
}

/// True when the server answers 200.
fn answers(address: &str, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let limit = Some(Duration::from_secs(30));
    if stream.set_read_timeout(limit).is_err() || stream.set_write_timeout(limit).is_err() {
        return false;
    }
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut status = [0; 12];
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_exact(&mut status).is_ok()
        && status == *b"HTTP/1.1 200"
}

/// What a process writes, collected line by line by threads that end with the process.
#[derive(Debug, Clone, Default)]
struct Output(Arc<Mutex<String>>);

impl Output {
    fn keep(&self, stream: impl Read + Send + 'static) {
        let output = self.clone();
        thread::spawn(move || {
            let mut lines = BufReader::new(stream);
            let mut line = Vec::new();
            while lines
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                output.text().push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
    }

    fn text(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first `ADDRESS:PORT` that follows `http://`, except in lines that name the model's server or the
    /// admin port.
    fn address(&self) -> Option<String> {
        let text = self.text();
        let others = ["model: ", "metrics are at "];
        let own = text
            .lines()
            .filter(|line| !others.iter().any(|other| line.contains(other)));
        own.flat_map(|line| line.split("http://").skip(1))
            .find_map(|rest| {
                let end = rest
                    .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'))
                    .unwrap_or(rest.len());
                let address = rest.get(..end)?.trim_end_matches(['.', ':']);
                let (_, port) = address.rsplit_once(':')?;
                (port.parse::<u16>().ok()? > 0).then(|| address.to_owned())
            })
    }
}
