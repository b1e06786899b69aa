//! `attache gemini-enterprise probe`: the agent is asked through Gemini Enterprise, by the A2A that it
//! offers to the outside, or through the app's assistant.

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::agent;
use super::target::{Target, last, text};
use crate::failure::{Exit, Failure};
use crate::gemini_enterprise::agent as kept;
use crate::google::{Error, Request};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A new agent takes some time until it is reached.
#[derive(Debug, Args)]
pub(super) struct Probe {
    /// Its ID, its full name, or the URL in its card.
    agent: String,

    #[command(flatten)]
    question: Question,
}

/// What is asked.
#[derive(Debug, Args)]
pub(super) struct Question {
    /// What it is asked.
    #[arg(long, value_name = "TEXT", default_value = "Hello")]
    message: String,

    /// How long it may take until it answers, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u64,

    /// Who passes the question on.
    #[arg(long, value_enum, default_value_t)]
    through: Through,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Through {
    /// Gemini Enterprise's A2A endpoint of the agent.
    #[default]
    A2a,
    /// The app's assistant, as users have it.
    Assistant,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            message: "Hello".to_owned(),
            timeout: 120,
            through: Through::default(),
        }
    }
}

impl Probe {
    pub(super) async fn run(self, target: &Target) -> Result<Exit, Failure> {
        let name = agent::named(target, &self.agent).await?;
        if target.dry_run {
            let get = get_request(target, &name);
            return target.show(&[(&get, ""), (&self.question.request(target, &name), "")]);
        }
        let kept = target.google.call(&get_request(target, &name)).await?;
        let answer = until_it_answers(target, &kept, &self.question).await?;
        target
            .terminal
            .result(&answer, |answer| text(answer, "text").to_owned());
        Ok(Exit::Ok)
    }
}

/// How an attempt ended without an answer.
enum Silence {
    /// It may answer later.
    NotYet(String),
    /// It will not.
    Never(Failure),
}

/// Asks, again and again, and gives `{"agent", "text", "attempts", "seconds"}`.
///
/// # Errors
/// There was no answer in time, or there will be none.
pub(super) async fn until_it_answers(
    target: &Target,
    kept: &Value,
    question: &Question,
) -> Result<Value, Failure> {
    let name = text(kept, "name");
    let begun = Instant::now();
    let limit = Duration::from_secs(question.timeout);
    let mut pause = FIRST_PAUSE;
    let mut attempts = 0;
    let mut kept = kept.clone();
    loop {
        attempts += 1;
        let why = match ask(target, &kept, question).await {
            Ok(answer) => {
                return Ok(json!({
                    "agent": name,
                    "text": answer,
                    "attempts": attempts,
                    "seconds": begun.elapsed().as_secs(),
                }));
            }
            Err(Silence::Never(failure)) => return Err(failure),
            Err(Silence::NotYet(why)) => why,
        };
        if begun.elapsed() + pause > limit {
            let sentence = format!(
                "agent {} does not answer in {} s: {why}",
                last(name),
                question.timeout
            );
            return Err(Failure::new(Exit::Wanting, sentence).remedy(helps(&kept, &why)));
        }
        target.terminal.note(format!("no answer yet: {why}"));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        kept = target.google.call(&get_request(target, name)).await?;
    }
}

