//! A model that reads what it does from the conversation.

use std::time::Duration;

use attache_sdk::model::{Call, Model, ModelError, Piece, Prompt, Reply, Turn, Usage};
use attache_sdk::{Content, Value, json};
use futures_util::stream::{self, LocalBoxStream, StreamExt as _};

pub(crate) struct Script;

impl Model for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn provider(&self) -> &str {
        "test"
    }

    fn ask<'a>(&'a self, prompt: &'a Prompt) -> LocalBoxStream<'a, Result<Piece, ModelError>> {
        let pieces = match reply(prompt) {
            Err(error) => vec![Err(ModelError::Malformed(error.to_string()))],
            Ok(reply) => {
                let text = reply.text.split_inclusive(' ');
                let text = text.map(|text| Ok(Piece::Text(text.to_owned())));
                text.chain([Ok(Piece::Reply(reply.clone()))]).collect()
            }
        };
        stream::iter(pieces).boxed_local()
    }
}

fn reply(prompt: &Prompt) -> Result<Reply, serde_json::Error> {
    let mut script = String::new();
    let mut replies = 0;
    let mut given = Vec::new();
    for turn in &prompt.turns {
        match turn {
            Turn::User(parts) => {
                for part in parts {
                    if let Content::Text(text) = &part.content {
                        script.push_str(text);
                    }
                }
            }
            Turn::Model(_) => replies += 1,
            Turn::Tools(results) => {
                given.extend(results.iter().map(|given| match &given.outcome {
                    Ok(value) => json!({ "ok": value }),
                    Err(why) => json!({ "error": why }),
                }));
            }
        }
    }
    let lines: Vec<_> = script
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let wanted: Vec<(String, Value)> = match lines.get(replies) {
        Some(line) if line.trim() != "endless" => serde_json::from_str(line)?,
        None if lines.last() != Some(&"endless") => Vec::new(),
        _ => vec![("add".to_owned(), json!({ "a": replies, "b": 0 }))],
    };
    let calls = wanted.into_iter().map(|(name, arguments)| Call {
        id: None,
        name,
        arguments,
    });
    let calls: Vec<_> = calls.collect();
    let text = if calls.is_empty() {
        let tools: Vec<_> = prompt.tools.iter().map(|tool| json!(tool.name)).collect();
        json!({ "given": given, "tools": tools, "system": prompt.system }).to_string()
    } else {
        String::new()
    };
    Ok(Reply {
        text,
        calls,
        model: "script".to_owned(),
        usage: Usage {
            input: 10,
            output: 5,
            ..Usage::default()
        },
        ..Reply::default()
    })
}

pub(crate) async fn sleep(time: Duration) {
    wstd::task::sleep(time.into()).await;
}
