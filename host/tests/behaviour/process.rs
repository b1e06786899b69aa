//! The host as a process.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;

/// The longest that anything may take here, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attache-host"));
    command.env_clear();
    command
}

/// A component of `tests/guests`: where `ATTACHE_GUESTS_DIR` says that they are, or else built here.
pub(crate) fn guest(package: &'static str) -> PathBuf {
    static BUILT: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let file = format!("{}.wasm", package.replace('-', "_"));
    if let Some(folder) = std::env::var_os("ATTACHE_GUESTS_DIR") {
        return Path::new(&folder).join(file);
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut built = BUILT.lock().unwrap();
    if built.insert(package) {
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--release",
                "--target",
                "wasm32-wasip2",
                "-p",
                package,
            ])
            .current_dir(&workspace)
            .status()
            .unwrap();
        assert!(status.success(), "{package} does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
    workspace
        .join(target)
        .join("wasm32-wasip2/release")
        .join(file)
}

/// The probe, compiled.
pub(crate) fn compiled_probe() -> &'static Path {
    static COMPILED: LazyLock<PathBuf> = LazyLock::new(|| compiled("host-probe"));
    &COMPILED
}

/// A component of `tests/guests`, compiled: once for all tests, also when each runs in a process of
/// its own.
fn compiled(package: &'static str) -> PathBuf {
    let source = guest(package);
    let age = |file: &Path| {
        let written = file.metadata().unwrap().modified().unwrap();
        written.duration_since(UNIX_EPOCH).unwrap().as_nanos()
    };
    let host = Path::new(env!("CARGO_BIN_EXE_attache-host"));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
        "{package}-{}-{}.cwasm",
        age(&source),
        age(host)
    ));
    if !file.exists() {
        let output = binary()
            .arg("compile")
            .arg(&source)
            .arg("-o")
            .arg(&file)
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    file
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    binary()
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

/// A host that serves the probe, with JSON logs.
pub(crate) struct Host {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Log,
    data: Data,
}

enum Data {
    Own(TempDir),
    Given(PathBuf),
}

impl Host {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    pub(crate) fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        Self::spawn(
            binary(),
            Some(compiled_probe()),
            Data::Own(data),
            arguments,
            environment,
        )
    }

    /// Serves what the arguments and the environment name.
    pub(crate) fn start_without_component(
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        Self::spawn(binary(), None, Data::Own(data), arguments, environment)
    }

    /// Serves a component under `command`, which runs the binary with the arguments that follow.
    pub(crate) fn start_within(mut command: Command, component: &Path, arguments: &[&str]) -> Self {
        command
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
        let data = tempfile::tempdir().unwrap();
        Self::spawn(command, Some(component), Data::Own(data), arguments, &[])
    }

    /// Serves another component than the probe.
    pub(crate) fn start_component(component: &Path, environment: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        Self::spawn(binary(), Some(component), Data::Own(data), &[], environment)
    }

    /// Serves the agent that does what no agent should.
    pub(crate) fn start_hostile(arguments: &[&str]) -> Self {
        static COMPILED: LazyLock<PathBuf> = LazyLock::new(|| compiled("hostile"));
        let data = tempfile::tempdir().unwrap();
        Self::spawn(binary(), Some(&COMPILED), Data::Own(data), arguments, &[])
    }

    /// Serves the hostile agent, and one like any that lives in the same process.
    pub(crate) fn start_hostile_and_another(arguments: &[&str]) -> Self {
        let agent = |name, package| format!("--agent={name}={}", compiled(package).display());
        let agents = [agent("hostile", "hostile"), agent("another", "hello-agent")];
        let mut all: Vec<_> = agents.iter().map(String::as_str).collect();
        all.extend(arguments);
        Self::start_without_component(&all, &[])
    }

    /// The same, on data that was prepared for it.
    pub(crate) fn start_hostile_on(folder: &Path) -> Self {
        let data = Data::Given(folder.to_owned());
        Self::spawn(binary(), Some(&compiled("hostile")), data, &[], &[])
    }

    /// On the data that another host left.
    pub(crate) fn start_on(folder: &Path, arguments: &[&str]) -> Self {
        let data = Data::Given(folder.to_owned());
        Self::spawn(binary(), Some(compiled_probe()), data, arguments, &[])
    }

    fn spawn(
        mut command: Command,
        component: Option<&Path>,
        data: Data,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let folder = match &data {
            Data::Own(folder) => folder.path(),
            Data::Given(folder) => folder,
        };
        let mut child = command
            .arg("serve")
            .args(component)
            .env("PORT", "0")
            .env("ATTACHE_DATA_DIR", folder)
            .env("ATTACHE_HOST", "127.0.0.1")
            .env("ATTACHE_LOG_FORMAT", "json")
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let log = Log::follow(child.stdout.take().unwrap());
        let listening = log.wait("the address", |entry| {
            entry.get("address").is_some().then(|| entry.clone())
        });
        let address = listening["address"].as_str().unwrap().parse().unwrap();
        Self {
            child,
            address,
            log,
            data,
        }
    }

    pub(crate) fn data(&self) -> &Path {
        match &self.data {
            Data::Own(folder) => folder.path(),
            Data::Given(folder) => folder,
        }
    }

    /// What the process has in its address space, as the kernel lists it.
    pub(crate) fn maps(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/maps", self.child.id())).unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits for a log entry.
    pub(crate) fn log(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        self.log
            .wait(what, |entry| is(entry).then(|| entry.clone()))
    }

    /// Waits for a log entry whose message contains `text`.
    pub(crate) fn log_with(&self, text: &str) -> Value {
        self.log(text, |entry| message(entry).contains(text))
    }

    /// All entries so far.
    pub(crate) fn entries(&self) -> Vec<Value> {
        self.log.0.entries.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(status.success());
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until the process has ended; its exit status, or none after a signal.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                Instant::now() < deadline,
                "the host does not end: {:?}",
                self.entries()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn message(entry: &Value) -> &str {
    entry["message"].as_str().unwrap_or_default()
}

#[derive(Clone)]
struct Log(Arc<Lines>);

#[derive(Default)]
struct Lines {
    entries: Mutex<Vec<Value>>,
    more: Condvar,
}

impl Log {
    fn follow(stream: impl Read + Send + 'static) -> Self {
        let log = Self(Arc::default());
        let follower = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let entry = serde_json::from_str(&line).unwrap_or(Value::String(line));
                follower.0.entries.lock().unwrap().push(entry);
                follower.0.more.notify_all();
            }
        });
        log
    }

    fn wait<T>(&self, what: &str, is: impl Fn(&Value) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut entries = self.0.entries.lock().unwrap();
        loop {
            if let Some(found) = entries.iter().find_map(&is) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what:?} is not in the log: {entries:#?}");
            entries = self.0.more.wait_timeout(entries, left).unwrap().0;
        }
    }
}
