//! What a server of OpenAI's wire says, and what it refuses.

use http::HeaderMap;
use serde_json::{Value, json};

use super::{KEY, Step};

pub(super) fn refusal(path: &str, headers: &HeaderMap) -> Option<(u16, String)> {
    if path != "/v1/chat/completions" {
        return Some((404, format!("{path} is not found")));
    }
    let key = headers.get("authorization")?.to_str().ok()?;
    (key != format!("Bearer {KEY}")).then(|| (401, "Incorrect API key provided".to_owned()))
}

pub(super) fn error(status: u16, message: &str) -> Value {
    json!({"error": {"message": message, "type": "error", "param": null, "code": status.to_string()}})
}

fn delta(step: &Step) -> Value {
    match step {
        Step::Text(text) => json!({"content": text}),
        Step::Calls(calls) => {
            let calls: Vec<_> = calls
                .iter()
                .enumerate()
                .map(|(index, (name, arguments))| {
                    json!({
                        "index": index, "id": format!("call_{index}"), "type": "function",
                        "function": {"name": name, "arguments": arguments.to_string()},
                    })
                })
                .collect();
            json!({"tool_calls": calls})
        }
        _ => json!({}),
    }
}

fn usage() -> Value {
    json!({"prompt_tokens": 12, "completion_tokens": 39, "total_tokens": 51})
}

pub(super) fn written(step: &Step) -> String {
    let event = |choices: Value| {
        let chunk =
            json!({"id": "x", "object": "chat.completion.chunk", "model": "m", "choices": choices});
        format!("data: {chunk}\n\n")
    };
    match step {
        Step::Raw(raw) => (*raw).to_owned(),
        Step::Error(status) => format!("data: {}\n\n", error(*status, "as scripted")),
        Step::Blocked => {
            event(json!([{"index": 0, "delta": {}, "finish_reason": "content_filter"}]))
        }
        Step::Finish(reason) => {
            let usage = json!({"model": "m", "choices": [], "usage": usage()});
            let end = event(json!([{"index": 0, "delta": {}, "finish_reason": reason}]));
            format!("{end}data: {usage}\n\ndata: [DONE]\n\n")
        }
        step => event(json!([{"index": 0, "delta": delta(step), "finish_reason": null}])),
    }
}

pub(super) fn whole(steps: &[Step]) -> Value {
    let text: String = steps
        .iter()
        .map(|step| match step {
            Step::Text(text) => *text,
            _ => "",
        })
        .collect();
    let message = json!({"role": "assistant", "content": text});
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    json!({"model": "m", "choices": [choice], "usage": usage()})
}
