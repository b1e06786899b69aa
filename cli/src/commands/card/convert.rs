//! `attache card convert URL|FILE --to FORM`.

use clap::{Args, ValueEnum};

use super::sign::pretty;
use crate::a2a::ConnectionFlags;
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// Print a card in another form.
#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// The agent's URL, its card's, or a file; `-` is standard input.
    #[arg(value_name = "URL|FILE")]
    source: String,

    /// The form.
    #[arg(long, value_enum, value_name = "FORM")]
    to: Form,

    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// What A2A 1.0 defines, and nothing else.
    #[value(name = "1.0")]
    New,
    /// What A2A 0.3 defines.
    #[value(name = "0.3")]
    Old,
    /// What Gemini Enterprise takes at a registration: 0.3, one interface, JSON-RPC.
    GeminiEnterprise,
}

impl Convert {
    /// # Errors
    /// When there is no card, or the form cannot say what is in it.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let card = self.connection.card(&self.source, terminal).await?;
        let converted = match self.to {
            Form::New => card.as_1_0(),
            Form::Old => card.as_0_3(),
            Form::GeminiEnterprise => card.as_gemini_enterprise(),
        }?;
        for note in &converted.notes {
            terminal.note(format!("note: {note}"));
        }
        terminal.result(&converted.card, pretty);
        Ok(Exit::Ok)
    }
}
