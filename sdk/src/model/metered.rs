//! Counting what models take.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use futures_util::stream::{self, LocalBoxStream};
use futures_util::{Stream, StreamExt as _};

use super::{Model, ModelError, Piece, Prompt, Usage};
use crate::bindings::attache::agent::usage;

/// A model whose questions and answers are counted, and limited by whoever runs the agent.
/// [`configured`](super::configured) gives models that are; one of an agent's own is wrapped in this.
pub struct Metered {
    model: Box<dyn Model>,
    task: Option<String>,
}

impl Metered {
    /// Counts for this task, or only for the caller.
    #[must_use]
    pub fn new(model: Box<dyn Model>, task: Option<String>) -> Self {
        Self { model, task }
    }
}

impl Model for Metered {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn provider(&self) -> &str {
        self.model.provider()
    }

    fn ask<'a>(&'a self, prompt: &'a Prompt) -> LocalBoxStream<'a, Result<Piece, ModelError>> {
        if let Err(limit) = usage::may_ask(self.task.as_deref()) {
            return stream::iter([Err(ModelError::Limit(limit))]).boxed_local();
        }
        Counted {
            answer: self.model.ask(prompt),
            of: self,
            begun: Instant::now(),
            first: None,
            told: false,
        }
        .boxed_local()
    }
}

struct Counted<'a> {
    answer: LocalBoxStream<'a, Result<Piece, ModelError>>,
    of: &'a Metered,
    begun: Instant,
    first: Option<Duration>,
    told: bool,
}

impl Counted<'_> {
    fn tell(&mut self, tokens: Usage, error: Option<&str>) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        usage::asked(&usage::ModelCall {
            provider: self.of.provider().to_owned(),
            model: self.of.name().to_owned(),
            task_id: self.of.task.clone(),
            input_tokens: tokens.input,
            cached_tokens: tokens.cached,
            output_tokens: tokens.output,
            thought_tokens: tokens.thoughts,
            duration: millis(self.begun.elapsed()),
            first_piece: self.first.map(millis),
            error: error.map(str::to_owned),
        });
    }
}

impl Stream for Counted<'_> {
    type Item = Result<Piece, ModelError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Self::Item>> {
        let next = std::task::ready!(self.answer.poll_next_unpin(context));
        match &next {
            Some(Ok(piece)) => {
                if self.first.is_none() {
                    self.first = Some(self.begun.elapsed());
                }
                if let Piece::Reply(reply) = piece {
                    self.tell(reply.usage, None);
                }
            }
            Some(Err(error)) => {
                let word = error.word();
                self.tell(error.usage(), Some(word));
            }
            None => self.tell(Usage::default(), Some("malformed")),
        }
        Poll::Ready(next)
    }
}

/// Whoever stops listening has asked all the same.
impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.tell(Usage::default(), Some("canceled"));
    }
}
