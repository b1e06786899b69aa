//! A card in the form of another generation.

use attache_protocol::v0_3;
use attache_protocol::wire::{AgentCard, AgentInterface};
use serde_json::{Map, Value, json};

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
        let mut value = match self.generation() {
            Generation::Old => to_1_0(&self.value),
            Generation::Pure | Generation::Hybrid => self.value.clone(),
        };
        if self.generation() == Generation::Hybrid {
            let schemes = value
                .get_mut("securitySchemes")
                .and_then(Value::as_object_mut);
            for scheme in schemes.into_iter().flat_map(Map::values_mut) {
                keep_new(scheme);
            }
        }
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
}

/// In a card for both generations a scheme has the members of 0.3 beside that of 1.0.
fn keep_new(scheme: &mut Value) {
    if let Some(members) = scheme.as_object_mut() {
        members.retain(|name, _| name.ends_with("SecurityScheme"));
    }
}

fn no_interface(sentence: &str) -> Failure {
    Failure::new(Exit::Data, sentence)
        .remedy("convert the card that the running server serves: attache card convert URL")
}

fn unprintable(why: serde_json::Error) -> Failure {
    Failure::new(Exit::Software, format!("the card cannot be printed: {why}"))
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
}
