//! `attache gemini-enterprise update`.

use clap::Args;
use serde_json::json;

use super::agent::{self, Fields};
use super::card::Source;
use super::target::Target;
use crate::failure::{Exit, Failure};
use crate::gemini_enterprise::agent as kept;

/// Only what is given is changed.
#[derive(Debug, Args)]
pub(super) struct Update {
    /// Its ID, its full name, or the URL in its card.
    agent: String,

    /// The new card: a file, a URL of the agent, or - for standard input.
    #[arg(long, value_name = "CARD")]
    card: Option<Source>,

    #[command(flatten)]
    fields: Fields,
}

impl Update {
    pub(super) async fn run(self, target: &Target) -> Result<Exit, Failure> {
        let mut body = self.fields.body(target)?;
        if let Some(source) = &self.card {
            let card = source.read(target).await?.document;
            body.insert(
                "a2aAgentDefinition".to_owned(),
                json!({"jsonAgentCard": card.to_string()}),
            );
        }
        if body.is_empty() {
            return Err(Failure::new(Exit::Usage, "nothing to change is given")
                .remedy("Give --card, or what else is to change: attache gemini-enterprise update --help"));
        }
        let name = agent::named(target, &self.agent).await?;
        let request = agent::patch_request(target, &name, body);
        if target.dry_run {
            return target.show(&[(&request, "")]);
        }
        let changed = target.google.call(&request).await?;
        target.terminal.result(&changed, kept::described);
        Ok(Exit::Ok)
    }
}
