//! Takes out of text what looks like a secret.
//!
//! The host itself logs no header and no body. What a component prints is not in its hands, nor is
//! what a panic quotes; and a token in a log is a token that is lost. This is a net, not a promise: it
//! knows the headers that carry credentials and the shapes of the tokens that are met here.

use std::borrow::Cow;

const GONE: &str = "[redacted]";
/// Headers whose value is a secret, to its end.
const HEADERS: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "x-serverless-authorization",
    "cookie",
    "set-cookie",
    "x-goog-iap-jwt-assertion",
    "x-goog-api-key",
    "x-api-key",
    "x-a2a-notification-token",
];
/// Parameters whose value is one word.
const PARAMETERS: [&str; 4] = ["access_token", "api_key", "client_secret", "refresh_token"];
/// A word that follows one of these is a secret, wherever it stands, if it is long enough to be one.
const SCHEMES: [&str; 2] = ["bearer", "basic"];
const SHORTEST: usize = 8;

/// `text` without its secrets.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    let mut after_scheme = false;
    for (start, word) in words(text) {
        if start < kept {
            continue;
        }
        let end = start + word.len();
        let secret = if has_shape_of_a_token(word) || (after_scheme && word.len() >= SHORTEST) {
            Some((start, end))
        } else {
            value_of(text, word, end)
        };
        after_scheme = is_one_of(&SCHEMES, word);
        if let Some((from, to)) = secret {
            out.push_str(text.get(kept..from).unwrap_or_default());
            out.push_str(GONE);
            kept = to;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

/// Where the secret is that `name` stands in front of: `name: value`, `name=value` or
/// `"name": "value"`.
fn value_of(text: &str, name: &str, end: usize) -> Option<(usize, usize)> {
    let is_header = is_one_of(&HEADERS, name);
    if !is_header && !is_one_of(&PARAMETERS, name) {
        return None;
    }
    let quotes = ['"', '\'', '\\', ' '];
    let after = text.get(end..)?.trim_start_matches(quotes);
    let value = after.strip_prefix([':', '=', ','])?;
    let value = value.trim_start_matches(quotes);
    let length = if is_header {
        value.find(['"', '\'', '\\', '\n'])
    } else {
        value.find(|c| !is_part(c))
    };
    let length = length.unwrap_or(value.len());
    let from = text.len() - value.len();
    (length > 0).then_some((from, from + length))
}

/// The runs of characters that tokens are made of, with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive(|c| !is_part(c))
        .filter_map(move |piece| {
            let start = at;
            at += piece.len();
            let word = piece.trim_end_matches(|c| !is_part(c));
            (!word.is_empty()).then_some((start, word))
        })
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+')
}

fn is_one_of(names: &[&str], word: &str) -> bool {
    names.iter().any(|name| word.eq_ignore_ascii_case(name))
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
            ("Authorization: Bearer abc", "Authorization: [redacted]"),
            ("authorization=s3cret", "authorization=[redacted]"),
            (
                r#"{"x-goog-api-key": "k-1", "rows": 3}"#,
                r#"{"x-goog-api-key": "[redacted]", "rows": 3}"#,
            ),
            (
                r#"{\"cookie\":\"a=b; c=d\"}"#,
                r#"{\"cookie\":\"[redacted]\"}"#,
            ),
            ("Set-Cookie: a=b; c=d\nnext", "Set-Cookie: [redacted]\nnext"),
            ("got bearer abcdefgh!", "got bearer [redacted]!"),
            ("token ya29.abcdef ends", "token [redacted] ends"),
            ("eyJhbGciOi.eyJpc3Mi.c2ln", "[redacted]"),
            (
                "?key=AIzaSyA1234567890123456789012345678901234",
                "?key=[redacted]",
            ),
            (
                "ä access_token=x&rows=3",
                "ä access_token=[redacted]&rows=3",
            ),
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
