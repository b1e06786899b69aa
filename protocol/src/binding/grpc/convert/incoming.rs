//! What a client sends.

use prost_types::Timestamp as ProtoTimestamp;
use serde_json::{Map, Value};

use super::super::messages as pb;
use super::{Fault, json};
use crate::wire::lenient::ProtoEnum;
use crate::wire::{self, Content, Timestamp};

/// 9999-12-31T23:59:59Z, the last second of a `google.protobuf.Timestamp`.
const LAST_SECOND: u64 = 253_402_300_799;

impl TryFrom<pb::SendMessageRequest> for wire::SendMessageRequest {
    type Error = Fault;
    fn try_from(from: pb::SendMessageRequest) -> Result<Self, Fault> {
        Ok(Self {
            tenant: from.tenant,
            message: match from.message {
                Some(message) => Some(message.try_into().map_err(|f: Fault| f.within("message"))?),
                None => None,
            },
            configuration: from.configuration.unwrap_or_default().into(),
            metadata: metadata(from.metadata)?,
        })
    }
}

impl From<pb::SendMessageConfiguration> for wire::SendMessageConfiguration {
    fn from(from: pb::SendMessageConfiguration) -> Self {
        Self {
            accepted_output_modes: from.accepted_output_modes,
            task_push_notification_config: from.task_push_notification_config.map(Into::into),
            history_length: from.history_length,
            return_immediately: from.return_immediately,
        }
    }
}

impl TryFrom<pb::Message> for wire::Message {
    type Error = Fault;
    fn try_from(from: pb::Message) -> Result<Self, Fault> {
        let parts = from.parts.into_iter().enumerate().map(|(index, part)| {
            wire::Part::try_from(part).map_err(|fault| fault.within(&format!("parts[{index}]")))
        });
        Ok(Self {
            message_id: from.message_id,
            context_id: from.context_id,
            task_id: from.task_id,
            role: enumerated("role", from.role)?,
            parts: parts.collect::<Result<_, _>>()?,
            metadata: metadata(from.metadata)?,
            extensions: from.extensions,
            reference_task_ids: from.reference_task_ids,
        })
    }
}

impl TryFrom<pb::Part> for wire::Part {
    type Error = Fault;
    fn try_from(from: pb::Part) -> Result<Self, Fault> {
        let content = match from.content {
            Some(pb::part::Content::Text(text)) => Content::Text(text),
            Some(pb::part::Content::Raw(bytes)) => Content::Raw(bytes),
            Some(pb::part::Content::Url(url)) => Content::Url(url),
            Some(pb::part::Content::Data(value)) => {
                Content::Data(json::to_value(value).map_err(|fault| fault.within("data"))?)
            }
            None => {
                return Err(Fault::new("", "a part needs one of text, raw, url or data"));
            }
        };
        Ok(Self {
            content,
            metadata: metadata(from.metadata)?,
            filename: from.filename,
            media_type: from.media_type,
        })
    }
}

impl From<pb::GetTaskRequest> for wire::GetTaskRequest {
    fn from(from: pb::GetTaskRequest) -> Self {
        Self {
            tenant: from.tenant,
            id: from.id,
            history_length: from.history_length,
        }
    }
}

impl TryFrom<pb::ListTasksRequest> for wire::ListTasksRequest {
    type Error = Fault;
    fn try_from(from: pb::ListTasksRequest) -> Result<Self, Fault> {
        Ok(Self {
            tenant: from.tenant,
            context_id: from.context_id,
            status: enumerated("status", from.status)?,
            page_size: from.page_size,
            page_token: from.page_token,
            history_length: from.history_length,
            status_timestamp_after: match from.status_timestamp_after {
                Some(timestamp) => Some(moment("statusTimestampAfter", timestamp)?),
                None => None,
            },
            include_artifacts: from.include_artifacts.unwrap_or_default(),
        })
    }
}

