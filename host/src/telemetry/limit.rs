use std::sync::atomic::{AtomicU64, Ordering};

/// A bound of the host that something ran into: of the component in one of its requests, or of a
/// caller before any instance was made. Each is counted, whatever else is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Linear memory of an instance.
    Memory,
    /// Elements of a table.
    Tables,
    /// CPU time of an instance.
    Cpu,
    /// Resources that an instance holds in the host.
    Resources,
    /// Time from the request to the head of its response.
    ResponseHead,
    /// Time between two pieces of a response.
    ResponseIdle,
    /// Bytes of a response, or of its head.
    ResponseSize,
    /// Time that an instance went on with nobody waiting for its response.
    Background,
    /// Requests that an instance sent.
    OutboundCalls,
    /// Requests that an instance had open at the same time.
    OutboundConcurrent,
    /// Bytes that an instance sent and received.
    OutboundBytes,
    /// Bytes that an instance printed.
    Logs,
    /// Calls of the task log.
    StoreCalls,
    /// Questions to models in one request.
    ModelCalls,
    /// Tokens of models for one task.
    ModelTokensTask,
    /// Tokens of models for one caller.
    ModelTokensCaller,
    /// Instances at the same time, with those that wait for one.
    Instances,
    /// Time that a request waited for an instance.
    QueueWait,
    /// Bytes of a request's head.
    HeaderSize,
    /// Bytes of a request's body.
    BodySize,
    /// Time in which a caller sends its request.
    SlowRequest,
    /// Time in which a caller takes its response.
    SlowResponse,
    /// Connections at the same time.
    Connections,
    /// Requests of one caller.
    RateCaller,
    /// Requests of one address.
    RateAddress,
    /// Requests for the agent card.
    RateCard,
}

const COUNT: usize = Limit::RateCard as usize + 1;

static HITS: [AtomicU64; COUNT] = [const { AtomicU64::new(0) }; COUNT];

impl Limit {
    /// Every limit.
    pub const ALL: [Self; COUNT] = [
        Self::Memory,
        Self::Tables,
        Self::Cpu,
        Self::Resources,
        Self::ResponseHead,
        Self::ResponseIdle,
        Self::ResponseSize,
        Self::Background,
        Self::OutboundCalls,
        Self::OutboundConcurrent,
        Self::OutboundBytes,
        Self::Logs,
        Self::StoreCalls,
        Self::ModelCalls,
        Self::ModelTokensTask,
        Self::ModelTokensCaller,
        Self::Instances,
        Self::QueueWait,
        Self::HeaderSize,
        Self::BodySize,
        Self::SlowRequest,
        Self::SlowResponse,
        Self::Connections,
        Self::RateCaller,
        Self::RateAddress,
        Self::RateCard,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Tables => "tables",
            Self::Cpu => "cpu",
            Self::Resources => "resources",
            Self::ResponseHead => "response_head",
            Self::ResponseIdle => "response_idle",
            Self::ResponseSize => "response_size",
            Self::Background => "background",
            Self::OutboundCalls => "outbound_calls",
            Self::OutboundConcurrent => "outbound_concurrent",
            Self::OutboundBytes => "outbound_bytes",
            Self::Logs => "logs",
            Self::StoreCalls => "store_calls",
            Self::ModelCalls => "model_calls",
            Self::ModelTokensTask => "model_tokens_task",
            Self::ModelTokensCaller => "model_tokens_caller",
            Self::Instances => "instances",
            Self::QueueWait => "queue_wait",
            Self::HeaderSize => "header_size",
            Self::BodySize => "body_size",
            Self::SlowRequest => "slow_request",
            Self::SlowResponse => "slow_response",
            Self::Connections => "connections",
            Self::RateCaller => "rate_caller",
            Self::RateAddress => "rate_address",
            Self::RateCard => "rate_card",
        }
    }

    /// Counts one time that it was reached.
    pub fn hit(self) {
        if let Some(count) = HITS.get(self as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often it was reached since the process began.
    pub fn hits(self) -> u64 {
        HITS.get(self as usize)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }
}
