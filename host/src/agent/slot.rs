use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use attache_registry::{Digest, Reference};
use thiserror::Error;
use tokio::sync::Mutex;
use tracing::{Span, debug, error, info, warn};

use super::{Agent, AgentName, Program, RehearsalError, Shared, Terms};
use crate::admission::Admission;
use crate::component::{self, ComponentDigest, LoadError, Origin};
use crate::config::Queueing;
use crate::registry::is_out_of_reach;
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
    origin: RwLock<Origin>,
    current: RwLock<Arc<Agent>>,
    admission: Admission,
    /// One swap at a time, so that the newest component wins.
    swapping: Mutex<Swapping>,
}

struct Swapping {
    /// The component that serves has an agent card.
    has_card: bool,
    /// The artifact that it came in, when it came from a registry.
    artifact: Option<Digest>,
    /// What was refused last, so that it is not compiled again at every look.
    refused: Option<ComponentDigest>,
    /// The artifact that was, so that it is not pulled again either.
    refused_artifact: Option<Digest>,
    /// What kept the last look from finding anything, which was said.
    said: Option<String>,
}

/// What became of a look for another component.
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
    /// Somebody asks for a component that is not of the repository which was configured.
    #[error("{0}")]
    Elsewhere(String),
    /// The thread that loaded it failed.
    #[error("loading it failed: {0}")]
    Failed(String),
}

