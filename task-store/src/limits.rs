//! How much the log takes. Every limit has a name, and an error that names it with the value.
//!
//! They bound what one caller can make the database hold and what one call can bring into memory,
//! and are wide enough that an agent meets them only by mistake.

use crate::{Authentication, Change, Error, MessageKey, PushConfig, Scope, Snapshot};

/// Longest tenant, owner, task id, context id or message id, in bytes of UTF-8.
pub const MAX_IDENTIFIER_BYTES: usize = 512;
/// Longest digest of a message, in bytes.
pub const MAX_DIGEST_BYTES: usize = 64;
/// Largest event, in bytes.
pub const MAX_EVENT_BYTES: usize = 16 * MIB;
/// Most events in one change.
pub const MAX_CHANGE_EVENTS: usize = 1_000;
/// Most bytes of events in one change.
pub const MAX_CHANGE_BYTES: usize = 64 * MIB;
/// Largest snapshot without its artifacts, in bytes.
pub const MAX_TASK_BYTES: usize = 16 * MIB;
/// Largest artifacts of a snapshot, in bytes.
pub const MAX_ARTIFACTS_BYTES: usize = 64 * MIB;
/// Largest checkpoint, in bytes.
pub const MAX_CHECKPOINT_BYTES: usize = MIB;
/// Most events that may follow a snapshot before a change has to bring the next one.
pub const MAX_TAIL_EVENTS: u64 = 10_000;
/// Most bytes of events that may follow a snapshot before a change has to bring the next one.
pub const MAX_TAIL_BYTES: u64 = 32 * MIB as u64;
/// Most bytes of events that one task may have in its life.
pub const MAX_LOG_BYTES: u64 = 1024 * MIB as u64;
/// Most events that [`crate::Events`] returns.
pub const MAX_EVENTS: u64 = 1_000;
/// Most bytes of events that [`crate::Events`] returns. The largest event fits.
pub const MAX_EVENTS_BYTES: u64 = 16 * MIB as u64;
/// Largest `page_size`.
pub const MAX_PAGE_SIZE: u32 = 100;
/// How far a listing with `status_since` counts its total.
pub const TOTAL_SINCE_BOUND: u64 = 10_000;
/// Largest value that an agent keeps for a conversation, in bytes.
pub const MAX_STATE_VALUE_BYTES: usize = 16 * MIB;
/// Most values that an agent keeps for one conversation.
pub const MAX_STATE_KEYS: u64 = 64;
/// Longest name of such a value, in characters.
pub const MAX_STATE_KEY_CHARS: usize = 128;
/// Most webhooks of one task.
pub const MAX_PUSH_CONFIGS: u64 = 16;
/// Longest URL of a webhook, in bytes.
pub const MAX_PUSH_URL_BYTES: usize = 2048;
/// Longest token, scheme or credentials of a webhook, in bytes.
pub const MAX_PUSH_SECRET_BYTES: usize = 4096;

/// Bytes of events after which [`crate::ClaimDeliveries`] claims no more.
pub const MAX_DELIVERIES_BYTES: usize = 32 * MIB;

/// Latest time that the log takes, in milliseconds since the epoch: the end of the year 9999,
/// after which RFC 3339 has no notation.
pub const MAX_TIME: u64 = 253_402_300_799_999;

const MIB: usize = 1024 * 1024;

/// A number that SQL can hold. What is larger compares as larger than everything stored.
pub(crate) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// True for a text that an identifier can be. Nothing is stored under any other.
pub(crate) fn is_identifier(value: &str) -> bool {
    !value.is_empty() && is_name(value)
}

fn is_name(value: &str) -> bool {
    value.len() <= MAX_IDENTIFIER_BYTES && !value.chars().any(char::is_control)
}

pub(crate) fn identifier(name: &str, value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(Error::Invalid(format!(
            "the {name} is empty: give it at least one character"
        )));
    }
    named(name, value)
}

fn named(name: &str, value: &str) -> Result<(), Error> {
    if is_name(value) {
        return Ok(());
    }
    if value.len() > MAX_IDENTIFIER_BYTES {
        return Err(Error::Invalid(format!(
            "the {name} has {} bytes: use at most {MAX_IDENTIFIER_BYTES}",
            value.len()
        )));
    }
    Err(Error::Invalid(format!(
        "the {name} {value:?} contains a control character: remove it"
    )))
}

