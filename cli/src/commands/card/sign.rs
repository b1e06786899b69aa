//! `attache card sign FILE --key FILE`.

use std::path::PathBuf;

use attache_jws::SigningKey;
use clap::Args;
use serde_json::json;

use crate::a2a::Card;
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// Sign a card, as the host does when it has a key, and print it.
///
/// Signatures vouch for the URLs in the card: sign the one that is served.
#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The card; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present = "public_key")]
    file: Option<PathBuf>,

    /// The private key, in PEM (PKCS#8): EC on P-256, or RSA.
    #[arg(long, value_name = "PATH")]
    key: PathBuf,

    /// The name of the key; its thumbprint unless given.
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,

    /// Where the public key is published as a JSON Web Key Set.
    #[arg(long, value_name = "URL")]
    jku: Option<String>,

    /// Write the card to this file instead.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,

    /// Print the public key as a JSON Web Key Set, and sign nothing.
    #[arg(long, conflicts_with_all = ["file", "out", "jku"])]
    public_key: bool,
}

impl Sign {
    /// # Errors
    /// When the key or the card cannot be read.
    pub(crate) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let shown = self.key.display();
        let pem = std::fs::read(&self.key).map_err(|why| {
            Failure::new(
                Exit::NoInput,
                format!("the key {shown} cannot be read: {why}"),
            )
        })?;
        let key = SigningKey::parse(&pem).map_err(|why| {
            Failure::new(Exit::Data, format!("the key {shown} is of no use: {why}"))
        })?;
        let key_id = self.key_id.clone().unwrap_or_else(|| key.thumbprint());
        if self.public_key {
            let set = json!({ "keys": [key.public_jwk(&key_id)] });
            terminal.result(&set, pretty);
            return Ok(Exit::Ok);
        }
        if let Some(url) = &self.jku
            && !url.starts_with("https://")
        {
            return Err(Failure::new(
                Exit::Usage,
                format!("--jku is {url:?}, and is to be https"),
            ));
        }
        let Some(file) = &self.file else {
            return Err(Failure::new(Exit::Usage, "there is no card to sign"));
        };
        let card = Card::of_file(file)?.signed(&key, Some(&key_id), self.jku.as_deref())?;
        match &self.out {
            None => terminal.result(&card, pretty),
            Some(path) => {
                std::fs::write(path, pretty(&card) + "\n").map_err(|why| {
                    let path = path.display();
                    Failure::new(
                        Exit::CannotWrite,
                        format!("{path} cannot be written: {why}"),
                    )
                })?;
                terminal.note(format!("signed with key {key_id}: {}", path.display()));
            }
        }
        Ok(Exit::Ok)
    }
}

/// A card is JSON in either form of output.
pub(super) fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
