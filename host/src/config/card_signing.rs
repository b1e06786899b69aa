use std::path::Path;

use http::Uri;

use super::{ConfigError, Environment, parse};
use crate::card_signer::{CardKey, CardSigning};

const FILE: &str = "ATTACHE_CARD_KEY_FILE (--card-key-file)";
/// There is no flag for it: whoever lists the processes would read it.
const VALUE: &str = "ATTACHE_CARD_KEY";

/// The key for agent cards, from a file or from the environment, where Cloud Run puts secrets.
pub(super) fn resolve(
    file: Option<String>,
    key_id: Option<String>,
    key_set_url: Option<String>,
    environment: &Environment,
) -> Result<Option<CardSigning>, ConfigError> {
    let (key_id, key_set_url) = (parse::given(key_id), parse::given(key_set_url));
    let key = match (parse::given(file), environment.get(VALUE)) {
        (Some(_), Some(_)) => {
            return Err(ConfigError::secret(
                VALUE,
                format!("so is {FILE}; unset one of them"),
            ));
        }
        (Some(path), None) => read(&path)?,
        (None, Some(pem)) => CardKey::parse(pem.as_bytes())
            .map_err(|error| ConfigError::secret(VALUE, error.to_string()))?,
        (None, None) => {
            // Without a key they would be overlooked in silence.
            let lost = key_id
                .map(|id| ("ATTACHE_CARD_KEY_ID (--card-key-id)", id))
                .or(key_set_url.map(|url| ("ATTACHE_CARD_JKU (--card-jku)", url)));
            return match lost {
                None => Ok(None),
                Some((key, value)) => Err(ConfigError::new(
                    key,
                    value,
                    format!("there is no key to sign cards with; set {FILE} or {VALUE}"),
                )),
            };
        }
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

fn read(path: &str) -> Result<CardKey, ConfigError> {
    let pem = std::fs::read(Path::new(path)).map_err(|error| {
        ConfigError::new(
            FILE,
            path,
            format!("give a file that can be read ({error})"),
        )
    })?;
    CardKey::parse(&pem).map_err(|error| ConfigError::new(FILE, path, error.to_string()))
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
