//! What models and tools take on behalf of the caller: the component says it, the host counts it, shows
//! it in metrics and traces, and says when a model may not be asked any more.
//!
//! A component that says nothing is not limited here: these limits are an agreement with agents that are
//! honest, and what bounds the others are those of [`crate::outbound`]. Counts are those of this process.
//!
//! Lifetimes: [`Spending`] once per process, [`Usage`] once per request.

mod token_rate;

pub use token_rate::TokenRate;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::{Span, debug};

use crate::agent::AgentName;
use crate::bindings::usage::{Host, ModelCall, ToolCall};
use crate::config::GuestLimits;
use crate::recent::Recent;
use crate::telemetry::metrics::{self, ErrorKind};
use crate::telemetry::{Limit, ModelCalls, chat_span, tool_span};

/// Tasks and callers that are remembered, each.
const REMEMBERED: usize = 20_000;
/// Bytes of a name that a component says.
const LONGEST: usize = 128;
/// What may have gone wrong with a model.
const ERRORS: [&str; 8] = [
    "blocked",
    "canceled",
    "denied",
    "limit",
    "malformed",
    "refused",
    "timeout",
    "unavailable",
];
const KINDS: [&str; 3] = ["agent", "function", "mcp"];
const OTHER: &str = "other";

/// What models took, by task and by caller. Cheap to clone.
#[derive(Clone)]
pub struct Spending(Arc<Mutex<Spent>>);

struct Spent {
    tasks: Recent<(String, String), u64>,
    callers: Recent<(String, String), Window>,
}

/// Tokens since a moment.
#[derive(Default, Clone, Copy)]
struct Window {
    began: Option<Instant>,
    tokens: u64,
}

impl Default for Spending {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Spent {
            tasks: Recent::new(REMEMBERED),
            callers: Recent::new(REMEMBERED),
        })))
    }
}

/// Takes note for one instance.
pub struct Usage {
    spending: Spending,
    agent: String,
    owner: String,
    asked: u64,
    most_calls: u64,
    most_per_task: u64,
    per_caller: Option<TokenRate>,
    models: Arc<ModelCalls>,
    span: Span,
}

impl Usage {
    /// For an instance that serves this caller. Call it inside the request's span.
    pub(crate) fn new(
        spending: Spending,
        agent: Option<&AgentName>,
        owner: &str,
        limits: &GuestLimits,
        models: Arc<ModelCalls>,
    ) -> Self {
        Self {
            spending,
            agent: agent.map(ToString::to_string).unwrap_or_default(),
            owner: owner.to_owned(),
            asked: 0,
            most_calls: limits.model_calls,
            most_per_task: limits.model_tokens_per_task,
            per_caller: limits.model_tokens_per_caller,
            models,
            span: Span::current(),
        }
    }

    fn refuse(&self, task: Option<String>, now: Instant) -> Result<(), (Limit, String)> {
        if self.asked >= self.most_calls {
            let most = self.most_calls;
            return Err((
                Limit::ModelCalls,
                format!(
                    "A model was asked {most} times for this message, and that is the most; send \
                     another message to go on."
                ),
            ));
        }
        let mut spent = self
            .spending
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.filter(|_| self.most_per_task > 0) {
            let taken = *spent.tasks.entry((self.agent.clone(), cut(&task)));
            if taken >= self.most_per_task {
                let most = self.most_per_task;
                return Err((
                    Limit::ModelTokensTask,
                    format!(
                        "Models took {taken} tokens for this task, and {most} is the most for one; \
                         send the next message without a taskId to begin another."
                    ),
                ));
            }
        }
        if let Some(rate) = self.per_caller {
            let window = spent
                .callers
                .entry((self.agent.clone(), self.owner.clone()));
            if let Some(left) = window.left(rate, now)
                && window.tokens >= rate.tokens()
            {
                return Err((
                    Limit::ModelTokensCaller,
                    format!(
                        "Models took {} tokens for you, and {rate} is the most; try again in {}.",
                        window.tokens,
                        token_rate::shown(left)
                    ),
                ));
            }
        }
        Ok(())
    }

    fn take(&mut self, task: Option<&str>, tokens: u64, now: Instant) {
        self.asked += 1;
        let mut spent = self
            .spending
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task {
            let taken = spent.tasks.entry((self.agent.clone(), cut(task)));
            *taken = taken.saturating_add(tokens);
        }
        if let Some(rate) = self.per_caller {
            let window = spent
                .callers
                .entry((self.agent.clone(), self.owner.clone()));
            if window.left(rate, now).is_none() {
                *window = Window {
                    began: Some(now),
                    tokens: 0,
                };
            }
            window.tokens = window.tokens.saturating_add(tokens);
        }
    }
}

impl Window {
    /// How long it goes on; none when it is over or has not begun.
    fn left(&self, rate: TokenRate, now: Instant) -> Option<Duration> {
        let gone = now.saturating_duration_since(self.began?);
        rate.window()
            .checked_sub(gone)
            .filter(|left| !left.is_zero())
    }
}

/// A name as far as it is worth keeping: on one line, and not without end.
fn cut(name: &str) -> String {
    let plain = name.chars().filter(|c| !c.is_control());
    let mut bytes = 0;
    plain
        .take_while(|c| {
            bytes += c.len_utf8();
            bytes <= LONGEST
        })
        .collect()
}

fn one_of(known: &[&'static str], word: &str) -> &'static str {
    let found = known.iter().find(|known| **known == word);
    found.copied().unwrap_or(OTHER)
}

impl Host for Usage {
    fn may_ask(&mut self, task_id: Option<String>) -> wasmtime::Result<Result<(), String>> {
        let refused = self.refuse(task_id, Instant::now());
        Ok(refused.map_err(|(limit, sentence)| {
            limit.hit();
            debug!(limit = limit.name(), "a model may not be asked");
            sentence
        }))
    }

    fn asked(&mut self, mut call: ModelCall) -> wasmtime::Result<()> {
        call.model = cut(&call.model);
        call.provider = cut(&call.provider);
        let error = call.error.as_deref().map(|error| one_of(&ERRORS, error));
        self.models.tell();
        let tokens = call.input_tokens.saturating_add(call.output_tokens);
        self.take(call.task_id.as_deref(), tokens, Instant::now());
        drop(chat_span(&call, error));
        metrics::asked(&self.span, &call, error.unwrap_or("ok"));
        if error.is_some() {
            self.span.in_scope(|| metrics::error(ErrorKind::Llm));
        }
        debug!(
            model = call.model,
            provider = call.provider,
            input_tokens = call.input_tokens,
            cached_tokens = call.cached_tokens,
            output_tokens = call.output_tokens,
            thought_tokens = call.thought_tokens,
            duration_ms = call.duration,
            first_piece_ms = call.first_piece,
            error,
            "a model was asked"
        );
        Ok(())
    }

    fn called(&mut self, mut call: ToolCall) -> wasmtime::Result<()> {
        call.name = cut(&call.name);
        let kind = one_of(&KINDS, &call.kind);
        call.kind = kind.to_owned();
        drop(tool_span(&call));
        metrics::called(&self.span, &call, kind);
        debug!(
            tool = call.name,
            kind,
            duration_ms = call.duration,
            failed = call.failed,
            "a tool was called"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests;
