//! `attache new NAME`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::project::{Name, Sdk, Template, require_vacant};
use crate::terminal::Terminal;

/// For example `attache new hello && cd hello && attache dev`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The agent's name: lower-case letters, digits and hyphens.
    name: Name,

    /// The folder to make. [default: the name, here]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,

    /// Where attache-sdk is: a folder, a Git URL (#REVISION may follow), or a version of the registry.
    /// [default: $ATTACHE_SDK_PATH, else the checkout that this program was built in]
    #[arg(long, value_name = "PATH|GIT|VERSION")]
    sdk: Option<String>,

    /// Show what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    name: String,
    path: PathBuf,
    files: Vec<String>,
    sdk: String,
    dry_run: bool,
}

impl New {
    /// # Errors
    /// When the folder has something in it, or the SDK is not found.
    #[allow(clippy::unused_async, reason = "a command like the others")]
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let folder = self
            .path
            .unwrap_or_else(|| PathBuf::from(self.name.to_string()));
        require_vacant(&folder)?;
        let sdk = Sdk::find(self.sdk.as_deref())?;
        let template = Template::new(&self.name, &sdk);
        if !self.dry_run {
            template.write(&folder)?;
        }
        let made = Made {
            name: self.name.to_string(),
            files: template.paths().into_iter().map(str::to_owned).collect(),
            path: folder,
            sdk: sdk.dependency(),
            dry_run: self.dry_run,
        };
        terminal.result(&made, |made| {
            let path = made.path.display();
            let mut text = format!(
                "{} {path}, with attache-sdk = {}:\n",
                if made.dry_run { "Would make" } else { "Made" },
                made.sdk
            );
            for file in &made.files {
                text.push_str(&format!("  {file}\n"));
            }
            if !made.dry_run {
                text.push_str(&format!("\ncd {path} && attache dev\n"));
            }
            text
        });
        Ok(Exit::Ok)
    }
}
