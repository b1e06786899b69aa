//! The card that Gemini Enterprise takes: A2A 0.3's shape, of what it reads.

use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::text;
use crate::failure::{Exit, Failure};

/// What the Agent Registry takes of a card, in bytes.
const REGISTRY_LIMIT: usize = 10_000;

/// What Gemini Enterprise reads; the first nine it insists on.
const FIELDS: [&str; 13] = [
    "protocolVersion",
    "name",
    "description",
    "url",
    "version",
    "capabilities",
    "skills",
    "defaultInputModes",
    "defaultOutputModes",
    "preferredTransport",
    "iconUrl",
    "provider",
    "documentationUrl",
];
const SKILL: [&str; 7] = [
    "id",
    "name",
    "description",
    "tags",
    "examples",
    "inputModes",
    "outputModes",
];

/// The card that Gemini Enterprise takes for `document`, which is in `place`, and what is worth knowing of it.
///
/// # Errors
/// It would be refused, or the agent never called.
pub(crate) fn accepted(document: &Value, place: &str) -> Result<(Value, Vec<String>), Failure> {
    let card = reduced(document);
    let faults = faults(document, &card);
    if !faults.is_empty() {
        let sentence = format!(
            "Gemini Enterprise refuses the card in {place}: {}",
            faults.join("; ")
        );
        return Err(Failure::new(Exit::Data, sentence).remedy(
            "It reads the card of A2A 0.3 (docs/gemini-enterprise.md). An attache host serves that form \
             too: give the agent's URL instead of a file.",
        ));
    }
    let mut notes = Vec::new();
    let length = card.to_string().len();
    if length > REGISTRY_LIMIT {
        notes.push(format!(
            "the card has {length} bytes, and the Agent Registry takes {REGISTRY_LIMIT}"
        ));
    }
    if !answers_with_text(&card) {
        notes.push(
            "the card names no text among its output modes, and Gemini Enterprise shows text alone"
                .to_owned(),
        );
    }
    Ok((card, notes))
}

/// What Gemini Enterprise reads of a card of 0.3, of 1.0, or of both in one.
pub(crate) fn reduced(document: &Value) -> Value {
    let mut card = Map::new();
    for field in FIELDS {
        if let Some(value) = document.get(field) {
            card.insert(field.to_owned(), value.clone());
        }
    }
    if let Some(url) = other_url_of_0_3(document) {
        card.insert("url".to_owned(), json!(url));
        card.insert("preferredTransport".to_owned(), json!("JSONRPC"));
    }
    if let Some(url) = url_of_1_0(document) {
        card.entry("url").or_insert(json!(url));
        // A card of 1.0 names its version where it names its URL.
        card.entry("protocolVersion").or_insert(json!("0.3.0"));
    }
    // What 0.3 takes for said where nothing is.
    card.entry("preferredTransport").or_insert(json!("JSONRPC"));
    if let Some(Value::Object(capabilities)) = card.get_mut("capabilities") {
        capabilities.remove("extendedAgentCard");
    }
    for skill in card
        .get_mut("skills")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Value::Object(skill) = skill {
            skill.retain(|field, _| SKILL.contains(&field.as_str()));
            skill.entry("tags").or_insert(json!([]));
        }
    }
    // In the order in which people read it.
    let order = |name: &String| FIELDS.iter().position(|field| field == name);
    let mut fields: Vec<_> = card.into_iter().collect();
    fields.sort_by_key(|(name, _)| order(name));
    Value::Object(fields.into_iter().collect())
}

/// The JSON-RPC interface of a 0.3 card that prefers another.
fn other_url_of_0_3(document: &Value) -> Option<&str> {
    let preferred = text(document, "preferredTransport");
    let interfaces = document.get("additionalInterfaces")?.as_array()?;
    let mut spoken = interfaces
        .iter()
        .filter(|interface| text(interface, "transport") == "JSONRPC");
    spoken
        .find(|_| !matches!(preferred, "" | "JSONRPC"))?
        .get("url")?
        .as_str()
}

