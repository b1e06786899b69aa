//! Who may call, where the host decides that: its word replaces what the agent declares.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind};
use crate::platform::Platform;
use crate::wire::AgentCard;

/// The security of the card, as JSON in the form of 1.0. Whoever authenticates callers writes it from
/// what it accepts. Absent where nobody does, which leaves the agent's own.
const CONFIG_SECURITY: &str = "attache_security";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Security {
    security_schemes: Map<String, Value>,
    security_requirements: Vec<Value>,
}

/// The card with the host's security, if it has any. The card is not checked yet: a scheme that is
/// wrong is found with the rest.
pub(crate) fn secure(mut card: AgentCard, platform: &dyn Platform) -> Result<AgentCard, Error> {
    let configured = platform.config(CONFIG_SECURITY);
    let Some(configured) = configured.filter(|text| !text.trim().is_empty()) else {
        return Ok(card);
    };
    let security: Security = serde_json::from_str(&configured).map_err(|error| {
        Error::new(
            ErrorKind::Internal,
            format!(
                "The setting {CONFIG_SECURITY} is not an object with securitySchemes and \
                 securityRequirements: {error}."
            ),
        )
    })?;
    // What a skill asks for on top stays, as far as a client can still find what is meant.
    for skill in &mut card.skills {
        skill
            .security_requirements
            .retain(|requirement| names_only(requirement, &security.security_schemes));
    }
    card.security_schemes = security.security_schemes;
    card.security_requirements = security.security_requirements;
    Ok(card)
}

fn names_only(requirement: &Value, declared: &Map<String, Value>) -> bool {
    let named = requirement.get("schemes").and_then(Value::as_object);
    named.is_some_and(|named| named.keys().all(|name| declared.contains_key(name)))
}
