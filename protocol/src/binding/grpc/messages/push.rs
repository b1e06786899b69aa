//! Push-notification configuration, and the request for the extended card.

/// A webhook for the events of one task.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TaskPushNotificationConfig {
    /// The tenant.
    #[prost(string, tag = "1")]
    pub(crate) tenant: String,
    /// Unique within the task.
    #[prost(string, tag = "2")]
    pub(crate) id: String,
    /// The task.
    #[prost(string, tag = "3")]
    pub(crate) task_id: String,
    /// Where events are posted to.
    #[prost(string, tag = "4")]
    pub(crate) url: String,
    /// Sent back with each event.
    #[prost(string, tag = "5")]
    pub(crate) token: String,
    /// How the receiver wants to be authenticated to.
    #[prost(message, optional, tag = "6")]
    pub(crate) authentication: Option<AuthenticationInfo>,
}

/// What goes into the `Authorization` header of a notification.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct AuthenticationInfo {
    /// `Bearer`, `Basic` and so on.
    #[prost(string, tag = "1")]
    pub(crate) scheme: String,
    /// What follows the scheme.
    #[prost(string, tag = "2")]
    pub(crate) credentials: String,
}

/// GetTaskPushNotificationConfig.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetTaskPushNotificationConfigRequest {
    /// The tenant.
    #[prost(string, tag = "1")]
    pub(crate) tenant: String,
    /// The task.
    #[prost(string, tag = "2")]
    pub(crate) task_id: String,
    /// The configuration.
    #[prost(string, tag = "3")]
    pub(crate) id: String,
}

/// DeleteTaskPushNotificationConfig.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct DeleteTaskPushNotificationConfigRequest {
    /// The tenant.
    #[prost(string, tag = "1")]
    pub(crate) tenant: String,
    /// The task.
    #[prost(string, tag = "2")]
    pub(crate) task_id: String,
    /// The configuration.
    #[prost(string, tag = "3")]
    pub(crate) id: String,
}

/// ListTaskPushNotificationConfigs.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ListTaskPushNotificationConfigsRequest {
    /// The task.
    #[prost(string, tag = "1")]
    pub(crate) task_id: String,
    /// 1 to 100; all when 0.
    #[prost(int32, tag = "2")]
    pub(crate) page_size: i32,
    /// From the page before.
    #[prost(string, tag = "3")]
    pub(crate) page_token: String,
    /// The tenant.
    #[prost(string, tag = "4")]
    pub(crate) tenant: String,
}

/// The answer to ListTaskPushNotificationConfigs.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ListTaskPushNotificationConfigsResponse {
    /// By id.
    #[prost(message, repeated, tag = "1")]
    pub(crate) configs: Vec<TaskPushNotificationConfig>,
    /// Empty on the last page.
    #[prost(string, tag = "2")]
    pub(crate) next_page_token: String,
}

/// GetExtendedAgentCard.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetExtendedAgentCardRequest {
    /// The tenant.
    #[prost(string, tag = "1")]
    pub(crate) tenant: String,
}
