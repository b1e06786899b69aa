//! What Gemini says, and what it refuses.

use std::fmt::Write as _;

use http::HeaderMap;
use serde_json::{Value, json};

use super::{KEY, SIGNATURE, Step};
use crate::metadata::ACCESS_TOKEN;

pub(super) fn refusal(path: &str, headers: &HeaderMap, body: &Value) -> Option<(u16, String)> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let method = path.rsplit_once(':').map(|(_, method)| method);
    let known = matches!(
        method,
        Some("generateContent" | "streamGenerateContent?alt=sse")
    );
    let api = ["/v1/models/", "/v1beta/models/"];
    let (vertex, ours) = (
        path.contains("/publishers/google/models/"),
        "/projects/my-project/",
    );
    if !known || !(vertex && path.contains(ours) || api.iter().any(|at| path.starts_with(at))) {
        return Some((404, format!("{path} is not found")));
    }
    if vertex && header("authorization") != Some(&format!("Bearer {ACCESS_TOKEN}")) {
        return Some((
            401,
            "Request had invalid authentication credentials.".to_owned(),
        ));
    }
    if !vertex && header("x-goog-api-key") != Some(KEY) {
        let key = header("x-goog-api-key").unwrap_or_default();
        return Some((400, format!("API key not valid: {key}")));
    }
    unsigned(body).map(|message| (400, message))
}

/// The first call of each step of the current turn has to have the signature that it came with.
fn unsigned(body: &Value) -> Option<String> {
    let contents = body.get("contents")?.as_array()?;
    let parts = |content: &Value| {
        let parts = content.get("parts").and_then(Value::as_array);
        parts.cloned().unwrap_or_default()
    };
    let begins = |content: &Value| {
        content.get("role") == Some(&"user".into())
            && parts(content).iter().any(|part| part.get("text").is_some())
    };
    let current = contents.iter().rposition(begins).unwrap_or(0);
    for (index, content) in contents.iter().enumerate().skip(current) {
        let parts = parts(content);
        let Some(part) = parts.iter().find(|part| part.get("functionCall").is_some()) else {
            continue;
        };
        let signature = part.get("thoughtSignature").and_then(Value::as_str);
        // Recorded ones have a number behind it.
        let is_known = |signature: &str| {
            signature.starts_with(SIGNATURE) || signature == "skip_thought_signature_validator"
        };
        if !signature.is_some_and(is_known) {
            let name = part.pointer("/functionCall/name").and_then(Value::as_str);
            return Some(format!(
                "Function call `{}` in the `{}.` content block is missing a `thought_signature`",
                name.unwrap_or_default(),
                index + 1
            ));
        }
    }
    None
}

pub(super) fn error(status: u16, message: &str, wait: Option<u64>) -> Value {
    let word = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    let mut error = json!({"code": status, "message": message, "status": word});
    if let (Some(wait), Some(error)) = (wait, error.as_object_mut()) {
        let kind = "type.googleapis.com/google.rpc.RetryInfo";
        let details = json!([{"@type": kind, "retryDelay": format!("{wait}s")}]);
        error.insert("details".to_owned(), details);
    }
    json!({"error": error})
}

fn chunk(step: &Step) -> Value {
    let said = |parts: Value| json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}}]});
    match step {
        Step::Text(text) => said(json!([{"text": text}])),
        Step::Calls(calls) => {
            let parts: Vec<_> = calls
                .iter()
                .enumerate()
                .map(|(index, (name, args))| {
                    let call = json!({"id": format!("c{index}"), "name": name, "args": args});
                    if index == 0 {
                        json!({"functionCall": call, "thoughtSignature": SIGNATURE})
                    } else {
                        json!({"functionCall": call})
                    }
                })
                .collect();
            said(parts.into())
        }
        Step::Finish(reason) => json!({
            "candidates": [{"index": 0, "finishReason": reason}],
            "usageMetadata": {
                "promptTokenCount": 12, "candidatesTokenCount": 34, "thoughtsTokenCount": 5,
                "totalTokenCount": 51,
            },
            "modelVersion": "gemini-3.5-flash",
            "responseId": "r1",
        }),
        Step::Blocked => json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
        Step::Error(status) => error(*status, "as scripted", None),
        Step::Raw(_) | Step::Pause(_) | Step::Gate => Value::Null,
    }
}

pub(super) fn written(step: &Step) -> String {
    let mut written = String::new();
    let _ = match step {
        Step::Raw(raw) => write!(written, "{raw}"),
        // As they come in the middle of a stream: over several lines, and not as an event.
        Step::Error(_) => write!(written, "{:#}\r\n", chunk(step)),
        step => write!(written, "data: {}\r\n\r\n", chunk(step)),
    };
    written
}

pub(super) fn whole(steps: &[Step]) -> Value {
    let mut parts = Vec::new();
    for step in steps {
        if let Some(Value::Array(more)) = chunk(step).pointer("/candidates/0/content/parts") {
            parts.extend(more.clone());
        }
    }
    let mut whole = chunk(&Step::Finish("STOP"));
    if let Some(candidate) = whole
        .pointer_mut("/candidates/0")
        .and_then(Value::as_object_mut)
    {
        let content = json!({"role": "model", "parts": parts});
        candidate.insert("content".to_owned(), content);
    }
    whole
}
