//! The agent that the official conformance kit expects: the id of a message says what becomes of it.
//!
//! Beside the kit's own prefixes there are `tck-slow` (works for two seconds and emits a piece of an
//! artifact every 200 ms), `tck-resume` (the same, for as many pieces as the text says; a run that is
//! lost goes on with the next piece) and `tck-trap` (the component itself dies). The kit's other configurations
//! are two config keys: see [`card`]. The kit of 0.3 knows no prefixes, and continues what it
//! sent: with the config key `tck_default` set to `input-required`, a message without a known prefix
//! leaves its task waiting for another.

mod card;

use std::time::Duration;

use attache_sdk::{
    Agent, AgentCard, Artifact, Caller, Context, Creation, Failure, Message, Outcome, Part, json,
};

struct TckAgent;

impl Agent for TckAgent {
    fn card(&self) -> AgentCard {
        card::public()
    }

    fn extended_card(&self, _: Option<&Caller>) -> Option<AgentCard> {
        Some(card::extended())
    }

    fn creation(&self, message: &Message) -> Creation {
        if message.message_id.starts_with("tck-message-response") {
            Creation::WithFirstEvent
        } else {
            Creation::BeforeRun
        }
    }

    fn resumable(&self, message: &Message) -> bool {
        message.message_id.starts_with("tck-resume")
    }

    async fn run(&self, context: &mut Context) -> Result<Outcome, Failure> {
        let id = context.message().message_id.clone();
        let is = |prefix: &str| id.starts_with(prefix);
        if is("tck-message-response") {
            return Ok(Outcome::message("Direct message response"));
        }
        if is("tck-input-required") {
            return Ok(Outcome::input_required("What else should I know?"));
        }
        if is("tck-auth-required") {
            return Ok(Outcome::auth_required(
                "Authorise me to read your calendar.",
            ));
        }
        if is("tck-reject-task") {
            return Ok(Outcome::rejected("This is not for me."));
        }
        if is("tck-fail-task") {
            return Err(Failure::new("This was bound to fail."));
        }
        if is("tck-trap") {
            context.working("About to trap").await;
            context.flush().await;
            trap();
        }
        if is("test-resubscribe-message-id") {
            context.working("Working for a while").await;
            context.sleep(Duration::from_millis(4500)).await;
            return Ok(Outcome::completed());
        }
        if is("tck-slow") {
            return slow(context).await;
        }
        if is("tck-resume") {
            return resume(context).await;
        }
        if let Some(artifact) = artifact(&id) {
            context.artifact(artifact).await;
            return Ok(Outcome::completed());
        }
        if is("tck-stream-") {
            return stream(context, &id).await;
        }
        if !is("tck-") && context.config("tck_default").as_deref() == Some("input-required") {
            return Ok(Outcome::input_required("What else should I know?"));
        }
        Ok(Outcome::completed_with("Hello from TCK"))
    }
}

fn artifact(id: &str) -> Option<Artifact> {
    let part = if id.starts_with("tck-artifact-text") {
        Part::text("Generated text content")
    } else if id.starts_with("tck-artifact-file-url") {
        Part::url("https://example.com/output.txt")
            .with_media_type("text/plain")
            .with_filename("output.txt")
    } else if id.starts_with("tck-artifact-file") {
        Part::raw("tck", "text/plain").with_filename("output.txt")
    } else if id.starts_with("tck-artifact-data") {
        Part::data(json!({"key": "value", "count": 42}))
    } else {
        return None;
    };
    Some(Artifact::new("result", vec![part]))
}

async fn stream(context: &mut Context, id: &str) -> Result<Outcome, Failure> {
    let is = |prefix: &str| id.starts_with(prefix);
    if is("tck-stream-002") {
        return Ok(Outcome::completed());
    }
    context.working("").await;
    if is("tck-stream-artifact-chunked") {
        let piece = |text: &str| Artifact::text("result", text);
        context.artifact_chunk(piece("chunk-1 "), true, false).await;
        context.artifact_chunk(piece("chunk-2"), false, true).await;
        return Ok(Outcome::completed());
    }
    let part = if is("tck-stream-artifact-file") {
        Part::raw("tck", "text/plain").with_filename("output.txt")
    } else if is("tck-stream-artifact-text") {
        Part::text("Streamed text content")
    } else if is("tck-stream-ordering-001") {
        Part::text("Ordered output")
    } else if is("tck-stream-003") {
        Part::text("Stream task lifecycle")
    } else {
        Part::text("Stream hello from TCK")
    };
    context.artifact(Artifact::new("result", vec![part])).await;
    Ok(Outcome::completed())
}

async fn slow(context: &mut Context) -> Result<Outcome, Failure> {
    context.working("Working slowly").await;
    for piece in 0..10 {
        context.sleep(Duration::from_millis(200)).await;
        let artifact = Artifact::text("slow", format!("{piece} "));
        context
            .artifact_chunk(artifact, piece == 0, piece == 9)
            .await;
    }
    Ok(Outcome::completed())
}

/// Each piece is one step with the checkpoint that says which comes next, so that none is missing and
/// none comes twice, wherever the run was lost. The closing words say what the last run was told.
async fn resume(context: &mut Context) -> Result<Outcome, Failure> {
    let pieces = context.text().trim().parse().unwrap_or(10);
    let next = context.resumed().and_then(|left| left["next"].as_u64());
    let first = next.unwrap_or(0);
    for piece in first..pieces {
        context.sleep(Duration::from_millis(200)).await;
        context.checkpoint(&json!({ "next": piece + 1 }))?;
        let artifact = Artifact::text("resume", format!("{piece} "));
        context
            .artifact_chunk(artifact, piece == 0, piece + 1 == pieces)
            .await;
    }
    Ok(Outcome::completed_with(Part::data(json!({
        "first": first,
        "resumed": context.is_resumed(),
        "acceptedOutputModes": context.accepted_output_modes(),
        "extensions": context.extensions(),
        "metadata": context.metadata(),
    }))))
}

/// Ends the component as a fault in its code would.
#[expect(clippy::panic, reason = "this is what the behaviour is for")]
fn trap() -> ! {
    panic!("the test asked for a trap");
}

attache_sdk::export!(TckAgent);
