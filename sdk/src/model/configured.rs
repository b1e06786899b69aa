//! The model that a deployment names.

use std::time::Duration;

use super::endpoint::Endpoint;
use super::gemini::{DEFAULT_MODEL, GEMINI_API, Gemini, vertex_host};
use super::openai::{OPENAI_API, OpenAi};
use super::{Metered, Model, ModelError};
use crate::Context;

const TOTAL: Duration = Duration::from_secs(300);
const SILENCE: Duration = Duration::from_secs(60);
const LONGEST: u64 = 3600;

/// The model that the deployment names, if it names one.
///
/// | key | |
/// |---|---|
/// | `model_provider` | `gemini` (the Gemini API), `vertex` (Vertex AI) or `openai` (any server of that wire). Without it, a key says whose it is. |
/// | `model` | `gemini-3.5-flash` unless it is set; `openai` has none that would do for all. |
/// | `model_base_url` | another server: for `openai` with the path before `/chat/completions`, else without a path. |
/// | `google_cloud_project`, `google_cloud_location` | whose Vertex AI, and where: `global`, `us`, `eu` or a region. |
/// | `google_api_key`, `gemini_api_key`, `openai_api_key` | only where the deployment cannot add credentials by itself, as under Spin. |
/// | `model_timeout` | for all of an answer, attempts included, in seconds (300). |
/// | `model_silence` | for the first piece and between pieces, in seconds (60). |
/// | `model_streaming` | `0` for answers that come in one piece. |
///
/// Empty values count as absent. What it takes is counted for the caller; [`for_turn`] counts it for the
/// task, too.
///
/// # Errors
/// [`ModelError::Setting`] with a sentence on what is wrong.
pub fn configured(
    config: impl Fn(&str) -> Option<String>,
) -> Result<Option<Box<dyn Model>>, ModelError> {
    metered(config, None)
}

/// [`configured`], for a turn: what it takes is counted for its task.
///
/// # Errors
/// As [`configured`].
pub fn for_turn(context: &Context) -> Result<Option<Box<dyn Model>>, ModelError> {
    metered(|key| context.config(key), Some(context.task_id()))
}

fn metered(
    config: impl Fn(&str) -> Option<String>,
    task: Option<String>,
) -> Result<Option<Box<dyn Model>>, ModelError> {
    let model = named(&Settings(&config))?;
    Ok(model.map(|model| Box::new(Metered::new(model, task)) as Box<dyn Model>))
}

enum Provider {
    Gemini,
    Vertex,
    OpenAi,
}

struct Settings<'a>(&'a dyn Fn(&str) -> Option<String>);

fn named(settings: &Settings<'_>) -> Result<Option<Box<dyn Model>>, ModelError> {
    let Some(provider) = settings.provider()? else {
        return Ok(None);
    };
    let base = settings.base_url()?;
    Ok(Some(match provider {
        Provider::Gemini => Box::new(Gemini {
            endpoint: settings.endpoint(
                base.unwrap_or_else(|| GEMINI_API.to_owned()),
                settings.google_key(),
            )?,
            provider: "gcp.gemini",
            model: settings.gemini_model()?,
            path: "/v1beta/models/".to_owned(),
        }),
        Provider::Vertex => vertex(settings, base)?,
        Provider::OpenAi => {
            let key = settings.get("openai_api_key");
            let model = settings.get("model").ok_or_else(|| {
                wrong("model is not set: with model_provider \"openai\" it names the model to ask")
            })?;
            let base = base.unwrap_or_else(|| OPENAI_API.to_owned());
            let key = key.map(|key| ("authorization", "Bearer ", key));
            Box::new(OpenAi {
                endpoint: settings.endpoint(base, key)?,
                model,
            })
        }
    }))
}

fn vertex(settings: &Settings<'_>, base: Option<String>) -> Result<Box<dyn Model>, ModelError> {
    let location = settings.name("google_cloud_location")?;
    let location = location.unwrap_or_else(|| "global".to_owned());
    let project = settings.name("google_cloud_project")?;
    let key = settings.google_key();
    let path = match (&project, &key) {
        (Some(project), _) => {
            format!("/v1/projects/{project}/locations/{location}/publishers/google/models/")
        }
        (None, Some(_)) => "/v1/publishers/google/models/".to_owned(),
        (None, None) => {
            return Err(wrong(
                "google_cloud_project is not set: model_provider \"vertex\" needs it",
            ));
        }
    };
    // With a project it is the deployment that says who asks.
    let key = key.filter(|_| project.is_none());
    Ok(Box::new(Gemini {
        endpoint: settings.endpoint(base.unwrap_or_else(|| vertex_host(&location)), key)?,
        provider: "gcp.vertex_ai",
        model: settings.gemini_model()?,
        path,
    }))
}

