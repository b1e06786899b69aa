use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use tracing::{info, warn};

use super::claims::Known;
use super::config::ApiKeyConfig;
use super::flaw::Flaw;
use crate::bindings::caller::Identity;
use crate::hex::hex;

/// Who vouches for the holder of a key.
const ISSUER: &str = "api-key";
/// A key that was taken out of the file counts for no longer than this.
const READ_EVERY: Duration = Duration::from_secs(5);
/// For a key that is not known the file is read again, this often at most.
const READ_FOR_UNKNOWN: Duration = Duration::from_secs(1);
/// Marks keys for those who look for secrets where none should be.
const PREFIX: &str = "attache_";
const MOST_KEYS: usize = 10_000;
const LONGEST_NAME: usize = 64;

/// A line `NAME:sha256:HEX`: who holds a key, and the hash of the key. A plain hash is enough, since the
/// keys are random: there is nothing to guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyLine {
    /// The subject that its holder is known by.
    pub name: String,
    hash: [u8; 32],
}

/// A key that was just made.
#[derive(Debug)]
pub struct NewApiKey {
    /// The key itself, which is kept nowhere.
    pub key: String,
    /// What the host is given.
    pub line: String,
}

impl NewApiKey {
    /// A random key for `name`.
    ///
    /// # Errors
    /// A sentence, when the name cannot be one or the machine has no random numbers.
    pub fn for_name(name: &str) -> Result<Self, String> {
        check_name(name)?;
        let mut random = [0; 32];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| "the system gives no random numbers".to_owned())?;
        let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
        let line = format!("{name}:sha256:{}", hex(&Sha256::digest(&key)));
        Ok(Self { key, line })
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    if (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    Err(format!(
        "{name:?} cannot name a key: use up to {LONGEST_NAME} letters, digits, '.', '_', '-' and '@'"
    ))
}

impl ApiKeyLine {
    /// Reads keys from text: one on each line or between commas; a line may be a comment that begins
    /// with `#`.
    ///
    /// # Errors
    /// A sentence that shows nothing of the text but the number of the entry and its name.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let lines = text.lines().map(str::trim);
        let entries = lines
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let mut keys: Vec<Self> = Vec::new();
        for (index, entry) in entries.enumerate() {
            if keys.len() == MOST_KEYS {
                return Err(format!("there are more than {MOST_KEYS} keys"));
            }
            let wrong = |why: &str| format!("key {} {why}", index + 1);
            let Some((name, hash)) = entry.split_once(":sha256:") else {
                return Err(wrong(
                    "is not of the form NAME:sha256:HEX, which `attache-host api-key NAME` makes",
                ));
            };
            if check_name(name).is_err() {
                return Err(wrong(
                    "has a name that is not letters, digits, '.', '_', '-', '@'",
                ));
            }
            let hash = bytes(hash).ok_or_else(|| wrong("does not end in 64 hexadecimal digits"))?;
            keys.push(Self {
                name: name.to_owned(),
                hash,
            });
        }
        Ok(keys)
    }
}

fn bytes(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        let pair = digits.get(2 * index..2 * index + 2)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

/// The keys that are accepted: those of the environment, and those of a file that may change.
pub(super) struct ApiKeys {
    fixed: Vec<ApiKeyLine>,
    file: Option<PathBuf>,
    read: tokio::sync::Mutex<Read>,
}

struct Read {
    keys: Arc<[ApiKeyLine]>,
    text: Option<String>,
    at: Instant,
}

impl ApiKeys {
    pub(super) fn new(config: ApiKeyConfig) -> Self {
        let ApiKeyConfig {
            fixed,
            file,
            in_file,
            ..
        } = config;
        Self {
            fixed,
            file,
            read: tokio::sync::Mutex::new(Read {
                keys: in_file.into(),
                text: None,
                at: Instant::now(),
            }),
        }
    }

    /// The holder of a key.
    pub(super) async fn verify(&self, key: &str) -> Result<Known, Flaw> {
        let hash: [u8; 32] = Sha256::digest(key).into();
        let mut name = find(&self.fixed, &hash).map(str::to_owned);
        for patience in [READ_EVERY, READ_FOR_UNKNOWN] {
            if name.is_none()
                && let Some(keys) = self.in_file(patience).await
            {
                name = find(&keys, &hash).map(str::to_owned);
            }
        }
        let subject = name.ok_or(Flaw::ApiKey)?;
        Ok(Known {
            identity: Identity {
                issuer: ISSUER.to_owned(),
                subject,
                email: None,
                scopes: Vec::new(),
            },
            domain: None,
        })
    }

    /// What the file has, or had before `patience`. Its content is compared and not its date, which says
    /// nothing where secrets are mounted. What cannot be used changes nothing.
    async fn in_file(&self, patience: Duration) -> Option<Arc<[ApiKeyLine]>> {
        let path = self.file.clone()?;
        let mut read = self.read.lock().await;
        if read.at.elapsed() >= patience {
            let shown = path.display().to_string();
            let text = tokio::task::spawn_blocking(move || std::fs::read_to_string(path)).await;
            read.at = Instant::now();
            match text {
                Ok(Ok(text)) if read.text.as_ref() == Some(&text) => {}
                Ok(Ok(text)) => {
                    let keys = ApiKeyLine::parse_all(&text);
                    match keys {
                        Ok(keys) if *keys != *read.keys => {
                            info!("{shown} changed: it has {} API keys", keys.len());
                            read.keys = keys.into();
                        }
                        Ok(_) => {}
                        Err(why) => warn!("{shown} changed, and the keys from before stay: {why}"),
                    }
                    read.text = Some(text);
                }
                Ok(Err(error)) => {
                    warn!("{shown} cannot be read, and the keys from before stay: {error}");
                }
                Err(_) => {}
            }
        }
        Some(read.keys.clone())
    }
}

/// Whose key has this hash. Every key is looked at in the same time, so that the time tells nothing.
fn find<'a>(keys: &'a [ApiKeyLine], hash: &[u8; 32]) -> Option<&'a str> {
    let mut found = u32::MAX;
    for (index, key) in (0..).zip(keys) {
        let same: Choice = key.hash.ct_eq(hash);
        found = u32::conditional_select(&found, &index, same);
    }
    let key = keys.get(usize::try_from(found).ok()?)?;
    Some(&key.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_known_by_the_line_that_is_made_with_it() {
        let one = NewApiKey::for_name("ci@build-1").unwrap();
        let two = NewApiKey::for_name("two").unwrap();
        let text = format!("# the builds\n{}\n\n  {}, \n", one.line, two.line);
        let keys = ApiKeyLine::parse_all(&text).unwrap();
        let find = |key: &str| find(&keys, &Sha256::digest(key).into());
        assert_eq!(find(&one.key), Some("ci@build-1"));
        assert_eq!(find(&two.key), Some("two"));
        assert_eq!(find(&one.line), None);
        assert_eq!(find(""), None);
        assert!(!text.contains(&one.key));
        assert!(NewApiKey::for_name("a:b").is_err());
    }

    #[test]
    fn a_line_that_is_none_is_named_by_its_number_and_not_shown() {
        let good = NewApiKey::for_name("good").unwrap().line;
        for bad in ["secret", "n:sha256:00", "a b:sha256:00", "n:md5:00"] {
            let refused = ApiKeyLine::parse_all(&format!("{good}\n{bad}")).unwrap_err();
            assert!(refused.starts_with("key 2 "), "{refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
        let not_hexadecimal = format!("n:sha256:{}", "é".repeat(32));
        assert!(ApiKeyLine::parse_all(&not_hexadecimal).is_err());
    }
}
