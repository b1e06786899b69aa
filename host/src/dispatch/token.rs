use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};

use crate::hex::hex;

/// 192 bits.
const BYTES: usize = 24;
const CHARS: usize = BYTES / 3 * 4;

/// What lets the queue have a task run: whoever has it may, and nobody can guess it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token(String);

impl Token {
    /// A new one; none when the system gives no random numbers.
    pub(super) fn new() -> Option<Self> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// A text that has the form of one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_token = text.len() == CHARS
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        is_token.then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// A name that tells nothing of the token: names are shown in consoles, headers and logs.
    pub(super) fn name(&self) -> String {
        let digest = Sha256::digest(self.0.as_bytes());
        // Half of it tells tokens apart.
        hex(digest.get(..16).unwrap_or(&digest))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(of {})", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_all_different_and_can_be_read_again() {
        let token = Token::new().unwrap();
        assert_ne!(token, Token::new().unwrap());
        assert_eq!(Token::parse(token.as_str()), Some(token.clone()));
        for text in [
            "",
            "short",
            &format!("{}x", token.as_str()),
            &"é".repeat(16),
        ] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_is_always_the_same_and_shows_no_token() {
        let token = Token::new().unwrap();
        assert_eq!(token.name(), token.clone().name());
        assert_eq!(token.name().len(), 32);
        assert!(!format!("{token:?}").contains(token.as_str()));
    }
}
