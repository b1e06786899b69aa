//! What an agent may use of the host.

use std::time::Duration;

use clap::Args;

use super::{ConfigError, parse};
use crate::usage::TokenRate;

/// Bounds that keep an agent from taking more than its part of the process, whatever it does.
///
/// Those of one instance bound one request, since each is served by an instance of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuestLimits {
    /// Instances alive at the same time, one per request.
    pub max_instances: u32,
    /// Bytes of linear memory of one instance.
    pub memory: usize,
    /// Elements of the tables of one instance.
    pub table_elements: usize,
    /// Resources that one instance holds in the host: streams, requests, pollables, runs.
    pub resources: usize,
    /// CPU time of one instance.
    pub cpu: Duration,
    /// Time from the request to the head of its response.
    pub response_head: Duration,
    /// Time between two pieces of a response.
    pub response_idle: Duration,
    /// Time that an instance may go on after its response, and a stored task may take.
    pub background: Duration,
    /// Bytes of a response that is no stream.
    pub max_response: u64,
    /// Bytes of a stream of events.
    pub max_stream: u64,
    /// Bytes of the head of a response, and of its trailers.
    pub max_response_head: usize,
    /// Bytes that one instance prints.
    pub log: usize,
    /// Calls of the task log by one instance.
    pub store_calls: u64,
    /// Questions to models by one instance.
    pub model_calls: u64,
    /// Tokens that models may take for one task; zero is no limit.
    pub model_tokens_per_task: u64,
    /// Tokens that models may take for one caller.
    pub model_tokens_per_caller: Option<TokenRate>,
}

/// Room for a model that thinks for minutes and for streams that last for hours.
impl Default for GuestLimits {
    fn default() -> Self {
        Self {
            max_instances: 256,
            memory: 256 << 20,
            table_elements: 20_000,
            resources: 10_000,
            cpu: Duration::from_secs(60),
            response_head: Duration::from_secs(300),
            response_idle: Duration::from_secs(120),
            background: Duration::from_secs(3600),
            max_response: 256 << 20,
            max_stream: 4 << 30,
            max_response_head: 64 << 10,
            log: 1 << 20,
            store_calls: 100_000,
            model_calls: 100,
            model_tokens_per_task: 1_000_000,
            model_tokens_per_caller: None,
        }
    }
}

/// The flags of `serve` about what the agent may use, as text.
#[derive(Debug, Default, Clone, Args)]
pub struct GuestLimitFlags {
    /// Requests worked on at the same time; more get 503. [default: 256]
    #[arg(
        long,
        env = "ATTACHE_MAX_INSTANCES",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub max_instances: Option<String>,

    /// Memory of one instance, such as 256MiB. [default: 256MiB]
    #[arg(
        long,
        env = "ATTACHE_MEMORY",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub memory: Option<String>,

    /// Elements of the tables of one instance. [default: 20000]
    #[arg(
        long,
        env = "ATTACHE_TABLE_ELEMENTS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub table_elements: Option<String>,

    /// Streams, requests, pollables and other resources that one instance may hold. [default: 10000]
    #[arg(
        long,
        env = "ATTACHE_MAX_RESOURCES",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub max_resources: Option<String>,

    /// CPU time of one instance in milliseconds. [default: 60000]
    #[arg(
        long,
        env = "ATTACHE_CPU_MS",
        hide_env_values = true,
        value_name = "MS"
    )]
    pub cpu_ms: Option<String>,

    /// Seconds in which the agent has to begin its response; later is 504. [default: 300]
    #[arg(
        long,
        env = "ATTACHE_RESPONSE_TIMEOUT",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub response_timeout: Option<String>,

    /// Seconds that a response may pause before it is broken off; agents send a comment every 15
    /// seconds where they have nothing else. [default: 120]
    #[arg(
        long,
        env = "ATTACHE_RESPONSE_IDLE",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub response_idle: Option<String>,

    /// Seconds that an instance may go on after its response, and that a task may take which the
    /// host has taken up. [default: 3600]
    #[arg(
        long,
        env = "ATTACHE_BACKGROUND",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub background: Option<String>,

    /// Largest response body that is no stream. [default: 256MiB]
    #[arg(
        long,
        env = "ATTACHE_MAX_RESPONSE",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub max_response: Option<String>,

    /// Largest stream: of events, or of gRPC. [default: 4GiB]
    #[arg(
        long,
        env = "ATTACHE_MAX_STREAM",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub max_stream: Option<String>,

    /// Largest head of a response. [default: 64KiB]
    #[arg(
        long,
        env = "ATTACHE_MAX_RESPONSE_HEAD",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub max_response_head: Option<String>,

    /// How much one instance may print; the rest is dropped. [default: 1MiB]
    #[arg(
        long,
        env = "ATTACHE_MAX_LOG",
        hide_env_values = true,
        value_name = "SIZE"
    )]
    pub max_log: Option<String>,

    /// Calls of the task log by one instance. [default: 100000]
    #[arg(
        long,
        env = "ATTACHE_STORE_CALLS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub store_calls: Option<String>,

    /// Questions to models while one request is served. [default: 100]
    #[arg(
        long,
        env = "ATTACHE_MODEL_CALLS_PER_REQUEST",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub model_calls_per_request: Option<String>,

    /// Tokens that models may take for one task, in this process; 0 is no limit. [default: 1000000]
    #[arg(
        long,
        env = "ATTACHE_MODEL_TOKENS_PER_TASK",
        hide_env_values = true,
        value_name = "TOKENS"
    )]
    pub model_tokens_per_task: Option<String>,

    /// Tokens that models may take for one caller, in this process, such as 1000000/1d: a number, and
    /// the time after which it begins anew, in s, min, h or d. [default: no limit]
    #[arg(
        long,
        env = "ATTACHE_MODEL_TOKENS_PER_CALLER",
        hide_env_values = true,
        value_name = "TOKENS/TIME"
    )]
    pub model_tokens_per_caller: Option<String>,
}

