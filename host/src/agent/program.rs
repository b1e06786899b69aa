use std::fmt;
use std::sync::Arc;

use attache_registry::Digest;
use tokio::task::spawn_blocking;
use wasmtime::Engine;
use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use super::ReloadError;
use crate::bindings::WorkerPre;
use crate::component::{self, Bytes, Cache, ComponentDigest, Content, LoadError};
use crate::engine::{self, Drafts, Ticker};
use crate::instance::{self, Instance};
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
    /// Set when it serves until it is compiled for good.
    pub(super) draft: Option<Draft>,
}

/// What of a [`Program`] is a draft.
pub(super) struct Draft {
    drafts: Drafts,
    /// The component.
    bytes: Vec<u8>,
}

impl Draft {
    /// Moves the clock of its engine.
    pub(super) fn ticker(&self) -> &Ticker {
        self.drafts.ticker()
    }
}

impl Program {
    /// Loads a component, or what was compiled from it; what is compiled here may be a draft, where there
    /// are `drafts`. Blocks while it compiles.
    ///
    /// # Errors
    /// [`LoadError`], when it cannot be loaded or linked.
    pub fn of(
        engine: &Engine,
        drafts: Option<&Drafts>,
        cache: &Cache,
        content: Content,
    ) -> Result<Self, LoadError> {
        let name = content.name;
        let loaded = component::load(engine, drafts, cache, &name, content.bytes)?;
        let invalid = |error: wasmtime::Error| LoadError::Invalid {
            path: name.clone(),
            reason: format!("{error:#}"),
        };
        let mut linker = Linker::new(loaded.component.engine());
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
            draft: drafts.zip(loaded.draft).map(|(drafts, bytes)| Draft {
                drafts: drafts.clone(),
                bytes,
            }),
        })
    }

    /// The same for good, when this is a draft. Compiles behind everything that serves.
    ///
    /// # Errors
    /// [`ReloadError`].
    pub(super) async fn finished(
        &self,
        engine: &Engine,
        cache: &Cache,
    ) -> Result<Option<Self>, ReloadError> {
        let Some(draft) = &self.draft else {
            return Ok(None);
        };
        let content = Content {
            name: self.path.clone(),
            bytes: Bytes::Memory(draft.bytes.clone()),
            written_at: None,
            artifact: self.artifact,
        };
        let (engine, cache) = (engine.clone(), cache.clone());
        let compiling = spawn_blocking(move || {
            engine::in_background(|| Self::of(&engine, None, &cache, content))
        });
        let failed = |error: &dyn fmt::Display| ReloadError::Failed(error.to_string());
        let compiled = compiling.await.map_err(|error| failed(&error))?;
        let program = compiled.map_err(|error| failed(&error))??;
        Ok(Some(Self {
            // It is the one that was deployed then.
            deployed_at: self.deployed_at.clone(),
            ..program
        }))
    }

    /// As [`Program::of`], on a thread of its own, so that a compiler that works for long stops nothing
    /// else.
    ///
    /// # Errors
    /// [`ReloadError`].
    pub async fn load(
        engine: &Engine,
        drafts: Option<&Drafts>,
        cache: &Cache,
        content: Content,
    ) -> Result<Self, ReloadError> {
        let (engine, drafts, cache) = (engine.clone(), drafts.cloned(), cache.clone());
        let loading = spawn_blocking(move || Self::of(&engine, drafts.as_ref(), &cache, content));
        match loading.await {
            Ok(program) => Ok(program?),
            Err(error) => Err(ReloadError::Failed(error.to_string())),
        }
    }
}
