//! Converts temperatures: the agent of `agent.py` beside it, in Rust. `docs/migration.md` compares them.

use attache_sdk::{Agent, AgentCard, AgentSkill, Artifact, Context, Failure, Outcome};

struct Converter;

/// `20 C` or `68 F`, in the other unit.
fn convert(text: &str) -> Option<String> {
    let text = text.trim();
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let degrees: f64 = number.trim().parse().ok()?;
    match unit {
        "C" => Some(format!("{:.1} F", degrees * 1.8 + 32.0)),
        "F" => Some(format!("{:.1} C", (degrees - 32.0) / 1.8)),
        _ => None,
    }
}

impl Agent for Converter {
    fn card(&self) -> AgentCard {
        AgentCard::new(
            "Converter",
            "Converts temperatures.",
            env!("CARGO_PKG_VERSION"),
        )
        .skill(
            AgentSkill::new("convert", "Convert", "Celsius and Fahrenheit.", &["units"])
                .examples(&["20 C"]),
        )
    }

    async fn run(&self, context: &mut Context) -> Result<Outcome, Failure> {
        let Some(converted) = convert(&context.text()) else {
            return Ok(Outcome::input_required(
                "Which temperature? For example 20 C.",
            ));
        };
        context.working("Converting").await;
        context
            .artifact(Artifact::text("converted", converted))
            .await;
        Ok(Outcome::completed())
    }
}

attache_sdk::export!(Converter);
