//! Which model an agent is given, in one word: its host, what opens it, and what the component is told.

use std::collections::BTreeMap;
use std::fmt;

use http::Uri;
use http::header::AUTHORIZATION;

use super::{ConfigError, Environment, parse};
use crate::google::Google;
use crate::outbound::{
    CredentialKind, CredentialRule, HeaderSecret, OriginPattern, OutboundConfig,
};
use crate::secret::Secret;

const KEY: &str = "ATTACHE_MODEL (--model)";
const EXPECTED: &str = "give none, auto, gemini[:MODEL], vertex[:MODEL] or openai:MODEL, such as gemini:gemini-3.5-flash";
/// Not retired for as long as can be said.
const DEFAULT: &str = "gemini-3.5-flash";
const GEMINI: &str = "https://generativelanguage.googleapis.com";
const OPENAI: &str = "https://api.openai.com/v1";
const GLOBAL: &str = "global";
/// Of these generations nothing is served after a day that Google has named.
const RETIRED: [(&str, &str); 2] = [
    ("gemini-1", "are no longer served by Google"),
    ("gemini-2", "are retired by Google on 2026-10-16 or later"),
];

/// Who serves a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The Gemini API, with a key.
    Gemini,
    /// Vertex AI, as the service that calls.
    Vertex,
    /// Whoever speaks like OpenAI.
    OpenAi,
}

impl Provider {
    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::Vertex => "vertex",
            Self::OpenAi => "openai",
        }
    }
}

/// The model of an agent.
#[derive(Debug, Clone)]
pub struct Model {
    /// Who serves it.
    pub provider: Provider,
    /// Its name.
    pub name: String,
    /// Where, without a slash at the end.
    pub base_url: String,
    /// The variable that turned it on, or opens it.
    pub because_of: &'static str,
}

impl Model {
    /// Why it will not answer for long, if so.
    pub fn retirement(&self) -> Option<String> {
        let name = self.name.rsplit('/').next().unwrap_or_default();
        RETIRED.iter().find_map(|(generation, when)| {
            let of_it = name.strip_prefix(generation)?;
            of_it.starts_with(['.', '-']).then(|| {
                format!(
                    "the model {} will not answer for long: models of {generation} {when}; \
                     {DEFAULT} is served at least until 2027-05-19 (ATTACHE_MODEL)",
                    self.name
                )
            })
        })
    }

    /// The host that serves it, without a port.
    pub(super) fn host(&self) -> Option<String> {
        let url: Uri = self.base_url.parse().ok()?;
        Some(url.host()?.to_ascii_lowercase())
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.provider {
            Provider::Gemini => "the Gemini API",
            Provider::Vertex => "Vertex AI",
            Provider::OpenAi => "a server that speaks like OpenAI's",
        };
        let Self {
            name,
            base_url,
            because_of,
            ..
        } = self;
        write!(f, "{name} by {by} at {base_url} ({because_of})")
    }
}

/// What is said of the model where there is none.
pub(super) const NONE: &str = "none";

