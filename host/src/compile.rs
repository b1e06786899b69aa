//! `attache-host compile`: from a component to a file that starts without a compiler.
//!
//! What would end the start of a service ends the build of its image here: a component for another
//! host, and an agent card that is wrong.

use std::path::Path;

use crate::agent::{Agent, Program, Shared, Terms};
use crate::app::StartError;
use crate::card_signer::CardSigner;
use crate::component::{self, Bytes, Cache, Content};
use crate::config::{GuestLimits, Platform};
use crate::dispatch::Dispatcher;
use crate::engine::{self, AddressSpace, Cpu, Ticker};
use crate::google::Google;
use crate::outbound::{Network, Outbound, OutboundConfig};
use crate::registry::{Registry, RegistryConfig};
use crate::settings::Settings;
use crate::tasks::{Keeper, Keeping, TaskDatabase};

/// Memory of the one instance that shows its card.
const MEMORY: usize = 1 << 30;
/// What it is told of the size of requests.
const MAX_BODY: u64 = 1 << 20;

/// Compiles `component` for machines like `cpu`, and for instances that take so much of the address
/// space, into the file `output`. Returns the size of what was written.
///
/// # Errors
/// When `serve` would not start with it, or a file cannot be read or written.
pub async fn compile(
    component: &Path,
    cpu: Cpu,
    space: AddressSpace,
    output: &Path,
) -> Result<u64, StartError> {
    let bytes = component::source(component)?;
    let lines = component::knows_lines(&bytes);
    let compiler = engine::for_compiling(cpu, space, lines).map_err(cannot)?;
    let compiled = component::compile(&compiler, component, &bytes)?;
    drop(bytes);

    let limits = GuestLimits {
        max_instances: 1,
        memory: MEMORY,
        ..GuestLimits::default()
    };
    // Nothing is served, so a pool would be for nothing.
    let engine = engine::one_by_one(space).map_err(cannot)?;
    let ticker = Ticker::start(&engine).map_err(|error| StartError::Engine(error.to_string()))?;
    let cache = Cache::default();
    let shared = Shared {
        engine,
        ticker,
        registry: Registry::new(
            RegistryConfig::default(),
            Google::default(),
            Network::default(),
            &cache,
        ),
        cache,
        keeper: Keeper::new(TaskDatabase::in_memory().await?, Keeping::default()),
        dispatcher: Dispatcher::inline(),
        card_signer: CardSigner::default(),
        spending: Default::default(),
    };
    let settings = Settings::new(
        Default::default(),
        None,
        &Platform::Plain,
        None,
        true,
        MAX_BODY,
    );
    let terms = Terms {
        name: None,
        limits,
        max_body: MAX_BODY,
        outbound: Outbound::new(OutboundConfig::default()),
        settings,
    };
    let content = Content {
        name: component.display().to_string(),
        bytes: Bytes::Memory(compiled.clone()),
        written_at: None,
        artifact: None,
    };
    let program = Program::of(&shared.engine, None, &shared.cache, content)?;
    let agent = Agent::new(shared, terms, program);
    agent.rehearse().await?;

    component::write(output, &compiled)?;
    Ok(compiled.len() as u64)
}

fn cannot(error: wasmtime::Error) -> StartError {
    StartError::Engine(format!("{error:#}"))
}