pub(crate) fn scope(scope: &Scope) -> Result<(), Error> {
    named("tenant", &scope.tenant)?;
    named("owner", &scope.owner)
}

/// True when tasks can exist in this scope at all.
pub(crate) fn is_scope(scope: &Scope) -> bool {
    is_name(&scope.tenant) && is_name(&scope.owner)
}

pub(crate) fn message(key: &MessageKey) -> Result<(), Error> {
    identifier("message id", &key.id)?;
    let length = key.digest.len();
    if length == 0 || length > MAX_DIGEST_BYTES {
        return Err(Error::Invalid(format!(
            "the digest of message {:?} has {length} bytes: use 1 to {MAX_DIGEST_BYTES}",
            key.id
        )));
    }
    Ok(())
}

pub(crate) fn change(change: &Change) -> Result<(), Error> {
    if change.status_time > MAX_TIME {
        return Err(Error::Invalid(format!(
            "the status time {} is after the year 9999: give milliseconds since the epoch",
            change.status_time
        )));
    }
    if change.events.len() > MAX_CHANGE_EVENTS {
        return Err(Error::TooLarge(format!(
            "the change has {} events: append at most {MAX_CHANGE_EVENTS} at a time",
            change.events.len()
        )));
    }
    for event in &change.events {
        size("an event", event, MAX_EVENT_BYTES)?;
    }
    let bytes: usize = change.events.iter().map(Vec::len).sum();
    if bytes > MAX_CHANGE_BYTES {
        return Err(Error::TooLarge(format!(
            "the events of the change have {bytes} bytes: the limit is {MAX_CHANGE_BYTES}"
        )));
    }
    checkpoint(change.checkpoint.as_deref())?;
    change.snapshot.as_ref().map_or(Ok(()), snapshot)
}

pub(crate) fn checkpoint(data: Option<&[u8]>) -> Result<(), Error> {
    let data = data.unwrap_or_default();
    size("the checkpoint", data, MAX_CHECKPOINT_BYTES)
}

fn snapshot(snapshot: &Snapshot) -> Result<(), Error> {
    if snapshot.task.is_empty() {
        return Err(Error::Invalid(
            "the snapshot is empty: give the Task without its artifacts as ProtoJSON".to_owned(),
        ));
    }
    size("the snapshot of the task", &snapshot.task, MAX_TASK_BYTES)?;
    let artifacts = snapshot.artifacts.as_deref().unwrap_or_default();
    size("the artifacts of the task", artifacts, MAX_ARTIFACTS_BYTES)
}

pub(crate) fn push_config(config: &PushConfig) -> Result<(), Error> {
    identifier("id of the webhook", &config.id)?;
    identifier("protocol version of the webhook", &config.protocol_version)?;
    if config.url.is_empty() {
        return Err(Error::Invalid(format!(
            "the webhook {:?} has no URL: give the one that events are posted to",
            config.id
        )));
    }
    let part = |name: &str, value: &str, limit| {
        size(
            &format!("the {name} of webhook {:?}", config.id),
            value.as_bytes(),
            limit,
        )
    };
    part("URL", &config.url, MAX_PUSH_URL_BYTES)?;
    let token = config.token.as_deref().unwrap_or_default();
    part("token", token, MAX_PUSH_SECRET_BYTES)?;
    let Some(Authentication {
        scheme,
        credentials,
    }) = &config.authentication
    else {
        return Ok(());
    };
    part("authentication scheme", scheme, MAX_PUSH_SECRET_BYTES)?;
    part("credentials", credentials, MAX_PUSH_SECRET_BYTES)
}

pub(crate) fn size(name: &str, value: &[u8], limit: usize) -> Result<(), Error> {
    if value.len() <= limit {
        return Ok(());
    }
    Err(Error::TooLarge(format!(
        "{name} has {} bytes: the limit is {limit}",
        value.len()
    )))
}

pub(crate) fn state_key(key: &str) -> Result<(), Error> {
    let characters = key.chars().count();
    if characters == 0 || characters > MAX_STATE_KEY_CHARS {
        return Err(Error::Invalid(format!(
            "the key of a value has {characters} characters: use 1 to {MAX_STATE_KEY_CHARS}"
        )));
    }
    if key.chars().any(char::is_control) {
        return Err(Error::Invalid(format!(
            "the key {key:?} contains a control character"
        )));
    }
    Ok(())
}
