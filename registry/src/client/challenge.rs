use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// What a registry wants to see.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user and a password.
    Basic,
    /// A token of the service at `realm`.
    Bearer {
        realm: String,
        service: Option<String>,
    },
}

impl Challenge {
    /// The best of what is offered.
    pub(super) fn find(headers: &HeaderMap) -> Option<Self> {
        let offered = headers.get_all(WWW_AUTHENTICATE).iter();
        let offered: Vec<_> = offered
            .filter_map(|value| parse(value.to_str().ok()?))
            .collect();
        let bearer = |one: &Self| matches!(one, Self::Bearer { .. });
        let at = offered.iter().position(bearer).unwrap_or_default();
        offered.into_iter().nth(at)
    }
}

fn parse(text: &str) -> Option<Challenge> {
    let text = text.trim();
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut parameters = parameters(rest);
    Some(Challenge::Bearer {
        realm: parameters.remove("realm")?,
        service: parameters.remove("service"),
    })
}

/// `name="value"` or `name=value`, with commas between them.
fn parameters(mut text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    while let Some((name, rest)) = text.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_ascii_lowercase();
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        found.insert(name, value.trim().to_owned());
        text = rest;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::find(&headers)
    }

    #[test]
    fn challenges_are_read() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer {
                realm: realm.to_owned(),
                service: service.map(str::to_owned),
            })
        };
        let cases: [(&[&str], _); 7] = [
            (&["Basic realm=\"Registry\""], Some(Challenge::Basic)),
            (&["basic"], Some(Challenge::Basic)),
            (
                &["Bearer realm=\"https://auth.test/token\",service=\"a,b\",scope=\"x\""],
                bearer("https://auth.test/token", Some("a,b")),
            ),
            (
                &["Bearer realm=https://auth.test/token, service=a"],
                bearer("https://auth.test/token", Some("a")),
            ),
            (
                &["Basic realm=\"x\"", "Bearer realm=\"https://auth.test\""],
                bearer("https://auth.test", None),
            ),
            (&["Bearer service=\"a\"", "Negotiate"], None),
            (&[], None),
        ];
        for (values, expected) in cases {
            assert_eq!(found(values), expected, "{values:?}");
        }
    }
}