/// The JSON-RPC interface of a 1.0 card, best one that says 0.3.
fn url_of_1_0(document: &Value) -> Option<&str> {
    let interfaces = document.get("supportedInterfaces")?.as_array()?;
    let mut spoken: Vec<_> = interfaces
        .iter()
        .filter(|interface| text(interface, "protocolBinding") == "JSONRPC")
        .filter(|interface| text(interface, "tenant").is_empty())
        .collect();
    spoken.sort_by_key(|interface| !text(interface, "protocolVersion").starts_with("0."));
    spoken.first()?.get("url")?.as_str()
}

/// What Gemini Enterprise refuses, or takes and then cannot call.
fn faults(document: &Value, card: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if !document.is_object() {
        return vec!["it is no object".to_owned()];
    }
    for field in ["protocolVersion", "name", "description", "url", "version"] {
        match card.get(field) {
            Some(Value::String(text)) if !text.is_empty() => {}
            Some(Value::String(_)) => faults.push(format!("{field} is empty")),
            Some(_) => faults.push(format!("{field} is no text")),
            None => faults.push(missing(document, field, "")),
        }
    }
    if !card.get("capabilities").is_some_and(Value::is_object) {
        faults.push(missing(document, "capabilities", ""));
    }
    for field in ["skills", "defaultInputModes", "defaultOutputModes"] {
        if !card.get(field).is_some_and(Value::is_array) {
            faults.push(missing(document, field, ""));
        }
    }
    let skills = card.get("skills").and_then(Value::as_array);
    for (index, skill) in skills.into_iter().flatten().enumerate() {
        for field in ["id", "name", "description"] {
            if text(skill, field).is_empty() {
                faults.push(missing(skill, field, &format!("skills[{index}].")));
            }
        }
    }
    let version = text(card, "protocolVersion");
    if !version.is_empty() && !version.trim_start_matches('v').starts_with("0.") {
        faults.push(format!(
            "protocolVersion is {version:?}, and it speaks 0.3 only"
        ));
    }
    let transport = text(card, "preferredTransport");
    if !matches!(transport, "" | "JSONRPC") {
        faults.push(format!(
            "preferredTransport is {transport:?}, and it calls by JSONRPC only"
        ));
    }
    let extensions = card
        .pointer("/capabilities/extensions")
        .and_then(Value::as_array);
    for extension in extensions.into_iter().flatten() {
        if extension.get("required").and_then(Value::as_bool) == Some(true) {
            let uri = text(extension, "uri");
            faults.push(format!(
                "the agent insists on the extension {uri}, which it does not speak"
            ));
        }
    }
    faults.extend(fault_of_url(text(card, "url")));
    faults
}

/// Python's spelling is the usual reason.
fn missing(document: &Value, field: &str, at: &str) -> String {
    let snake: String = field
        .chars()
        .flat_map(|c| {
            [
                c.is_uppercase().then_some('_'),
                Some(c.to_ascii_lowercase()),
            ]
        })
        .flatten()
        .collect();
    if snake != field && document.get(&snake).is_some() {
        return format!("{at}{snake} has to be spelled {field}");
    }
    format!("{at}{field} is missing")
}

fn fault_of_url(url: &str) -> Option<String> {
    if url.is_empty() {
        return None;
    }
    let Ok(parsed) = Url::parse(url) else {
        return Some(format!("url is {url:?}, which is no URL"));
    };
    let is_here = match parsed.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_private(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        None => true,
    };
    if is_here {
        return Some(format!(
            "url is {url}, which Google cannot reach; set PUBLIC_URL of the agent"
        ));
    }
    if parsed.scheme() != "https" {
        return Some(format!(
            "url is {url}, and it calls by https only; set PUBLIC_URL of the agent"
        ));
    }
    if parsed.path().contains("/.well-known/") {
        return Some(format!(
            "url is {url}, where the card is: it would be answered with 405; give where the agent is asked"
        ));
    }
    None
}

/// Whether the agent answers with text, which is all that is shown.
fn answers_with_text(card: &Value) -> bool {
    let modes = card.get("defaultOutputModes").and_then(Value::as_array);
    let mut modes = modes.into_iter().flatten().filter_map(Value::as_str);
    modes.any(|mode| mode.starts_with("text/") || mode == "*/*")
}

