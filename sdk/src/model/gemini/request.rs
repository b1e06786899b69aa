//! A question as Gemini takes it.

use serde_json::{Map, Value, json};

use super::super::files::{Shown, shown};
use super::super::{Choice, Given, Output, Prompt, Reply, Turn};

/// Stands for a signature in what another model said.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

pub(super) fn body(prompt: &Prompt) -> Value {
    let mut body = Map::new();
    if !prompt.system.is_empty() {
        let system = json!({"parts": [{"text": prompt.system}]});
        body.insert("systemInstruction".to_owned(), system);
    }
    let contents: Vec<_> = prompt.turns.iter().map(content).collect();
    body.insert("contents".to_owned(), contents.into());
    if !prompt.tools.is_empty() {
        let declared: Vec<_> = prompt
            .tools
            .iter()
            .map(|tool| {
                json!({
                    "name": tool.name,
                    "description": tool.description,
                    "parametersJsonSchema": tool.parameters,
                })
            })
            .collect();
        let mode = match prompt.choice {
            Choice::Auto => "AUTO",
            Choice::Any => "ANY",
            Choice::None => "NONE",
        };
        body.insert(
            "tools".to_owned(),
            json!([{"functionDeclarations": declared}]),
        );
        body.insert(
            "toolConfig".to_owned(),
            json!({"functionCallingConfig": {"mode": mode}}),
        );
    }
    let mut generation = Map::new();
    if let Some(temperature) = prompt.temperature {
        generation.insert("temperature".to_owned(), number(temperature));
    }
    if let Some(most) = prompt.max_output_tokens {
        generation.insert("maxOutputTokens".to_owned(), most.into());
    }
    if let Output::Json(schema) = &prompt.output {
        generation.insert("responseMimeType".to_owned(), "application/json".into());
        generation.insert("responseJsonSchema".to_owned(), schema.clone());
    }
    if !generation.is_empty() {
        body.insert("generationConfig".to_owned(), generation.into());
    }
    body.into()
}

/// As it is written: 0.2, not 0.20000000298023224.
pub(in crate::model) fn number(number: f32) -> Value {
    let written = number.to_string().parse::<f64>().unwrap_or_default();
    written.into()
}

fn content(turn: &Turn) -> Value {
    match turn {
        Turn::User(parts) => {
            let mut parts: Vec<_> = parts.iter().map(|part| user_part(shown(part))).collect();
            if parts.is_empty() {
                parts.push(json!({"text": ""}));
            }
            json!({"role": "user", "parts": parts})
        }
        Turn::Model(reply) if reply.raw.get("parts").is_some() => reply.raw.clone(),
        Turn::Model(reply) => foreign(reply),
        Turn::Tools(given) => {
            let parts: Vec<_> = given.iter().map(response).collect();
            json!({"role": "user", "parts": parts})
        }
    }
}

fn user_part(part: Shown<'_>) -> Value {
    match part {
        Shown::Text(text) => json!({"text": text}),
        Shown::Bytes { media_type, base64 } => {
            json!({"inlineData": {"mimeType": media_type, "data": base64}})
        }
        Shown::Link {
            media_type: "",
            url,
        } => json!({"fileData": {"fileUri": url}}),
        Shown::Link { media_type, url } => {
            json!({"fileData": {"mimeType": media_type, "fileUri": url}})
        }
    }
}

/// What another model said, or nobody.
fn foreign(reply: &Reply) -> Value {
    let mut parts = Vec::new();
    if !reply.text.is_empty() || reply.calls.is_empty() {
        parts.push(json!({"text": reply.text}));
    }
    for (index, call) in reply.calls.iter().enumerate() {
        let mut called = json!({"name": call.name, "args": call.arguments});
        if let (Some(id), Some(called)) = (&call.id, called.as_object_mut()) {
            called.insert("id".to_owned(), id.clone().into());
        }
        let mut part = Map::from_iter([("functionCall".to_owned(), called)]);
        if index == 0 {
            part.insert("thoughtSignature".to_owned(), NO_SIGNATURE.into());
        }
        parts.push(part.into());
    }
    json!({"role": "model", "parts": parts})
}

fn response(given: &Given) -> Value {
    let outcome = match &given.outcome {
        Ok(output) => json!({"output": output}),
        Err(error) => json!({"error": error}),
    };
    let mut response = json!({"name": given.name, "response": outcome});
    if let (Some(id), Some(response)) = (&given.id, response.as_object_mut()) {
        response.insert("id".to_owned(), id.clone().into());
    }
    json!({"functionResponse": response})
}
