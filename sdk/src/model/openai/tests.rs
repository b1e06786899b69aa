use serde_json::{Value, json};

use super::super::asking::Answer as _;
use super::super::events::{Event, Events};
use super::super::{Call, Choice, Declaration, Finish, Given, Output, Reply, Turn, Usage};
use super::answer::Message;
use super::*;
use crate::Part;

/// As OpenAI sends it, shortened.
const CALLS: &str = "data: {\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Lük\"},\"finish_reason\":null}],\"usage\":null}\n\n\
data: {\"choices\":[{\"delta\":{\"content\":\"ing.\"}}]}\n\n\
data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_a\",\"type\":\"function\",\"function\":{\"name\":\"look\",\"arguments\":\"\"},\"extra_content\":{\"google\":{\"thought_signature\":\"c2ln\"}}}]}}]}\n\n\
data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"at\\\":\"}}]}}]}\n\n\
data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1}\"}},{\"index\":1,\"id\":\"call_b\",\"function\":{\"name\":\"look\",\"arguments\":\"\"}}]}}]}\n\n\
data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n\
data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":7,\"prompt_tokens_details\":{\"cached_tokens\":2},\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\n\
data: [DONE]\n\n";

fn read(one: &[u8], two: &[u8]) -> Result<(String, Reply), ModelError> {
    let (mut events, mut answer, mut text) = (Events::default(), Message::default(), String::new());
    let mut all = events.feed(one)?;
    all.extend(events.feed(two)?);
    all.extend(events.end()?);
    for event in all {
        let Event::Data(data) = event else {
            panic!("{event:?}")
        };
        if !answer.ends_with(&data) {
            text.push_str(&answer.take(serde_json::from_str(&data).unwrap())?);
        }
    }
    Ok((text, answer.end()?))
}

fn call(id: &str, arguments: Value) -> Call {
    Call {
        id: Some(id.to_owned()),
        name: "look".to_owned(),
        arguments,
    }
}

#[test]
fn a_stream_is_one_message_however_it_is_cut() {
    let whole = read(CALLS.as_bytes(), b"").unwrap();
    for cut in 0..CALLS.len() {
        let (one, two) = CALLS.as_bytes().split_at(cut);
        assert_eq!(read(one, two).unwrap(), whole, "cut at {cut}");
    }
    let (pieces, reply) = whole;
    assert_eq!(pieces, "Lüking.");
    assert_eq!(reply.text, "Lüking.");
    assert_eq!(
        reply.calls,
        [call("call_a", json!({"at": 1})), call("call_b", json!({}))]
    );
    assert_eq!(reply.finish, Finish::Stop);
    assert_eq!(
        reply.usage,
        Usage {
            input: 9,
            cached: 2,
            output: 7,
            thoughts: 3
        }
    );
    let first = &reply.raw["tool_calls"][0];
    assert_eq!(first["function"]["arguments"], "{\"at\":1}");
    assert_eq!(
        first["extra_content"]["google"]["thought_signature"],
        "c2ln"
    );
}

#[test]
fn a_message_at_once_is_read_too() {
    let mut answer = Message::default();
    let text = answer
        .take(
            json!({"choices": [{"message": {"content": "Hello", "tool_calls": [
            {"id": "x", "function": {"name": "look", "arguments": "{"}},
            {"id": "y", "function": {"name": "look", "arguments": {"at": 1}}},
        ]}, "finish_reason": "stop"}]}),
        )
        .unwrap();
    assert_eq!(text, "Hello");
    let reply = answer.end().unwrap();
    assert_eq!(
        reply.calls,
        [call("x", json!("{")), call("y", json!({"at": 1}))]
    );
}

fn end_with(chunk: Value) -> ModelError {
    let mut answer = Message::default();
    match answer.take(chunk) {
        Err(error) => error,
        Ok(_) => answer.end().unwrap_err(),
    }
}

#[test]
fn what_is_no_answer_says_so() {
    let finished = |reason: &str| json!({"choices": [{"delta": {}, "finish_reason": reason}]});
    for (chunk, reason) in [
        (finished("content_filter"), "content_filter"),
        (
            json!({"choices": [{"delta": {"refusal": "No."}, "finish_reason": "stop"}]}),
            "refusal",
        ),
    ] {
        let blocked = ModelError::Blocked {
            reason: reason.to_owned(),
            usage: Usage::default(),
        };
        assert_eq!(end_with(chunk), blocked);
    }
    for malformed in [
        json!([]),
        json!({"choices": [{"delta": {"content": "half"}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 7}]}}]}),
        json!({"choices": [{"delta": {"tool_calls": ["x"]}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0}]}, "finish_reason": "stop"}]}),
    ] {
        let error = end_with(malformed.clone());
        assert!(
            matches!(error, ModelError::Malformed(_)),
            "{malformed}: {error}"
        );
    }
}

#[test]
fn a_question_has_everything_in_its_place() {
    let prompt = Prompt {
        system: "Be brief.".to_owned(),
        turns: vec![
            Turn::User(vec![Part::text("Hello"), Part::data(json!(1))]),
            Turn::User(vec![
                Part::text("What is this?"),
                Part::raw([0xff, 0xd8], "image/jpeg"),
                Part::raw([0xff], "application/pdf"),
                Part::url("https://example.org/a.png"),
            ]),
            // As Gemini said it.
            Turn::Model(Reply {
                calls: vec![Call {
                    id: None,
                    name: "look".to_owned(),
                    arguments: json!({"at": 1}),
                }],
                raw: json!({"role": "model", "parts": []}),
                ..Reply::default()
            }),
            Turn::Tools(vec![Given {
                id: None,
                name: "look".to_owned(),
                outcome: Err("no".to_owned()),
            }]),
        ],
        tools: vec![Declaration {
            name: "look".to_owned(),
            description: "Looks.".to_owned(),
            parameters: json!({"type": "object"}),
        }],
        choice: Choice::Any,
        output: Output::Json(json!({"type": "array"})),
        max_output_tokens: Some(100),
        temperature: Some(0.2),
    };
    let expected = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello\n1"},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9g="}},
                {"type": "file", "file": {
                    "filename": "file", "file_data": "data:application/pdf;base64,/w==",
                }},
                {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
            ]},
            {"role": "assistant", "content": "", "tool_calls": [
                {"id": "call_2_0", "type": "function", "function": {
                    "name": "look", "arguments": "{\"at\":1}",
                }},
            ]},
            {"role": "tool", "tool_call_id": "call_2_0", "content": "{\"error\":\"no\"}"},
        ],
        "stream": true,
        "stream_options": {"include_usage": true},
        "tools": [{"type": "function", "function": {
            "name": "look", "description": "Looks.", "parameters": {"type": "object"},
        }}],
        "tool_choice": "required",
        "response_format": {"type": "json_schema", "json_schema": {
            "name": "answer", "schema": {"type": "array"},
        }},
        "max_tokens": 100,
        "temperature": 0.2,
    });
    assert_eq!(request::body("m", &prompt, true, "max_tokens"), expected);
}