/// Checks `flags`.
pub(super) fn resolve(flags: GuestLimitFlags) -> Result<GuestLimits, ConfigError> {
    let default = GuestLimits::default();
    let second = Duration::from_secs(1);
    Ok(GuestLimits {
        max_instances: parse::whole_number(
            "ATTACHE_MAX_INSTANCES (--max-instances)",
            flags.max_instances,
            default.max_instances,
            1,
            10_000,
        )?,
        memory: size(
            "ATTACHE_MEMORY (--memory)",
            flags.memory,
            default.memory,
            1 << 20,
            4 << 30,
        )?,
        table_elements: parse::whole_number(
            "ATTACHE_TABLE_ELEMENTS (--table-elements)",
            flags.table_elements,
            default.table_elements,
            1_000,
            10_000_000,
        )?,
        resources: parse::whole_number(
            "ATTACHE_MAX_RESOURCES (--max-resources)",
            flags.max_resources,
            default.resources,
            100,
            1_000_000,
        )?,
        cpu: Duration::from_millis(parse::whole_number(
            "ATTACHE_CPU_MS (--cpu-ms)",
            flags.cpu_ms,
            60_000,
            10,
            86_400_000,
        )?),
        response_head: parse::seconds_from(
            "ATTACHE_RESPONSE_TIMEOUT (--response-timeout)",
            flags.response_timeout,
            default.response_head,
            second,
        )?,
        response_idle: parse::seconds_from(
            "ATTACHE_RESPONSE_IDLE (--response-idle)",
            flags.response_idle,
            default.response_idle,
            second,
        )?,
        background: parse::seconds_from(
            "ATTACHE_BACKGROUND (--background)",
            flags.background,
            default.background,
            second,
        )?,
        max_response: parse::size(
            "ATTACHE_MAX_RESPONSE (--max-response)",
            flags.max_response,
            default.max_response,
            1 << 10,
            64 << 30,
        )?,
        max_stream: parse::size(
            "ATTACHE_MAX_STREAM (--max-stream)",
            flags.max_stream,
            default.max_stream,
            1 << 10,
            1 << 40,
        )?,
        max_response_head: size(
            "ATTACHE_MAX_RESPONSE_HEAD (--max-response-head)",
            flags.max_response_head,
            default.max_response_head,
            1 << 10,
            1 << 20,
        )?,
        log: size(
            "ATTACHE_MAX_LOG (--max-log)",
            flags.max_log,
            default.log,
            1 << 10,
            1 << 30,
        )?,
        store_calls: parse::whole_number(
            "ATTACHE_STORE_CALLS (--store-calls)",
            flags.store_calls,
            default.store_calls,
            10,
            1_000_000_000,
        )?,
        model_calls: parse::whole_number(
            "ATTACHE_MODEL_CALLS_PER_REQUEST (--model-calls-per-request)",
            flags.model_calls_per_request,
            default.model_calls,
            1,
            1_000_000,
        )?,
        model_tokens_per_task: parse::whole_number(
            "ATTACHE_MODEL_TOKENS_PER_TASK (--model-tokens-per-task)",
            flags.model_tokens_per_task,
            default.model_tokens_per_task,
            0,
            1_000_000_000_000,
        )?,
        model_tokens_per_caller: parse::given(flags.model_tokens_per_caller)
            .map(|text| {
                let key = "ATTACHE_MODEL_TOKENS_PER_CALLER (--model-tokens-per-caller)";
                TokenRate::parse(&text)
                    .map_err(|expected| ConfigError::new(key, text.as_str(), expected))
            })
            .transpose()?,
    })
}

fn size(
    key: &str,
    text: Option<String>,
    default: usize,
    least: u64,
    most: u64,
) -> Result<usize, ConfigError> {
    let bytes = parse::size(key, text, default as u64, least, most)?;
    Ok(usize::try_from(bytes).unwrap_or(usize::MAX))
}
