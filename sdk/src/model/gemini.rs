//! Gemini, by the Gemini API or Vertex AI: `streamGenerateContent`, or `generateContent` where answers are
//! not wanted in pieces.

mod answer;
mod request;

pub(super) use request::number;

use futures_util::stream::LocalBoxStream;

use super::endpoint::Endpoint;
use super::{Model, ModelError, Piece, Prompt, asking};

/// Where the Gemini API is.
pub(super) const GEMINI_API: &str = "https://generativelanguage.googleapis.com";
/// Asked where no other model is named: current, and not to be retired before May 2027.
pub(super) const DEFAULT_MODEL: &str = "gemini-3.5-flash";

pub(super) struct Gemini {
    pub(super) endpoint: Endpoint,
    pub(super) provider: &'static str,
    pub(super) model: String,
    /// What stands before the model in the path, such as `/v1beta/models/`.
    pub(super) path: String,
}

/// Where Vertex AI is for a location.
pub(super) fn vertex_host(location: &str) -> String {
    match location {
        "global" => "https://aiplatform.googleapis.com".to_owned(),
        "us" | "eu" => format!("https://aiplatform.{location}.rep.googleapis.com"),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    }
}

impl Model for Gemini {
    fn name(&self) -> &str {
        &self.model
    }

    fn provider(&self) -> &str {
        self.provider
    }

    fn ask<'a>(&'a self, prompt: &'a Prompt) -> LocalBoxStream<'a, Result<Piece, ModelError>> {
        let method = if self.endpoint.streaming {
            "streamGenerateContent?alt=sse"
        } else {
            "generateContent"
        };
        let path = format!("{}{}:{method}", self.path, self.model);
        asking::ask::<answer::Content>(&self.endpoint, path, request::body(prompt))
    }
}

#[cfg(test)]
mod tests;
