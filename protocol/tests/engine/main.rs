//! The engine from outside: HTTP in, HTTP out, over a log in memory.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod bindings;
mod card;
mod errors;
mod extensions;
mod grpc;
mod histories;
mod json;
mod listing;
mod memory;
mod metadata;
mod parsers;
mod push;
mod resuming;
mod sending;
mod streams;
mod subscribers;
mod task_lifecycle;
mod tasks;
mod tenants;
mod v0_3;

use std::rc::Rc;
use std::time::Duration;

use attache_protocol::wire::{AgentCard, AgentExtension, AgentSkill, Artifact, Message, Part};
use attache_protocol::{
    Agent, Answer, Body, Caller, Context, Creation, Failure, LogError, Outcome, Piece, Server,
};
use futures_util::StreamExt as _;
use http::{HeaderMap, Request, StatusCode};
use memory::{Memory, World};
use serde_json::{Value, json};

/// Does what the first word of the message says.
pub struct Puppet(Rc<World>);

/// The card that the puppet has unless a test gives it another.
pub fn puppet_card() -> AgentCard {
    let mut card = AgentCard::new("Puppet", "Does as it is told.", "1.2.3").skill(AgentSkill::new(
        "obey",
        "Obey",
        "Obeys.",
        &["test"],
    ));
    card.capabilities.extensions = vec![AgentExtension {
        uri: "urn:optional".to_owned(),
        ..AgentExtension::default()
    }];
    card
}

impl Agent for Puppet {
    fn card(&self) -> AgentCard {
        self.0.card.borrow().clone().unwrap_or_else(puppet_card)
    }

    fn enforces_input_modes(&self) -> bool {
        self.0.config.borrow().contains_key("strict")
    }

    fn extended_card(&self, _: Option<&Caller>) -> Option<AgentCard> {
        self.0.extended_card.borrow().clone()
    }

    fn resumable(&self, message: &Message) -> bool {
        let text = message.text();
        text.starts_with("count") || text == "terms, please"
    }

    fn creation(&self, message: &Message) -> Creation {
        match message.text().as_str() {
            "reply" | "once" | "metadata directly" => Creation::WithFirstEvent,
            _ => Creation::BeforeRun,
        }
    }

    async fn run(&self, context: &mut Context) -> Result<Outcome, Failure> {
        let text = context.text();
        if let Some(said) = metadata::run(&text, context).await {
            return said;
        }
        match text.as_str() {
            "reply" => Ok(Outcome::message("directly")),
            "reply late" => Ok(Outcome::message("after all")),
            "ask" => Ok(Outcome::input_required("what?")),
            "reject" => Ok(Outcome::rejected("not this")),
            "authorise" => Ok(Outcome::auth_required("your calendar, please")),
            "fail" => Err(Failure::new("It broke.")),
            "work" => {
                context.working("at it").await;
                context.sleep(Duration::from_secs(60)).await;
                Ok(Outcome::completed_with("done"))
            }
            "forever" => {
                context.sleep(Duration::from_secs(100_000)).await;
                Ok(Outcome::completed())
            }
            "count" => {
                let next = context
                    .resumed()
                    .map_or(0, |left| left["next"].as_u64().unwrap());
                for number in next..5 {
                    context.sleep(Duration::from_secs(1)).await;
                    context.checkpoint(&json!({"next": number + 1}))?;
                    let piece = Artifact::text("a", format!("{number}"));
                    context
                        .artifact_chunk(piece, number == 0, number == 4)
                        .await;
                }
                let words = format!("from {next}, resumed {}", context.is_resumed());
                Ok(Outcome::completed_with(words))
            }
            "count silently" => {
                if context.is_resumed() {
                    let left = Part::data(context.resumed().cloned().unwrap_or_default());
                    return Ok(Outcome::completed_with(left));
                }
                context.checkpoint(&json!("small"))?;
                let large = json!("x".repeat(2 * 1024 * 1024));
                let refused = context.checkpoint(&large).unwrap_err();
                assert!(matches!(refused, LogError::TooLarge(_)), "{refused}");
                context.sleep(Duration::from_secs(1000)).await;
                context.checkpoint(&Value::Null)?;
                context.sleep(Duration::from_secs(1000)).await;
                Ok(Outcome::completed())
            }
            "terms" | "terms, please" => {
                context.sleep(Duration::from_secs(10)).await;
                Ok(Outcome::completed_with(Part::data(json!({
                    "modes": context.accepted_output_modes(),
                    "extensions": context.extensions(),
                    "metadata": context.metadata(),
                    "resumed": context.is_resumed(),
                    "left": context.resumed(),
                }))))
            }
            "deep" => {
                let deep = (0..120).fold(json!(1), |inner, _| json!([inner]));
                let artifact = Artifact {
                    artifact_id: "a".to_owned(),
                    parts: vec![Part::data(deep)],
                    ..Artifact::default()
                };
                context.artifact(artifact).await;
                Ok(Outcome::completed())
            }
            "pieces" => {
                context.working("").await;
                for piece in 0..3 {
                    let artifact = Artifact::text("a", format!("{piece}"));
                    context
                        .artifact_chunk(artifact, piece == 0, piece == 2)
                        .await;
                    context.sleep(Duration::from_millis(10)).await;
                }
                Ok(Outcome::completed())
            }
            "history" => {
                let history: Vec<_> = context.history().iter().map(Message::text).collect();
                Ok(Outcome::completed_with(history.join("|")))
            }
            "remember" => {
                context.set_state("k", Some(b"kept"))?;
                Ok(Outcome::completed())
            }
            "extensions" => Ok(Outcome::completed_with(context.extensions().join(" "))),
            "metadata" => Ok(Outcome::completed_with(Part::data(json!(
                context.metadata()
            )))),
            "recall" => {
                let value = context.state("k")?.unwrap_or_default();
                Ok(Outcome::completed_with(
                    String::from_utf8_lossy(&value).into_owned(),
                ))
            }
            _ => {
                context.artifact(Artifact::text("echo", text)).await;
                Ok(Outcome::completed())
            }
        }
    }
}