async fn ask(target: &Target, kept: &Value, question: &Question) -> Result<String, Silence> {
    if let Some((trouble, helps)) = kept::trouble(kept) {
        let sentence = format!(
            "agent {} cannot answer: {trouble}",
            last(text(kept, "name"))
        );
        return Err(Silence::Never(
            Failure::new(Exit::Wanting, sentence).remedy(helps),
        ));
    }
    if matches!(text(kept, "state"), "CREATING" | "DEPLOYING" | "CONFIGURED") {
        return Err(Silence::NotYet(format!(
            "its state is {}",
            text(kept, "state")
        )));
    }
    let name = text(kept, "name");
    let answer = target
        .google
        .call(&question.request(target, name))
        .await
        .map_err(silence)?;
    match question.through {
        Through::Assistant => of_assistant(&answer),
        Through::A2a => {
            let mut answer = answer;
            // A message ends it at once; a task may go on.
            for _ in 0..30 {
                let task = answer.get("task").unwrap_or(&answer);
                if !matches!(
                    task.pointer("/status/state").and_then(Value::as_str),
                    Some("TASK_STATE_SUBMITTED" | "TASK_STATE_WORKING")
                ) {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                let path = format!("v1/{name}/a2a/v1/tasks/{}", text(task, "id"));
                let request = Request::get(target.api(), path);
                answer = target.google.call(&request).await.map_err(silence)?;
            }
            of_a2a(&answer)
        }
    }
}

impl Question {
    fn request(&self, target: &Target, agent: &str) -> Request {
        match self.through {
            Through::A2a => {
                let message = json!({
                    "messageId": format!("probe-{:016x}", fastrand::u64(..)),
                    "role": "ROLE_USER",
                    "content": [{"text": self.message}],
                });
                let body = json!({"message": message, "configuration": {"blocking": true}});
                Request::post(
                    target.api(),
                    format!("v1/{agent}/a2a/v1/message:send"),
                    body,
                )
            }
            Through::Assistant => {
                let (assistant, id) = agent.split_once("/agents/").unwrap_or((agent, ""));
                let body = json!({
                    "query": {"text": self.message},
                    "agentsSpec": {"agentSpecs": [{"agentId": id}]},
                });
                Request::post(
                    target.api(),
                    format!("v1alpha/{assistant}:streamAssist"),
                    body,
                )
            }
        }
    }
}

fn get_request(target: &Target, name: &str) -> Request {
    Request::get(target.api(), format!("v1alpha/{name}"))
}

fn silence(error: Error) -> Silence {
    let may_pass = [
        "NOT_FOUND",
        "UNAVAILABLE",
        "INTERNAL",
        "DEADLINE_EXCEEDED",
        "UNKNOWN",
        "ABORTED",
    ];
    match error.refusal() {
        Some(refusal) if may_pass.contains(&refusal.status.as_str()) => {
            Silence::NotYet(format!("{}: {}", refusal.status, refusal.message))
        }
        _ => Silence::Never(error.into()),
    }
}

/// The answer of A2A as Gemini Enterprise passes it on.
fn of_a2a(answer: &Value) -> Result<String, Silence> {
    if let Some(message) = answer.get("message") {
        return some(texts(message.get("content")));
    }
    let task = answer.get("task").unwrap_or(answer);
    let said = texts(task.pointer("/status/message/content"));
    let state = task
        .pointer("/status/state")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match state {
        "TASK_STATE_COMPLETED" | "TASK_STATE_INPUT_REQUIRED" => {
            let artifacts = task.get("artifacts").and_then(Value::as_array);
            let shown = artifacts
                .into_iter()
                .flatten()
                .map(|artifact| texts(artifact.get("parts")));
            some(
                shown
                    .chain([said])
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join("\n"),
            )
        }
        "TASK_STATE_AUTH_REQUIRED" => Err(needs_consent()),
        _ => Err(Silence::NotYet(format!(
            "its task is {state}{}",
            because(&said)
        ))),
    }
}

/// The stream of the assistant, which is one array.
fn of_assistant(answer: &Value) -> Result<String, Silence> {
    let pieces = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut shown = String::new();
    let mut state = "";
    for piece in pieces {
        if let Some(error) = piece
            .pointer("/connectorAuthErrors/0/errorMessage")
            .and_then(Value::as_str)
        {
            return Err(Silence::NotYet(error.to_owned()));
        }
        let answer = piece.get("answer").unwrap_or(&Value::Null);
        if !text(answer, "state").is_empty() {
            state = text(answer, "state");
        }
        for reply in answer
            .get("replies")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let content = reply
                .pointer("/groundedContent/content")
                .unwrap_or(&Value::Null);
            if content.get("thought").and_then(Value::as_bool) != Some(true) {
                shown += text(content, "text");
            }
        }
    }
    match state {
        "SUCCEEDED" => some(shown),
        "SKIPPED" => Err(Silence::NotYet(
            "the assistant skipped the question".to_owned(),
        )),
        "" => Err(Silence::NotYet("the assistant said nothing".to_owned())),
        state => Err(Silence::NotYet(format!(
            "the assistant's answer is {state}{}",
            because(&shown)
        ))),
    }
}

/// The texts of parts.
fn texts(parts: Option<&Value>) -> String {
    let parts = parts.and_then(Value::as_array);
    parts
        .into_iter()
        .flatten()
        .map(|part| text(part, "text"))
        .collect()
}

fn some(text: String) -> Result<String, Silence> {
    match text.trim() {
        "" => Err(Silence::NotYet("its answer has no text".to_owned())),
        _ => Ok(text),
    }
}

fn because(said: &str) -> String {
    match said {
        "" => String::new(),
        said => format!(": {said}"),
    }
}

fn needs_consent() -> Silence {
    let sentence = "the agent waits for you to let it act for you";
    Silence::Never(Failure::new(Exit::Wanting, sentence).remedy(
        "Open the agent in Gemini Enterprise once and agree. If it does not ask you, it was registered \
         without --authorization.",
    ))
}

/// What Gemini Enterprise's words mean.
fn helps(kept: &Value, why: &str) -> String {
    let url = kept::url_of(kept);
    if why.contains("text/event-stream") {
        "The card promises streaming, and the agent answers message/stream with JSON: serve it as \
         text/event-stream, or register a card with capabilities.streaming false."
            .to_owned()
    } else if why.contains("405") {
        format!("{url} takes no POST: the card's url has to be where the agent is asked.")
    } else if why.contains("401") || why.contains("403") {
        format!(
            "The agent does not let Gemini Enterprise in: attache doctor {url} says which role is missing."
        )
    } else {
        format!(
            "Ask the agent itself (attache send {url} Hello), then look at it with attache doctor {url}."
        )
    }
}