/// Gives the agent with these settings, which may call what `outbound` says, its model.
pub(super) fn grant(
    given: Option<String>,
    by_default: &str,
    environment: &Environment,
    google: &Google,
    settings: &mut BTreeMap<String, Secret>,
    outbound: &mut OutboundConfig,
) -> Result<Option<Model>, ConfigError> {
    let word = parse::given(given).unwrap_or_else(|| by_default.to_owned());
    let refused = |expected: String| ConfigError::new(KEY, word.as_str(), expected);
    let (kind, named) = match word.split_once(':') {
        Some((kind, name)) => (kind, Some(name)),
        None => (word.as_str(), None),
    };
    if named.is_some_and(|name| !is_name(name)) {
        return Err(refused(EXPECTED.to_owned()));
    }
    let has = |key: &str| settings.contains_key(key);
    let project = environment.get("GOOGLE_CLOUD_PROJECT");
    let named = named
        .map(str::to_owned)
        .or_else(|| Some(settings.get("model")?.current().as_ref().to_owned()));
    let (provider, because_of) = match (kind, &named) {
        (NONE, None) => return Ok(None),
        ("gemini", _) => (Provider::Gemini, "ATTACHE_MODEL"),
        ("vertex", _) => (Provider::Vertex, "ATTACHE_MODEL"),
        ("openai", _) => (Provider::OpenAi, "ATTACHE_MODEL"),
        ("auto", _) => match found(environment, google, named.is_some()) {
            Some(found) => found,
            None => return Ok(None),
        },
        (NONE, Some(_)) if word == NONE => return Ok(None),
        _ => return Err(refused(EXPECTED.to_owned())),
    };
    let location = environment
        .get("GOOGLE_CLOUD_LOCATION")
        .unwrap_or(GLOBAL)
        .to_ascii_lowercase();
    if !is_name(&location) || location.contains(['/', ':']) {
        let expected = "give global, us, eu or a region such as europe-west1";
        return Err(ConfigError::new(
            "GOOGLE_CLOUD_LOCATION",
            location,
            expected,
        ));
    }
    let (variable, official) = match provider {
        Provider::Gemini => ("GOOGLE_GEMINI_BASE_URL", GEMINI.to_owned()),
        Provider::Vertex => ("GOOGLE_VERTEX_BASE_URL", vertex(&location)),
        Provider::OpenAi => ("OPENAI_BASE_URL", OPENAI.to_owned()),
    };
    let base_url = environment.get(variable);
    let base_url = base_url.map_or(official, |url| url.trim_end_matches('/').to_owned());
    let origin = origin(&base_url)
        .ok_or_else(|| ConfigError::secret(variable, "give a URL such as https://host/path"))?;

    let secret = match provider {
        Provider::Gemini => key(environment, &["GOOGLE_API_KEY", "GEMINI_API_KEY"]),
        Provider::OpenAi => key(environment, &["OPENAI_API_KEY"]),
        Provider::Vertex => None,
    };
    let has_rule = outbound.credentials.iter().any(|rule| rule.is_for(&origin));
    let rule = match provider {
        _ if has_rule => None,
        Provider::Gemini => Some(match secret {
            Some((name, key)) => CredentialKind::Header {
                name: http::HeaderName::from_static("x-goog-api-key"),
                secret: header(name, key)?,
            },
            None => {
                return Err(refused(
                    "there is no key; set GEMINI_API_KEY or GOOGLE_API_KEY".to_owned(),
                ));
            }
        }),
        Provider::Vertex => {
            if let Err(why) = google.usable() {
                return Err(refused(format!(
                    "there are no credentials of Google: {why}"
                )));
            }
            Some(CredentialKind::GoogleAccessToken { scopes: Vec::new() })
        }
        // A model server of one's own may want none.
        Provider::OpenAi => match secret {
            Some((name, key)) => Some(CredentialKind::Header {
                name: AUTHORIZATION,
                secret: header(name, format!("Bearer {key}"))?,
            }),
            None if base_url == OPENAI => {
                return Err(refused("there is no key; set OPENAI_API_KEY".to_owned()));
            }
            None => None,
        },
    };
    if provider == Provider::Vertex && project.is_none() && !has("google_cloud_project") {
        return Err(refused(
            "Vertex AI is asked for a project; set GOOGLE_CLOUD_PROJECT".to_owned(),
        ));
    }
    let name = match (named, provider) {
        (Some(name), _) => name,
        (None, Provider::OpenAi) => {
            return Err(refused("name the model, as in openai:MODEL".to_owned()));
        }
        (None, _) => DEFAULT.to_owned(),
    };

    if let Some(kind) = rule {
        let origin = OriginPattern::parse(&origin, true)
            .map_err(|why| ConfigError::secret(variable, why))?;
        outbound.credentials.push(CredentialRule { origin, kind });
    }
    outbound
        .allow
        .add_named(&origin)
        .ok_or_else(|| ConfigError::secret(variable, "give a URL such as https://host/path"))?;
    let mut tell = |key: &str, value: &str| {
        let key = settings.entry(key.to_owned());
        key.or_insert_with(|| Secret::given(value));
    };
    tell("model_provider", provider.name());
    tell("model", &name);
    tell("model_base_url", &base_url);
    if provider == Provider::Vertex {
        tell("google_cloud_location", &location);
        if let Some(project) = project {
            tell("google_cloud_project", project);
        }
    }
    Ok(Some(Model {
        provider,
        name,
        base_url,
        because_of,
    }))
}

/// What the environment has a model for, in the order of Google's own libraries.
fn found(
    environment: &Environment,
    google: &Google,
    is_named: bool,
) -> Option<(Provider, &'static str)> {
    let is_set = |name: &'static str| environment.get(name).map(|_| name);
    let enterprise = ["GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_GENAI_USE_VERTEXAI"];
    let chosen = enterprise.into_iter().find_map(is_set);
    let is_true = |name: &&str| {
        let value = environment.get(name).unwrap_or_default();
        value.eq_ignore_ascii_case("true") || value == "1"
    };
    if let Some(name) = chosen.filter(is_true) {
        return Some((Provider::Vertex, name));
    }
    let gemini = ["GOOGLE_API_KEY", "GEMINI_API_KEY"];
    if let Some(name) = gemini.into_iter().find_map(is_set) {
        return Some((Provider::Gemini, name));
    }
    // Nobody can know which model is meant.
    let openai = ["OPENAI_BASE_URL", "OPENAI_API_KEY"];
    if let Some(name) = openai.into_iter().find_map(is_set).filter(|_| is_named) {
        return Some((Provider::OpenAi, name));
    }
    if google.usable().is_ok() {
        return is_set("GOOGLE_CLOUD_PROJECT").map(|name| (Provider::Vertex, name));
    }
    None
}

/// Vertex AI's host for a location.
fn vertex(location: &str) -> String {
    match location {
        GLOBAL => "https://aiplatform.googleapis.com".to_owned(),
        "us" | "eu" => format!("https://aiplatform.{location}.rep.googleapis.com"),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    }
}

fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._@/:".contains(&b);
    !name.is_empty() && name.len() <= 256 && name.bytes().all(plain)
}

/// The scheme, the host and the port of a URL without a user and a query.
fn origin(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let scheme = url
        .scheme_str()
        .filter(|s| matches!(*s, "http" | "https"))?;
    let authority = url.authority()?.as_str();
    (!authority.contains('@') && url.query().is_none()).then(|| format!("{scheme}://{authority}"))
}

/// The first of these variables that is set, without the line break that some tools leave behind.
fn key(environment: &Environment, names: &[&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| {
        let value = environment.get(name)?.trim_end_matches(['\r', '\n']);
        Some((*name, value.to_owned()))
    })
}

fn header(variable: &str, value: String) -> Result<HeaderSecret, ConfigError> {
    HeaderSecret::fixed(&value)
        .map_err(|why| ConfigError::secret(variable, format!("give the key as it is ({why})")))
}

#[cfg(test)]
mod tests;
