//! The agent card. It is read from the JSON that the other bindings print: a card has one form, and
//! what is added to it there is added here by a field of the same name.

use std::collections::BTreeMap;

use prost_types::Struct;
use serde::Deserialize;

use super::security::{SecurityRequirement, SecurityScheme};
use crate::binding::grpc::convert::json_struct;

/// What an agent says of itself.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AgentCard {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    pub(crate) description: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) supported_interfaces: Vec<AgentInterface>,
    #[prost(message, optional, tag = "4")]
    pub(crate) provider: Option<AgentProvider>,
    #[prost(string, tag = "5")]
    pub(crate) version: String,
    #[prost(string, optional, tag = "6")]
    pub(crate) documentation_url: Option<String>,
    #[prost(message, optional, tag = "7")]
    pub(crate) capabilities: Option<AgentCapabilities>,
    #[prost(btree_map = "string, message", tag = "8")]
    pub(crate) security_schemes: BTreeMap<String, SecurityScheme>,
    #[prost(message, repeated, tag = "9")]
    pub(crate) security_requirements: Vec<SecurityRequirement>,
    #[prost(string, repeated, tag = "10")]
    pub(crate) default_input_modes: Vec<String>,
    #[prost(string, repeated, tag = "11")]
    pub(crate) default_output_modes: Vec<String>,
    #[prost(message, repeated, tag = "12")]
    pub(crate) skills: Vec<AgentSkill>,
    #[prost(message, repeated, tag = "13")]
    pub(crate) signatures: Vec<AgentCardSignature>,
    #[prost(string, optional, tag = "14")]
    pub(crate) icon_url: Option<String>,
}

/// One way to reach the agent.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AgentInterface {
    #[prost(string, tag = "1")]
    pub(crate) url: String,
    #[prost(string, tag = "2")]
    pub(crate) protocol_binding: String,
    #[prost(string, tag = "3")]
    pub(crate) tenant: String,
    #[prost(string, tag = "4")]
    pub(crate) protocol_version: String,
}

/// Who offers the agent.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AgentProvider {
    #[prost(string, tag = "1")]
    pub(crate) url: String,
    #[prost(string, tag = "2")]
    pub(crate) organization: String,
}

/// What the agent can do beyond answering.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AgentCapabilities {
    #[prost(bool, optional, tag = "1")]
    pub(crate) streaming: Option<bool>,
    #[prost(bool, optional, tag = "2")]
    pub(crate) push_notifications: Option<bool>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) extensions: Vec<AgentExtension>,
    #[prost(bool, optional, tag = "4")]
    pub(crate) extended_agent_card: Option<bool>,
}

/// An extension of the protocol.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AgentExtension {
    #[prost(string, tag = "1")]
    pub(crate) uri: String,
    #[prost(string, tag = "2")]
    pub(crate) description: String,
    #[prost(bool, tag = "3")]
    pub(crate) required: bool,
    #[prost(message, optional, tag = "4")]
    #[serde(deserialize_with = "json_struct")]
    pub(crate) params: Option<Struct>,
}

/// Something that the agent is good at.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AgentSkill {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
    #[prost(string, tag = "3")]
    pub(crate) description: String,
    #[prost(string, repeated, tag = "4")]
    pub(crate) tags: Vec<String>,
    #[prost(string, repeated, tag = "5")]
    pub(crate) examples: Vec<String>,
    #[prost(string, repeated, tag = "6")]
    pub(crate) input_modes: Vec<String>,
    #[prost(string, repeated, tag = "7")]
    pub(crate) output_modes: Vec<String>,
    #[prost(message, repeated, tag = "8")]
    pub(crate) security_requirements: Vec<SecurityRequirement>,
}

/// A signature over the card (JWS).
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AgentCardSignature {
    #[prost(string, tag = "1")]
    pub(crate) protected: String,
    #[prost(string, tag = "2")]
    pub(crate) signature: String,
    #[prost(message, optional, tag = "3")]
    #[serde(deserialize_with = "json_struct")]
    pub(crate) header: Option<Struct>,
}
