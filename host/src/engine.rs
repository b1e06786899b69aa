//! The WebAssembly engine: one set of settings for compiling ahead of time and for running.
//!
//! What `compile` writes can only be loaded by an engine with the same settings, so both sides get
//! theirs from one function. A compiled file may run on another machine than the one that wrote
//! it; `compile` therefore names the CPU that it may count on and takes nothing from its own.

mod clock;
mod draft;
mod habit;
mod meter;
mod slow_lane;
mod space;
mod ticker;

pub use draft::{Drafts, in_background};
pub use habit::Habit;
pub use meter::{CpuMeter, Metered};
pub use slow_lane::SlowLane;
pub use space::AddressSpace;
pub use ticker::Ticker;

use tracing::warn;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::config::GuestLimits;

/// The machine that code is compiled for.
#[cfg(feature = "compiler")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// This machine, with all that its CPU can do.
    ThisMachine,
    /// Any machine of this architecture that is not older than this.
    AtLeast(Cpu),
}

/// Said where a compiler is wanted and not there.
pub(crate) const NO_COMPILER: &str = "this attache-host has no compiler; compile the component with one \
    that has (attache-host compile), and give the .cwasm file that it writes";

/// The oldest machine that code compiled ahead of time runs on. On other architectures than x86-64
/// there is one: what the architecture itself demands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Cpu {
    /// Every x86-64 CPU sold since 2009.
    #[default]
    #[value(name = "x86-64-v2")]
    X86_64V2,
    /// x86-64 with AVX2, BMI and FMA: servers since 2013.
    #[value(name = "x86-64-v3")]
    X86_64V3,
}

#[cfg(feature = "compiler")]
impl Cpu {
    /// What cranelift may count on.
    fn flags(self) -> impl Iterator<Item = &'static str> {
        let more = match self {
            Self::X86_64V2 => &[][..],
            Self::X86_64V3 => &V3,
        };
        V2.iter().chain(more).copied()
    }
}

#[cfg(feature = "compiler")]
const V2: [&str; 6] = [
    "has_cmpxchg16b",
    "has_sse3",
    "has_ssse3",
    "has_sse41",
    "has_sse42",
    "has_popcnt",
];
#[cfg(feature = "compiler")]
const V3: [&str; 6] = [
    "has_avx",
    "has_avx2",
    "has_bmi1",
    "has_bmi2",
    "has_fma",
    "has_lzcnt",
];

/// Instances beyond those of requests, for tasks that the host resumes.
pub const RESUMED_INSTANCES: u32 = 8;

/// A component may be a composition of a few modules with a memory each.
pub(crate) const CORE_INSTANCES: u32 = 8;
pub(crate) const MEMORIES: u32 = 2;
pub(crate) const TABLES: u32 = 4;
/// A slot that was used keeps this much, so that the next instance clears it instead of asking the
/// kernel for pages.
const KEEP_MEMORY: usize = 1 << 20;
const KEEP_TABLE: usize = 64 << 10;
const KEEP_STACK: usize = 32 << 10;

/// The engine of `compile`, for a component that does or does not know the lines of its source. One that
/// does not needs no table from its code to them, which would be an eighth of the file.
///
/// # Errors
/// When the settings do not fit this build of wasmtime.
pub fn for_compiling(cpu: Cpu, space: AddressSpace, lines: bool) -> wasmtime::Result<Engine> {
    #[cfg(feature = "compiler")]
    {
        let mut config = generating(settings(), Target::AtLeast(cpu))?;
        config.generate_address_map(lines);
        space.shape(&mut config);
        Engine::new(&config)
    }
    #[cfg(not(feature = "compiler"))]
    {
        let _ = (cpu, space, lines);
        Err(wasmtime::Error::msg(NO_COMPILER))
    }
}

/// How many instances there may be, and how large one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Instances alive at the same time, of all agents, without resumed ones.
    pub instances: u32,
    /// Bytes of linear memory of the largest.
    pub memory: usize,
    /// Elements of its tables.
    pub table_elements: usize,
}

impl Capacity {
    /// Room for agents with these limits.
    pub fn of<'a>(limits: impl Iterator<Item = &'a GuestLimits>) -> Self {
        let none = Self {
            instances: 0,
            memory: 0,
            table_elements: 0,
        };
        limits.fold(none, |capacity, limits| Self {
            instances: capacity.instances.saturating_add(limits.max_instances),
            memory: capacity.memory.max(limits.memory),
            table_elements: capacity.table_elements.max(limits.table_elements),
        })
    }
}

