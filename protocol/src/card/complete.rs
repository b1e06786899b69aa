//! What the engine adds to an agent's card: it speaks the bindings, so it says where.

use crate::version::{SUPPORTED, Version};
use crate::wire::{AgentCard, AgentInterface};

/// The card with its interfaces and capabilities, for an agent whose public URL is `base`.
///
/// JSON-RPC comes first, because most clients take the first binding that they know. A capability
/// that the agent leaves open is on when the engine provides it.
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

/// Adds the interfaces of 0.3, which are the same URLs. They come last: clients of 1.0 take the first
/// entry of a binding without a look at its version.
pub(super) fn add_0_3_interfaces(card: &mut AgentCard) {
    let old: Vec<_> = card
        .supported_interfaces
        .iter()
        .filter(|interface| matches!(&*interface.protocol_binding, "JSONRPC" | "HTTP+JSON"))
        .map(|interface| AgentInterface {
            protocol_version: Version::V0_3.as_str().to_owned(),
            ..interface.clone()
        })
        .collect();
    card.supported_interfaces.extend(old);
}
