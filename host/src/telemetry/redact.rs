//! Takes out of text what looks like a secret.
//!
//! The host itself logs no header and no body. What a component prints is not in its hands, nor is
//! what a panic quotes; and a token in a log is a token that is lost. This is a net, not a promise: it
//! knows the headers that carry credentials and the shapes of the tokens that are met here.

use std::borrow::Cow;

const GONE: &str = "[redacted]";
/// What follows one of these names is a secret.
const NAMES: [&str; 11] = [
    "authorization",
    "proxy-authorization",
    "x-serverless-authorization",
    "cookie",
    "set-cookie",
    "x-goog-iap-jwt-assertion",
    "x-goog-api-key",
    "x-api-key",
    "x-a2a-notification-token",
    "access_token",
    "api_key",
];
/// What follows one of these words is a secret, wherever it stands.
const SCHEMES: [&str; 2] = ["bearer", "basic"];
/// Shorter words are not worth hiding, and likely to be words.
const SHORTEST: usize = 8;

/// `text` without its secrets.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    let mut expect = Expect::Nothing;
    for (start, word) in words(text) {
        let is_secret = match expect {
            Expect::Secret => !is_scheme(word),
            Expect::Token => word.len() >= SHORTEST,
            Expect::Nothing => has_shape_of_a_token(word),
        };
        let end = start + word.len();
        if is_secret {
            out.push_str(text.get(kept..start).unwrap_or_default());
            out.push_str(GONE);
            kept = end;
        }
        let after = text.get(end..).unwrap_or_default();
        expect = if is_name(word) && introduces(after) {
            Expect::Secret
        } else if is_scheme(word) {
            Expect::Token
        } else {
            Expect::Nothing
        };
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

#[derive(Clone, Copy)]
enum Expect {
    Nothing,
    /// Whatever it is.
    Secret,
    /// If it is long enough.
    Token,
}

/// The runs of characters that tokens are made of, with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+');
    text.split(move |c: char| !is_part(c))
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

fn is_name(word: &str) -> bool {
    NAMES.iter().any(|name| word.eq_ignore_ascii_case(name))
}

fn is_scheme(word: &str) -> bool {
    SCHEMES
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// `name: value`, `name=value` and `"name": "value"`.
fn introduces(after: &str) -> bool {
    let after = after.trim_start_matches(['"', '\'', '\\', ')', ' ']);
    after.starts_with([':', '=', ','])
}

fn has_shape_of_a_token(word: &str) -> bool {
    let is_jwt = word.starts_with("eyJ") && word.bytes().filter(|b| *b == b'.').count() >= 2;
    let is_google = word.starts_with("ya29.") || (word.starts_with("AIza") && word.len() >= 35);
    is_jwt || (is_google && word.len() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out() {
        for (text, redacted) in [
            (
                "Authorization: Bearer abc",
                "Authorization: Bearer [redacted]",
            ),
            ("authorization=s3cret", "authorization=[redacted]"),
            (
                r#"{"x-goog-api-key": "k-1"}"#,
                r#"{"x-goog-api-key": "[redacted]"}"#,
            ),
            (r#"("cookie", "a=b")"#, r#"("cookie", "[redacted]=b")"#),
            ("got bearer abcdefgh!", "got bearer [redacted]!"),
            ("token ya29.abcdef ends", "token [redacted] ends"),
            ("eyJhbGciOi.eyJpc3Mi.c2ln", "[redacted]"),
            (
                "?key=AIzaSyA1234567890123456789012345678901234",
                "?key=[redacted]",
            ),
            ("ä access_token=x", "ä access_token=[redacted]"),
        ] {
            assert_eq!(redact(text), redacted);
        }
    }

    #[test]
    fn other_text_is_left_as_it_is() {
        for text in [
            "",
            "the bearer of news",
            "no authorization was given",
            "a cookie for everyone",
            "eyJust a word",
            "basic sql",
        ] {
            assert!(matches!(redact(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