impl Settings<'_> {
    fn get(&self, key: &str) -> Option<String> {
        let value = (self.0)(key)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn provider(&self) -> Result<Option<Provider>, ModelError> {
        match self.get("model_provider").as_deref() {
            Some("gemini") => Ok(Some(Provider::Gemini)),
            Some("vertex") => Ok(Some(Provider::Vertex)),
            Some("openai") => Ok(Some(Provider::OpenAi)),
            Some(other) => Err(wrong(&format!(
                "model_provider is {other:?}; it can be \"gemini\", \"vertex\" or \"openai\""
            ))),
            None if self.google_key().is_some() => Ok(Some(Provider::Gemini)),
            None if self.get("openai_api_key").is_some() => Ok(Some(Provider::OpenAi)),
            None => match ["model", "model_base_url"]
                .iter()
                .find(|key| self.get(key).is_some())
            {
                Some(key) => Err(wrong(&format!(
                    "{key} is set, but not whose model it is: set model_provider to \"gemini\", \
                     \"vertex\" or \"openai\", or a key"
                ))),
                None => Ok(None),
            },
        }
    }

    fn google_key(&self) -> Option<(&'static str, &'static str, String)> {
        let key = self
            .get("google_api_key")
            .or_else(|| self.get("gemini_api_key"));
        key.map(|key| ("x-goog-api-key", "", key))
    }

    fn gemini_model(&self) -> Result<String, ModelError> {
        let model = self
            .get("model")
            .unwrap_or_else(|| DEFAULT_MODEL.to_owned());
        let name = ["models/", "google/"]
            .iter()
            .find_map(|prefix| model.strip_prefix(prefix));
        let name = name.unwrap_or(&model);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '@');
        if name.is_empty() || !name.chars().all(fits) {
            return Err(wrong(&format!(
                "model is {model:?}, which is no name of a model such as {DEFAULT_MODEL:?}"
            )));
        }
        Ok(name.to_owned())
    }

    /// What stands in a path or a host.
    fn name(&self, key: &str) -> Result<Option<String>, ModelError> {
        let value = self.get(key);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
        match value {
            Some(value) if !value.chars().all(fits) => Err(wrong(&format!(
                "{key} is {value:?}; it has letters, digits and hyphens"
            ))),
            value => Ok(value),
        }
    }

    fn base_url(&self) -> Result<Option<String>, ModelError> {
        let Some(url) = self.get("model_base_url") else {
            return Ok(None);
        };
        let base = url.trim_end_matches('/');
        // A query may hold a key, so the value is not repeated.
        if crate::outbound::Request::get(base).is_err() || base.contains(['?', '#']) {
            return Err(wrong(
                "model_base_url is no http or https URL without a user and a query, such as \
                 \"http://localhost:11434/v1\"",
            ));
        }
        Ok(Some(base.to_owned()))
    }

    fn endpoint(
        &self,
        base: String,
        key: Option<(&'static str, &'static str, String)>,
    ) -> Result<Endpoint, ModelError> {
        if let Some((name, before, key)) = &key
            && http::HeaderValue::try_from(format!("{before}{key}")).is_err()
        {
            return Err(wrong(&format!(
                "the key for {name} has letters that no header may have"
            )));
        }
        Ok(Endpoint {
            base,
            key,
            silence: self.seconds("model_silence", SILENCE)?,
            total: self.seconds("model_timeout", TOTAL)?,
            streaming: match self.get("model_streaming").as_deref() {
                None | Some("1" | "true") => true,
                Some("0" | "false") => false,
                Some(other) => {
                    return Err(wrong(&format!(
                        "model_streaming is {other:?}; it can be 1 or 0"
                    )));
                }
            },
        })
    }

    fn seconds(&self, key: &str, default: Duration) -> Result<Duration, ModelError> {
        let Some(value) = self.get(key) else {
            return Ok(default);
        };
        match value.parse() {
            Ok(seconds @ 1..=LONGEST) => Ok(Duration::from_secs(seconds)),
            _ => Err(wrong(&format!(
                "{key} is {value:?}; it is a number of seconds from 1 to {LONGEST}"
            ))),
        }
    }
}

fn wrong(sentence: &str) -> ModelError {
    ModelError::Setting(sentence.to_owned())
}

#[cfg(test)]
mod tests;
