//! The wire that OpenAI began and many speak: `chat/completions`.

mod answer;
mod request;

use futures_util::stream::LocalBoxStream;

use super::endpoint::Endpoint;
use super::{Model, ModelError, Piece, Prompt, asking};

/// Where OpenAI itself is.
pub(super) const OPENAI_API: &str = "https://api.openai.com/v1";

pub(super) struct OpenAi {
    pub(super) endpoint: Endpoint,
    pub(super) model: String,
}

impl Model for OpenAi {
    fn name(&self) -> &str {
        &self.model
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn ask<'a>(&'a self, prompt: &'a Prompt) -> LocalBoxStream<'a, Result<Piece, ModelError>> {
        let limit = if self.endpoint.base == OPENAI_API {
            "max_completion_tokens"
        } else {
            // What other servers know.
            "max_tokens"
        };
        let body = request::body(&self.model, prompt, self.endpoint.streaming, limit);
        asking::ask::<answer::Message>(&self.endpoint, "/chat/completions".to_owned(), body)
    }
}

#[cfg(test)]
mod tests;
