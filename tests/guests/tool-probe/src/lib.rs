//! An agent whose model does what the message says, so that tests can see what becomes of calls of
//! tools. Each line of the message is a reply of the model: a list of calls, `[["add", {"a": 1, "b": 2}]]`.
//! After the last line it answers with what it was given, as JSON; after the line `endless` it makes one
//! call after another.

#![allow(
    clippy::print_stdout,
    reason = "what a component prints is the host's log"
)]

mod model;

use std::time::Duration;

use attache_sdk::model::{Prompt, Turn};
use attache_sdk::tools::{Conversation, JsonSchema, Limits, Toolbox, schemars, tool};
use attache_sdk::{Agent, AgentCard, AgentSkill, Artifact, Context, Failure, Outcome, Part, json};
use serde::Deserialize;

struct ToolProbe;

#[derive(Deserialize, JsonSchema)]
struct Add {
    a: i64,
    b: i64,
}

#[derive(Deserialize, JsonSchema)]
struct Draw {
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Wait {
    ms: u64,
}

impl Agent for ToolProbe {
    fn card(&self) -> AgentCard {
        AgentCard::new("Tool probe", "Calls tools.", "1.0.0").skill(AgentSkill::new(
            "call",
            "Call",
            "Calls the tools that a message names.",
            &["tools"],
        ))
    }

    async fn run(&self, context: &mut Context) -> Result<Outcome, Failure> {
        let text = context.text();
        if let Some(question) = text.strip_prefix("ask ") {
            return Ok(Outcome::input_required(question));
        }
        let handle = context.handle();
        let tools = Toolbox::new()
            .with(tool("add", "Adds.", async |add: Add| Ok(add.a + add.b)))
            .with(tool("draw", "Draws.", async |draw: Draw| {
                let drawing = Artifact::new("drawing", vec![Part::text(draw.text)]);
                handle.artifact(drawing).await;
                Ok(json!({ "drawn": true }))
            }))
            .with(tool("wait", "Waits.", async |wait: Wait| {
                println!("waiting for {} ms", wait.ms);
                model::sleep(Duration::from_millis(wait.ms)).await;
                println!("waited for {} ms", wait.ms);
                Ok("waited")
            }))
            .with_configured(context)
            .await;
        let mut prompt = Prompt {
            system: "You call tools.".to_owned(),
            turns: vec![Turn::User(context.message().parts.clone())],
            ..Prompt::default()
        };
        let limits = Limits {
            time: Duration::from_secs(60),
            ..Limits::default()
        };
        Conversation::new(&model::Script, &tools)
            .limits(limits)
            .stream_into(context, "answer", &mut prompt)
            .await?;
        Ok(Outcome::completed())
    }
}

attache_sdk::export!(ToolProbe);
