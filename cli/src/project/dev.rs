//! `attache dev`: serves the agent, and serves what becomes of it when its files change.

mod events;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};

use super::host::{HostPlan, Swap, agent_argument};
use super::program::Shown;
use super::sources::{Look, Sources};
use super::{Build, Built, Host, HostEnded};
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;
use events::Events;

/// What is served.
#[derive(Debug)]
pub(crate) enum Served {
    /// A project, which is built.
    Project(Build),
    /// Components, which are there. The host looks at their files itself.
    Components(Vec<PathBuf>),
}

/// All that is needed to begin.
#[derive(Debug)]
pub(crate) struct Dev {
    /// What is served.
    pub(crate) served: Served,
    /// The program `attache-host`.
    pub(crate) program: PathBuf,
    /// Its port; 0 is a free one.
    pub(crate) port: u16,
    /// Where the tasks are kept.
    pub(crate) data: PathBuf,
    /// Whether the host serves the inspector, too.
    pub(crate) has_inspector: bool,
    /// Flags for the host, as they are.
    pub(crate) flags: Vec<OsString>,
}

impl Dev {
    /// Serves until SIGINT or SIGTERM.
    ///
    /// # Errors
    /// When the host does not start, or ends by itself.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let ended =
            |error| Failure::new(Exit::Software, format!("signals cannot be taken: {error}"));
        let mut interrupted = signal(SignalKind::interrupt()).map_err(ended)?;
        let mut terminated = signal(SignalKind::terminate()).map_err(ended)?;
        let events = Events::new(terminal);
        let mut host = None;
        let outcome = tokio::select! {
            outcome = self.serve(terminal, &events, &mut host) => outcome,
            _ = interrupted.recv() => Ok(Exit::Ok),
            _ = terminated.recv() => Ok(Exit::Ok),
        };
        if let Some(host) = host {
            if outcome.is_ok() {
                events.ending();
            }
            host.end().await;
        }
        outcome
    }

    async fn serve(
        &self,
        terminal: &Terminal,
        events: &Events,
        host: &mut Option<Host>,
    ) -> Result<Exit, Failure> {
        match &self.served {
            Served::Components(components) => {
                let host = host.insert(self.start(of_files(components)?, true, events).await?);
                events.serving(&host.url(), components, self.has_inspector);
                loop {
                    show_next(host, events).await?;
                }
            }
            Served::Project(build) => {
                let mut changing = Changing::new(build).await?;
                // The copy is what is served, so that the host never sees a file that is half linked.
                let (built, place) = loop {
                    match changing.build(terminal, events).await {
                        Ok(built) => {
                            let place = changing.place(&built)?;
                            break (built, place);
                        }
                        Err(failure) => events.failed(terminal, &failure, None),
                    }
                    changing.wait(events).await;
                };
                let arguments = vec![place.clone().into_os_string()];
                let host = host.insert(self.start(arguments, false, events).await?);
                let components = std::slice::from_ref(&built.component);
                events.serving(&host.url(), components, self.has_inspector);
                let http = reqwest::Client::new();
                let mut serving = built;
                loop {
                    while_showing(host, events, changing.wait(events)).await?;
                    let built =
                        while_showing(host, events, changing.build(terminal, events)).await?;
                    let built = match built {
                        Ok(built) => built,
                        Err(failure) => {
                            events.failed(terminal, &failure, Some(&serving));
                            continue;
                        }
                    };
                    if built.digest == serving.digest {
                        events.unchanged();
                        continue;
                    }
                    changing.place(&built)?;
                    let swaps = swap(host, events, &http).await?;
                    if swaps.iter().all(|swap| swap.error.is_none()) {
                        events.swapped(&built);
                        serving = built;
                    } else {
                        events.refused(&swaps, &serving);
                    }
                }
            }
        }
    }

    async fn start(
        &self,
        served: Vec<OsString>,
        watches: bool,
        events: &Events,
    ) -> Result<Host, Failure> {
        let mut arguments = served;
        if !watches {
            arguments.extend(["--watch", "0"].map(OsString::from));
        }
        if self.has_inspector {
            arguments.push("--inspector".into());
        }
        arguments.extend(self.flags.iter().cloned());
        let plan = HostPlan {
            program: self.program.clone(),
            arguments,
            port: self.port,
            data: self.data.clone(),
            variables: Vec::new(),
            without: &[],
        };
        let started = plan.start(|record| events.starting(record)).await;
        started.map_err(|failure| {
            if failure.to_string().contains("in use") {
                failure.remedy("take another port with --port; 0 is any that is free")
            } else {
                failure
            }
        })
    }
}