impl TryFrom<pb::CancelTaskRequest> for wire::CancelTaskRequest {
    type Error = Fault;
    fn try_from(from: pb::CancelTaskRequest) -> Result<Self, Fault> {
        Ok(Self {
            tenant: from.tenant,
            id: from.id,
            metadata: metadata(from.metadata)?,
        })
    }
}

impl From<pb::SubscribeToTaskRequest> for wire::SubscribeToTaskRequest {
    fn from(from: pb::SubscribeToTaskRequest) -> Self {
        Self {
            tenant: from.tenant,
            id: from.id,
        }
    }
}

impl From<pb::TaskPushNotificationConfig> for wire::TaskPushNotificationConfig {
    fn from(from: pb::TaskPushNotificationConfig) -> Self {
        Self {
            tenant: from.tenant,
            id: from.id,
            task_id: from.task_id,
            url: from.url,
            token: from.token,
            authentication: from.authentication.map(|from| wire::AuthenticationInfo {
                scheme: from.scheme,
                credentials: from.credentials,
            }),
        }
    }
}

impl From<pb::GetTaskPushNotificationConfigRequest> for wire::TaskPushNotificationConfigRequest {
    fn from(from: pb::GetTaskPushNotificationConfigRequest) -> Self {
        Self {
            tenant: from.tenant,
            task_id: from.task_id,
            id: from.id,
        }
    }
}

impl From<pb::DeleteTaskPushNotificationConfigRequest> for wire::TaskPushNotificationConfigRequest {
    fn from(from: pb::DeleteTaskPushNotificationConfigRequest) -> Self {
        Self {
            tenant: from.tenant,
            task_id: from.task_id,
            id: from.id,
        }
    }
}

impl From<pb::ListTaskPushNotificationConfigsRequest>
    for wire::ListTaskPushNotificationConfigsRequest
{
    fn from(from: pb::ListTaskPushNotificationConfigsRequest) -> Self {
        Self {
            tenant: from.tenant,
            task_id: from.task_id,
            page_size: Some(from.page_size),
            page_token: from.page_token,
        }
    }
}

fn metadata(from: Option<prost_types::Struct>) -> Result<Option<Map<String, Value>>, Fault> {
    match from {
        Some(from) => json::to_map(from)
            .map(Some)
            .map_err(|fault| fault.within("metadata")),
        None => Ok(None),
    }
}

fn enumerated<T: ProtoEnum>(field: &str, number: i32) -> Result<T, Fault> {
    T::from_number(number.into())
        .ok_or_else(|| Fault::new(field, format!("{number} is not a {}", T::TYPE)))
}

/// A fraction finer than a millisecond is rounded up, as [`Timestamp`] has it.
fn moment(field: &str, from: ProtoTimestamp) -> Result<Timestamp, Fault> {
    let invalid = |why: &str| {
        Fault::new(
            field,
            format!("{} s and {} ns {why}", from.seconds, from.nanos),
        )
    };
    let nanos = u64::try_from(from.nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)
        .ok_or_else(|| invalid("is not a timestamp: nanos go from 0 to 999999999"))?;
    let seconds = u64::try_from(from.seconds).map_err(|_| invalid("is before 1970"))?;
    if seconds > LAST_SECOND {
        return Err(invalid("is after the year 9999"));
    }
    Ok(Timestamp(seconds * 1000 + nanos.div_ceil(1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_milliseconds_rounded_up() {
        let at = |seconds, nanos| moment("at", ProtoTimestamp { seconds, nanos });
        assert_eq!(at(1, 0), Ok(Timestamp(1000)));
        assert_eq!(at(1, 1), Ok(Timestamp(1001)));
        assert_eq!(at(1, 999_999_999), Ok(Timestamp(2000)));
        assert!(at(-1, 0).is_err());
        assert!(at(i64::MAX, 0).is_err());
        assert!(at(0, -1).is_err());
        assert!(at(0, 1_000_000_000).is_err());
    }
}
