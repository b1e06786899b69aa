use serde_json::{Value, json};

use super::super::asking::Answer as _;
use super::super::events::{Event, Events};
use super::super::{Call, Choice, Declaration, Finish, Given, Output, Reply, Turn, Usage};
use super::answer::Content;
use super::*;
use crate::Part;

/// As Vertex AI sent it, shortened: a thought, text in two chunks, a signature on an empty text.
const TEXT: &str = "data: {\"candidates\": [{\"content\": {\"role\": \"model\",\"parts\": [{\"text\": \"Hm.\",\"thought\": true}]}}],\"usageMetadata\": {\"promptTokenCount\": 12}}\r\n\r\n\
data: {\"candidates\": [{\"content\": {\"role\": \"model\",\"parts\": [{\"text\": \"Größe: \"}]}}]}\r\n\r\n\
data: {\"candidates\": [{\"content\": {\"role\": \"model\",\"parts\": [{\"text\": \"3 €\"}]}}]}\r\n\r\n\
data: {\"candidates\": [{\"content\": {\"role\": \"model\",\"parts\": [{\"text\": \"\",\"thoughtSignature\": \"c2ln\"}]},\"finishReason\": \"STOP\"}],\"usageMetadata\": {\"promptTokenCount\": 12,\"cachedContentTokenCount\": 4,\"candidatesTokenCount\": 34,\"thoughtsTokenCount\": 5,\"totalTokenCount\": 51},\"modelVersion\": \"gemini-3.5-flash\",\"responseId\": \"r\"}\r\n\r\n";

const CALLS: &str = "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"c1\",\"name\":\"get_weather\",\"args\":{\"city\":\"Rome\"}},\"thoughtSignature\":\"c2ln\"},{\"functionCall\":{\"name\":\"now\"}}]},\"finishReason\":\"STOP\"}]}\n\n";

/// The pieces and the reply of a stream in two halves.
fn read(one: &[u8], two: &[u8]) -> Result<(String, Reply), ModelError> {
    let (mut events, mut answer, mut text) = (Events::default(), Content::default(), String::new());
    let mut all = events.feed(one)?;
    all.extend(events.feed(two)?);
    all.extend(events.end()?);
    for event in all {
        let Event::Data(data) = event else {
            panic!("{event:?}")
        };
        text.push_str(&answer.take(serde_json::from_str(&data).unwrap())?);
    }
    Ok((text, answer.end()?))
}

fn read_however_cut(stream: &str) -> Result<(String, Reply), ModelError> {
    let whole = read(stream.as_bytes(), b"");
    for cut in 0..stream.len() {
        let (one, two) = stream.as_bytes().split_at(cut);
        assert_eq!(read(one, two), whole, "cut at {cut}");
    }
    whole
}

#[test]
fn text_is_merged_and_thoughts_are_not_text() {
    let (pieces, reply) = read_however_cut(TEXT).unwrap();
    assert_eq!(pieces, "Größe: 3 €");
    let parts = json!([
        {"text": "Hm.", "thought": true},
        {"text": "Größe: 3 €"},
        {"text": "", "thoughtSignature": "c2ln"},
    ]);
    let expected = Reply {
        text: "Größe: 3 €".to_owned(),
        calls: Vec::new(),
        finish: Finish::Stop,
        usage: Usage {
            input: 12,
            cached: 4,
            output: 39,
            thoughts: 5,
        },
        model: "gemini-3.5-flash".to_owned(),
        raw: json!({"role": "model", "parts": parts}),
    };
    assert_eq!(reply, expected);
}

#[test]
fn calls_are_found_and_their_signatures_kept() {
    let (_, reply) = read_however_cut(CALLS).unwrap();
    let call = |id: Option<&str>, name: &str, arguments| Call {
        id: id.map(str::to_owned),
        name: name.to_owned(),
        arguments,
    };
    let expected = [
        call(Some("c1"), "get_weather", json!({"city": "Rome"})),
        call(None, "now", json!({})),
    ];
    assert_eq!(reply.calls, expected);
    let prompt = Prompt {
        turns: vec![
            Turn::User(vec![Part::text("Weather?")]),
            Turn::Model(reply.clone()),
        ],
        ..Prompt::default()
    };
    let body = request::body(&prompt);
    assert_eq!(body["contents"][1], reply.raw);
    assert_eq!(body["contents"][1]["parts"][0]["thoughtSignature"], "c2ln");
}

