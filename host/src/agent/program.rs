use std::sync::Arc;

use attache_registry::Digest;
use tokio::task::spawn_blocking;
use wasmtime::Engine;
use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use super::ReloadError;
use crate::bindings::WorkerPre;
use crate::component::{self, Cache, ComponentDigest, Content, LoadError, Origin};
use crate::instance::{self, Instance};
use crate::registry::Registry;
use crate::tasks::now;

/// A component, compiled, checked and linked: what of an agent needs neither its configuration nor the
/// task log, so that both are made ready at the same time.
pub struct Program {
    /// Where it came from, for errors.
    pub(super) path: String,
    pub(super) digest: ComponentDigest,
    /// In seconds since the epoch.
    pub(super) deployed_at: Arc<str>,
    pub(super) handler: ProxyPre<Instance>,
    pub(super) worker: Option<WorkerPre<Instance>>,
    /// The artifact that it came in, when it came from a registry.
    pub(super) artifact: Option<Digest>,
}

impl Program {
    /// Loads a component, or what was compiled from it. Blocks while it compiles.
    ///
    /// # Errors
    /// [`LoadError`], when it cannot be loaded or linked.
    pub fn of(engine: &Engine, cache: &Cache, content: Content) -> Result<Self, LoadError> {
        let name = content.name;
        let loaded = component::load(engine, cache, &name, content.bytes)?;
        let invalid = |error: wasmtime::Error| LoadError::Invalid {
            path: name.clone(),
            reason: format!("{error:#}"),
        };
        let mut linker = Linker::new(engine);
        instance::link(&mut linker).map_err(invalid)?;
        let linked = linker.instantiate_pre(&loaded.component).map_err(invalid)?;
        let worker = if loaded.exports.worker {
            Some(WorkerPre::new(linked.clone()).map_err(invalid)?)
        } else {
            None
        };
        let handler = ProxyPre::new(linked).map_err(invalid)?;
        let deployed_at = content.written_at.unwrap_or_else(|| now() / 1_000);
        Ok(Self {
            path: name,
            digest: loaded.digest,
            deployed_at: deployed_at.to_string().into(),
            handler,
            worker,
            artifact: content.artifact,
        })
    }

    /// Reads the component of `origin`, and loads it.
    ///
    /// # Errors
    /// [`ReloadError`].
    pub async fn open(
        engine: &Engine,
        cache: &Cache,
        registry: &Registry,
        origin: &Origin,
    ) -> Result<Self, ReloadError> {
        match origin.read(registry, &[]).await? {
            Some(content) => Self::load(engine, cache, content).await,
            None => Err(ReloadError::Failed(format!("{origin} holds nothing"))),
        }
    }

    /// On a thread of its own, so that a compiler that works for long stops nothing else.
    pub(super) async fn load(
        engine: &Engine,
        cache: &Cache,
        content: Content,
    ) -> Result<Self, ReloadError> {
        let (engine, cache) = (engine.clone(), cache.clone());
        match spawn_blocking(move || Self::of(&engine, &cache, content)).await {
            Ok(program) => Ok(program?),
            Err(error) => Err(ReloadError::Failed(error.to_string())),
        }
    }
}
