//! Signatures of the card (section 8.4): the engine makes the canonical form, the host signs it.
//!
//! What is signed is the card's JSON in the form of RFC 8785, without `signatures`. Readers do not
//! agree on what belongs to it. The specification keeps a message that is there though all of it is
//! unset: `{"schemes": {"bearer": {}}}` is how a scheme without scopes is required. The official Python
//! and JavaScript clients drop everything that is empty before they verify. A card may carry several
//! signatures, and one that holds is enough; so where the two forms differ, each is signed.
//!
//! The signatures cover the members of 1.0. Those of 0.3 in a hybrid card are unknown to a verifier,
//! which leaves them out.

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind};
use crate::platform::Platform;
use crate::wire::{AgentCard, AgentCardSignature};

/// Puts signatures on a completed card; none when the deployment has no key.
///
/// # Errors
/// When the card has no canonical form.
pub(crate) fn sign(card: &mut AgentCard, platform: &dyn Platform) -> Result<(), Error> {
    card.signatures.clear();
    for form in canonical_forms(card)? {
        let Some(signature) = platform.sign_card(&form) else {
            break;
        };
        card.signatures.push(AgentCardSignature {
            protected: signature.protected,
            signature: signature.signature,
            header: None,
        });
    }
    Ok(())
}

/// The bytes to sign, once for each reading of the specification. What the card holds of signatures
/// has to be taken out before.
///
/// # Errors
/// When the card has no canonical form.
pub fn canonical_forms(card: &AgentCard) -> Result<Vec<Vec<u8>>, Error> {
    let no_form = |error: serde_json::Error| {
        Error::new(
            ErrorKind::InvalidAgentResponse,
            format!("The agent's card cannot be signed: {error}."),
        )
    };
    let mut card = serde_json::to_value(card).map_err(no_form)?;
    omit_defaults(&mut card);
    let to_the_letter = serde_json_canonicalizer::to_vec(&card).map_err(no_form)?;
    let without_empty = prune(card).unwrap_or_else(|| Value::Object(Map::new()));
    let as_sdks_do = serde_json_canonicalizer::to_vec(&without_empty).map_err(no_form)?;
    if to_the_letter == as_sdks_do {
        return Ok(vec![to_the_letter]);
    }
    Ok(vec![to_the_letter, as_sdks_do])
}

/// An agent writes its security as JSON, where it may say what is the default anyway. ProtoJSON does
/// not print a false flag or an empty list.
fn omit_defaults(card: &mut Value) {
    if let Some(Value::Object(schemes)) = card.get_mut("securitySchemes") {
        for scheme in schemes.values_mut() {
            let flows = scheme
                .pointer_mut("/oauth2SecurityScheme/flows")
                .and_then(Value::as_object_mut);
            for flow in flows.into_iter().flat_map(Map::values_mut) {
                omit(flow, "pkceRequired", &Value::Bool(false));
            }
        }
    }
    omit_empty_lists(card);
    if let Some(Value::Array(skills)) = card.get_mut("skills") {
        skills.iter_mut().for_each(omit_empty_lists);
    }
}

fn omit_empty_lists(of: &mut Value) {
    let requirements = of
        .get_mut("securityRequirements")
        .and_then(Value::as_array_mut);
    for requirement in requirements.into_iter().flatten() {
        let schemes = requirement
            .get_mut("schemes")
            .and_then(Value::as_object_mut);
        for scopes in schemes.into_iter().flat_map(Map::values_mut) {
            omit(scopes, "list", &Value::Array(Vec::new()));
        }
    }
}

fn omit(of: &mut Value, name: &str, default: &Value) {
    if let Some(object) = of.as_object_mut()
        && object.get(name) == Some(default)
    {
        object.shift_remove(name);
    }
}

/// Without what is empty, also what becomes so.
fn prune(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => (!text.is_empty()).then_some(Value::String(text)),
        Value::Array(items) => {
            let items: Vec<_> = items.into_iter().filter_map(prune).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(members) => {
            let members: Map<_, _> = members
                .into_iter()
                .filter_map(|(name, value)| Some((name, prune(value)?)))
                .collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::AgentSkill;

    fn forms(card: &AgentCard) -> Vec<String> {
        let forms = canonical_forms(card).unwrap();
        forms
            .into_iter()
            .map(|form| String::from_utf8(form).unwrap())
            .collect()
    }

    fn card() -> AgentCard {
        let skill = AgentSkill::new("s", "Grüße €", "Says \"hi\".", &["b", "a"]);
        AgentCard::new("Hello", "Says\nhello.", "1.0.0").skill(skill)
    }

    #[test]
    fn a_card_without_empty_values_has_one_form() {
        let mut card = card();
        card.capabilities.streaming = Some(false);
        card.supported_interfaces = vec![Default::default()];
        card.supported_interfaces[0].url = "https://a.example".to_owned();
        card.supported_interfaces[0].protocol_binding = "JSONRPC".to_owned();
        card.supported_interfaces[0].protocol_version = "1.0".to_owned();
        card.capabilities.extensions = vec![crate::wire::AgentExtension {
            uri: "urn:x".to_owned(),
            params: json!({"one": 1.0, "big": 1e21, "\u{20ac}": 1, "a": 2})
                .as_object()
                .cloned(),
            ..Default::default()
        }];
        let expected = concat!(
            r#"{"capabilities":{"extensions":[{"params":{"a":2,"big":1e+21,"one":1,"€":1},"uri":"urn:x"}],"#,
            r#""streaming":false},"defaultInputModes":["text/plain"],"defaultOutputModes":["text/plain"],"#,
            r#""description":"Says\nhello.","name":"Hello","#,
            r#""skills":[{"description":"Says \"hi\".","id":"s","name":"Grüße €","tags":["b","a"]}],"#,
            r#""supportedInterfaces":[{"protocolBinding":"JSONRPC","protocolVersion":"1.0","url":"https://a.example"}],"#,
            r#""version":"1.0.0"}"#,
        );
        assert_eq!(forms(&card), [expected]);
        // What is there already does not count.
        card.signatures = vec![AgentCardSignature::default()];
        let mut unsigned = card.clone();
        unsigned.signatures.clear();
        assert_eq!(forms(&unsigned), [expected]);
    }

    #[test]
    fn a_scheme_without_scopes_has_two() {
        let mut card = card();
        card.security_requirements = vec![json!({"schemes": {"bearer": {"list": []}}})];
        card.skills[0].security_requirements = vec![json!({"schemes": {"b": {"list": ["x"]}}})];
        card.security_schemes = json!({"o": {"oauth2SecurityScheme": {"flows": {
            "authorizationCode": {"pkceRequired": false, "scopes": {}},
        }}}})
        .as_object()
        .cloned()
        .unwrap();
        let forms = forms(&card);
        assert_eq!(forms.len(), 2);
        assert!(forms[0].contains(r#""securityRequirements":[{"schemes":{"bearer":{}}}]"#));
        assert!(forms[0].contains(r#"{"flows":{"authorizationCode":{"scopes":{}}}}"#));
        for absent in ["bearer", "securitySchemes", "supportedInterfaces"] {
            assert!(!forms[1].contains(absent), "{}", forms[1]);
        }
        for form in forms {
            assert!(form.contains(r#""securityRequirements":[{"schemes":{"b":{"list":["x"]}}}]"#));
        }
    }
}
