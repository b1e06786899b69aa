//! `AgentCard` (section 4.4).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What an agent says of itself. An agent author fills in what is the agent's; the engine adds the
/// interfaces and the capabilities that it provides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentCard {
    /// Required.
    pub name: String,
    /// Required.
    pub description: String,
    /// Where the agent is reached, preferred first. Added by the engine.
    pub supported_interfaces: Vec<AgentInterface>,
    /// Who offers the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<AgentProvider>,
    /// The agent's own version. Required.
    pub version: String,
    /// Where its documentation is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_url: Option<String>,
    /// What it can do.
    pub capabilities: AgentCapabilities,
    /// Ways to authenticate, by name, each in the form of section 4.5.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub security_schemes: Map<String, Value>,
    /// Which of them a caller needs: one entry is enough.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_requirements: Vec<Value>,
    /// Media types that the agent takes.
    pub default_input_modes: Vec<String>,
    /// Media types that the agent gives.
    pub default_output_modes: Vec<String>,
    /// At least one.
    pub skills: Vec<AgentSkill>,
    /// An icon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// Who vouches for the card. Added by the engine, when the deployment has a key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<AgentCardSignature>,
}

impl AgentCard {
    /// A card for an agent that takes and gives text. Add at least one skill.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        version: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            version: version.into(),
            default_input_modes: vec!["text/plain".to_owned()],
            default_output_modes: vec!["text/plain".to_owned()],
            ..Self::default()
        }
    }

    /// The same card with one more skill.
    #[must_use]
    pub fn skill(mut self, skill: AgentSkill) -> Self {
        self.skills.push(skill);
        self
    }

    /// The same card with these media types taken and given.
    #[must_use]
    pub fn modes(mut self, input: &[&str], output: &[&str]) -> Self {
        self.default_input_modes = input.iter().map(ToString::to_string).collect();
        self.default_output_modes = output.iter().map(ToString::to_string).collect();
        self
    }
}

/// One way to reach the agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentInterface {
    /// Absolute.
    pub url: String,
    /// `JSONRPC`, `HTTP+JSON` or `GRPC`.
    pub protocol_binding: String,
    /// `1.0`.
    pub protocol_version: String,
    /// To be sent with every request when it is set.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tenant: String,
}

/// Who offers the agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentProvider {
    /// The provider's site.
    pub url: String,
    /// The provider's name.
    pub organization: String,
}

/// What the agent can do beyond answering. Unset is false.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentCapabilities {
    /// Streams. The engine sets it unless the agent says false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streaming: Option<bool>,
    /// Webhooks. The engine sets it unless the agent says false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_notifications: Option<bool>,
    /// A card for authenticated callers: `Agent::extended_card`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_agent_card: Option<bool>,
    /// Extensions of the protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<AgentExtension>,
}

/// An extension of the protocol (section 4.6).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentExtension {
    /// Its name.
    pub uri: String,
    /// What the agent does with it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// True when a client has to name it in `A2A-Extensions`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Its own settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Map<String, Value>>,
}

/// A JSON Web Signature over the canonical form of the card without its signatures (section 8.4).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentCardSignature {
    /// The protected header, in base64url.
    pub protected: String,
    /// The signature, in base64url.
    pub signature: String,
    /// What the signature does not cover.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Map<String, Value>>,
}

/// Something that the agent is good at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentSkill {
    /// Unique within the card.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Words to find it by; at least one.
    pub tags: Vec<String>,
    /// Things that one can say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// Where they differ from the card's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input_modes: Vec<String>,
    /// Where they differ from the card's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output_modes: Vec<String>,
    /// What a caller needs for this skill beyond the card's requirements, in the same form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_requirements: Vec<Value>,
}

impl AgentSkill {
    /// A skill with these tags.
    pub fn new(id: &str, name: &str, description: &str, tags: &[&str]) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            tags: tags.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }

    /// The same skill with things that one can say.
    #[must_use]
    pub fn examples(mut self, examples: &[&str]) -> Self {
        self.examples = examples.iter().map(ToString::to_string).collect();
        self
    }
}
