use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use thiserror::Error;
use tokio::sync::Mutex;
use tracing::{Span, error, info};

use super::{Agent, AgentName, RehearsalError, Shared, Terms};
use crate::admission::Admission;
use crate::component::{self, ComponentDigest, LoadError};
use crate::config::Queueing;
use crate::telemetry::{metrics, set_agent};

/// The place of one agent in the process. The component in it can be swapped for another while it
/// serves: requests that have begun end on the one that they began with, and those that follow go to
/// the new one. Both draw on the same instances, so a swap does not raise what the agent may use.
pub struct Slot {
    shared: Shared,
    terms: Terms,
    /// The name as logs and metrics have it.
    label: Arc<str>,
    hosts: Vec<String>,
    path: PathBuf,
    current: RwLock<Arc<Agent>>,
    admission: Admission,
    /// One swap at a time, so that the newest file wins.
    swapping: Mutex<Swapping>,
}

struct Swapping {
    /// The component that serves has an agent card.
    has_card: bool,
    /// What was refused last, so that it is not compiled again at every look.
    refused: Option<ComponentDigest>,
}

/// What became of a look at the file of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reloaded {
    /// It is the one that serves.
    Unchanged(ComponentDigest),
    /// Another serves now.
    Swapped {
        /// The one before.
        from: ComponentDigest,
        /// The one that serves.
        to: ComponentDigest,
    },
}

/// Why the component that serves was kept.
#[derive(Debug, Error)]
pub enum ReloadError {
    /// The new one cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It loads, and does not do what it is for.
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
    /// Clients know an agent that has a card.
    #[error("it has no agent card, and the one that serves has")]
    NoCard,
    /// The thread that loaded it failed.
    #[error("loading it failed: {0}")]
    Failed(String),
}

impl Slot {
    /// Loads the component in `path` and asks it for its card. Requests beyond its instances wait as
    /// `queueing` says.
    ///
    /// # Errors
    /// [`ReloadError`].
    pub async fn open(
        shared: Shared,
        terms: Terms,
        queueing: Queueing,
        hosts: Vec<String>,
        path: PathBuf,
    ) -> Result<Self, ReloadError> {
        let bytes = component::read(&path)?;
        let (agent, has_card) = probed(&shared, &terms, &path, bytes).await?;
        let label = terms.name.as_ref().map_or("agent", AgentName::as_str);
        metrics::serving(label, &agent.digest().to_string());
        Ok(Self {
            admission: Admission::new(terms.limits.max_instances, queueing),
            label: label.into(),
            shared,
            terms,
            hosts,
            path,
            current: RwLock::new(Arc::new(agent)),
            swapping: Mutex::new(Swapping {
                has_card,
                refused: None,
            }),
        })
    }

    /// None for the only agent of a process.
    pub fn name(&self) -> Option<&AgentName> {
        self.terms.name.as_ref()
    }

    /// The name as logs and metrics have it: `agent` for the only one.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Says in `span` that it is about this agent, where there are several.
    pub fn name_in(&self, span: &Span) {
        if self.name().is_some() {
            set_agent(span, &self.label);
        }
    }

    /// Names in requests that are for this agent.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The file of its component.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is given.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Room for its instances.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// What serves requests that begin now.
    pub fn current(&self) -> Arc<Agent> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Looks at the file again. Another component in it is loaded and probed beside the one that serves,
    /// and takes its place when it has shown its card. What was refused before is refused again only
    /// when `again`.
    ///
    /// # Errors
    /// [`ReloadError`]: the one that serves goes on. None when it was refused before.
    pub async fn reload(&self, again: bool) -> Option<Result<Reloaded, ReloadError>> {
        let mut swapping = self.swapping.lock().await;
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || component::read(&path)).await;
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => return Some(self.kept(error.into())),
            Err(error) => return Some(self.kept(ReloadError::Failed(error.to_string()))),
        };
        let digest = component::digest(&bytes);
        let from = self.current().digest();
        if digest == Some(from) {
            swapping.refused = None;
            return Some(Ok(Reloaded::Unchanged(from)));
        }
        if !again && digest.is_some() && swapping.refused == digest {
            return None;
        }
        let began = Instant::now();
        let probed = probed(&self.shared, &self.terms, &self.path, bytes).await;
        match probed.and_then(|(agent, has_card)| swapping.accept(agent, has_card)) {
            Ok(agent) => {
                let to = agent.digest();
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(agent);
                swapping.refused = None;
                metrics::swap(&self.label, "swapped");
                metrics::serving(&self.label, &to.to_string());
                info!(
                    agent = self.label(),
                    component = %self.path.display(),
                    %from,
                    %to,
                    ready_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                    "another component serves from now on: {to}"
                );
                Some(Ok(Reloaded::Swapped { from, to }))
            }
            Err(error) => {
                swapping.refused = digest;
                Some(self.kept(error))
            }
        }
    }

    fn kept(&self, error: ReloadError) -> Result<Reloaded, ReloadError> {
        metrics::swap(&self.label, "refused");
        let serving = self.current().digest();
        error!(
            agent = self.label(),
            component = %self.path.display(),
            serving = %serving,
            "the new component is refused, and {serving} goes on serving: {error}"
        );
        Err(error)
    }
}

impl Swapping {
    fn accept(&mut self, agent: Agent, has_card: bool) -> Result<Agent, ReloadError> {
        if self.has_card && !has_card {
            return Err(ReloadError::NoCard);
        }
        self.has_card = has_card;
        Ok(agent)
    }
}

async fn probed(
    shared: &Shared,
    terms: &Terms,
    path: &Path,
    bytes: Vec<u8>,
) -> Result<(Agent, bool), ReloadError> {
    let (shared, terms, path) = (shared.clone(), terms.clone(), path.to_owned());
    // On a thread of its own, so that a compiler that works for long stops nothing else.
    let loading =
        tokio::task::spawn_blocking(move || Agent::of_bytes(shared, terms, &path, &bytes));
    let agent = match loading.await {
        Ok(agent) => agent?,
        Err(error) => return Err(ReloadError::Failed(error.to_string())),
    };
    let has_card = agent.rehearse().await?;
    Ok((agent, has_card))
}