impl Slot {
    /// Asks `program` for its card, which came from `origin`. Requests beyond its instances wait as
    /// `queueing` says.
    ///
    /// # Errors
    /// [`ReloadError`].
    pub async fn open(
        shared: Shared,
        terms: Terms,
        queueing: Queueing,
        hosts: Vec<String>,
        origin: Origin,
        program: Program,
    ) -> Result<Self, ReloadError> {
        let artifact = program.artifact;
        let (agent, has_card) = probed(&shared, &terms, program).await?;
        let label = terms.name.as_ref().map_or("agent", AgentName::as_str);
        metrics::serving(label, &agent.digest().to_string());
        Ok(Self {
            admission: Admission::new(terms.limits.max_instances, queueing),
            label: label.into(),
            shared,
            terms,
            hosts,
            origin: RwLock::new(origin),
            current: RwLock::new(Arc::new(agent)),
            swapping: Mutex::new(Swapping {
                has_card,
                artifact,
                refused: None,
                refused_artifact: None,
                said: None,
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

    /// Where its component comes from: the file, or the artifact that was asked for last.
    pub fn origin(&self) -> Origin {
        let origin = self.origin.read().unwrap_or_else(PoisonError::into_inner);
        origin.clone()
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

    /// Compiles for good what serves as a draft, and puts it in its place: the same component, so nobody
    /// is told. Requests that have begun end on the draft. Another component that came meanwhile stays.
    pub async fn finish(&self) {
        let draft = self.current();
        let began = Instant::now();
        let finished = async {
            let (engine, cache) = (&self.shared.engine, &self.shared.cache);
            let Some(program) = draft.program.finished(engine, cache).await? else {
                return Ok(false);
            };
            let agent = Agent::new(self.shared.clone(), self.terms.clone(), program);
            agent.try_instance().await?;
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&current, &draft) {
                *current = Arc::new(agent);
            }
            Ok::<_, ReloadError>(true)
        };
        match finished.await {
            Ok(false) => {}
            Ok(true) => debug!(
                agent = self.label(),
                ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                "the component is compiled for good: {}",
                draft.digest()
            ),
            Err(error) => warn!(
                agent = self.label(),
                "the component goes on as it was compiled first, which is slower: {error}"
            ),
        }
    }

    /// Looks for another component: at the file again, or at what the tag names now. It is loaded and
    /// probed beside the one that serves, and takes its place when it has shown its card. What was
    /// refused before is refused again only when `again`.
    ///
    /// # Errors
    /// [`ReloadError`]: the one that serves goes on. None when it was refused before.
    pub async fn reload(&self, again: bool) -> Option<Result<Reloaded, ReloadError>> {
        let mut swapping = self.swapping.lock().await;
        let origin = self.origin();
        self.take(&mut swapping, &origin, again).await
    }

    /// Swaps to another artifact of the repository that the component came from, which is the origin
    /// from then on, until the process ends.
    ///
    /// # Errors
    /// [`ReloadError`]: the one that serves goes on, and its origin is what it was.
    pub async fn swap(&self, reference: &str) -> Result<Reloaded, ReloadError> {
        let mut swapping = self.swapping.lock().await;
        let elsewhere = |why: String| ReloadError::Elsewhere(why);
        let Origin::Registry(own) = self.origin() else {
            return Err(elsewhere(
                "this agent's component is in a file; put another one there instead".to_owned(),
            ));
        };
        let wanted: Reference = reference.parse().map_err(elsewhere)?;
        if !wanted.is_beside(&own) {
            return Err(elsewhere(format!(
                "only artifacts of {} can take the place of this agent's component",
                own.name()
            )));
        }
        let origin = Origin::Registry(wanted);
        // Nothing is left out when `again`.
        let taken = self.take(&mut swapping, &origin, true).await;
        let taken = taken.unwrap_or_else(|| Ok(Reloaded::Unchanged(self.current().digest())));
        if taken.is_ok() {
            *self.origin.write().unwrap_or_else(PoisonError::into_inner) = origin;
        }
        taken
    }

    async fn take(
        &self,
        swapping: &mut Swapping,
        origin: &Origin,
        again: bool,
    ) -> Option<Result<Reloaded, ReloadError>> {
        let from = self.current().digest();
        // What is known already is not pulled again.
        let refused = swapping.refused_artifact.filter(|_| !again);
        let seen: Vec<_> = swapping.artifact.into_iter().chain(refused).collect();
        let content = match origin.read(&self.shared.registry, &seen).await {
            Ok(Some(content)) => content,
            Ok(None) => {
                swapping.said = None;
                return Some(Ok(Reloaded::Unchanged(from)));
            }
            Err(error) => {
                let said = Some(error.to_string());
                if !again && swapping.said == said {
                    return None;
                }
                swapping.said = said;
                return Some(self.not_read(origin, error));
            }
        };
        swapping.said = None;
        let digest = component::digest(&content.bytes);
        let artifact = content.artifact;
        if digest == Some(from) {
            swapping.refused = None;
            swapping.artifact = artifact;
            return Some(Ok(Reloaded::Unchanged(from)));
        }
        if !again && digest.is_some() && swapping.refused == digest {
            return None;
        }
        let began = Instant::now();
        let probed = async {
            let program =
                Program::load(&self.shared.engine, None, &self.shared.cache, content).await?;
            probed(&self.shared, &self.terms, program).await
        };
        match probed
            .await
            .and_then(|(agent, has_card)| swapping.accept(agent, has_card))
        {
            Ok(agent) => {
                let to = agent.digest();
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(agent);
                swapping.artifact = artifact;
                (swapping.refused, swapping.refused_artifact) = (None, None);
                metrics::swap(&self.label, "swapped");
                metrics::serving(&self.label, &to.to_string());
                info!(
                    agent = self.label(),
                    component = %origin,
                    %from,
                    %to,
                    ready_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                    "another component serves from now on: {to}"
                );
                Some(Ok(Reloaded::Swapped { from, to }))
            }
            Err(error) => {
                (swapping.refused, swapping.refused_artifact) = (digest, artifact);
                Some(self.kept(origin, error))
            }
        }
    }

    fn not_read(&self, origin: &Origin, error: LoadError) -> Result<Reloaded, ReloadError> {
        let LoadError::Registry(why) = &error else {
            return self.kept(origin, error.into());
        };
        if !is_out_of_reach(why) {
            return self.kept(origin, error.into());
        }
        // That says nothing of a component.
        metrics::swap(&self.label, "refused");
        let serving = self.current().digest();
        warn!(
            agent = self.label(),
            component = %origin,
            serving = %serving,
            "no other component could be looked for, and {serving} goes on serving: {error}"
        );
        Err(error.into())
    }

    fn kept(&self, origin: &Origin, error: ReloadError) -> Result<Reloaded, ReloadError> {
        metrics::swap(&self.label, "refused");
        let serving = self.current().digest();
        error!(
            agent = self.label(),
            component = %origin,
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
    program: Program,
) -> Result<(Agent, bool), ReloadError> {
    let agent = Agent::new(shared.clone(), terms.clone(), program);
    let has_card = agent.rehearse().await?;
    Ok((agent, has_card))
}
