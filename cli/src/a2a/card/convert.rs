//! A card in the form of another generation.

use attache_protocol::v0_3;
use attache_protocol::wire::{AgentCard, AgentInterface};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Card, Generation};
use crate::failure::{Exit, Failure};

/// A form, and what was lost or assumed on the way to it.
#[derive(Debug)]
pub(crate) struct Converted {
    pub(crate) card: Value,
    pub(crate) notes: Vec<String>,
}

/// A flow of OAuth that 0.3 and 1.0 spell alike.
const SCHEMES: [(&str, &str); 5] = [
    ("apiKey", "apiKeySecurityScheme"),
    ("http", "httpAuthSecurityScheme"),
    ("oauth2", "oauth2SecurityScheme"),
    ("openIdConnect", "openIdConnectSecurityScheme"),
    ("mutualTLS", "mtlsSecurityScheme"),
];

impl Card {
    /// The card as 1.0 has it, typed. What 1.0 does not know is left out.
    ///
    /// # Errors
    /// When a member is of the wrong type.
    pub(crate) fn typed(&self) -> Result<AgentCard, Failure> {
        let value = match self.generation() {
            Generation::Old => to_1_0(&self.value),
            Generation::Pure | Generation::Hybrid => self.value.clone(),
        };
        serde_json::from_value(value).map_err(|why| {
            Failure::new(
                Exit::Data,
                format!("the card cannot be read as one of A2A 1.0: {why}"),
            )
            .remedy("see `attache card lint`")
        })
    }

    /// The form of 1.0.
    ///
    /// # Errors
    /// When the card cannot be read.
    pub(crate) fn as_1_0(&self) -> Result<Converted, Failure> {
        let card = serde_json::to_value(self.typed()?).map_err(unprintable)?;
        let mut notes = Vec::new();
        if self.generation() == Generation::Old {
            notes.push(
                "the interfaces stay those of 0.3: whether the server speaks 1.0 is its own to say"
                    .to_owned(),
            );
            if self.value.get("signatures").is_some() {
                notes.push(
                    "signatures of a 0.3 card do not hold for the 1.0 form, and are left out"
                        .to_owned(),
                );
            }
        }
        Ok(Converted { card, notes })
    }

    /// The form of 0.3.
    ///
    /// # Errors
    /// When the card cannot be read, or nothing in it is a URL that 0.3 clients could use.
    pub(crate) fn as_0_3(&self) -> Result<Converted, Failure> {
        if self.generation() == Generation::Old {
            return Ok(Converted {
                card: self.value.clone(),
                notes: Vec::new(),
            });
        }
        let typed = self.typed()?;
        let mut notes = Vec::new();
        let is_old = |interface: &AgentInterface| interface.protocol_version.starts_with("0.3");
        if !typed.supported_interfaces.iter().any(is_old) {
            notes.push(
                "the card lists no interface of 0.3: the URLs of 1.0 are taken, which is right only \
                 if the server answers 0.3 there too"
                    .to_owned(),
            );
        }
        if typed
            .supported_interfaces
            .iter()
            .any(|interface| !interface.tenant.is_empty())
        {
            notes.push("0.3 has no tenants: interfaces with one are left out".to_owned());
        }
        if !typed.signatures.is_empty() {
            notes.push("the signatures cover the 1.0 form alone, and are left out".to_owned());
        }
        let card = v0_3::card(&typed);
        if card
            .get("url")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .is_empty()
        {
            return Err(no_interface(
                "the card names no URL that a 0.3 client could use",
            ));
        }
        Ok(Converted { card, notes })
    }

    /// What Gemini Enterprise takes at a registration (`jsonAgentCard`): a card of 0.3 with one
    /// interface, which is JSON-RPC.
    ///
    /// # Errors
    /// When it would be refused, or the agent never called.
    pub(crate) fn as_gemini_enterprise(&self) -> Result<Converted, Failure> {
        let Converted { card, mut notes } = self.as_0_3()?;
        let url = json_rpc_url(&card).ok_or_else(|| {
            no_interface(
                "Gemini Enterprise speaks JSON-RPC alone, and the card offers none for 0.3",
            )
        })?;
        check_reachable(&url)?;
        check_extensions(&self.value)?;
        let mut kept = Map::new();
        for name in ["name", "description", "version"] {
            let text = card.get(name).and_then(Value::as_str).unwrap_or_default();
            if text.trim().is_empty() {
                return Err(Failure::new(
                    Exit::Data,
                    format!("the card has no {name:?}, which Gemini Enterprise requires"),
                ));
            }
            kept.insert(name.to_owned(), json!(text));
        }
        kept.insert("protocolVersion".to_owned(), json!("0.3.0"));
        kept.insert("url".to_owned(), json!(url));
        kept.insert("preferredTransport".to_owned(), json!("JSONRPC"));
        let streaming = card
            .pointer("/capabilities/streaming")
            .and_then(Value::as_bool);
        kept.insert(
            "capabilities".to_owned(),
            json!({ "streaming": streaming.unwrap_or_default() }),
        );
        for name in ["defaultInputModes", "defaultOutputModes"] {
            let modes = card
                .get(name)
                .filter(|modes| modes.as_array().is_some_and(|m| !m.is_empty()));
            kept.insert(
                name.to_owned(),
                modes.cloned().unwrap_or_else(|| json!(["text/plain"])),
            );
        }
        kept.insert("skills".to_owned(), Value::Array(skills(&card)));
        for name in ["provider", "iconUrl", "documentationUrl"] {
            if let Some(value) = card.get(name) {
                kept.insert(name.to_owned(), value.clone());
            }
        }
        let output = kept.get("defaultOutputModes").and_then(Value::as_array);
        if !output
            .into_iter()
            .flatten()
            .any(|mode| mode.as_str().is_some_and(|m| m.starts_with("text/")))
        {
            notes.push("the agent names no text among its output modes, and Gemini Enterprise shows text alone".to_owned());
        }
        if card.get("securitySchemes").is_some() {
            notes.push(
                "security schemes are left out: Gemini Enterprise takes its authorisation from the \
                 registration, not from the card"
                    .to_owned(),
            );
        }
        Ok(Converted {
            card: Value::Object(kept),
            notes,
        })
    }
}

