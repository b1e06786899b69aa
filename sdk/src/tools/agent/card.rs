//! Where an agent is reached, and how, as its card says.

use crate::tools::json::get;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::route::base;
use crate::tools::http::{Headers, excerpt, origin, request};
use crate::tools::remotes::A2aAgent;

const CARD: &str = "/.well-known/agent-card.json";
const MAX_CARD: usize = 512 * 1024;
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest description for the model, in characters.
const MAX_DESCRIPTION: usize = 2000;

/// An agent that can be talked to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    /// What identifies it on a request's way.
    pub(super) base: String,
    pub(super) interface: Interface,
    pub(super) streams: bool,
    /// For the model.
    pub(super) description: String,
    pub(super) headers: Headers,
    pub(super) time: Duration,
}

/// One of the card's interfaces.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Interface {
    pub(super) url: String,
    pub(super) binding: Binding,
    pub(super) version: Version,
    pub(super) tenant: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    JsonRpc,
    HttpJson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1_0,
    V0_3,
}

impl Version {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V0_3 => "0.3",
        }
    }
}

impl Target {
    /// Reads the card. The error is the end of a sentence that begins with the agent's name.
    pub(super) async fn of(agent: &A2aAgent) -> Result<Self, String> {
        let url = if agent.url.ends_with(".json") {
            agent.url.clone()
        } else {
            format!("{}{CARD}", agent.url.trim_end_matches('/'))
        };
        let failed = |error| format!("has no card that can be read: {error}");
        let asked = request(Method::GET, &url, &agent.headers, PATIENCE)
            .and_then(|r| r.header("accept", "application/json"))
            .and_then(|r| r.header("a2a-version", "1.0"));
        let mut response = asked.map_err(failed)?.send().await.map_err(failed)?;
        let status = response.status();
        let body = response.bytes(MAX_CARD).await.map_err(failed)?;
        if !status.is_success() {
            let said = excerpt(&body);
            return Err(format!("answered {status} when asked for its card: {said}"));
        }
        let card: Value = serde_json::from_slice(&body)
            .map_err(|error| format!("has a card that is no JSON: {error}"))?;
        Ok(Self {
            base: base(&url),
            interface: choose(&card, &url)?,
            streams: get(get(&card, "capabilities"), "streaming") == true,
            description: describe(&card),
            headers: agent.headers.clone(),
            time: Duration::from_secs(agent.timeout.max(1)),
        })
    }
}

/// The first interface that is spoken here, 1.0 before 0.3. It has to be where the card is: whoever
/// writes a card could else have the deployment's credentials sent elsewhere.
fn choose(card: &Value, url: &str) -> Result<Interface, String> {
    let mut interfaces = Vec::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for entry in get(card, "supportedInterfaces")
        .as_array()
        .into_iter()
        .flatten()
    {
        let version = get(entry, "protocolVersion").as_str().unwrap_or("1.0");
        let binding = get(entry, "protocolBinding").as_str().unwrap_or_default();
        interfaces.extend(spoken(
            text(get(entry, "url")),
            binding,
            version,
            text(get(entry, "tenant")),
        ));
    }
    // Before 1.0.
    let preferred = get(card, "preferredTransport")
        .as_str()
        .unwrap_or("JSONRPC");
    if let Some(main) = get(card, "url").as_str() {
        interfaces.extend(spoken(main.to_owned(), preferred, "0.3", String::new()));
    }
    for entry in get(card, "additionalInterfaces")
        .as_array()
        .into_iter()
        .flatten()
    {
        let transport = get(entry, "transport").as_str().unwrap_or_default();
        interfaces.extend(spoken(
            text(get(entry, "url")),
            transport,
            "0.3",
            String::new(),
        ));
    }
    interfaces.sort_by_key(|interface| interface.version == Version::V0_3);
    let Some(first) = interfaces.first() else {
        return Err(
            "has no interface in its card that is spoken here (JSONRPC or HTTP+JSON in A2A \
                    1.0, JSONRPC in 0.3)"
                .to_owned(),
        );
    };
    let here = origin(url);
    let elsewhere = first.url.clone();
    let mut interfaces = interfaces.into_iter();
    interfaces
        .find(|interface| here.is_some() && origin(&interface.url) == here)
        .ok_or_else(|| {
            format!(
                "says in its card that it is reached at {elsewhere}, which is not where the card \
                 is; credentials are sent nowhere else, so it is not used"
            )
        })
}

fn spoken(url: String, binding: &str, version: &str, tenant: String) -> Option<Interface> {
    let version = match version {
        "1" | "1.0" => Version::V1_0,
        v if v.starts_with("1.") => Version::V1_0,
        "0.3" => Version::V0_3,
        v if v.starts_with("0.3.") => Version::V0_3,
        _ => return None,
    };
    let binding = match (binding, version) {
        ("JSONRPC", _) => Binding::JsonRpc,
        ("HTTP+JSON", Version::V1_0) => Binding::HttpJson,
        _ => return None,
    };
    Some(Interface {
        url,
        binding,
        version,
        tenant,
    })
}

fn describe(card: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
    let mut description = format!(
        "Asks another agent, {}: {}",
        text(get(card, "name")),
        text(get(card, "description"))
    );
    let skills = get(card, "skills").as_array().into_iter().flatten();
    for skill in skills.take(20) {
        let (name, words) = (text(get(skill, "name")), text(get(skill, "description")));
        description.push_str(&format!("\n- {name}: {words}"));
    }
    description.chars().take(MAX_DESCRIPTION).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CARD_URL: &str = "https://a.example/.well-known/agent-card.json";

    fn interface(url: &str, binding: &str, version: &str) -> Value {
        json!({"url": url, "protocolBinding": binding, "protocolVersion": version})
    }

    #[test]
    fn the_first_that_is_spoken_and_1_0_before_0_3() {
        let card = json!({
            "supportedInterfaces": [
                interface("a.example:443", "GRPC", "1.0"),
                interface("https://a.example/old", "JSONRPC", "0.3"),
                interface("https://a.example/v1", "HTTP+JSON", "1.0"),
                interface("https://a.example/", "JSONRPC", "1.0"),
            ],
        });
        let chosen = choose(&card, CARD_URL).unwrap();
        assert_eq!(chosen.url, "https://a.example/v1");
        assert_eq!(
            (chosen.binding, chosen.version),
            (Binding::HttpJson, Version::V1_0)
        );
    }

    #[test]
    fn cards_of_0_3() {
        let card = json!({"url": "https://a.example/", "protocolVersion": "0.3.0"});
        let chosen = choose(&card, CARD_URL).unwrap();
        assert_eq!(
            (chosen.binding, chosen.version),
            (Binding::JsonRpc, Version::V0_3)
        );
        let card = json!({
            "url": "https://a.example/g", "preferredTransport": "GRPC",
            "additionalInterfaces": [{"url": "https://a.example/j", "transport": "JSONRPC"}],
        });
        assert_eq!(choose(&card, CARD_URL).unwrap().url, "https://a.example/j");
    }

    #[test]
    fn an_interface_elsewhere_is_refused() {
        for url in [
            "https://evil.example/",
            "http://a.example/",
            "https://a.example:8443/",
            "https://a.example@evil.example/",
            "nonsense",
        ] {
            let card = json!({"supportedInterfaces": [interface(url, "JSONRPC", "1.0")]});
            let why = choose(&card, CARD_URL).unwrap_err();
            assert!(why.contains("not where the card is"), "{why}");
        }
        let nothing = choose(&json!({}), CARD_URL).unwrap_err();
        assert!(nothing.contains("no interface"), "{nothing}");
    }
}