/// Whether the agent takes users' tokens, which Gemini Enterprise sends only where there is an
/// authorization.
pub(crate) fn takes_tokens_of_users(document: &Value) -> bool {
    has_scheme(
        document,
        &["oauth2", "openIdConnect"],
        &["oauth2SecurityScheme", "openIdConnectSecurityScheme"],
    )
}

/// Whether the agent takes another bearer token, such as that of Gemini Enterprise itself on Cloud Run.
pub(crate) fn takes_other_tokens(document: &Value) -> bool {
    has_scheme(document, &["http"], &["httpAuthSecurityScheme"])
}

/// In 0.3 the kind is a field of the scheme, in 1.0 the name of one.
fn has_scheme(document: &Value, kinds: &[&str], names: &[&str]) -> bool {
    let schemes = document.get("securitySchemes").and_then(Value::as_object);
    schemes.into_iter().flat_map(Map::values).any(|scheme| {
        kinds.contains(&text(scheme, "type"))
            || names.iter().any(|name| scheme.get(*name).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> Value {
        json!({
            "name": "Hello", "description": "d", "version": "1.0.0",
            "supportedInterfaces": [
                {"url": "https://x.run.app/rest", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
                {"url": "https://x.run.app/one", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
                {"url": "https://x.run.app/old", "protocolBinding": "JSONRPC", "protocolVersion": "0.3"},
            ],
            "capabilities": {"streaming": true, "extendedAgentCard": true},
            "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
            "skills": [{"id": "s", "name": "S", "description": "x", "securityRequirements": []}],
            "signatures": [{}],
        })
    }

    #[test]
    fn a_card_of_1_0_is_given_the_shape_of_0_3() {
        let reduced = reduced(&card());
        assert_eq!(faults(&card(), &reduced), Vec::<String>::new());
        assert_eq!(reduced["url"], "https://x.run.app/old");
        assert_eq!(reduced["protocolVersion"], "0.3.0");
        assert_eq!(reduced["skills"][0]["tags"], json!([]));
        assert_eq!(reduced["capabilities"], json!({"streaming": true}));
        for field in ["signatures", "supportedInterfaces"] {
            assert_eq!(reduced.get(field), None);
        }
    }

    #[test]
    fn what_it_would_refuse_is_said_beforehand() {
        let says = |change: &dyn Fn(&mut Value)| {
            let mut document = reduced(&card());
            change(&mut document);
            faults(&document, &reduced(&document)).join("; ")
        };
        assert!(says(&|c| c["url"] = json!("http://127.0.0.1:8080/")).contains("PUBLIC_URL"));
        assert!(says(&|c| c["url"] = json!("http://a.example/")).contains("https"));
        assert!(
            says(&|c| c["url"] = json!("https://a.example/.well-known/agent-card.json"))
                .contains("405")
        );
        assert!(says(&|c| c["protocolVersion"] = json!("1.0")).contains("0.3 only"));
        assert!(says(&|c| c["preferredTransport"] = json!("GRPC")).contains("JSONRPC"));
        let insists = says(&|c| {
            c["capabilities"]["extensions"] = json!([{"uri": "urn:x", "required": true}]);
        });
        assert!(
            insists.contains("insists on the extension urn:x"),
            "{insists}"
        );
        let other = says(&|c| {
            c["preferredTransport"] = json!("GRPC");
            c["additionalInterfaces"] =
                json!([{"url": "https://x.run.app/j", "transport": "JSONRPC"}]);
        });
        assert_eq!(other, "", "another interface is JSON-RPC");
        assert!(says(&|c| c["skills"][0]["id"] = json!("")).contains("skills[0].id is missing"));
        let snake = says(&|c| {
            let modes = c
                .as_object_mut()
                .unwrap()
                .remove("defaultInputModes")
                .unwrap();
            c["default_input_modes"] = modes;
        });
        assert!(
            snake.contains("default_input_modes has to be spelled defaultInputModes"),
            "{snake}"
        );
    }
}