/// A whole answer.
pub struct Got {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub trailers: HeaderMap,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The `data:` and `id:` of each event.
    pub fn events(&self) -> Vec<(Option<u64>, Value)> {
        String::from_utf8(self.body.clone())
            .unwrap()
            .split("\n\n")
            .filter(|event| event.contains("data: "))
            .map(|event| {
                let line = |name: &str| event.lines().find_map(|l| l.strip_prefix(name));
                let data = serde_json::from_str(line("data: ").unwrap()).unwrap();
                (line("id: ").map(|id| id.parse().unwrap()), data)
            })
            .collect()
    }
}

/// Drives an answer to its end, as a shell does.
pub async fn finish(answer: Answer) -> Got {
    let (head, body) = answer.response.into_parts();
    let work = async {
        if let Some(after) = answer.after {
            after.await;
        }
    };
    let mut trailers = HeaderMap::new();
    let read = async {
        match body {
            Body::Full(bytes) => bytes,
            Body::Stream(mut pieces) => {
                let mut bytes = Vec::new();
                while let Some(piece) = pieces.next().await {
                    match piece {
                        Piece::Data(more) => bytes.extend(more),
                        Piece::Trailers(end) => trailers = end,
                    }
                }
                bytes
            }
        }
    };
    let ((), body) = futures_util::future::join(work, read).await;
    Got {
        status: head.status,
        headers: head.headers,
        body,
        trailers,
    }
}

pub fn server(world: &Rc<World>) -> Server<Puppet> {
    Server::new(Puppet(world.clone()), Memory::new(world))
}

pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Request<Vec<u8>> {
    Request::post(format!("http://agent.test{path}"))
        .header("content-type", "application/json")
        .header("a2a-version", "1.0")
        .body(body.into())
        .unwrap()
}

pub fn get(path: &str) -> Request<Vec<u8>> {
    Request::get(format!("http://agent.test{path}"))
        .header("a2a-version", "1.0")
        .body(Vec::new())
        .unwrap()
}

pub async fn ask(world: &Rc<World>, request: Request<Vec<u8>>) -> Got {
    finish(server(world).handle(request).await).await
}

pub async fn rpc(world: &Rc<World>, method: &str, params: Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string();
    ask(world, post("/", body)).await.json()
}

pub fn message(id: &str, text: &str) -> Value {
    json!({"messageId": id, "role": "ROLE_USER", "parts": [{"text": text}]})
}

/// Sends a message and gives the task.
pub async fn send(world: &Rc<World>, id: &str, text: &str) -> Value {
    let answer = rpc(world, "SendMessage", json!({"message": message(id, text)})).await;
    answer["result"]["task"].clone()
}
