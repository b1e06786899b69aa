//! How webhooks are called.

use attache_task_store::Patience;
use clap::Args;

use super::key_source::KeySource;
use super::{ConfigError, Environment, parse};
use crate::card_signer::CardSigning;
use crate::push::PushSigning;
use attache_jws::SigningKey;

const SOURCE: KeySource = KeySource {
    file: "ATTACHE_PUSH_KEY_FILE (--push-key-file)",
    value: "ATTACHE_PUSH_KEY",
};
const KEY_ID: &str = "ATTACHE_PUSH_KEY_ID (--push-key-id)";

/// How webhooks are called.
#[derive(Debug)]
pub struct PushSettings {
    /// Webhooks may name private addresses.
    pub allow_private: bool,
    /// How long an event is tried.
    pub patience: Patience,
    /// How notifications are signed, if they are.
    pub signing: Option<PushSigning>,
}

/// The flags of `serve` about webhooks, as text.
#[derive(Debug, Default, Args)]
pub struct PushFlags {
    /// Let webhooks name private addresses (1). [default: 0]
    #[arg(
        long, env = "ATTACHE_PUSH_ALLOW_PRIVATE", hide_env_values = true, value_name = "0|1",
        num_args = 0..=1, default_missing_value = "1", require_equals = true
    )]
    pub push_allow_private: Option<String>,

    /// Attempts to send a webhook an event, before it becomes a dead letter. [default: 20]
    #[arg(
        long,
        env = "ATTACHE_PUSH_ATTEMPTS",
        hide_env_values = true,
        value_name = "COUNT"
    )]
    pub push_attempts: Option<String>,

    /// Seconds after which the next failure makes an event a dead letter. [default: 86400]
    #[arg(
        long,
        env = "ATTACHE_PUSH_MAX_AGE",
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub push_max_age: Option<String>,

    /// PEM file with the private keys for notifications: PKCS#8, EC P-256 or RSA. The first signs;
    /// the public halves of all are at /.well-known/jwks.json. Needs --public-url. [default:
    /// notifications are not signed]
    #[arg(
        long,
        env = "ATTACHE_PUSH_KEY_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub push_key_file: Option<String>,

    /// Names of these keys, with commas between them. [default: their RFC 7638 thumbprints]
    #[arg(
        long,
        env = "ATTACHE_PUSH_KEY_ID",
        hide_env_values = true,
        value_name = "IDS"
    )]
    pub push_key_id: Option<String>,
}

/// Checks `flags`, and that the card is signed with another key than notifications.
pub(super) fn resolve(
    flags: PushFlags,
    card: Option<&CardSigning>,
    environment: &Environment,
) -> Result<PushSettings, ConfigError> {
    let patience = Patience::default();
    let signing = signing(flags.push_key_file, flags.push_key_id, environment)?;
    if let (Some(signing), Some(card)) = (&signing, card) {
        keep_apart(signing, card)?;
    }
    Ok(PushSettings {
        allow_private: parse::switch(
            "ATTACHE_PUSH_ALLOW_PRIVATE (--push-allow-private)",
            flags.push_allow_private,
        )?,
        patience: Patience {
            attempts: parse::whole_number(
                "ATTACHE_PUSH_ATTEMPTS (--push-attempts)",
                flags.push_attempts,
                patience.attempts,
                1,
                1_000,
            )?,
            age_ms: parse::whole_number(
                "ATTACHE_PUSH_MAX_AGE (--push-max-age)",
                flags.push_max_age,
                patience.age_ms / 1_000,
                1,
                31_536_000,
            )?
            .saturating_mul(1_000),
        },
        signing,
    })
}

fn signing(
    file: Option<String>,
    key_ids: Option<String>,
    environment: &Environment,
) -> Result<Option<PushSigning>, ConfigError> {
    let key_ids = parse::given(key_ids);
    let Some(keys) = SOURCE.read(file, environment, SigningKey::parse_all)? else {
        return match key_ids {
            None => Ok(None),
            Some(ids) => Err(SOURCE.missing_for(KEY_ID, ids, "sign notifications")),
        };
    };
    let text = key_ids.unwrap_or_default();
    let mut ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
    let mut named = Vec::with_capacity(keys.len());
    for key in keys {
        let id = ids.next().map_or_else(|| key.thumbprint(), str::to_owned);
        if named.iter().any(|(other, _)| *other == id) {
            return Err(ConfigError::new(
                KEY_ID,
                text.as_str(),
                format!("the keys for notifications need different names, and two are {id:?}"),
            ));
        }
        named.push((id, key));
    }
    if ids.next().is_some() {
        let expected = format!(
            "it has more names than there are keys, which are {}",
            named.len()
        );
        return Err(ConfigError::new(KEY_ID, text.as_str(), expected));
    }
    Ok(Some(PushSigning { keys: named }))
}

/// The component chooses what the key for cards signs, and could make a token with it.
fn keep_apart(signing: &PushSigning, card: &CardSigning) -> Result<(), ConfigError> {
    let card = card.key.thumbprint();
    if signing.keys.iter().all(|(_, key)| key.thumbprint() != card) {
        return Ok(());
    }
    Err(ConfigError::secret(
        format!("{} or {}", SOURCE.file, SOURCE.value),
        "its key also signs the agent card; give each a key of its own",
    ))
}

#[cfg(test)]
mod tests;