fn end_with(chunk: Value) -> ModelError {
    let mut answer = Content::default();
    match answer.take(chunk) {
        Err(error) => error,
        Ok(_) => answer.end().unwrap_err(),
    }
}

#[test]
fn what_is_no_answer_says_so() {
    let blocked = |reason: &str| ModelError::Blocked {
        reason: reason.to_owned(),
        usage: Usage::default(),
    };
    let finish = |reason: &str| json!({"candidates": [{"finishReason": reason}]});
    assert_eq!(
        end_with(json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})),
        blocked("PROHIBITED_CONTENT")
    );
    assert_eq!(end_with(finish("SAFETY")), blocked("SAFETY"));
    let mut counted = finish("SAFETY");
    counted["usageMetadata"] = json!({"promptTokenCount": 7, "candidatesTokenCount": 2});
    let took = end_with(counted).usage();
    assert_eq!((took.input, took.output), (7, 2));
    assert_eq!(end_with(finish("IMAGE_SAFETY")), blocked("IMAGE_SAFETY"));
    for malformed in [
        json!({"candidates": [{"content": {"parts": [{"text": "half"}]}}]}),
        json!({"candidates": [{"content": {"parts": [{"functionCall": {}}]}}]}),
        finish("MALFORMED_FUNCTION_CALL"),
        json!("text"),
        json!({}),
    ] {
        let error = end_with(malformed.clone());
        assert!(
            matches!(error, ModelError::Malformed(_)),
            "{malformed}: {error}"
        );
    }
    let mut cut = Content::default();
    cut.take(finish("MAX_TOKENS")).unwrap();
    assert_eq!(cut.end().unwrap().finish, Finish::MaxTokens);
}

#[test]
fn a_question_has_everything_in_its_place() {
    let mut table = Part::raw(*b"a,b\n1,2", "text/csv; charset=utf-8");
    table.filename = "t.csv".to_owned();
    let mut link = Part::url("gs://bucket/report.pdf");
    link.media_type = "application/pdf".to_owned();
    let prompt = Prompt {
        system: "Be brief.".to_owned(),
        turns: vec![
            Turn::User(vec![
                Part::text("What is this?"),
                Part::raw([0xff, 0xd8], "image/jpeg"),
                table,
                link,
                Part::data(json!({"rows": 1})),
            ]),
            Turn::Model(Reply {
                calls: vec![Call {
                    id: None,
                    name: "look".to_owned(),
                    arguments: json!({}),
                }],
                ..Reply::default()
            }),
            Turn::Tools(vec![
                Given {
                    id: Some("c1".to_owned()),
                    name: "look".to_owned(),
                    outcome: Ok(json!([1])),
                },
                Given {
                    id: None,
                    name: "look".to_owned(),
                    outcome: Err("no".to_owned()),
                },
            ]),
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
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [
                {"text": "What is this?"},
                {"inlineData": {"mimeType": "image/jpeg", "data": "/9g="}},
                {"text": "The file t.csv:\na,b\n1,2"},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://bucket/report.pdf"}},
                {"text": "{\"rows\":1}"},
            ]},
            {"role": "model", "parts": [{
                "functionCall": {"name": "look", "args": {}},
                "thoughtSignature": "skip_thought_signature_validator",
            }]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "look", "response": {"output": [1]}, "id": "c1"}},
                {"functionResponse": {"name": "look", "response": {"error": "no"}}},
            ]},
        ],
        "tools": [{"functionDeclarations": [{
            "name": "look", "description": "Looks.", "parametersJsonSchema": {"type": "object"},
        }]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "generationConfig": {
            "temperature": 0.2,
            "maxOutputTokens": 100,
            "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "array"},
        },
    });
    assert_eq!(request::body(&prompt), expected);
}

#[test]
fn vertex_is_where_its_location_says() {
    for (location, host) in [
        ("global", "https://aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
        (
            "europe-west1",
            "https://europe-west1-aiplatform.googleapis.com",
        ),
    ] {
        assert_eq!(vertex_host(location), host);
    }
}
