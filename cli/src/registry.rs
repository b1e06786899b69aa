//! Registries, as commands ask them: who asks, over which way out, and what a refusal means.

mod failure;
mod keyring;
mod progress;
mod transport;
mod world;

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use attache_registry::{Client, Credential, Limits, Reference};
use clap::Args;

use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;
use keyring::CliKeyring;
pub(crate) use progress::Bar;
use transport::Https;
pub(crate) use world::{What, look};

pub(crate) use failure::failure;

/// A password on standard input, and a line break.
const LONGEST_PASSWORD: u64 = 64 << 10;

/// How a registry is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registry")]
pub(crate) struct RegistryFlags {
    /// Who asks, with --password-stdin. Otherwise Docker's configuration says it (DOCKER_CONFIG, and its
    /// credential helpers), and for Artifact Registry gcloud or the metadata server.
    #[arg(long, value_name = "USER", requires = "password_stdin")]
    username: Option<String>,

    /// Read the password from standard input.
    #[arg(long, requires = "username")]
    password_stdin: bool,

    /// Speak to the registry without TLS, which only one on this machine allows; it is the default there.
    #[arg(long)]
    insecure: bool,

    /// PEM file with certificates of authorities that are trusted beside those of the web.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Seconds that the transfer may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

impl RegistryFlags {
    /// What asks the registry of `reference`. Uploads are told to `bar`.
    ///
    /// # Errors
    /// When a flag cannot be used.
    pub(crate) fn client(
        &self,
        reference: &Reference,
        bar: &Bar,
        terminal: &Terminal,
    ) -> Result<Client, Failure> {
        if self.insecure && !reference.is_loopback() {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "{} is not on this machine, and is only asked with TLS",
                    reference.host()
                ),
            )
            .remedy("leave --insecure away; --ca-file trusts an authority of your own"));
        }
        let given = match &self.username {
            None => None,
            Some(user) => Some(Credential::Password {
                user: user.clone(),
                password: password()?,
            }),
        };
        let transport = Https::new(reference, self.ca_file.as_deref(), bar.clone())?;
        let limits = Limits {
            time: Duration::from_secs(self.timeout),
            ..Limits::default()
        };
        let keyring = CliKeyring::new(given, *terminal)?;
        Ok(Client::new(
            Arc::new(transport),
            Arc::new(keyring),
            None,
            limits,
        ))
    }
}

/// Reads a reference from the command line.
///
/// # Errors
/// What to give instead.
pub(crate) fn reference(text: &str) -> Result<Reference, String> {
    text.parse()
}

fn password() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin()
        .take(LONGEST_PASSWORD)
        .read_to_string(&mut text);
    let text = text.trim_end_matches(['\r', '\n']);
    match read {
        Ok(_) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(
            Failure::new(Exit::Usage, "there is no password on standard input")
                .remedy("pipe it in, such as `attache push … --password-stdin < FILE`"),
        ),
    }
}
