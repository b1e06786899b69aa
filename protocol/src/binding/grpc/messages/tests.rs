//! The corpus is what the official Python SDK writes with every field set
//! (`tests/clients/python/grpc_wire.py corpus`; an end-to-end test compares the two). A field that is
//! unknown here, or of another type, does not come out as it went in; and one that has the number of
//! another does not show the value that was written into it.

use std::collections::HashSet;

use super::*;
use crate::wire::{Role, TaskState};

const CORPUS: &str = include_str!("../../../../tests/official/messages.txt");

/// The bytes that the message is written to, and how it looks.
fn again<M: prost::Message + Default + std::fmt::Debug>(bytes: &[u8]) -> (Vec<u8>, String) {
    let message = M::decode(bytes).unwrap();
    (message.encode_to_vec(), format!("{message:?}"))
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn by_name(name: &str, bytes: &[u8]) -> (Vec<u8>, String) {
    macro_rules! one_of {
        ($($name:literal => $message:ty,)*) => {
            match name {
                $($name => again::<$message>(bytes),)*
                name => panic!("{name} is not here"),
            }
        };
    }
    one_of! {
        "APIKeySecurityScheme" => security::ApiKeySecurityScheme,
        "AgentCapabilities" => card::AgentCapabilities,
        "AgentCard" => AgentCard,
        "AgentCardSignature" => card::AgentCardSignature,
        "AgentExtension" => card::AgentExtension,
        "AgentInterface" => card::AgentInterface,
        "AgentProvider" => card::AgentProvider,
        "AgentSkill" => card::AgentSkill,
        "Artifact" => Artifact,
        "AuthenticationInfo" => AuthenticationInfo,
        "AuthorizationCodeOAuthFlow" => security::AuthorizationCodeOAuthFlow,
        "CancelTaskRequest" => CancelTaskRequest,
        "ClientCredentialsOAuthFlow" => security::ClientCredentialsOAuthFlow,
        "DeleteTaskPushNotificationConfigRequest" => DeleteTaskPushNotificationConfigRequest,
        "DeviceCodeOAuthFlow" => security::DeviceCodeOAuthFlow,
        "GetExtendedAgentCardRequest" => GetExtendedAgentCardRequest,
        "GetTaskPushNotificationConfigRequest" => GetTaskPushNotificationConfigRequest,
        "GetTaskRequest" => GetTaskRequest,
        "HTTPAuthSecurityScheme" => security::HttpAuthSecurityScheme,
        "ImplicitOAuthFlow" => security::ImplicitOAuthFlow,
        "ListTaskPushNotificationConfigsRequest" => ListTaskPushNotificationConfigsRequest,
        "ListTaskPushNotificationConfigsResponse" => ListTaskPushNotificationConfigsResponse,
        "ListTasksRequest" => ListTasksRequest,
        "ListTasksResponse" => ListTasksResponse,
        "Message" => Message,
        "MutualTlsSecurityScheme" => security::MutualTlsSecurityScheme,
        "OAuth2SecurityScheme" => security::OAuth2SecurityScheme,
        "OAuthFlows" => security::OAuthFlows,
        "OpenIdConnectSecurityScheme" => security::OpenIdConnectSecurityScheme,
        "Part" => Part,
        "PasswordOAuthFlow" => security::PasswordOAuthFlow,
        "SecurityRequirement" => security::SecurityRequirement,
        "SecurityScheme" => security::SecurityScheme,
        "SendMessageConfiguration" => SendMessageConfiguration,
        "SendMessageRequest" => SendMessageRequest,
        "SendMessageResponse" => SendMessageResponse,
        "StreamResponse" => StreamResponse,
        "StringList" => security::StringList,
        "SubscribeToTaskRequest" => SubscribeToTaskRequest,
        "Task" => Task,
        "TaskArtifactUpdateEvent" => TaskArtifactUpdateEvent,
        "TaskPushNotificationConfig" => TaskPushNotificationConfig,
        "TaskStatus" => TaskStatus,
        "TaskStatusUpdateEvent" => TaskStatusUpdateEvent,
    }
}

/// `field: value`, or the variant that stands for a member of a oneof.
fn shows(message: &str, fact: &str) -> bool {
    if let Some((oneof, member)) = fact.split_once('=') {
        let (_, rest) = message.split_once(&format!("{oneof}: Some(")).unwrap();
        let (variant, _) = rest.split_once('(').unwrap();
        let member = member.replace('_', "").to_ascii_lowercase();
        return member.starts_with(&variant.to_ascii_lowercase());
    }
    let (field, value) = fact.split_once(": ").unwrap();
    message.contains(fact) || message.contains(&format!("{field}: Some({value})"))
}

#[test]
fn every_field_of_every_message_is_the_official_one() {
    let (mut names, mut facts, mut enums) = (HashSet::new(), 0, 0);
    for line in CORPUS.lines() {
        match *line.split('\t').collect::<Vec<_>>() {
            ["TaskState", name, number] => {
                let state: TaskState = name.parse().unwrap();
                assert_eq!(state.number().to_string(), number);
                enums += 1;
            }
            ["Role", name, number] => {
                let role: Role = name.parse().unwrap();
                assert_eq!(role.number().to_string(), number);
                enums += 1;
            }
            [name, bytes, ref said @ ..] => {
                let bytes = hex(bytes);
                assert!(!bytes.is_empty(), "{name}");
                let (again, message) = by_name(name, &bytes);
                assert_eq!(again, bytes, "{name}");
                for fact in said {
                    assert!(shows(&message, fact), "{name}: {fact} in {message}");
                    facts += 1;
                }
                names.insert(name);
            }
            _ => panic!("{line:?}"),
        }
    }
    assert_eq!((names.len(), enums), (44, 12));
    assert_eq!(facts, 149);
}
