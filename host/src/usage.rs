//! What models and tools take on behalf of the caller: the component says it, the host takes note.
//!
//! Lifetimes: [`Usage`] once per request.

use tracing::debug;

use crate::bindings::usage::{Host, ModelCall, ToolCall};

/// Takes note for one instance.
#[derive(Default)]
pub struct Usage;

impl Host for Usage {
    fn may_ask(&mut self, _task_id: Option<String>) -> wasmtime::Result<Result<(), String>> {
        Ok(Ok(()))
    }

    fn asked(&mut self, call: ModelCall) -> wasmtime::Result<()> {
        debug!(
            model = call.model,
            provider = call.provider,
            input_tokens = call.input_tokens,
            output_tokens = call.output_tokens,
            duration_ms = call.duration,
            error = call.error,
            "a model was asked"
        );
        Ok(())
    }

    fn called(&mut self, call: ToolCall) -> wasmtime::Result<()> {
        debug!(
            tool = call.name,
            kind = call.kind,
            duration_ms = call.duration,
            failed = call.failed,
            "a tool was called"
        );
        Ok(())
    }
}
