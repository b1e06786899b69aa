//! `attache card verify URL|FILE`.

use std::path::{Path, PathBuf};

use attache_jws::{KeySet, SigningKey};
use clap::Args;
use serde_json::{Value, json};

use crate::a2a::{self, Card, Checked, ConnectionFlags, Origin, clean, header};
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// Check the signatures of a card. One that holds is enough; with none the status is 1.
///
/// A card says itself where its key is (jku), which proves nothing unless that place is trusted:
/// --allow-jku names its origin.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("keys").required(true))]
pub(crate) struct Verify {
    /// The agent's URL, its card's, or a file; `-` is standard input.
    #[arg(value_name = "URL|FILE")]
    source: String,

    /// The signer's public key in PEM, or as a JSON Web Key Set.
    #[arg(long, value_name = "PATH", group = "keys")]
    key: Option<PathBuf>,

    /// Where the signer's JSON Web Key Set is.
    #[arg(long, value_name = "URL|FILE", group = "keys")]
    jwks: Option<String>,

    /// An origin whose keys are trusted, for cards that name them.
    #[arg(long, value_name = "ORIGIN", group = "keys")]
    allow_jku: Vec<Origin>,

    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Verify {
    /// # Errors
    /// When there is no card, or there are no keys.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let card = self.connection.card(&self.source, terminal).await?;
        let signatures = card.signatures_in();
        if signatures.is_empty() {
            return Err(Failure::new(Exit::Wanting, "the card has no signatures").remedy(
                "sign it with `attache card sign`, or give the host a key: docs/configuration.md, \
                 ATTACHE_CARD_KEY_FILE",
            ));
        }
        let given = match (&self.key, &self.jwks) {
            (Some(path), _) => Some(keys_of(&read(path)?, &path.display().to_string())?),
            (_, Some(place)) if place.contains("://") => Some(self.fetched(place, terminal).await?),
            (_, Some(path)) => Some(keys_of(&read(path.as_ref())?, path)?),
            _ => None,
        };
        let mut checked = Vec::new();
        for signature in signatures {
            checked.push(match &given {
                Some(keys) => card.check(signature, keys)?,
                None => self.by_its_own_word(&card, signature, terminal).await?,
            });
        }
        let holds = checked.iter().any(|one| one.holds);
        terminal.result(&json!({ "verified": holds, "signatures": checked }), |_| {
            let mut lines: Vec<_> = checked.iter().map(line).collect();
            lines.push(
                if holds {
                    "the card is signed"
                } else {
                    "no signature holds"
                }
                .to_owned(),
            );
            clean(&lines.join("\n"))
        });
        Ok(if holds { Exit::Ok } else { Exit::Wanting })
    }

    /// With the keys that the signature points to, where that may be trusted.
    async fn by_its_own_word(
        &self,
        card: &Card,
        signature: &Value,
        terminal: &Terminal,
    ) -> Result<Checked, Failure> {
        let refused = |why: String| Checked {
            holds: false,
            algorithm: None,
            key_id: None,
            why: Some(why),
        };
        let header = match header(signature) {
            Ok(header) => header,
            Err(why) => return Ok(refused(why)),
        };
        let Some(place) = header.key_set_url else {
            return Ok(refused(
                "does not say where its key is (jku): give --key or --jwks".to_owned(),
            ));
        };
        let origin = a2a::url(&place).map(|url| Origin::of(&url));
        match origin {
            Ok(origin) if self.allow_jku.contains(&origin) => {
                let keys = self.fetched(&place, terminal).await?;
                card.check(signature, &keys)
            }
            Ok(origin) => Ok(refused(format!(
                "names a key at {origin}, which is not trusted: --allow-jku {origin} does that"
            ))),
            Err(_) => Ok(refused(format!(
                "names a key at {place:?}, which is no URL"
            ))),
        }
    }

    /// Keys are public: no credentials go with the question.
    async fn fetched(&self, place: &str, terminal: &Terminal) -> Result<KeySet, Failure> {
        let url = a2a::url(place)?;
        let body = self.connection.public_document(&url, terminal).await?;
        keys_of(&body, place)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|why| {
        Failure::new(
            Exit::NoInput,
            format!("the key {} cannot be read: {why}", path.display()),
        )
    })
}

/// A set, a single key, or PEM; of a private key the public half.
fn keys_of(bytes: &[u8], place: &str) -> Result<KeySet, Failure> {
    let unfit = |why: String| Failure::new(Exit::Data, format!("{place} holds no key: {why}"));
    if bytes.trim_ascii_start().starts_with(b"{") {
        let value: Value = serde_json::from_slice(bytes).map_err(|why| unfit(why.to_string()))?;
        let set = if value.get("keys").is_some() {
            value
        } else {
            json!({ "keys": [value] })
        };
        return KeySet::parse(set.to_string().as_bytes()).map_err(unfit);
    }
    if let Ok(key) = SigningKey::parse(bytes) {
        // Without a name, so that it is tried whatever name the signature has.
        let mut jwk = key.public_jwk("");
        if let Some(members) = jwk.as_object_mut() {
            members.shift_remove("kid");
        }
        return KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).map_err(unfit);
    }
    KeySet::parse_pem(bytes).map_err(unfit)
}

fn line(checked: &Checked) -> String {
    let key = checked.key_id.as_deref().unwrap_or("without a name");
    let algorithm = checked.algorithm.as_deref().unwrap_or("unknown");
    match &checked.why {
        None => format!("holds: {algorithm}, key {key}"),
        Some(why) => format!("does not hold: {algorithm}, key {key}: it {why}"),
    }
}
