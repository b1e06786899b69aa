//! From files to something that can be instantiated: composed, compiled, checked and linked.

use std::sync::{Arc, OnceLock};

use wasmtime::component::{ComponentNamedList, HasSelf, InstancePre, Lift, Linker};
use wasmtime::{Config, Engine, Store};

use super::bindings::spin::sqlite::sqlite;
use super::bindings::wasi::config::store as config_store;
use super::compiled;
use super::compose::{self, Part};
use super::config::SpinConfig;
use super::denied;
use super::error::SpinError;
use super::hosts::Pattern;
use super::log::Log;
use super::offer;
use super::outbound::Outbound;
use super::sqlite::Databases;
use super::state::{Shared, State};
use super::variables::{Variables, is_variable_name};

/// An application that is ready to serve.
pub(crate) struct Loaded {
    pub(crate) pre: InstancePre<State>,
    pub(crate) shared: Shared,
}

/// Reads, composes, compiles, checks and links; `origin` is where the application itself listens.
pub(crate) fn load(config: &SpinConfig, origin: std::net::SocketAddr) -> Result<Loaded, SpinError> {
    let shared = shared(config, origin)?;
    let bytes = composed(config)?;
    let engine = engine()?;
    let component = compiled::component(engine, &bytes)?;
    let missing = offer::missing(engine, &component);
    if !missing.is_empty() {
        return Err(SpinError::Imports { imports: missing });
    }
    let pre = linker(engine)
        .and_then(|linker| linker.instantiate_pre(&component))
        .map_err(|error| SpinError::Component(format!("the component does not link: {error:#}")))?;
    Ok(Loaded { pre, shared })
}

/// Instantiates the application once and calls its exported function `name`, which takes nothing:
/// for components that are test programs rather than HTTP services.
///
/// # Errors
/// When the application cannot be loaded, has no such function, or traps.
pub async fn call<R>(config: &SpinConfig, name: &str) -> Result<R, SpinError>
where
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let Loaded { pre, shared } = load(config, config.listen)?;
    let failed = |error: wasmtime::Error| {
        SpinError::Component(format!("{name} failed: {error:#}\n{}", shared.log.text()))
    };
    let mut store = Store::new(pre.engine(), State::new(&shared));
    let instance = pre.instantiate_async(&mut store).await.map_err(failed)?;
    let function = instance
        .get_typed_func::<(), R>(&mut store, name)
        .map_err(failed)?;
    function.call_async(&mut store, ()).await.map_err(failed)
}

fn shared(config: &SpinConfig, origin: std::net::SocketAddr) -> Result<Shared, SpinError> {
    for name in config.variables.keys() {
        if !is_variable_name(name) {
            return Err(SpinError::Setting(format!(
                "{name:?} is no name for a variable: Spin takes lower case letters, digits and \
                 single underscores, beginning with a letter"
            )));
        }
    }
    let allowed = config
        .allowed_outbound_hosts
        .iter()
        .map(|text| Pattern::parse(text))
        .collect::<Result<_, _>>()
        .map_err(SpinError::Setting)?;
    let origin = origin
        .to_string()
        .parse()
        .map_err(|error| SpinError::Setting(format!("cannot write {origin} in a URL: {error}")))?;
    Ok(Shared {
        databases: Arc::new(Databases::new(config.databases.clone())),
        variables: Arc::new(Variables::new(config.variables.clone())),
        outbound: Outbound::new(allowed, origin),
        log: Log::new(config.echo),
    })
}

fn composed(config: &SpinConfig) -> Result<Vec<u8>, SpinError> {
    let read = |path: &std::path::Path| {
        std::fs::read(path).map_err(|source| SpinError::Read {
            path: path.to_owned(),
            source,
        })
    };
    let parts = config
        .dependencies
        .iter()
        .map(|dependency| {
            Ok(Part {
                name: &dependency.name,
                inherit: &dependency.inherit,
                bytes: read(&dependency.path)?,
            })
        })
        .collect::<Result<_, SpinError>>()?;
    compose::compose(read(&config.component)?, parts)
}

fn engine() -> Result<&'static Engine, SpinError> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    if let Some(engine) = ENGINE.get() {
        return Ok(engine);
    }
    let mut config = Config::new();
    config.wasm_component_model(true);
    let engine = Engine::new(&config)
        .map_err(|error| SpinError::Component(format!("cannot start wasmtime: {error:#}")))?;
    Ok(ENGINE.get_or_init(|| engine))
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    sqlite::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    config_store::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    denied::add_to_linker(&mut linker)?;
    Ok(linker)
}
