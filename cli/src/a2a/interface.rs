//! The ways to reach an agent, and the choice of one.

use std::fmt;

use clap::ValueEnum;
use serde_json::Value;
use url::Url;

/// A binding that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Binding {
    /// JSON-RPC 2.0.
    #[value(name = "jsonrpc")]
    JsonRpc,
    /// HTTP+JSON, also called REST.
    #[value(name = "http+json", alias = "rest")]
    HttpJson,
}

impl Binding {
    /// Servers do not agree on the spelling.
    fn of(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "JSONRPC" | "JSON-RPC" | "JSON_RPC" => Some(Self::JsonRpc),
            "HTTP+JSON" | "HTTP_JSON" | "HTTPJSON" | "HTTP-JSON" | "REST" => Some(Self::HttpJson),
            _ => None,
        }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::JsonRpc => "JSONRPC",
            Self::HttpJson => "HTTP+JSON",
        })
    }
}

/// A version of the protocol that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Version {
    /// A2A 1.0.
    #[value(name = "1.0")]
    V1_0,
    /// A2A 0.3, and what came before it.
    #[value(name = "0.3")]
    V0_3,
}

impl Version {
    /// Some write a `v` in front and a patch behind. A later 1.x only adds what may be ignored; 0.2 has
    /// the objects of 0.3.
    fn of(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches(['v', 'V']);
        let mut numbers = text.split('.').map(str::parse::<u32>);
        match (numbers.next()?.ok()?, numbers.next()) {
            (1, _) => Some(Self::V1_0),
            (0, Some(Ok(2 | 3))) => Some(Self::V0_3),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_0 => "1.0",
            Self::V0_3 => "0.3",
        })
    }
}

/// A way to reach the agent, of those that are spoken here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(super) url: Url,
    pub(super) binding: Binding,
    pub(super) version: Version,
    pub(super) tenant: String,
}

/// A way to reach the agent as the card has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) url: String,
    pub(crate) binding: String,
    pub(crate) version: String,
    pub(crate) tenant: String,
}

impl Listed {
    /// `at` is where the card was, for an address that is relative.
    fn spoken(&self, at: &Url) -> Option<Interface> {
        let url = at.join(self.url.trim()).ok()?;
        Some(Interface {
            url: matches!(url.scheme(), "http" | "https").then_some(url)?,
            binding: Binding::of(&self.binding)?,
            version: Version::of(&self.version)?,
            tenant: self.tenant.clone(),
        })
    }
}

/// The interfaces in a card of either generation, in the order of the card.
pub(crate) fn listed(card: &Value) -> Vec<Listed> {
    let text = |of: &Value, names: [&str; 2]| {
        let value = names.iter().find_map(|name| of.get(name)?.as_str());
        value.unwrap_or_default().to_owned()
    };
    let mut found: Vec<Listed> = Vec::new();
    let new = ["supportedInterfaces", "supported_interfaces"];
    let new = new.iter().find_map(|name| card.get(name)?.as_array());
    for interface in new.into_iter().flatten() {
        let version = text(interface, ["protocolVersion", "protocol_version"]);
        found.push(Listed {
            url: text(interface, ["url", "url"]),
            binding: text(interface, ["protocolBinding", "protocol_binding"]),
            version: if version.is_empty() {
                "1.0".to_owned()
            } else {
                version
            },
            tenant: text(interface, ["tenant", "tenant"]),
        });
    }
    if found
        .iter()
        .any(|listed| Version::of(&listed.version) == Some(Version::V0_3))
    {
        return found;
    }
    // What a 0.3 client reads: the only one that a 0.3 card has, and beside the others in one for both.
    let version = text(card, ["protocolVersion", "protocol_version"]);
    let version = if version.is_empty() {
        "0.3.0".to_owned()
    } else {
        version
    };
    let old = |url: String, binding: String| Listed {
        url,
        binding: if binding.is_empty() {
            "JSONRPC".to_owned()
        } else {
            binding
        },
        version: version.clone(),
        tenant: String::new(),
    };
    let url = text(card, ["url", "url"]);
    if !url.is_empty() {
        found.push(old(
            url,
            text(card, ["preferredTransport", "preferred_transport"]),
        ));
    }
    let more = ["additionalInterfaces", "additional_interfaces"];
    let more = more.iter().find_map(|name| card.get(name)?.as_array());
    for interface in more.into_iter().flatten() {
        let listed = old(
            text(interface, ["url", "url"]),
            text(interface, ["transport", "transport"]),
        );
        if !found.contains(&listed) {
            found.push(listed);
        }
    }
    found
}

