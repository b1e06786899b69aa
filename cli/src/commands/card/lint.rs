//! `attache card lint URL|FILE`.

use clap::Args;
use serde_json::json;

use crate::a2a::{ConnectionFlags, Level, clean};
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// Say what is wrong with a card: against A2A, and what strict readers refuse.
///
/// The status is 1 when there is an error, with --strict also when there is a warning.
#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// The agent's URL, its card's, or a file; `-` is standard input.
    #[arg(value_name = "URL|FILE")]
    source: String,

    /// Take warnings as errors.
    #[arg(long)]
    strict: bool,

    /// Also say whether Gemini Enterprise can register the agent.
    #[arg(long)]
    gemini_enterprise: bool,

    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Lint {
    /// # Errors
    /// When there is no card.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let card = self.connection.card(&self.source, terminal).await?;
        let mut findings = card.lint();
        if self.gemini_enterprise
            && let Err(why) = card.as_gemini_enterprise()
        {
            findings.push(crate::a2a::Finding {
                level: Level::Error,
                says: why.to_string(),
            });
        }
        let errors = findings
            .iter()
            .filter(|finding| finding.level == Level::Error)
            .count();
        let warnings = findings.len() - errors;
        let is_wanting = errors > 0 || (self.strict && warnings > 0);
        let result = json!({ "ok": !is_wanting, "findings": findings });
        terminal.result(&result, |_| {
            let mut lines: Vec<_> = findings
                .iter()
                .map(|finding| {
                    let level = match finding.level {
                        Level::Error => "error",
                        Level::Warning => "warning",
                    };
                    format!("{level}: {}", clean(&finding.says))
                })
                .collect();
            lines.push(match findings.len() {
                0 => "nothing is wrong with the card".to_owned(),
                _ => format!("{errors} errors, {warnings} warnings"),
            });
            lines.join("\n")
        });
        Ok(if is_wanting { Exit::Wanting } else { Exit::Ok })
    }
}