/// The build, and what its files looked like when it began.
struct Changing<'a> {
    build: &'a Build,
    sources: Sources,
    built: Look,
}

impl<'a> Changing<'a> {
    async fn new(build: &'a Build) -> Result<Self, Failure> {
        let sources = build.sources().await?;
        Ok(Self {
            build,
            sources,
            built: Look::default(),
        })
    }

    /// A change on the way is one more change: what is built is never older than it is said to be.
    async fn build(&mut self, terminal: &Terminal, events: &Events) -> Result<Built, Failure> {
        // A new dependency may bring sources of its own. The lock file, which cargo may write, is
        // looked at after that.
        if let Ok(sources) = self.build.sources().await {
            self.sources = sources;
        }
        self.built = self.sources.look().await;
        events.building(self.build);
        self.build.run(terminal).await
    }

    async fn wait(&mut self, events: &Events) {
        let now = self.sources.changed(&self.built).await;
        events.changed(now.differs_in(&self.built));
    }

    /// Puts the component where the host looks, in one step.
    fn place(&self, built: &Built) -> Result<PathBuf, Failure> {
        let cannot = |path: &Path, error: std::io::Error| {
            Failure::new(
                Exit::CannotWrite,
                format!("{} cannot be written: {error}", Shown(path)),
            )
        };
        let folder = built.component.with_file_name("attache-dev");
        fs::create_dir_all(&folder).map_err(|error| cannot(&folder, error))?;
        let name = built.component.file_name().unwrap_or_default();
        let (place, new) = (folder.join(name), folder.join("new.wasm"));
        fs::copy(&built.component, &new)
            .and_then(|_| fs::rename(&new, &place))
            .map_err(|error| cannot(&place, error))?;
        Ok(place)
    }
}

/// Shows what the host says until `work` is done.
async fn while_showing<T>(
    host: &mut Host,
    events: &Events,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Ok(done),
            shown = show_next(host, events) => shown?,
        }
    }
}

async fn swap(
    host: &mut Host,
    events: &Events,
    http: &reqwest::Client,
) -> Result<Vec<Swap>, Failure> {
    let asking = host.reload(http);
    while_showing(host, events, asking).await?
}

async fn show_next(host: &mut Host, events: &Events) -> Result<(), Failure> {
    match host.next().await {
        Ok(record) => {
            events.said(&record);
            Ok(())
        }
        Err(HostEnded(status)) => Err(Failure::new(
            Exit::Unavailable,
            format!("the host ended by itself ({status})"),
        )
        .remedy("its last words are above")),
    }
}

/// One component has the root; several are at `/agents/NAME`, by the names of their files.
fn of_files(components: &[PathBuf]) -> Result<Vec<OsString>, Failure> {
    if let [only] = components {
        return Ok(vec![only.clone().into_os_string()]);
    }
    let mut names: Vec<String> = Vec::new();
    let mut arguments = Vec::new();
    for component in components {
        let stem = component.file_stem().unwrap_or_default().to_string_lossy();
        let name = stem.to_lowercase().replace('_', "-");
        if names.contains(&name) {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "two components are called {name:?}, the second is {}",
                    component.display()
                ),
            )
            .remedy("an agent among several is named by its file: rename one"));
        }
        arguments.extend(agent_argument(&name, component));
        names.push(name);
    }
    Ok(arguments)
}
