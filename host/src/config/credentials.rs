use http::HeaderName;
use http::header::{CONTENT_LENGTH, EXPECT, HOST, TE, TRAILER};

use super::{ConfigError, Environment, parse};
use crate::google::Google;
use crate::outbound::{CredentialKind, CredentialRule, HeaderSecret, OriginPattern};

const KEY: &str = "ATTACHE_CREDENTIALS (--credentials)";
const KINDS: &str = "give google-access-token[:SCOPE+SCOPE], google-id-token[:AUDIENCE], \
                     header:NAME:env:VARIABLE, header:NAME:file:PATH or caller";
/// What the names of Google's scopes begin with.
const SCOPES: &str = "https://www.googleapis.com/auth/";
/// What the client writes itself, beside what wasi:http forbids.
const FRAMING: [HeaderName; 5] = [CONTENT_LENGTH, EXPECT, HOST, TE, TRAILER];

/// Reads `ORIGIN=KIND,...`. A secret that was written where a kind belongs is not repeated: of a rule
/// that is wrong only the origin is shown.
pub(super) fn resolve(
    given: Option<String>,
    allow_private: bool,
    google: &Google,
    environment: &Environment,
) -> Result<Vec<CredentialRule>, ConfigError> {
    let given = parse::given(given).unwrap_or_default();
    let rules = given.split(',').map(str::trim);
    let rules = rules.filter(|rule| !rule.is_empty()).map(|rule| {
        let Some((origin, kind)) = rule.split_once('=') else {
            return Err(refused(
                "a rule has no =; give ORIGIN=KIND, separated by commas",
            ));
        };
        let of_rule = |why: String| refused(format!("for {origin:?}, {why}"));
        let origin = OriginPattern::parse(origin, allow_private).map_err(of_rule)?;
        let kind = self::kind(kind, environment).map_err(of_rule)?;
        let of_google = matches!(
            kind,
            CredentialKind::GoogleAccessToken { .. } | CredentialKind::GoogleIdToken { .. }
        );
        if of_google && let Err(why) = google.usable() {
            return Err(of_rule(format!(
                "there are no credentials of Google: {why}"
            )));
        }
        Ok(CredentialRule { origin, kind })
    });
    rules.collect()
}

fn kind(text: &str, environment: &Environment) -> Result<CredentialKind, String> {
    let (name, rest) = match text.split_once(':') {
        Some((name, rest)) => (name, Some(rest)),
        None => (text, None),
    };
    match (name, rest) {
        ("caller", None) => Ok(CredentialKind::Caller),
        ("google-access-token", scopes) => Ok(CredentialKind::GoogleAccessToken {
            scopes: scopes.map(self::scopes).unwrap_or_default(),
        }),
        ("google-id-token", Some("")) => Err("the audience is empty".to_owned()),
        ("google-id-token", audience) => Ok(CredentialKind::GoogleIdToken {
            audience: audience.map(str::to_owned),
        }),
        ("header", Some(rest)) => header(rest, environment),
        _ => Err(KINDS.to_owned()),
    }
}

fn scopes(list: &str) -> Vec<String> {
    let scopes = list.split('+').filter(|scope| !scope.is_empty());
    scopes
        .map(|scope| {
            if scope.contains("://") {
                scope.to_owned()
            } else {
                format!("{SCOPES}{scope}")
            }
        })
        .collect()
}

fn header(text: &str, environment: &Environment) -> Result<CredentialKind, String> {
    let mut parts = text.splitn(3, ':');
    let (Some(name), Some(place), Some(source)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KINDS.to_owned());
    };
    let name: HeaderName = name
        .parse()
        .map_err(|_| "the name of the header is none".to_owned())?;
    let forbidden = wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS.contains(&name);
    if forbidden || FRAMING.contains(&name) {
        return Err(format!("{name} is no header for a credential"));
    }
    let secret = match place {
        "env" => {
            let value = environment.get(source);
            let value = value.ok_or_else(|| format!("the variable {source} is not set"))?;
            HeaderSecret::fixed(value)
                .map_err(|why| format!("the variable {source} is no header: {why}"))?
        }
        "file" => HeaderSecret::of_file(source.as_ref())?,
        _ => return Err(KINDS.to_owned()),
    };
    Ok(CredentialKind::Header { name, secret })
}