/// The engine of `serve`, with room for `capacity`.
///
/// Instances come out of a pool whose address space is reserved once. Where the process may not
/// reserve that much, each instance is allocated on its own, in a space of the kind `otherwise`:
/// slower, and said in the log.
///
/// # Errors
/// When not even that is possible.
pub fn for_serving(capacity: Capacity, otherwise: AddressSpace) -> wasmtime::Result<Engine> {
    let mut config = for_here()?;
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(capacity)));
    match Engine::new(&config) {
        Ok(engine) => Ok(engine),
        Err(error) => {
            let consequence = match otherwise {
                AddressSpace::Large => "each takes four gigabytes of it",
                AddressSpace::Small => "each access to memory is checked",
            };
            warn!(
                "instances are allocated one by one, which costs time in each request, and \
                 {consequence}: a pool for {} of them could not be reserved ({error:#}); raise the \
                 limit on address space, or lower ATTACHE_MAX_INSTANCES (--max-instances)",
                capacity.instances
            );
            one_by_one(otherwise)
        }
    }
}

/// The engine of `serve` where no pool is wanted.
///
/// # Errors
/// When the settings do not fit this build of wasmtime.
pub fn one_by_one(space: AddressSpace) -> wasmtime::Result<Engine> {
    let mut config = for_here()?;
    space.shape(&mut config);
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Engine::new(&config)
}

/// What code that is compiled and the machine that runs it have to agree on.
fn settings() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Only WASI 0.2 is served: without the machinery of 0.3 each call is cheaper.
        .concurrency_support(false)
        .epoch_interruption(true)
        .memory_init_cow(true)
        // Nobody reads the names in compiled code but `perf`, whose map has them all.
        .debug_symbols(cfg!(feature = "perf-map"))
        // wasmtime finds the frames of a component by their pointers.
        .native_unwind_info(cfg!(windows));
    config
}

fn for_here() -> wasmtime::Result<Config> {
    let config = settings();
    #[cfg(feature = "compiler")]
    let config = generating(config, Target::ThisMachine)?;
    #[cfg(feature = "perf-map")]
    let config = {
        let mut config = config;
        config.profiler(wasmtime::ProfilingStrategy::PerfMap);
        config
    };
    Ok(config)
}

/// What code is to be like.
#[cfg(feature = "compiler")]
fn generating(mut config: Config, target: Target) -> wasmtime::Result<Config> {
    config.cranelift_opt_level(wasmtime::OptLevel::Speed);
    if let Target::AtLeast(cpu) = target {
        config.target(env!("ATTACHE_TARGET"))?;
        if cfg!(target_arch = "x86_64") {
            for flag in cpu.flags() {
                enable(&mut config, flag);
            }
        }
    }
    Ok(config)
}

#[cfg(feature = "compiler")]
#[allow(
    unsafe_code,
    reason = "code that uses these features faults on a CPU without them; wasmtime compares a \
              compiled file's features with the CPU before it loads the file"
)]
fn enable(config: &mut Config, flag: &str) {
    // SAFETY: see the reason above.
    unsafe {
        config.cranelift_flag_enable(flag);
    }
}

fn pool(capacity: Capacity) -> PoolingAllocationConfig {
    let instances = capacity.instances.saturating_add(RESUMED_INSTANCES);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_stacks(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES))
        .total_memories(instances.saturating_mul(MEMORIES))
        .total_tables(instances.saturating_mul(TABLES))
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memory_size(capacity.memory)
        .table_elements(capacity.table_elements)
        .linear_memory_keep_resident(KEEP_MEMORY)
        .table_keep_resident(KEEP_TABLE)
        .async_stack_keep_resident(KEEP_STACK)
        .decommit_batch_size(1)
        .max_unused_warm_slots(100)
        .pagemap_scan(Enabled::Auto);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compiling_engine_writes_the_serving_engine_loads() {
        let capacity = Capacity {
            instances: 2,
            memory: 1 << 20,
            table_elements: 20_000,
        };
        let code = for_compiling(Cpu::default(), AddressSpace::Large, false)
            .unwrap()
            .precompile_component(b"\0asm\x0d\0\x01\0")
            .unwrap();
        let serving = for_serving(capacity, AddressSpace::Small).unwrap();
        #[allow(unsafe_code, reason = "the line above made this code")]
        let loaded = unsafe { wasmtime::component::Component::deserialize(&serving, code) };
        assert!(loaded.is_ok(), "{:?}", loaded.err());
    }
}
