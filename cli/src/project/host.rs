//! A host that runs on this machine, for as long as the command that started it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::host_log::Record;
use crate::failure::{Exit, Failure};

/// A large component is compiled at the first start, perhaps on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// A little more than the host gives itself.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// A swap compiles too.
const SWAPS_WITHIN: Duration = Duration::from_secs(180);
/// Lines that wait to be shown; the host waits when there are more.
const LINES: usize = 1024;

/// A host that answers.
#[derive(Debug)]
pub(crate) struct Host {
    child: Child,
    records: mpsc::Receiver<Record>,
    address: SocketAddr,
    admin: SocketAddr,
}

/// It ended by itself.
#[derive(Debug)]
pub(crate) struct HostEnded(pub(crate) ExitStatus);

/// What a swap came to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Swap {
    /// `swapped`, `unchanged` or `refused`.
    pub(crate) outcome: String,
    /// Of what serves now.
    pub(crate) digest: String,
    /// Why it was refused.
    pub(crate) error: Option<String>,
}

#[derive(Deserialize)]
struct Swaps {
    agents: Vec<Swap>,
}

/// How a host is started.
#[derive(Debug, Clone)]
pub(crate) struct HostPlan {
    /// The program.
    pub(crate) program: PathBuf,
    /// What it serves, and other flags.
    pub(crate) arguments: Vec<OsString>,
    /// Its port; 0 is a free one.
    pub(crate) port: u16,
    /// The folder of its tasks, or `:memory:`.
    pub(crate) data: PathBuf,
    /// Variables beside those of this process.
    pub(crate) variables: Vec<(&'static str, &'static str)>,
    /// Variables of this process that are not for it.
    pub(crate) without: &'static [&'static str],
}

impl HostPlan {
    /// Starts it on the loopback address, and waits until it listens. `seen` is given what it says
    /// until then.
    ///
    /// # Errors
    /// With its own words, when it ends instead; 65 when it refuses the component.
    pub(crate) async fn start(&self, mut seen: impl FnMut(&Record)) -> Result<Host, Failure> {
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .args(&self.arguments)
            .args(["--host", "127.0.0.1", "--admin-address=127.0.0.1:0"])
            .args(["--log-format", "json", "--port", &self.port.to_string()])
            .arg("--data-dir")
            .arg(&self.data)
            .envs(self.variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C at the terminal is for this process, which then ends the host in good order.
            .process_group(0)
            .kill_on_drop(true);
        for name in self.without {
            command.env_remove(name);
        }
        let mut child = command.spawn().map_err(|error| {
            Failure::new(
                Exit::Unavailable,
                format!("{} cannot be run: {error}", self.program.display()),
            )
        })?;
        let (told, mut records) = mpsc::channel(LINES);
        if let Some(out) = child.stdout.take() {
            tokio::spawn(read(out, told.clone()));
        }
        if let Some(out) = child.stderr.take() {
            tokio::spawn(read(out, told));
        }
        let (mut admin, mut words) = (None, Vec::new());
        let listening = async {
            while let Some(record) = records.recv().await {
                seen(&record);
                admin = record.address("admin").or(admin);
                if let Some(address) = record.address("address") {
                    return Some(address);
                }
                words.push(record.message);
            }
            None
        };
        let address = timeout(READY_WITHIN, listening).await.map_err(|_| {
            Failure::new(
                Exit::Unavailable,
                format!(
                    "the host did not listen within {} s",
                    READY_WITHIN.as_secs()
                ),
            )
        })?;
        if let (Some(address), Some(admin)) = (address, admin) {
            return Ok(Host {
                child,
                records,
                address,
                admin,
            });
        }
        let status = child.wait().await.ok().and_then(|status| status.code());
        let why = words.pop().unwrap_or_else(|| "it said nothing".to_owned());
        Err(match status {
            Some(65) => Failure::new(Exit::Data, why),
            Some(64) => Failure::new(Exit::Usage, format!("the host cannot start: {why}")),
            _ => Failure::new(Exit::Unavailable, format!("the host did not start: {why}")),
        })
    }
}

impl Host {
    /// Where clients reach it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it says next, or that it has ended.
    pub(crate) async fn next(&mut self) -> Result<Record, HostEnded> {
        match self.records.recv().await {
            Some(record) => Ok(record),
            None => Err(HostEnded(self.child.wait().await.unwrap_or_default())),
        }
    }

    /// Lets it say what it likes, until it ends by itself.
    pub(crate) async fn drained(&mut self) -> HostEnded {
        loop {
            if let Err(ended) = self.next().await {
                return ended;
            }
        }
    }

    /// Has it look for new files of its components, and waits until that is done.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn reload(
        &self,
        http: &reqwest::Client,
    ) -> impl Future<Output = Result<Vec<Swap>, Failure>> + use<> {
        let url = format!("http://{}/agents/reload", self.admin);
        let asking = http.post(url).timeout(SWAPS_WITHIN).send();
        let unheard = |error: reqwest::Error| {
            Failure::new(
                Exit::Unavailable,
                format!("the host did not say whether it took the component: {error}"),
            )
        };
        async move {
            let answer = asking.await.map_err(unheard)?;
            let swaps: Swaps = answer.json().await.map_err(unheard)?;
            Ok(swaps.agents)
        }
    }

    /// Lets running requests finish, and ends it.
    pub(crate) async fn end(mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id.and_then(Pid::from_raw) {
            let _ = kill_process(id, Signal::TERM);
        }
        // It says its last words, and must not wait for a reader.
        self.records.close();
        if timeout(ENDS_WITHIN, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

async fn read(out: impl AsyncRead + Unpin, told: mpsc::Sender<Record>) {
    let mut lines = BufReader::new(out).lines();
    let mut is_heard = true;
    while let Ok(Some(line)) = lines.next_line().await {
        // To the end in any case: a pipe that is full or closed would end the host.
        if is_heard && !line.trim().is_empty() {
            is_heard = told.send(Record::read(&line)).await.is_ok();
        }
    }
}

/// A component under its name, as the host's command line has it.
pub(crate) fn agent_argument(name: &str, component: &Path) -> [OsString; 2] {
    let mut argument = OsString::from(format!("{name}="));
    argument.push(component);
    ["--agent".into(), argument]
}
