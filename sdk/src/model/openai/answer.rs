//! An answer as `chat/completions` writes it: deltas of one message, or the message.

use serde_json::{Map, Value, json};

use super::super::asking::Answer;
use super::super::{Call, Finish, ModelError, Reply, Usage};

/// More tools than are called at a time.
const MAX_CALLS: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Message {
    text: String,
    refusal: String,
    calls: Vec<Map<String, Value>>,
    finish: Option<Finish>,
    usage: Usage,
    model: String,
}

impl Answer for Message {
    fn take(&mut self, chunk: Value) -> Result<String, ModelError> {
        if !chunk.is_object() {
            return Err(ModelError::Malformed(
                "a chunk of it is no object".to_owned(),
            ));
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.usage = usage_of(usage);
        }
        if let Some(model) = chunk.get("model").and_then(Value::as_str) {
            model.clone_into(&mut self.model);
        }
        let Some(choice) = chunk.pointer("/choices/0") else {
            return Ok(String::new());
        };
        let said = choice.get("delta").or_else(|| choice.get("message"));
        let mut fresh = "";
        if let Some(said) = said {
            fresh = said
                .get("content")
                .and_then(Value::as_str)
                .unwrap_or_default();
            self.text.push_str(fresh);
            let refusal = said.get("refusal").and_then(Value::as_str);
            self.refusal.push_str(refusal.unwrap_or_default());
            let calls = said.get("tool_calls").and_then(Value::as_array);
            for (at, call) in calls.into_iter().flatten().enumerate() {
                self.take_call(call, at)?;
            }
        }
        match choice.get("finish_reason").and_then(Value::as_str) {
            None => {}
            Some("length") => self.finish = Some(Finish::MaxTokens),
            Some("content_filter") => {
                return Err(ModelError::Blocked {
                    reason: "content_filter".to_owned(),
                    usage: self.usage,
                });
            }
            Some(_) => self.finish = Some(Finish::Stop),
        }
        Ok(fresh.to_owned())
    }

    fn ends_with(&self, text: &str) -> bool {
        text.trim() == "[DONE]"
    }

    fn end(self) -> Result<Reply, ModelError> {
        let Some(finish) = self.finish else {
            let why = "it ends before the model has finished";
            return Err(ModelError::Malformed(why.to_owned()));
        };
        if !self.refusal.is_empty() {
            return Err(ModelError::Blocked {
                reason: "refusal".to_owned(),
                usage: self.usage,
            });
        }
        let mut raw = Map::from_iter([
            ("role".to_owned(), "assistant".into()),
            ("content".to_owned(), self.text.clone().into()),
        ]);
        let calls: Result<Vec<_>, _> = self.calls.iter().map(call_of).collect();
        if !self.calls.is_empty() {
            raw.insert("tool_calls".to_owned(), json!(self.calls));
        }
        Ok(Reply {
            text: self.text,
            calls: calls?,
            finish,
            usage: self.usage,
            model: self.model,
            raw: raw.into(),
        })
    }
}

impl Message {
    /// A call, or more of one. Its arguments come in pieces, everything else at once; what is not of this
    /// wire, such as Gemini's signatures, stays with it.
    fn take_call(&mut self, delta: &Value, at: usize) -> Result<(), ModelError> {
        let id = delta
            .get("id")
            .and_then(Value::as_str)
            .filter(|id| !id.is_empty());
        let index = delta.get("index").and_then(Value::as_u64);
        let index = match index.map(usize::try_from) {
            Some(index) => index.unwrap_or(usize::MAX),
            // Some servers send whole calls and do not number them.
            None if id.is_some() => {
                let known = self
                    .calls
                    .iter()
                    .position(|call| call.get("id").and_then(Value::as_str) == id);
                known.unwrap_or(self.calls.len())
            }
            None => self.calls.len().saturating_sub(1).max(at),
        };
        if index > self.calls.len() || index >= MAX_CALLS {
            let why = format!("it calls tool number {index} after {}", self.calls.len());
            return Err(ModelError::Malformed(why));
        }
        if index == self.calls.len() {
            self.calls.push(Map::from_iter([
                ("id".to_owned(), format!("call_{index}").into()),
                ("type".to_owned(), "function".into()),
                ("function".to_owned(), json!({"name": "", "arguments": ""})),
            ]));
        }
        let (Some(call), Some(delta)) = (self.calls.get_mut(index), delta.as_object()) else {
            return Err(ModelError::Malformed(
                "a call of a tool is no object".to_owned(),
            ));
        };
        for (key, value) in delta {
            match key.as_str() {
                "index" | "type" => {}
                "function" => {
                    if let Some(Value::Object(function)) = call.get_mut("function") {
                        more_of(function, value);
                    }
                }
                "id" if id.is_none() => {}
                _ if value.is_null() => {}
                _ => {
                    call.insert(key.clone(), value.clone());
                }
            }
        }
        Ok(())
    }
}

fn more_of(function: &mut Map<String, Value>, delta: &Value) {
    for (key, value) in delta.as_object().into_iter().flatten() {
        match (function.get_mut(key), value) {
            (Some(Value::String(before)), Value::String(more)) if key == "arguments" => {
                before.push_str(more);
            }
            // Some send them as they are.
            (_, Value::Object(_)) if key == "arguments" => {
                function.insert(key.clone(), value.to_string().into());
            }
            (_, Value::Null) => {}
            // A name comes once; later pieces may leave it empty.
            (Some(_), Value::String(more)) if more.is_empty() => {}
            _ => {
                function.insert(key.clone(), value.clone());
            }
        }
    }
}

fn call_of(call: &Map<String, Value>) -> Result<Call, ModelError> {
    let text = |name| {
        let function = call.get("function")?;
        function.get(name)?.as_str()
    };
    let name = text("name")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| ModelError::Malformed("it calls a tool without a name".to_owned()))?;
    let arguments = text("arguments").unwrap_or_default().trim();
    Ok(Call {
        id: call.get("id").and_then(Value::as_str).map(str::to_owned),
        name: name.to_owned(),
        arguments: if arguments.is_empty() {
            json!({})
        } else {
            // What is no JSON goes to the tool as it is, which then says so.
            serde_json::from_str(arguments).unwrap_or_else(|_| arguments.into())
        },
    })
}

fn usage_of(usage: &Value) -> Usage {
    let count = |path| usage.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    Usage {
        input: count("/prompt_tokens"),
        cached: count("/prompt_tokens_details/cached_tokens"),
        output: count("/completion_tokens"),
        thoughts: count("/completion_tokens_details/reasoning_tokens"),
    }
}