fn refused(expected: impl Into<String>) -> ConfigError {
    ConfigError::secret(KEY, expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Metadata;
    use crate::outbound::Network;

    fn resolve(rules: &str, allow_private: bool) -> Result<Vec<CredentialRule>, String> {
        let variables = [("KEY", "s3cret"), ("BROKEN", "s3cret\ns3cret")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = variables.into_iter().collect();
        let google = Google::default();
        super::resolve(Some(rules.to_owned()), allow_private, &google, &environment)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn rules_are_read() {
        let rules = resolve(
            "https://aiplatform.googleapis.com=google-access-token,
             https://bigquery.googleapis.com=google-access-token:bigquery+https://a.test/auth/b,
             https://*.run.app=google-id-token, https://iap.test:8443=google-id-token:a.b,
             https://api.example.com=header:X-Api-Key:env:KEY,
             https://mine.test=caller,",
            false,
        )
        .unwrap();
        let shown = format!("{rules:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert_eq!(rules.len(), 6);
        let CredentialKind::GoogleAccessToken { scopes } = &rules[1].kind else {
            panic!("{shown}")
        };
        let full = "https://www.googleapis.com/auth/bigquery";
        assert_eq!(scopes, &[full, "https://a.test/auth/b"]);
        assert_eq!(rules[4].kind.header(), "x-api-key");
        assert!(resolve("http://127.0.0.1:8000=caller", true).is_ok());
    }

    #[test]
    fn a_wrong_rule_is_a_sentence_without_what_could_be_a_secret() {
        for (rule, says) in [
            ("https://a.test", "ORIGIN=KIND"),
            ("https://a.test/path=caller", "without a path"),
            ("https://user@a.test=caller", "without a path"),
            ("a.test=caller", "without a path"),
            ("ftp://a.test=caller", "without a path"),
            ("http://a.test=caller", "goes over https"),
            ("http://127.0.0.1=caller", "goes over https"),
            ("https://*=caller", "hosts of one owner"),
            ("https://*.com=caller", "hosts of one owner"),
            ("https://a.test=s3cret", "google-id-token"),
            ("https://a.test=caller:s3cret", "google-id-token"),
            ("https://a.test=header:X-Key:s3cret", "google-id-token"),
            ("https://a.test=header:X Key:env:KEY", "name of the header"),
            (
                "https://a.test=header:Host:env:KEY",
                "no header for a credential",
            ),
            ("https://a.test=header:X-Key:env:NONE", "NONE is not set"),
            (
                "https://a.test=header:X-Key:env:BROKEN",
                "BROKEN is no header",
            ),
            (
                "https://a.test=header:X-Key:file:/no/such",
                "/no/such is no file that can be read",
            ),
        ] {
            let error = resolve(rule, false).unwrap_err();
            assert!(error.contains(says), "{rule}: {error}");
            assert!(error.starts_with(KEY), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn credentials_of_google_that_are_broken_stop_the_start_only_where_they_are_used() {
        let named = ("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file");
        let environment: Environment = [(named.0.to_owned(), named.1.to_owned())]
            .into_iter()
            .collect();
        let metadata = Metadata::new("127.0.0.1:1");
        let google = Google::find(&environment, metadata, Network::default());
        let resolve = |rule: &str| {
            super::resolve(Some(rule.to_owned()), false, &google, &environment)
                .map_err(|error| error.to_string())
        };
        let error = resolve("https://a.test=google-id-token").unwrap_err();
        assert!(error.contains("/no/such/file"), "{error}");
        assert!(resolve("https://a.test=caller").is_ok());
    }
}
