use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName};

use super::LONGEST_TOKEN;
use super::config::AuthConfig;
use super::flaw::Flaw;

const IAP_ASSERTION: &str = "x-goog-iap-jwt-assertion";
const SERVERLESS: &str = "x-serverless-authorization";

/// Headers that a proxy adds to say who calls, and anybody else to pretend. What they say is checked
/// here or nowhere, so that none of them gets as far as the component.
const CLAIMS: [&str; 14] = [
    IAP_ASSERTION,
    SERVERLESS,
    "remote-user",
    "x-api-key",
    "x-apigateway-api-userinfo",
    "x-endpoint-api-userinfo",
    "x-forwarded-access-token",
    "x-forwarded-authorization",
    "x-forwarded-client-cert",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-forwarded-user",
    "x-remote-user",
];
const CLAIM_PREFIXES: [&str; 2] = ["x-auth-request-", "x-goog-authenticated-user-"];

/// What a request brings to say who sent it, taken out of its head.
pub(super) struct Credentials {
    pub(super) api_key: Option<Result<String, Flaw>>,
    pub(super) iap: Option<Result<String, Flaw>>,
    pub(super) serverless: Option<Result<String, Flaw>>,
    pub(super) authorization: Option<Result<String, Flaw>>,
}

impl Credentials {
    /// Takes them out, so that they cannot be passed on. `Authorization` stays where it is not the
    /// host's to read: an agent may have a use of its own for it.
    pub(super) fn take(headers: &mut HeaderMap, config: &AuthConfig) -> Self {
        let key_header = config.api_keys.as_ref().map(|keys| keys.header.clone());
        let credentials = Self {
            api_key: key_header
                .as_ref()
                .and_then(|name| single(headers, name.as_str())),
            iap: single(headers, IAP_ASSERTION),
            serverless: bearer(headers, SERVERLESS),
            authorization: bearer(headers, AUTHORIZATION.as_str()),
        };
        let behind_iap = config.iap.is_some();
        let gone: Vec<HeaderName> = headers
            .keys()
            .filter(|name| {
                claims_identity(name)
                    || Some(*name) == key_header.as_ref()
                    || *name == PROXY_AUTHORIZATION
                    || (*name == AUTHORIZATION && (behind_iap || config.reads_authorization()))
                    // Its session is in one.
                    || (*name == COOKIE && behind_iap)
            })
            .cloned()
            .collect();
        for name in gone {
            headers.remove(name);
        }
        credentials
    }
}

/// Some servers take `_` for `-`, and so would an agent that is written like them.
fn claims_identity(name: &HeaderName) -> bool {
    let name = name.as_str().replace('_', "-");
    CLAIMS.contains(&name.as_str()) || CLAIM_PREFIXES.iter().any(|p| name.starts_with(p))
}

/// The value of a header that may be there once.
fn single(headers: &HeaderMap, name: &str) -> Option<Result<String, Flaw>> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return Some(Err(Flaw::Repeated));
    }
    Some(match value.to_str() {
        Ok(text) if text.len() > LONGEST_TOKEN => Err(Flaw::TooLong),
        Ok(text) => Ok(text.trim().to_owned()),
        Err(_) => Err(Flaw::NotAToken),
    })
}

fn bearer(headers: &HeaderMap, name: &str) -> Option<Result<String, Flaw>> {
    let value = match single(headers, name)? {
        Ok(value) => value,
        Err(flaw) => return Some(Err(flaw)),
    };
    let token = value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty() && !token.contains(char::is_whitespace));
    Some(token.map(str::to_owned).ok_or(Flaw::NotBearer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(given: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn what_claims_an_identity_is_taken_out() {
        let mut headers = headers(&[
            ("x-goog-authenticated-user-email", "me"),
            ("X-Goog-IAP-JWT-Assertion", "a"),
            ("x_forwarded_user", "me"),
            ("x-auth-request-groups", "admins"),
            ("x-serverless-authorization", "Bearer s"),
            ("x-api-key", "k"),
            ("proxy-authorization", "Basic x"),
            ("authorization", "bearer  t"),
            ("cookie", "session=1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("a2a-version", "1.0"),
        ]);
        let credentials = Credentials::take(&mut headers, &AuthConfig::default());
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        let expected = ["authorization", "cookie", "x-forwarded-for", "a2a-version"];
        for name in expected {
            assert!(left.contains(&name), "{name}");
        }
        assert_eq!(left.len(), expected.len(), "{left:?}");
        assert_eq!(credentials.authorization, Some(Ok("t".to_owned())));
        assert_eq!(credentials.serverless, Some(Ok("s".to_owned())));
        assert_eq!(credentials.api_key, None, "nobody asked for keys");
    }

    #[test]
    fn a_token_comes_once_and_as_bearer() {
        let huge = format!("Bearer {}", "x".repeat(LONGEST_TOKEN));
        for (given, flaw) in [
            (&[("authorization", "Basic eDp5")][..], Flaw::NotBearer),
            (&[("authorization", "Bearer")], Flaw::NotBearer),
            (&[("authorization", "Bearer a b")], Flaw::NotBearer),
            (
                &[("authorization", "Bearer a"), ("authorization", "Bearer b")],
                Flaw::Repeated,
            ),
            (&[("authorization", &huge)], Flaw::TooLong),
        ] {
            let found = bearer(&headers(given), "authorization");
            assert_eq!(found, Some(Err(flaw)));
        }
        assert_eq!(bearer(&headers(&[]), "authorization"), None);
    }
}
