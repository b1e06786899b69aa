use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Number, Value};

use super::flaw::Flaw;
use super::{GOOGLE, GOOGLE_SHORT};
use crate::bindings::caller::Identity;

/// Bounds of OpenID Connect, which keep an owner within what a database can index.
const LONGEST_SUBJECT: usize = 255;
const LONGEST_ISSUER: usize = 512;

/// What a token says, as far as it matters here.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: Option<String>,
    sub: Option<String>,
    aud: Option<OneOrMany>,
    exp: Option<Number>,
    nbf: Option<Number>,
    email: Option<String>,
    email_verified: Option<Value>,
    /// The Google Workspace domain of the account.
    hd: Option<String>,
    scope: Option<Scopes>,
    /// Where Entra and Okta have the scopes.
    scp: Option<Scopes>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Scopes {
    /// With spaces between them.
    Text(String),
    List(Vec<String>),
}

/// What the claims of an acceptable token have to say.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// Every spelling of the issuer.
    pub(super) issuers: Vec<String>,
    /// One of them has to be the token's.
    pub(super) audiences: Vec<String>,
    /// How far the clocks may be apart.
    pub(super) leeway: Duration,
    /// The issuer vouches for every address it names, and does not say so each time.
    pub(super) vouches_for_emails: bool,
}

/// A caller, and the domain that the issuer says the account belongs to.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) identity: Identity,
    pub(super) domain: Option<String>,
}

impl Claims {
    /// The audiences in it.
    pub(super) fn is_for(&self, audiences: &[String]) -> bool {
        let named = |name: &String| audiences.contains(name);
        match &self.aud {
            Some(OneOrMany::One(name)) => named(name),
            Some(OneOrMany::Many(names)) => names.iter().any(named),
            None => false,
        }
    }

    /// The caller that it names, if it is what was expected. The signature is looked at elsewhere.
    pub(super) fn check(self, expected: &Expected) -> Result<Known, Flaw> {
        self.check_at(expected, now())
    }

    fn check_at(self, expected: &Expected, now: f64) -> Result<Known, Flaw> {
        let leeway = expected.leeway.as_secs_f64();
        let issuer = self.iss.clone().ok_or(Flaw::Missing("iss"))?;
        if !expected.issuers.contains(&issuer) || issuer.len() > LONGEST_ISSUER {
            return Err(Flaw::Issuer);
        }
        if self.aud.is_none() {
            return Err(Flaw::Missing("aud"));
        }
        if !self.is_for(&expected.audiences) {
            return Err(Flaw::Audience);
        }
        let expires = self.exp.as_ref().and_then(Number::as_f64);
        if now >= expires.ok_or(Flaw::Missing("exp"))? + leeway {
            return Err(Flaw::Expired);
        }
        if let Some(begins) = &self.nbf
            && now + leeway < begins.as_f64().ok_or(Flaw::Missing("nbf"))?
        {
            return Err(Flaw::NotYet);
        }
        self.known(issuer, expected.vouches_for_emails)
    }

    fn known(self, issuer: String, vouched: bool) -> Result<Known, Flaw> {
        let subject = self.sub.filter(|subject| {
            (1..=LONGEST_SUBJECT).contains(&subject.len()) && !subject.contains('\0')
        });
        let subject = subject.ok_or(Flaw::Missing("sub"))?;
        // Elsewhere whoever owns the account may write any address into it.
        let verified = vouched || self.email_verified.as_ref().is_some_and(is_true);
        let email = self.email.filter(|email| verified && !email.is_empty());
        let is_google = matches!(issuer.as_str(), GOOGLE | GOOGLE_SHORT);
        let domain = self.hd.filter(|_| is_google || vouched).or_else(|| {
            // Google names the domain of an account; an address says less. What belongs to a project
            // has no such domain, and an address that nobody else can have.
            let (_, domain) = email.as_deref()?.rsplit_once('@')?;
            (!is_google || domain.ends_with(".gserviceaccount.com")).then(|| domain.to_owned())
        });
        let scopes = self.scope.or(self.scp).map(Scopes::list);
        let issuer = if is_google { GOOGLE.to_owned() } else { issuer };
        Ok(Known {
            identity: Identity {
                issuer,
                subject,
                email,
                scopes: scopes.unwrap_or_default(),
            },
            domain,
        })
    }
}

impl Scopes {
    fn list(self) -> Vec<String> {
        match self {
            Self::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
            Self::List(list) => list,
        }
    }
}

/// Google's tokeninfo says it as text.
pub(super) fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str() == Some("true")
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests;
