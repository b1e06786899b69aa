//! What the agent says of itself, in each configuration in which the kit wants to see a server.
//!
//! - `tck_capabilities`: `none` for a card that declares no streaming, no webhooks and no extended
//!   card, so that the kit shows that they are then refused. Unset is `all`.
//! - `tck_required_extension`: the URI of an extension that every client has to name; the kit uses
//!   `urn:a2a:tck:required-extension`. It sends most messages without, so this is for a run of the
//!   tests that are about it.
//! - `tck_security`: `bearer` for a card with a security scheme, so that the extended card is refused to
//!   those who have not shown who they are. Unset is none.

use attache_sdk::{AgentCapabilities, AgentCard, AgentExtension, AgentSkill, config, json};

const CAPABILITIES: &str = "tck_capabilities";
const REQUIRED_EXTENSION: &str = "tck_required_extension";
const SECURITY: &str = "tck_security";

/// The card for everyone.
pub(crate) fn public() -> AgentCard {
    let mut card = AgentCard::new(
        "TCK agent",
        "Shows the behaviours that the A2A conformance kit asks for.",
        env!("CARGO_PKG_VERSION"),
    )
    .modes(
        &["text/plain", "application/json"],
        &["text/plain", "application/json"],
    )
    .skill(AgentSkill::new(
        "tck",
        "Conformance",
        "Behaves as the prefix of the message's id says.",
        &["tck", "conformance"],
    ));
    if config(SECURITY).as_deref() == Some("bearer") {
        let scheme = json!({ "httpAuthSecurityScheme": { "scheme": "Bearer" } });
        card.security_schemes.insert("bearer".to_owned(), scheme);
    }
    card.capabilities = AgentCapabilities {
        extensions: required_extension().into_iter().collect(),
        ..capabilities()
    };
    card
}

/// The card for those who ask for more. No scheme is declared, so that is anyone.
pub(crate) fn extended() -> AgentCard {
    public().skill(AgentSkill::new(
        "tck-faults",
        "Faults",
        "Fails, dies or takes its time, as the prefix of the message's id says.",
        &["tck", "faults"],
    ))
}

fn capabilities() -> AgentCapabilities {
    let wanted = config(CAPABILITIES);
    let all = match wanted.as_deref() {
        Some("none") => false,
        None | Some("" | "all") => true,
        Some(other) => {
            eprintln!("{CAPABILITIES} is {other:?}; it is all or none, and counts as all now.");
            true
        }
    };
    AgentCapabilities {
        streaming: Some(all),
        push_notifications: Some(all),
        extended_agent_card: Some(all),
        ..AgentCapabilities::default()
    }
}

fn required_extension() -> Option<AgentExtension> {
    let uri = config(REQUIRED_EXTENSION).filter(|uri| !uri.is_empty())?;
    Some(AgentExtension {
        uri,
        description: "Changes nothing; a client has to name it nevertheless.".to_owned(),
        required: true,
        ..AgentExtension::default()
    })
}
