use std::time::Duration;

use thiserror::Error;
use wasmtime::component::ResourceTableError;
use wasmtime_wasi_http::FieldMapError;

use crate::config::{GuestLimits, shown_size};
use crate::telemetry::Limit;

/// A limit that ended an instance, or its response. The text is for the operator: it names what
/// sets the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Breach {
    /// It computed for too long.
    #[error(
        "the component used more than {} ms of CPU time in one request; ATTACHE_CPU_MS (--cpu-ms) \
         sets this limit", .0.as_millis()
    )]
    Cpu(Duration),
    /// It holds too much in the host.
    #[error(
        "the component holds more than {0} resources in one request; ATTACHE_MAX_RESOURCES \
         (--max-resources) sets this limit"
    )]
    Resources(usize),
    /// The head of its response, or its trailers.
    #[error(
        "a head that the component made, of its response or of a request, is larger than {} or has \
         more than {} lines; ATTACHE_MAX_RESPONSE_HEAD (--max-response-head) sets the first of \
         these limits",
        shown_size(*.0 as u64), Breach::MOST_HEADERS
    )]
    ResponseHead(usize),
    /// The body of its response.
    #[error(
        "the component's response is larger than {}; ATTACHE_MAX_RESPONSE (--max-response) sets \
         this limit", shown_size(*.0)
    )]
    Response(u64),
    /// A stream of events.
    #[error(
        "the component's stream is larger than {}; ATTACHE_MAX_STREAM (--max-stream) sets this \
         limit", shown_size(*.0)
    )]
    Stream(u64),
    /// No head came.
    #[error(
        "the component did not begin its response within {0:?}; ATTACHE_RESPONSE_TIMEOUT \
         (--response-timeout) sets this limit"
    )]
    Late(Duration),
    /// The body paused.
    #[error(
        "the component's response paused for {0:?}; ATTACHE_RESPONSE_IDLE (--response-idle) sets \
         this limit"
    )]
    Idle(Duration),
    /// It went on without anybody waiting for it.
    #[error(
        "the component went on for {0:?} with nobody waiting for its response; ATTACHE_BACKGROUND \
         (--background) sets this limit"
    )]
    Background(Duration),
}

impl Breach {
    /// Headers of a response. More than clients commonly take.
    pub const MOST_HEADERS: usize = 100;

    /// The limit that made an instance trap, if one did.
    pub fn of_trap(trap: &wasmtime::Error, limits: &GuestLimits) -> Option<Self> {
        if let Some(breach) = trap.downcast_ref::<Self>() {
            return Some(*breach);
        }
        let headers = matches!(
            trap.downcast_ref(),
            Some(FieldMapError::TotalSizeTooBig | FieldMapError::TooManyFields)
        );
        if headers {
            return Some(Self::ResponseHead(limits.max_response_head));
        }
        let resources = matches!(trap.downcast_ref(), Some(ResourceTableError::Full))
            // The engine's own error has no type.
            || trap.chain().any(|cause| cause.to_string().contains("handle limit exceeded"));
        resources.then_some(Self::Resources(limits.resources))
    }

    /// Counts it. Call it once, where it is found.
    pub fn hit(self) {
        match self {
            Self::Cpu(_) => Limit::Cpu,
            Self::Resources(_) => Limit::Resources,
            Self::ResponseHead(_) | Self::Response(_) | Self::Stream(_) => Limit::ResponseSize,
            Self::Late(_) => Limit::ResponseHead,
            Self::Idle(_) => Limit::ResponseIdle,
            Self::Background(_) => Limit::Background,
        }
        .hit();
    }

    /// What its caller is told.
    pub fn told(self) -> &'static str {
        match self {
            Self::Cpu(_) => "the agent computed for longer than one request may",
            Self::Resources(_) => "the agent opened more at the same time than one request may",
            Self::ResponseHead(_) => "the headers of the agent's answer are too many or too large",
            Self::Response(_) | Self::Stream(_) => "the agent's answer is too large",
            Self::Late(_) => "the agent did not begin its answer in time",
            Self::Idle(_) => "the agent paused for too long in its answer",
            Self::Background(_) => "the agent worked for too long",
        }
    }
}
