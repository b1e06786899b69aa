//! The agent that the benchmarks ask. What it is told says what it does:
//!
//! - `events 1000`: as many pieces of an artifact, as fast as they are taken;
//! - `hold 20`: works for as many seconds, and says nothing meanwhile;
//! - anything else comes back in an artifact.
//!
//! `bench/peers` has the same agent on the SDKs that it is compared with.

use std::time::Duration;

use attache_sdk::{
    Agent, AgentCard, AgentSkill, Artifact, Context, Creation, Failure, Message, Outcome,
};

struct Echo;

impl Agent for Echo {
    fn card(&self) -> AgentCard {
        AgentCard::new("Echo", "Says what it was told.", env!("CARGO_PKG_VERSION"))
            .modes(&["text/plain"], &["text/plain"])
            .skill(AgentSkill::new("echo", "Echo", "Says it again.", &["echo"]))
    }

    // An echo changes nothing in the world, so it may be heard twice; what works for long is there before.
    fn creation(&self, message: &Message) -> Creation {
        if message.text().starts_with("hold") {
            Creation::BeforeRun
        } else {
            Creation::WithFirstEvent
        }
    }

    async fn run(&self, context: &mut Context) -> Result<Outcome, Failure> {
        let words = context.text();
        let mut each = words.split(' ');
        let first = each.next();
        match (first, each.next().and_then(|word| word.parse::<u32>().ok())) {
            (Some("events"), Some(count)) => {
                for number in 0..count {
                    let piece = Artifact::text("events", format!("{number} "));
                    let (is_first, is_last) = (number == 0, number + 1 == count);
                    context.artifact_chunk(piece, is_first, is_last).await;
                }
            }
            (Some("hold"), Some(seconds)) => {
                context.working("").await;
                context.sleep(Duration::from_secs(seconds.into())).await;
            }
            _ => context.artifact(Artifact::text("echo", words)).await,
        }
        Ok(Outcome::completed())
    }
}

attache_sdk::export!(Echo);
