use http::Uri;

use super::key_source::KeySource;
use super::{ConfigError, Environment, parse};
use crate::card_signer::CardSigning;
use attache_jws::SigningKey;

const SOURCE: KeySource = KeySource {
    file: "ATTACHE_CARD_KEY_FILE (--card-key-file)",
    value: "ATTACHE_CARD_KEY",
};

/// The key for agent cards.
pub(super) fn resolve(
    file: Option<String>,
    key_id: Option<String>,
    key_set_url: Option<String>,
    environment: &Environment,
) -> Result<Option<CardSigning>, ConfigError> {
    let (key_id, key_set_url) = (parse::given(key_id), parse::given(key_set_url));
    let Some(key) = SOURCE.read(file, environment, SigningKey::parse)? else {
        // Without a key they would be overlooked in silence.
        let lost = key_id
            .map(|id| ("ATTACHE_CARD_KEY_ID (--card-key-id)", id))
            .or(key_set_url.map(|url| ("ATTACHE_CARD_JKU (--card-jku)", url)));
        return match lost {
            None => Ok(None),
            Some((key, value)) => Err(SOURCE.missing_for(key, value, "sign cards")),
        };
    };
    if let Some(url) = &key_set_url {
        check_url(url)?;
    }
    Ok(Some(CardSigning {
        key,
        key_id,
        key_set_url,
    }))
}

/// A key that came over plain HTTP could be anybody's.
fn check_url(url: &str) -> Result<(), ConfigError> {
    let is_https = url
        .parse::<Uri>()
        .is_ok_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some());
    if is_https {
        return Ok(());
    }
    Err(ConfigError::new(
        "ATTACHE_CARD_JKU (--card-jku)",
        url,
        "give the https URL of the JSON Web Key Set that holds the public key",
    ))
}
