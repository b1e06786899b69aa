//! Push-notification configuration (section 4.3).

use serde::{Deserialize, Serialize};

use super::lenient;

/// A webhook for the events of one task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskPushNotificationConfig {
    /// The tenant that the card's interface names, if any.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub tenant: String,
    /// Unique within the task; given by the server when the client names none.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub id: String,
    /// The task. Empty within a SendMessage, where it is the task of the message.
    #[serde(
        alias = "task_id",
        skip_serializing_if = "String::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub task_id: String,
    /// Where events are posted to. Required.
    #[serde(deserialize_with = "lenient::or_default")]
    pub url: String,
    /// Sent back as `X-A2A-Notification-Token`, so that the receiver knows who asked.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub token: String,
    /// How the receiver wants to be authenticated to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<AuthenticationInfo>,
}

/// What goes into the `Authorization` header of a notification (section 4.3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthenticationInfo {
    /// `Bearer`, `Basic` and so on. Required.
    #[serde(deserialize_with = "lenient::or_default")]
    pub scheme: String,
    /// What follows the scheme.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub credentials: String,
}

/// GetTaskPushNotificationConfig and DeleteTaskPushNotificationConfig.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskPushNotificationConfigRequest {
    /// The tenant.
    #[serde(deserialize_with = "lenient::or_default")]
    pub tenant: String,
    /// The task. Required.
    #[serde(alias = "task_id", deserialize_with = "lenient::or_default")]
    pub task_id: String,
    /// The configuration. Required.
    #[serde(deserialize_with = "lenient::or_default")]
    pub id: String,
}

/// ListTaskPushNotificationConfigs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListTaskPushNotificationConfigsRequest {
    /// The tenant.
    #[serde(deserialize_with = "lenient::or_default")]
    pub tenant: String,
    /// The task. Required.
    #[serde(alias = "task_id", deserialize_with = "lenient::or_default")]
    pub task_id: String,
    /// 1 to 100; all when unset or 0.
    #[serde(alias = "page_size", deserialize_with = "lenient::int32")]
    pub page_size: Option<i32>,
    /// From the page before.
    #[serde(alias = "page_token", deserialize_with = "lenient::or_default")]
    pub page_token: String,
}

/// The answer to ListTaskPushNotificationConfigs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListTaskPushNotificationConfigsResponse {
    /// By id.
    pub configs: Vec<TaskPushNotificationConfig>,
    /// Empty on the last page.
    pub next_page_token: String,
}

/// GetExtendedAgentCard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GetExtendedAgentCardRequest {
    /// The tenant.
    #[serde(deserialize_with = "lenient::or_default")]
    pub tenant: String,
}