fn no_interface(sentence: &str) -> Failure {
    Failure::new(Exit::Data, sentence)
        .remedy("convert the card that the running server serves: attache card convert URL")
}

fn unprintable(why: serde_json::Error) -> Failure {
    Failure::new(Exit::Software, format!("the card cannot be printed: {why}"))
}

fn json_rpc_url(card: &Value) -> Option<String> {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let preferred = text(card, "preferredTransport").unwrap_or_else(|| "JSONRPC".to_owned());
    if preferred == "JSONRPC" {
        return text(card, "url");
    }
    let more = card.get("additionalInterfaces").and_then(Value::as_array);
    let found = more.into_iter().flatten().find(|interface| {
        text(interface, "transport").is_some_and(|transport| transport == "JSONRPC")
    });
    text(found?, "url")
}

/// Its calls come from the public internet, and are posted to exactly this URL.
fn check_reachable(url: &str) -> Result<(), Failure> {
    let wrong = |why: &str| {
        Failure::new(
            Exit::Data,
            format!("Gemini Enterprise cannot call {url}: {why}"),
        )
        .remedy("convert the card of the deployed service, whose URL is public")
    };
    let parsed = Url::parse(url).map_err(|_| wrong("it is no absolute URL"))?;
    if parsed.scheme() != "https" {
        return Err(wrong("it is not https"));
    }
    if crate::a2a::origin::is_loopback(&parsed) {
        return Err(wrong("it is an address of this machine"));
    }
    if parsed.path().contains("/.well-known/") {
        return Err(wrong("it is the card's URL, where nothing answers POST"));
    }
    Ok(())
}

fn check_extensions(card: &Value) -> Result<(), Failure> {
    let extensions = card
        .pointer("/capabilities/extensions")
        .and_then(Value::as_array);
    for extension in extensions.into_iter().flatten() {
        if extension.get("required") == Some(&Value::Bool(true)) {
            let uri = extension
                .get("uri")
                .and_then(Value::as_str)
                .unwrap_or_default();
            return Err(Failure::new(
                Exit::Data,
                format!("the agent requires the extension {uri:?}, which Gemini Enterprise does not name"),
            )
            .remedy("make the extension optional in the agent's card"));
        }
    }
    Ok(())
}

/// What is required of a skill; `tags` has to be there, if empty.
fn skills(card: &Value) -> Vec<Value> {
    let skills = card.get("skills").and_then(Value::as_array);
    let kept = skills.into_iter().flatten().map(|skill| {
        let text = |name: &str| skill.get(name).and_then(Value::as_str).unwrap_or_default();
        let list = |name: &str| skill.get(name).filter(|list| list.is_array()).cloned();
        let mut kept = json!({
            "id": text("id"),
            "name": text("name"),
            "description": text("description"),
            "tags": list("tags").unwrap_or_else(|| json!([])),
        });
        if let (Some(examples), Some(kept)) = (list("examples"), kept.as_object_mut()) {
            kept.insert("examples".to_owned(), examples);
        }
        kept
    });
    kept.collect()
}

