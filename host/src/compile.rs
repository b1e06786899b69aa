//! `attache-host compile`: from a component to a file that starts without a compiler.
//!
//! What would end the start of a service ends the build of its image here: a component for another
//! host, and an agent card that is wrong.

use std::path::Path;
use std::time::Duration;

use crate::agent::{Agent, Shared};
use crate::app::StartError;
use crate::card_signer::CardSigner;
use crate::component;
use crate::config::{Limits, Platform};
use crate::dispatch::Dispatcher;
use crate::engine::{self, AddressSpace, Ticker};
use crate::outbound::{Outbound, OutboundConfig};
use crate::settings::Settings;
use crate::tasks::{Keeper, Keeping, TaskDatabase};

/// What the one instance may use that shows its card.
const LIMITS: Limits = Limits {
    max_body: 1 << 20,
    max_instances: 1,
    memory: 1 << 30,
    cpu: Duration::from_secs(30),
};

/// Compiles `component` into the file `output`, for instances that take so much of the address space.
/// Returns the size of what was written.
///
/// # Errors
/// When `serve` would not start with it, or a file cannot be read or written.
pub async fn compile(
    component: &Path,
    space: AddressSpace,
    output: &Path,
) -> Result<u64, StartError> {
    let compiler = engine::for_compiling(space).map_err(cannot)?;
    let compiled = component::compile(&compiler, component)?;

    // Nothing is served, so a pool would be for nothing.
    let engine = engine::one_by_one(space).map_err(cannot)?;
    Ticker::start(&engine).map_err(|error| StartError::Engine(error.to_string()))?;
    let shared = Shared {
        engine,
        limits: LIMITS,
        outbound: Outbound::new(OutboundConfig::default()),
        keeper: Keeper::new(TaskDatabase::in_memory().await?, Keeping::default()),
        dispatcher: Dispatcher::inline(),
        card_signer: CardSigner::default(),
    };
    let settings = Settings::new(
        Default::default(),
        None,
        &Platform::Plain,
        None,
        0,
        true,
        LIMITS.max_body,
    );
    let agent = Agent::of_bytes(shared, component, &compiled, settings)?;
    agent.rehearse().await?;

    component::write(output, &compiled)?;
    Ok(compiled.len() as u64)
}

fn cannot(error: wasmtime::Error) -> StartError {
    StartError::Engine(format!("{error:#}"))
}