/// The interface to use: the first of 1.0, else the first of 0.3, of those that are asked for.
///
/// # Errors
/// A sentence, when there is none.
pub(super) fn choose(
    card: &Value,
    at: &Url,
    binding: Option<Binding>,
    version: Option<Version>,
) -> Result<Interface, String> {
    let listed = listed(card);
    let fitting: Vec<_> = listed
        .iter()
        .filter_map(|listed| listed.spoken(at))
        .filter(|interface| binding.is_none_or(|wanted| interface.binding == wanted))
        .filter(|interface| version.is_none_or(|wanted| interface.version == wanted))
        .collect();
    let new = fitting
        .iter()
        .find(|interface| interface.version == Version::V1_0);
    if let Some(interface) = new.or(fitting.first()) {
        return Ok(interface.clone());
    }
    if listed.is_empty() {
        return Err("the card names no interface".to_owned());
    }
    let offers: Vec<_> = listed
        .iter()
        .map(|listed| format!("{} {} at {}", listed.binding, listed.version, listed.url))
        .collect();
    let binding = binding.map_or("JSONRPC or HTTP+JSON".to_owned(), |binding| {
        binding.to_string()
    });
    let version = version.map_or("1.0 or 0.3".to_owned(), |version| version.to_string());
    Err(format!(
        "the card offers no {binding} in version {version}, only: {}",
        offers.join("; ")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(card: &Value, binding: Option<Binding>, version: Option<Version>) -> String {
        let at = Url::parse("https://a.example/x/.well-known/agent-card.json").unwrap();
        match choose(card, &at, binding, version) {
            Ok(found) => format!("{} {} {}", found.url, found.binding, found.version),
            Err(why) => why,
        }
    }

    #[test]
    fn the_newest_version_that_is_spoken_comes_first() {
        let card = json!({"supportedInterfaces": [
            {"url": "a.example:443", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
            {"url": "https://a.example/old", "protocolBinding": "JSONRPC", "protocolVersion": "0.3.0"},
            {"url": "/rest", "protocolBinding": "http_json", "protocolVersion": "v1.0.1"},
            {"url": "https://a.example/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
        ]});
        assert_eq!(
            chosen(&card, None, None),
            "https://a.example/rest HTTP+JSON 1.0"
        );
        let rpc = Some(Binding::JsonRpc);
        assert_eq!(
            chosen(&card, rpc, None),
            "https://a.example/rpc JSONRPC 1.0"
        );
        let old = Some(Version::V0_3);
        assert_eq!(
            chosen(&card, None, old),
            "https://a.example/old JSONRPC 0.3"
        );
        let none = chosen(&card, Some(Binding::HttpJson), old);
        assert!(none.contains("no HTTP+JSON in version 0.3"), "{none}");
        assert!(none.contains("GRPC 1.0 at a.example:443"), "{none}");
    }

    #[test]
    fn a_card_of_0_3_has_its_own_names_for_them() {
        let card = json!({
            "protocolVersion": "0.3.0", "url": "https://a.example/a",
            "additionalInterfaces": [
                {"url": "https://a.example/a", "transport": "JSONRPC"},
                {"url": "https://a.example/b", "transport": "HTTP+JSON"},
            ],
        });
        assert_eq!(listed(&card).len(), 2);
        assert_eq!(chosen(&card, None, None), "https://a.example/a JSONRPC 0.3");
        let rest = Some(Binding::HttpJson);
        assert_eq!(
            chosen(&card, rest, None),
            "https://a.example/b HTTP+JSON 0.3"
        );
        assert!(chosen(&json!({}), None, None).contains("names no interface"));
    }
}
