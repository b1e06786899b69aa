use attache_jws::{Algorithm, Signed};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::LONGEST_TOKEN;
use super::claims::Claims;
use super::flaw::Flaw;

/// What Cloud Run leaves of the signature of a token that it has checked.
const REMOVED: &str = "SIGNATURE_REMOVED_BY_GOOGLE";

/// A JSON Web Token taken apart. Nothing that it says is to be believed before its signature was
/// checked.
#[derive(Debug)]
pub(super) struct Jwt<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    pub(super) claims: Claims,
    signed: &'a str,
    signature: Signature,
}

#[derive(Debug)]
enum Signature {
    Given(Vec<u8>),
    Removed,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> Jwt<'a> {
    /// Whether a credential is in this form, or opaque. Google's access tokens have dots in them, too.
    pub(super) fn is_one(text: &str) -> bool {
        let header = text.split('.').next().unwrap_or_default();
        let header = URL_SAFE_NO_PAD.decode(header).ok();
        header.is_some_and(|header| header.first() == Some(&b'{'))
    }

    pub(super) fn parse(text: &'a str) -> Result<Self, Flaw> {
        if text.len() > LONGEST_TOKEN {
            return Err(Flaw::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Flaw::NotAToken)?;
        let (header, claims) = signed.split_once('.').ok_or(Flaw::NotAToken)?;
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Flaw::NotAToken);
        let header = decoded(header)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| Flaw::Header)?;
        let algorithm = Algorithm::named(&header.alg).ok_or(Flaw::Algorithm)?;
        if header.crit.is_some() {
            return Err(Flaw::Critical);
        }
        let claims = decoded(claims)?;
        Ok(Self {
            algorithm,
            key_id: header.kid,
            claims: serde_json::from_slice(&claims).map_err(|_| Flaw::Claims)?,
            signed,
            signature: match signature {
                REMOVED => Signature::Removed,
                given => Signature::Given(decoded(given)?),
            },
        })
    }

    /// What is signed, and the signature; none when Cloud Run removed it.
    pub(super) fn signed(&self) -> Option<Signed<'_>> {
        match &self.signature {
            Signature::Given(signature) => Some(Signed {
                algorithm: self.algorithm,
                key_id: self.key_id.as_deref(),
                message: self.signed.as_bytes(),
                signature,
            }),
            Signature::Removed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str, signature: &str) -> String {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{header}.{claims}.{signature}")
    }

    #[test]
    fn what_is_no_token_says_why() {
        let good = r#"{"alg":"RS256","kid":"1"}"#;
        for (text, flaw) in [
            (String::new(), Flaw::NotAToken),
            ("one.two".to_owned(), Flaw::NotAToken),
            (format!("{}.x", token(good, "{}", "")), Flaw::NotAToken),
            (token(good, "{}", "not base64!"), Flaw::NotAToken),
            (
                format!("{}.!.", URL_SAFE_NO_PAD.encode(good)),
                Flaw::NotAToken,
            ),
            (token("no json", "{}", ""), Flaw::Header),
            (token(r#"{"kid":"1"}"#, "{}", ""), Flaw::Header),
            (token(r#"{"alg":"none"}"#, "{}", ""), Flaw::Algorithm),
            (token(r#"{"alg":"None"}"#, "{}", ""), Flaw::Algorithm),
            (token(r#"{"alg":"HS256"}"#, "{}", "AA"), Flaw::Algorithm),
            (
                token(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, "{}", ""),
                Flaw::Critical,
            ),
            (token(good, "[]", ""), Flaw::Claims),
            (token(good, r#"{"sub":"a","sub":"b"}"#, ""), Flaw::Claims),
            (token(good, "{}", &"A".repeat(LONGEST_TOKEN)), Flaw::TooLong),
        ] {
            assert_eq!(Jwt::parse(&text).map(|_| ()), Err(flaw), "{text}");
        }
        assert!(Jwt::parse(&token(good, "{}", "AAAA")).is_ok());
    }

    #[test]
    fn opaque_tokens_with_dots_are_told_apart() {
        for opaque in ["ya29.a0AfB_by", "ya29.c.b0Aaekm1K", "", "a.b.c", "e30"] {
            assert_eq!(Jwt::is_one(opaque), opaque == "e30", "{opaque}");
        }
        assert!(Jwt::is_one(&token("{}", "{}", "")));
    }
}
