use std::io;

use wasmtime::Engine;

use super::Ticker;

/// The engine of what serves until it is compiled for good. Cheap to clone.
///
/// It compiles in one pass (Winch), in a tenth of the time, to code that takes a few times as long to run.
/// Everything that bounds an instance is the same: its clock, its memory and tables, its resources. There
/// is no pool, which would be reserved for seconds: an instance is allocated on its own. The engine and
/// its clock are gone with the last request that began on it.
#[derive(Debug, Clone)]
pub struct Drafts {
    engine: Engine,
    ticker: Ticker,
}

impl Drafts {
    /// The engine beside `serving`. None where there is none: without a compiler, on a machine that it
    /// does not compile for, and where the address space is scarce, in which each instance would need
    /// four gigabytes.
    pub fn beside(serving: &Engine) -> Option<Self> {
        serving.pooling_allocator_metrics()?;
        match engine() {
            Some(Ok(engine)) => {
                let ticker = Ticker::start(&engine).ok()?;
                Some(Self { engine, ticker })
            }
            Some(Err(error)) => {
                tracing::debug!("components are compiled for good at once: {error:#}");
                None
            }
            None => None,
        }
    }

    /// What compiles and runs.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Moves its clock.
    pub fn ticker(&self) -> &Ticker {
        &self.ticker
    }
}

#[cfg(all(feature = "compiler", target_arch = "x86_64"))]
fn engine() -> Option<wasmtime::Result<Engine>> {
    use wasmtime::{InstanceAllocationStrategy, Strategy};
    let mut config = super::settings();
    config
        .strategy(Strategy::Winch)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Some(Engine::new(&config))
}

/// Elsewhere it is not what it is here: less of WebAssembly, and less tested.
#[cfg(not(all(feature = "compiler", target_arch = "x86_64")))]
fn engine() -> Option<wasmtime::Result<Engine>> {
    None
}

/// Runs what compiles on threads of its own, which come behind those that serve. Blocks.
///
/// # Errors
/// When the threads cannot be started.
#[cfg(feature = "compiler")]
pub fn in_background<T: Send>(compile: impl FnOnce() -> T + Send) -> io::Result<T> {
    let threads = rayon::ThreadPoolBuilder::new()
        .thread_name(|_| "compiler".to_owned())
        .start_handler(|_| super::slow_lane::give_way())
        .build()
        .map_err(io::Error::other)?;
    Ok(threads.install(compile))
}

/// Nothing is compiled here.
///
/// # Errors
/// Never.
#[cfg(not(feature = "compiler"))]
pub fn in_background<T: Send>(compile: impl FnOnce() -> T + Send) -> io::Result<T> {
    Ok(compile())
}
