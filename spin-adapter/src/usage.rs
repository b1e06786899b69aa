//! What models and tools take, under Spin: a line for each call of a model, on the standard error
//! output, and a limit on the tokens of a task.
//!
//! An instance serves one request and remembers nothing of others, so the limit counts what one
//! request took for a task.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::Adapter;
use crate::bindings::exports::attache::agent::usage::{Guest, ModelCall, ToolCall};
use crate::settings::tokens_per_task;

thread_local! {
    /// Tokens by task, as far as this request asked for them.
    static TAKEN: RefCell<HashMap<String, u64>> = RefCell::default();
}

impl Guest for Adapter {
    fn may_ask(task_id: Option<String>) -> Result<(), String> {
        let Some(most) = tokens_per_task()? else {
            return Ok(());
        };
        let task = task_id.unwrap_or_default();
        let taken = TAKEN.with_borrow(|taken| taken.get(&task).copied().unwrap_or_default());
        if taken < most {
            return Ok(());
        }
        Err(format!(
            "the models took {taken} tokens for this task, and {most} is the most that a task may \
             take; send a new message to go on"
        ))
    }

    fn asked(call: ModelCall) {
        eprintln!("{}", line(&call));
        TAKEN.with_borrow_mut(|taken| {
            let tokens = taken.entry(call.task_id.unwrap_or_default()).or_default();
            *tokens = tokens
                .saturating_add(call.input_tokens)
                .saturating_add(call.output_tokens);
        });
    }

    fn called(_call: ToolCall) {}
}

fn line(call: &ModelCall) -> String {
    let mut line = format!(
        "attache: a model was asked provider={:?} model={:?} input_tokens={} cached_tokens={} \
         output_tokens={} thought_tokens={} duration_ms={}",
        call.provider,
        call.model,
        call.input_tokens,
        call.cached_tokens,
        call.output_tokens,
        call.thought_tokens,
        call.duration,
    );
    if let Some(first) = call.first_piece {
        line.push_str(&format!(" first_piece_ms={first}"));
    }
    if let Some(task) = &call.task_id {
        line.push_str(&format!(" task={task:?}"));
    }
    if let Some(error) = &call.error {
        line.push_str(&format!(" error={error:?}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_line_whatever_its_names_hold() {
        let call = ModelCall {
            provider: "gcp.gemini".to_owned(),
            model: "a\nb".to_owned(),
            task_id: Some("t".to_owned()),
            input_tokens: 1,
            cached_tokens: 0,
            output_tokens: 2,
            thought_tokens: 1,
            duration: 40,
            first_piece: Some(7),
            error: None,
        };
        assert_eq!(
            line(&call),
            "attache: a model was asked provider=\"gcp.gemini\" model=\"a\\nb\" input_tokens=1 \
             cached_tokens=0 output_tokens=2 thought_tokens=1 duration_ms=40 first_piece_ms=7 \
             task=\"t\""
        );
    }
}
