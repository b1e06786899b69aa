//! What the engine adds to an agent's card: it speaks the bindings, so it says where.

use http::Uri;

use crate::platform::Platform;
use crate::version::{SUPPORTED, Version};
use crate::wire::{AgentCard, AgentInterface};

/// `off` where clients cannot reach the agent over HTTP/2 from end to end, without which there is no
/// gRPC. A call that arrives is answered in any case.
const CONFIG_GRPC: &str = "attache_grpc";

/// The card with its interfaces and capabilities, for an agent whose public URL is `base`.
///
/// JSON-RPC comes first, because most clients take the first binding that they know. A capability
/// that the agent leaves open is on when the engine provides it.
pub(crate) fn complete(mut card: AgentCard, base: &str, platform: &dyn Platform) -> AgentCard {
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
    if platform.config(CONFIG_GRPC).as_deref() != Some("off")
        && let Some(address) = grpc_address(base)
    {
        card.supported_interfaces.push(interface("GRPC", address));
    }
    let capabilities = &mut card.capabilities;
    capabilities.streaming = Some(capabilities.streaming.unwrap_or(true));
    capabilities.push_notifications = Some(capabilities.push_notifications.unwrap_or(true));
    capabilities.extended_agent_card = Some(capabilities.extended_agent_card.unwrap_or(false));
    card
}

/// What clients of gRPC dial: a host and a port, never a URL. A base with a path has no such address,
/// because the path of a call is the method's.
fn grpc_address(base: &str) -> Option<String> {
    let base: Uri = base.parse().ok()?;
    if !matches!(base.path(), "" | "/") {
        return None;
    }
    let port = match (base.port_u16(), base.scheme_str()?) {
        (Some(port), _) => port,
        (None, "https") => 443,
        (None, _) => 80,
    };
    Some(format!("{}:{port}", base.host()?))
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

#[cfg(test)]
mod tests {
    use super::grpc_address;

    #[test]
    fn what_is_dialled_is_a_host_and_a_port() {
        for (base, address) in [
            ("https://a.example", Some("a.example:443")),
            ("http://a.example", Some("a.example:80")),
            ("https://a.example:8443", Some("a.example:8443")),
            ("http://[::1]:8080", Some("[::1]:8080")),
            ("https://a.example/agents/a", None),
        ] {
            assert_eq!(grpc_address(base).as_deref(), address, "{base}");
        }
    }
}
