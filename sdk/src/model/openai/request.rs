//! A question as `chat/completions` takes it.

use attache_protocol::wire::Part;
use serde_json::{Map, Value, json};

use super::super::files::{Shown, shown};
use super::super::gemini::number;
use super::super::{Choice, Output, Prompt, Reply, Turn};

pub(super) fn body(model: &str, prompt: &Prompt, streaming: bool, limit: &str) -> Value {
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("model", model.into());
    set("messages", messages(prompt).into());
    if streaming {
        set("stream", true.into());
        set("stream_options", json!({"include_usage": true}));
    }
    if !prompt.tools.is_empty() {
        let tools: Vec<_> = prompt
            .tools
            .iter()
            .map(|tool| {
                json!({"type": "function", "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                }})
            })
            .collect();
        set("tools", tools.into());
        let choice = match prompt.choice {
            Choice::Auto => "auto",
            Choice::Any => "required",
            Choice::None => "none",
        };
        set("tool_choice", choice.into());
    }
    if let Output::Json(schema) = &prompt.output {
        let schema = json!({"name": "answer", "schema": schema});
        set(
            "response_format",
            json!({"type": "json_schema", "json_schema": schema}),
        );
    }
    if let Some(most) = prompt.max_output_tokens {
        set(limit, most.into());
    }
    if let Some(temperature) = prompt.temperature {
        set("temperature", number(temperature));
    }
    body.into()
}

fn messages(prompt: &Prompt) -> Vec<Value> {
    let mut messages = Vec::new();
    if !prompt.system.is_empty() {
        messages.push(json!({"role": "system", "content": prompt.system}));
    }
    // This wire matches what tools gave by numbers, which other models do not give.
    let mut called = Vec::new();
    for (turn, said) in prompt.turns.iter().enumerate() {
        match said {
            Turn::User(parts) => messages.push(json!({"role": "user", "content": content(parts)})),
            Turn::Model(reply) => {
                called = ids(reply, turn);
                messages.push(if reply.raw.get("role") == Some(&"assistant".into()) {
                    reply.raw.clone()
                } else {
                    foreign(reply, &called)
                });
            }
            Turn::Tools(given) => {
                for (index, given) in given.iter().enumerate() {
                    let id = given.id.as_ref().or_else(|| called.get(index));
                    let content = match &given.outcome {
                        Ok(Value::String(text)) => text.clone(),
                        Ok(value) => value.to_string(),
                        Err(error) => json!({"error": error}).to_string(),
                    };
                    messages.push(json!({"role": "tool", "tool_call_id": id, "content": content}));
                }
            }
        }
    }
    messages
}

fn ids(reply: &Reply, turn: usize) -> Vec<String> {
    let calls = reply.calls.iter().enumerate();
    calls
        .map(|(index, call)| {
            let id = call.id.clone();
            id.unwrap_or_else(|| format!("call_{turn}_{index}"))
        })
        .collect()
}

/// What another model said, or nobody.
fn foreign(reply: &Reply, ids: &[String]) -> Value {
    let mut message = json!({"role": "assistant", "content": reply.text});
    let calls: Vec<_> = reply
        .calls
        .iter()
        .zip(ids)
        .map(|(call, id)| {
            json!({"id": id, "type": "function", "function": {
                "name": call.name,
                "arguments": call.arguments.to_string(),
            }})
        })
        .collect();
    if let (false, Some(message)) = (calls.is_empty(), message.as_object_mut()) {
        message.insert("tool_calls".to_owned(), calls.into());
    }
    message
}

/// A plain string where it is only text: not every server takes parts.
fn content(parts: &[Part]) -> Value {
    let shown: Vec<_> = parts.iter().map(|part| (part, shown(part))).collect();
    let texts: Option<Vec<_>> = shown
        .iter()
        .map(|(_, shown)| match shown {
            Shown::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    if let Some(texts) = texts {
        return texts.join("\n").into();
    }
    let content: Vec<_> = shown
        .into_iter()
        .map(|(part, shown)| one(part, shown))
        .collect();
    content.into()
}

fn one(part: &Part, shown: Shown<'_>) -> Value {
    match shown {
        Shown::Text(text) => json!({"type": "text", "text": text}),
        Shown::Link { media_type, url } if media_type.is_empty() || is_image(media_type) => {
            json!({"type": "image_url", "image_url": {"url": url}})
        }
        Shown::Link { url, .. } => json!({"type": "text", "text": url}),
        Shown::Bytes { media_type, base64 } => {
            let url = || format!("data:{media_type};base64,{base64}");
            match media_type.strip_prefix("audio/") {
                _ if is_image(&media_type) => {
                    json!({"type": "image_url", "image_url": {"url": url()}})
                }
                Some(format) => {
                    let format = if format == "mpeg" { "mp3" } else { format };
                    let format = format.strip_prefix("x-").unwrap_or(format);
                    let audio = json!({"data": base64, "format": format});
                    json!({"type": "input_audio", "input_audio": audio})
                }
                None => {
                    let name = if part.filename.is_empty() {
                        "file"
                    } else {
                        &part.filename
                    };
                    json!({"type": "file", "file": {"filename": name, "file_data": url()}})
                }
            }
        }
    }
}

fn is_image(media_type: &str) -> bool {
    media_type.to_ascii_lowercase().starts_with("image/")
}
