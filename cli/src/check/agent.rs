//! The agent that is checked: its card, and where it is reached.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::wire::{Binding, Wire};
use crate::a2a::Origin;
use crate::failure::{Exit, Failure};

/// Where a card is.
const CARD: &str = ".well-known/agent-card.json";
/// One that is larger is read as none.
const LARGEST_CARD: usize = 4 << 20;
/// The version of the protocol that is checked.
const VERSION: &str = "1.0";

/// How an agent is reached.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// Its base, or the card's own URL.
    pub(crate) url: Url,
    /// What it is sent besides, to the origin of `url` and those of `also_for`.
    pub(crate) headers: HeaderMap,
    /// Other origins that `headers` may go to.
    pub(crate) also_for: Vec<Origin>,
    /// The longest wait for one answer.
    pub(crate) patience: Duration,
    /// The text that it is sent.
    pub(crate) text: String,
}

impl Reach {
    fn may_see_credentials(&self, url: &Url) -> bool {
        let origin = Origin::of(url);
        origin == Origin::of(&self.url) || self.also_for.contains(&origin)
    }
}

/// An agent whose card was read, or not.
#[derive(Debug)]
pub(crate) struct Agent {
    /// How it is reached.
    pub(crate) reach: Reach,
    /// The card as JSON; null where it is none.
    pub(crate) card: Value,
    /// Status and headers that the card came with.
    pub(crate) status: u16,
    /// See [`Self::status`].
    pub(crate) headers: HeaderMap,
    /// What asks.
    pub(crate) http: reqwest::Client,
}

impl Agent {
    /// Reads the card.
    ///
    /// # Errors
    /// When nothing answers there.
    pub(crate) async fn read(reach: Reach) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            // Credentials follow no redirect, and neither do operations.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Failure::new(Exit::Software, format!("no HTTP client: {error}")))?;
        let mut agent = Self {
            card: Value::Null,
            status: 0,
            headers: HeaderMap::new(),
            http,
            reach,
        };
        let response = agent.ask_card(HeaderMap::new()).await.map_err(|error| {
            Failure::new(
                Exit::Unavailable,
                format!("{} does not answer: {error}", agent.card_url()),
            )
            .remedy("give the agent's URL as clients have it, or a component's file")
        })?;
        agent.status = response.status().as_u16();
        agent.headers = response.headers().clone();
        let (mut response, mut body) = (response, Vec::new());
        while let Ok(Some(piece)) = response.chunk().await {
            body.extend_from_slice(&piece);
            if body.len() > LARGEST_CARD {
                break;
            }
        }
        agent.card = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(agent)
    }

    /// Asks for the card, with these headers.
    pub(crate) async fn ask_card(&self, headers: HeaderMap) -> Result<reqwest::Response, String> {
        self.http
            .get(self.card_url())
            .header("a2a-version", VERSION)
            .headers(self.reach.headers.clone())
            .headers(headers)
            .timeout(self.reach.patience)
            .send()
            .await
            .map_err(|error| {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                cause.unwrap_or_else(|| error.without_url().to_string())
            })
    }

    /// Where the card is.
    pub(crate) fn card_url(&self) -> Url {
        let mut url = self.reach.url.clone();
        if !url.path().ends_with(".json") {
            let base = url.path().trim_end_matches('/').to_owned();
            url.set_path(&format!("{base}/{CARD}"));
        }
        url
    }

    /// The interface of this binding, of those that speak 1.0.
    pub(crate) fn wire(&self, binding: Binding) -> Option<Wire> {
        let interfaces = self.card.get("supportedInterfaces")?.as_array()?;
        let text = |interface: &Value, name: &str| {
            interface
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let found = interfaces.iter().find(|interface| {
            text(interface, "protocolBinding") == binding.name()
                && text(interface, "protocolVersion").starts_with(VERSION)
        })?;
        let mut url = text(found, "url");
        let own = Url::parse(&url).is_ok_and(|url| self.reach.may_see_credentials(&url));
        let mut headers = if own {
            self.reach.headers.clone()
        } else {
            HeaderMap::new()
        };
        headers.insert("a2a-version", HeaderValue::from_static(VERSION));
        if let Ok(extensions) = HeaderValue::from_str(&self.required_extensions().join(","))
            && !extensions.is_empty()
        {
            headers.insert(HeaderName::from_static("a2a-extensions"), extensions);
        }
        let tenant = text(found, "tenant");
        if binding == Binding::HttpJson && !tenant.is_empty() {
            url = format!("{}/{tenant}", url.trim_end_matches('/'));
        }
        Some(Wire::new(
            binding,
            &url,
            self.http.clone(),
            headers,
            self.reach.patience,
        ))
    }

    /// The extensions that a client has to name.
    pub(crate) fn required_extensions(&self) -> Vec<&str> {
        let declared = self
            .card
            .pointer("/capabilities/extensions")
            .and_then(Value::as_array);
        declared
            .into_iter()
            .flatten()
            .filter(|extension| extension.get("required") == Some(&Value::Bool(true)))
            .filter_map(|extension| extension.get("uri")?.as_str())
            .collect()
    }

    /// Whether the card declares this capability.
    pub(crate) fn declares(&self, capability: &str) -> bool {
        self.card
            .get("capabilities")
            .and_then(|capabilities| capabilities.get(capability))
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }
}
