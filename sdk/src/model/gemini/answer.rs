//! An answer as Gemini writes it: chunks of one content.

use serde_json::{Value, json};

use super::super::asking::Answer;
use super::super::{Call, Finish, ModelError, Reply, Usage};

/// More parts than any answer has.
const MAX_PARTS: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Content {
    parts: Vec<Value>,
    text: String,
    calls: Vec<Call>,
    finish: Option<Finish>,
    usage: Usage,
    model: String,
}

impl Answer for Content {
    fn take(&mut self, mut chunk: Value) -> Result<String, ModelError> {
        if !chunk.is_object() {
            return Err(ModelError::Malformed(
                "a chunk of it is no object".to_owned(),
            ));
        }
        if let Some(usage) = chunk.get("usageMetadata") {
            self.usage = usage_of(usage);
        }
        if let Some(model) = chunk.get("modelVersion").and_then(Value::as_str) {
            model.clone_into(&mut self.model);
        }
        if let Some(reason) = chunk.pointer("/promptFeedback/blockReason") {
            let reason = reason.as_str().unwrap_or("BLOCKED").to_owned();
            let usage = self.usage;
            return Err(ModelError::Blocked { reason, usage });
        }
        let mut fresh = String::new();
        let Some(candidate) = chunk.pointer_mut("/candidates/0") else {
            return Ok(fresh);
        };
        let parts = candidate.pointer_mut("/content/parts").map(Value::take);
        let finish = candidate.get("finishReason").and_then(Value::as_str);
        let finish = finish.map(|reason| finish_of(reason, candidate, self.usage));
        if let Some(Value::Array(parts)) = parts {
            for part in parts {
                self.take_part(part, &mut fresh)?;
            }
        }
        if let Some(finish) = finish {
            self.finish = Some(finish?);
        }
        Ok(fresh)
    }

    fn end(self) -> Result<Reply, ModelError> {
        let Some(finish) = self.finish else {
            let why = "it ends before the model has finished";
            return Err(ModelError::Malformed(why.to_owned()));
        };
        Ok(Reply {
            text: self.text,
            calls: self.calls,
            finish,
            usage: self.usage,
            model: self.model,
            raw: json!({"role": "model", "parts": self.parts}),
        })
    }
}

impl Content {
    fn take_part(&mut self, part: Value, fresh: &mut String) -> Result<(), ModelError> {
        let thought = part.get("thought").and_then(Value::as_bool) == Some(true);
        if let (Some(text), false) = (part.get("text").and_then(Value::as_str), thought) {
            self.text.push_str(text);
            fresh.push_str(text);
        }
        if let Some(call) = part.get("functionCall") {
            let text = |name| call.get(name).and_then(Value::as_str).map(str::to_owned);
            let Some(name) = text("name") else {
                return Err(ModelError::Malformed(
                    "it calls a tool without a name".to_owned(),
                ));
            };
            self.calls.push(Call {
                id: text("id"),
                name,
                arguments: call.get("args").cloned().unwrap_or_else(|| json!({})),
            });
        }
        let full = self.parts.len() == MAX_PARTS;
        match self.parts.last_mut() {
            Some(last) if goes_on(last, &part) => {
                if let (Some(Value::String(before)), Some(more)) = (
                    last.get_mut("text"),
                    part.get("text").and_then(Value::as_str),
                ) {
                    before.push_str(more);
                }
            }
            _ if full => {
                let why = format!("it has more than {MAX_PARTS} parts");
                return Err(ModelError::Malformed(why));
            }
            _ => self.parts.push(part),
        }
        Ok(())
    }
}

/// Whether two parts are one text that came in two chunks. A part with a signature stays as it is.
fn goes_on(last: &Value, part: &Value) -> bool {
    let bare = |part: &Value| {
        part.as_object().is_some_and(|part| {
            part.get("text").is_some_and(Value::is_string)
                && part
                    .keys()
                    .all(|key| matches!(key.as_str(), "text" | "thought"))
        })
    };
    bare(last) && bare(part) && last.get("thought") == part.get("thought")
}

fn finish_of(reason: &str, candidate: &Value, usage: Usage) -> Result<Finish, ModelError> {
    match reason {
        "STOP" => Ok(Finish::Stop),
        "MAX_TOKENS" => Ok(Finish::MaxTokens),
        "MALFORMED_FUNCTION_CALL"
        | "MALFORMED_RESPONSE"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "CONTINUATION" => {
            let message = candidate.get("finishMessage").and_then(Value::as_str);
            let message = message
                .map(super::super::events::excerpt)
                .unwrap_or_default();
            let colon = if message.is_empty() { "" } else { ": " };
            Err(ModelError::Malformed(format!("{reason}{colon}{message}")))
        }
        reason => Err(ModelError::Blocked {
            reason: reason.to_owned(),
            usage,
        }),
    }
}

fn usage_of(usage: &Value) -> Usage {
    let count = |name| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
    let thoughts = count("thoughtsTokenCount");
    Usage {
        input: count("promptTokenCount") + count("toolUsePromptTokenCount"),
        cached: count("cachedContentTokenCount"),
        output: count("candidatesTokenCount") + thoughts,
        thoughts,
    }
}
