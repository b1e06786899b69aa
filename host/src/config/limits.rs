use std::time::Duration;

use super::agent_flags::AgentFlags;
use super::{ConfigError, parse};

/// Bounds that keep one caller from taking the whole process.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a request body.
    pub max_body: u64,
    /// Instances alive at the same time, one per request.
    pub max_instances: u32,
    /// Bytes of linear memory of one instance.
    pub memory: usize,
    /// CPU time of one instance.
    pub cpu: Duration,
}

pub(super) fn resolve(flags: &AgentFlags) -> Result<Limits, ConfigError> {
    Ok(Limits {
        max_body: parse::size(
            "ATTACHE_MAX_BODY (--max-body)",
            flags.max_body.clone(),
            32 << 20,
            1 << 10,
            4 << 30,
        )?,
        max_instances: parse::whole_number(
            "ATTACHE_MAX_INSTANCES (--max-instances)",
            flags.max_instances.clone(),
            256,
            1,
            10_000,
        )?,
        memory: parse::size(
            "ATTACHE_MEMORY (--memory)",
            flags.memory.clone(),
            256 << 20,
            1 << 20,
            4 << 30,
        )
        .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))?,
        cpu: Duration::from_millis(parse::whole_number(
            "ATTACHE_CPU_MS (--cpu-ms)",
            flags.cpu_ms.clone(),
            60_000,
            10,
            86_400_000,
        )?),
    })
}