/// A card of 0.3 in the names of 1.0.
fn to_1_0(old: &Value) -> Value {
    let mut new = old.as_object().cloned().unwrap_or_default();
    let interfaces: Vec<_> = super::super::interface::listed(old)
        .into_iter()
        .map(|listed| {
            let version = match listed.version.trim_start_matches('v').splitn(3, '.').collect::<Vec<_>>()[..] {
                [major, minor, ..] => format!("{major}.{minor}"),
                _ => listed.version.clone(),
            };
            json!({ "url": listed.url, "protocolBinding": listed.binding, "protocolVersion": version })
        })
        .collect();
    for name in [
        "url",
        "preferredTransport",
        "additionalInterfaces",
        "protocolVersion",
        "signatures",
    ] {
        new.shift_remove(name);
    }
    if !interfaces.is_empty() {
        new.insert("supportedInterfaces".to_owned(), Value::Array(interfaces));
    }
    let extended = new.shift_remove("supportsAuthenticatedExtendedCard");
    if let Some(Value::Object(capabilities)) = new.get_mut("capabilities") {
        capabilities.shift_remove("stateTransitionHistory");
        if let Some(extended) = extended {
            capabilities.insert("extendedAgentCard".to_owned(), extended);
        }
    }
    if let Some(Value::Object(schemes)) = new.get_mut("securitySchemes") {
        for scheme in schemes.values_mut() {
            if let Some(converted) = scheme_to_1_0(scheme) {
                *scheme = converted;
            }
        }
    }
    security_to_1_0(&mut new);
    if let Some(Value::Array(skills)) = new.get_mut("skills") {
        skills
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .for_each(security_to_1_0);
    }
    Value::Object(new)
}

fn scheme_to_1_0(old: &Value) -> Option<Value> {
    let mut fields = old.as_object()?.clone();
    let kind = fields.shift_remove("type")?;
    let (_, member) = SCHEMES.iter().find(|(name, _)| kind == *name)?;
    if let Some(location) = fields.shift_remove("in") {
        fields.insert("location".to_owned(), location);
    }
    Some(json!({ *member: fields }))
}

/// `security: [{name: scopes}]` is `securityRequirements: [{schemes: {name: {list: scopes}}}]`.
fn security_to_1_0(of: &mut Map<String, Value>) {
    let Some(Value::Array(security)) = of.shift_remove("security") else {
        return;
    };
    let requirements: Vec<_> = security
        .iter()
        .map(|requirement| {
            let schemes = requirement.as_object().into_iter().flatten();
            let schemes: Map<_, _> = schemes
                .map(|(name, scopes)| (name.clone(), json!({ "list": scopes })))
                .collect();
            json!({ "schemes": schemes })
        })
        .collect();
    of.insert(
        "securityRequirements".to_owned(),
        Value::Array(requirements),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(value: Value) -> Card {
        Card { value, at: None }
    }

    fn new() -> Value {
        json!({
            "name": "A", "description": "Does.", "version": "1", "capabilities": {"streaming": true},
            "supportedInterfaces": [
                {"url": "https://a.example/rest", "protocolBinding": "HTTP+JSON", "protocolVersion": "0.3"},
                {"url": "https://a.example/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "0.3"},
            ],
            "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
            "securitySchemes": {"key": {"apiKeySecurityScheme": {"location": "header", "name": "X-API-Key"}}},
            "securityRequirements": [{"schemes": {"key": {"list": []}}}],
            "skills": [{"id": "s", "name": "S", "description": "s", "tags": ["t"]}],
        })
    }

    #[test]
    fn there_and_back() {
        let old = card(new()).as_0_3().unwrap().card;
        assert_eq!(old["security"], json!([{"key": []}]));
        let back = card(old).as_1_0().unwrap();
        assert_eq!(back.notes.len(), 1);
        let mut expected = new();
        // The scopes of an API key are none.
        expected["capabilities"] = json!({"streaming": true});
        for member in [
            "securitySchemes",
            "securityRequirements",
            "supportedInterfaces",
            "skills",
        ] {
            assert_eq!(back.card[member], expected[member], "{member}");
        }
    }

    #[test]
    fn gemini_enterprise_gets_one_interface_and_no_security() {
        let converted = card(new()).as_gemini_enterprise().unwrap();
        assert_eq!(
            converted.card,
            json!({
                "name": "A", "description": "Does.", "version": "1", "protocolVersion": "0.3.0",
                "url": "https://a.example/rpc", "preferredTransport": "JSONRPC",
                "capabilities": {"streaming": true},
                "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
                "skills": [{"id": "s", "name": "S", "description": "s", "tags": ["t"]}],
            })
        );
        assert!(
            converted.notes[0].contains("security"),
            "{:?}",
            converted.notes
        );
    }

    #[test]
    fn what_gemini_enterprise_would_refuse() {
        let refused = |change: fn(&mut Value)| {
            let mut value = new();
            change(&mut value);
            card(value).as_gemini_enterprise().unwrap_err().to_string()
        };
        let why =
            refused(|card| card["supportedInterfaces"][1]["url"] = json!("http://127.0.0.1:1/"));
        assert!(why.contains("not https"), "{why}");
        let why = refused(|card| card["supportedInterfaces"][1]["protocolBinding"] = json!("GRPC"));
        assert!(why.contains("JSON-RPC alone"), "{why}");
        let why = refused(|card| {
            card["capabilities"]["extensions"] = json!([{"uri": "urn:x", "required": true}])
        });
        assert!(why.contains("urn:x"), "{why}");
        let why = refused(|card| card["description"] = json!(""));
        assert!(why.contains("description"), "{why}");
    }
}
