//! The agent card (section 8): what the agent says of itself, completed with where it is reached.

pub(crate) mod v0_3;

use sha2::{Digest as _, Sha256};

use crate::version::SUPPORTED;
use crate::wire::{AgentCard, AgentInterface};

/// The card as clients see it: JSON-RPC first, because most clients take the first they know.
pub(crate) fn complete(mut card: AgentCard, base: &str) -> AgentCard {
    let interface = |binding: &str, url: String| AgentInterface {
        url,
        protocol_binding: binding.to_owned(),
        protocol_version: SUPPORTED.to_owned(),
        tenant: String::new(),
    };
    card.supported_interfaces = vec![
        interface("JSONRPC", format!("{base}/")),
        interface("HTTP+JSON", base.to_owned()),
    ];
    let capabilities = &mut card.capabilities;
    capabilities.streaming = Some(capabilities.streaming.unwrap_or(true));
    capabilities.push_notifications = Some(capabilities.push_notifications.unwrap_or(true));
    capabilities.extended_agent_card = Some(capabilities.extended_agent_card.unwrap_or(false));
    card
}

/// A strong validator of a card: a digest of what is sent.
pub(crate) fn etag(card: &[u8]) -> String {
    let digest = Sha256::digest(card);
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}

/// True when `If-None-Match` names this validator (weak comparison, lists and `*`).
pub(crate) fn matches(if_none_match: &str, etag: &str) -> bool {
    if_none_match
        .split(',')
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.trim_start_matches("W/") == etag)
}

/// What is wrong with an agent's card, by field; empty when nothing is.
pub fn lint(card: &AgentCard) -> Vec<String> {
    let mut faults = Vec::new();
    let mut required = |field: &str, missing: bool| {
        if missing {
            faults.push(format!("{field} is required"));
        }
    };
    required("name", card.name.is_empty());
    required("description", card.description.is_empty());
    required("version", card.version.is_empty());
    required("defaultInputModes", card.default_input_modes.is_empty());
    required("defaultOutputModes", card.default_output_modes.is_empty());
    required("skills", card.skills.is_empty());
    let mut ids = Vec::new();
    for (index, skill) in card.skills.iter().enumerate() {
        required(&format!("skills[{index}].id"), skill.id.is_empty());
        required(&format!("skills[{index}].name"), skill.name.is_empty());
        required(
            &format!("skills[{index}].description"),
            skill.description.is_empty(),
        );
        required(&format!("skills[{index}].tags"), skill.tags.is_empty());
        ids.push(&skill.id);
    }
    let total = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != total {
        faults.push("skills[].id must be unique".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::AgentSkill;

    #[test]
    fn lint_names_the_field() {
        let card = AgentCard::new("Hello", "", "1.0.0")
            .skill(AgentSkill::new("a", "A", "Does a.", &[]))
            .skill(AgentSkill::new("a", "A", "Does a.", &["a"]));
        assert_eq!(
            lint(&card),
            [
                "description is required",
                "skills[0].tags is required",
                "skills[].id must be unique"
            ]
        );
    }

    #[test]
    fn conditional_requests() {
        assert!(matches("\"x\", W/\"y\"", "\"y\""));
        assert!(matches("*", "\"y\""));
        assert!(!matches("\"x\"", "\"y\""));
    }
}
