//! A token, which is sent and never shown.

use serde_json::Value;

use crate::failure::{Exit, Failure};
use crate::google::client::innermost;

/// Opens what its holder may see.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// Takes the token out of `text`; `source` is named where it is none.
    ///
    /// # Errors
    /// It could not stand in a header.
    pub(super) fn parse(text: &str, source: &str) -> Result<Self, Failure> {
        let token = text.trim();
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Failure::new(Exit::Data, format!("{source} holds no token"))
                .remedy("A token is one line, as gcloud auth print-access-token prints it."));
        }
        Ok(Self(token.to_owned()))
    }

    /// The token of an answer's field.
    pub(super) fn of_answer(answer: &Value, field: &str, source: &str) -> Result<Self, Failure> {
        let token = answer
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default();
        Self::parse(token, &format!("the answer of {source}"))
    }

    /// For the header of a call to where it is meant for.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// Asks a server of tokens, which is no API: its errors are OAuth's, or Google's.
pub(super) async fn fetch(request: reqwest::RequestBuilder, what: &str) -> Result<Value, Failure> {
    let unreachable = |why: reqwest::Error| {
        Failure::new(Exit::Unavailable, format!("{what}: {}", innermost(&why)))
    };
    let answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    let answer: Value = answer.json().await.unwrap_or_default();
    if status.is_success() {
        return Ok(answer);
    }
    // Only the texts: an answer could repeat what it was asked with.
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str);
    let why = text("/error_description")
        .or_else(|| text("/error/message"))
        .or_else(|| text("/error"))
        .unwrap_or("no reason is given");
    let sentence = format!("{what}: refused with HTTP status {status}: {why}");
    let failure = Failure::new(Exit::NoPermission, sentence);
    Err(match text("/error") {
        Some("invalid_grant") => failure.remedy(
            "The credentials have run out or were withdrawn: gcloud auth application-default login",
        ),
        _ => failure,
    })
}
