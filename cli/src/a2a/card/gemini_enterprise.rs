//! The card that Gemini Enterprise takes: of 0.3, with one interface.

use serde_json::{Map, Value, json};
use url::Url;

use super::Card;
use super::convert::{Converted, no_interface};
use crate::failure::{Exit, Failure};

impl Card {
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

#[cfg(test)]
mod tests {
    use super::super::convert::tests::{card, new};
    use super::*;

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
