//! The smallest agent: it greets.

use attache_sdk::{Agent, AgentCard, AgentSkill, Artifact, Context, Failure, Outcome};

struct Hello;

impl Agent for Hello {
    fn card(&self) -> AgentCard {
        AgentCard::new(
            "Hello",
            "Greets whoever writes to it.",
            env!("CARGO_PKG_VERSION"),
        )
        .skill(AgentSkill::new("greet", "Greet", "Says hello.", &["hello"]).examples(&["I am Ada"]))
    }

    async fn run(&self, context: &mut Context) -> Result<Outcome, Failure> {
        let words = context.text();
        if words.trim().is_empty() {
            return Ok(Outcome::input_required("Who are you?"));
        }
        context
            .artifact(Artifact::text(
                "greeting",
                format!("Hello! You said: {words}"),
            ))
            .await;
        Ok(Outcome::completed())
    }
}

attache_sdk::export!(Hello);
