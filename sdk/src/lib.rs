//! Write an A2A agent in Rust; get one WASI HTTP component.
//!
//! Implement [`Agent`] and name it in [`export!`]. The component then speaks the whole protocol: the
//! card, every operation, streams, and tasks that outlive it. It runs unchanged under `spin up` and
//! under `attache-host`.
//!
//! ```text
#![doc = include_str!("../../examples/hello/src/lib.rs")]
//! ```

#[doc(hidden)]
pub mod bindings;
mod config;
pub mod model;
pub mod outbound;
mod platform;
#[doc(hidden)]
pub mod serve;
mod task_log;

pub use attache_protocol::wire::{
    AgentCapabilities, AgentCard, AgentExtension, AgentProvider, AgentSkill, Artifact, Content,
    Message, Part, Role, Task, TaskState,
};
pub use attache_protocol::{Agent, Caller, Context, Creation, Failure, LogError, Outcome};
pub use config::config;
pub use outbound::{FetchError, Fetched, fetch};
pub use serde_json::{Value, json};
#[doc(hidden)]
pub use wasip2;

/// Makes a component of an agent: its HTTP handler, and the host's way back into it.
///
/// Takes an expression that makes the agent; it is evaluated once for each request.
#[macro_export]
macro_rules! export {
    ($agent:expr) => {
        #[allow(unsafe_code, reason = "generated: exports of the canonical ABI")]
        mod component {
            #[allow(unused_imports, reason = "the expression may need what surrounds it")]
            use super::*;

            struct Component;

            impl $crate::wasip2::exports::http::incoming_handler::Guest for Component {
                fn handle(
                    request: $crate::wasip2::http::types::IncomingRequest,
                    out: $crate::wasip2::http::types::ResponseOutparam,
                ) {
                    $crate::serve::handle($agent, request, out);
                }
            }

            impl $crate::bindings::exports::attache::agent::worker::Guest for Component {
                fn run(tenant: String, task_id: String) -> Result<(), String> {
                    $crate::serve::resume($agent, &tenant, &task_id)
                }

                fn notification(
                    tenant: String,
                    task_id: String,
                    protocol_version: String,
                ) -> Result<Vec<u8>, String> {
                    $crate::serve::notification($agent, &tenant, &task_id, &protocol_version)
                }
            }

            $crate::wasip2::http::proxy::export!(
                Component with_types_in $crate::wasip2
            );
            $crate::bindings::export_worker!(Component with_types_in $crate::bindings);
        }
    };
}
