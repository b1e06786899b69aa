//! The objects of the data model, as they come in the answer to a message.

use serde_json::Value;

use crate::check::probe::{INTERRUPTED, Probe, TERMINAL, members, state, task_of, text};
use crate::check::requirement::requirements;
use crate::check::verdict::{Ended, Seen, holds, skipped};

requirements! {
    "model.task", "4.1.1", Must, "A task has its id and a status with a state that exists", ["DM-TASK-001", "DM-TASK-002", "DM-STATUS-001"], Each => task;
    "model.message", "4.1.4", Must, "A message has messageId, role and parts", ["DM-MSG-001", "DM-MSG-002"], Each => message;
    "model.part", "4.1.6", Must, "A part is one of text, raw, url and data", ["DM-PART-001"], Each => part;
    "model.artifact", "4.1.7", Must, "An artifact has artifactId and parts", ["DM-ART-001"], Each => artifact;
    "model.names", "5.5", Must, "Names of fields are camelCase", ["DM-SERIAL-001"], Each => names;
    "model.enums", "5.5", Must, "States and roles are written as in the proto file", ["DM-SERIAL-002"], Each => enums;
    "model.times", "5.6.1", Must, "Times are ISO 8601 in UTC", ["DM-SERIAL-003"], Each => times;
}

const WORKING: [&str; 2] = ["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"];
const ROLES: [&str; 2] = ["ROLE_USER", "ROLE_AGENT"];
/// What agents fill in as they like.
const FREE: [&str; 2] = ["metadata", "data"];

async fn task(probe: &Probe<'_>) -> Seen {
    let answer = answer(probe).await?;
    let task = task_of(&answer)?;
    holds(!text(task, "id").is_empty(), || {
        "a task without an id".to_owned()
    })?;
    let state = state(task);
    let is_known = [&TERMINAL[..], &INTERRUPTED, &WORKING]
        .concat()
        .contains(&state);
    holds(is_known, || format!("the state {state:?}"))?;
    Ok(state.to_owned())
}

async fn message(probe: &Probe<'_>) -> Seen {
    let answer = answer(probe).await?;
    let messages = objects(&answer, "messageId");
    let declared = answer
        .get("message")
        .into_iter()
        .chain(answer.pointer("/task/status/message"));
    for message in messages.iter().copied().chain(declared) {
        holds(!text(message, "messageId").is_empty(), || {
            "a message without messageId".to_owned()
        })?;
        let role = text(message, "role");
        holds(ROLES.contains(&role), || format!("the role {role:?}"))?;
        let has_parts = message
            .get("parts")
            .and_then(Value::as_array)
            .is_some_and(|parts| !parts.is_empty());
        holds(has_parts, || "a message without parts".to_owned())?;
    }
    some(messages.len(), "messages")
}

async fn part(probe: &Probe<'_>) -> Seen {
    let answer = answer(probe).await?;
    let mut seen = 0;
    for holder in objects(&answer, "parts") {
        for part in holder
            .get("parts")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let kinds = ["text", "raw", "url", "data"]
                .iter()
                .filter(|kind| part.get(**kind).is_some());
            holds(kinds.count() == 1, || {
                format!("a part with {}", members(part))
            })?;
            seen += 1;
        }
    }
    some(seen, "parts")
}

async fn artifact(probe: &Probe<'_>) -> Seen {
    let answer = answer(probe).await?;
    let artifacts: Vec<_> = answer
        .pointer("/task/artifacts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    for artifact in &artifacts {
        holds(!text(artifact, "artifactId").is_empty(), || {
            "an artifact without artifactId".to_owned()
        })?;
        let has_parts = artifact
            .get("parts")
            .and_then(Value::as_array)
            .is_some_and(|parts| !parts.is_empty());
        holds(has_parts, || "an artifact without parts".to_owned())?;
    }
    some(artifacts.len(), "artifacts")
}

async fn names(probe: &Probe<'_>) -> Seen {
    let answer = answer(probe).await?;
    let mut wrong = Vec::new();
    walk(&answer, &mut |name, _| {
        if name.contains('_') {
            wrong.push(name.to_owned());
        }
    });
    holds(wrong.is_empty(), || wrong.join(", "))?;
    Ok("all of them".to_owned())
}

async fn enums(probe: &Probe<'_>) -> Seen {
    let answer = answer(probe).await?;
    let mut wrong = Vec::new();
    walk(&answer, &mut |name, value| {
        let prefix = match name {
            "state" => "TASK_STATE_",
            "role" => "ROLE_",
            _ => return,
        };
        if !value.as_str().is_some_and(|text| text.starts_with(prefix)) {
            wrong.push(format!("{name}: {value}"));
        }
    });
    holds(wrong.is_empty(), || wrong.join(", "))?;
    Ok("all of them".to_owned())
}

async fn times(probe: &Probe<'_>) -> Seen {
    let answer = answer(probe).await?;
    let (mut seen, mut wrong) = (0, Vec::new());
    walk(&answer, &mut |name, value| {
        if name == "timestamp" {
            seen += 1;
            if !value.as_str().is_some_and(is_utc) {
                wrong.push(value.to_string());
            }
        }
    });
    holds(wrong.is_empty(), || wrong.join(", "))?;
    some(seen, "times")
}

/// `2026-11-24T19:42:52.932Z`, with or without a fraction.
fn is_utc(time: &str) -> bool {
    let Some((date, rest)) = time.strip_suffix('Z').and_then(|time| time.split_once('T')) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (clock, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
    date.split('-').map(str::len).eq([4, 2, 2])
        && date.split('-').all(digits)
        && clock.split(':').map(str::len).eq([2, 2, 2])
        && clock.split(':').all(digits)
        && digits(fraction)
}

fn some(seen: usize, what: &str) -> Seen {
    if seen == 0 {
        return skipped(format!("the answer has no {what}"));
    }
    Ok(format!("{seen} {what}"))
}

async fn answer(probe: &Probe<'_>) -> Result<Value, Ended> {
    probe
        .answer()
        .await
        .or_else(|_| skipped("no message is answered: see send.answers"))
}

/// Every object that has this field.
fn objects<'v>(value: &'v Value, field: &str) -> Vec<&'v Value> {
    let mut found = Vec::new();
    if value.get(field).is_some() {
        found.push(value);
    }
    let children: Vec<&Value> = match value {
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !FREE.contains(&name.as_str()))
            .map(|(_, child)| child)
            .collect(),
        Value::Array(children) => children.iter().collect(),
        _ => Vec::new(),
    };
    found.extend(children.into_iter().flat_map(|child| objects(child, field)));
    found
}

/// Every field, but for those in what agents fill in as they like.
fn walk(value: &Value, seen: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            for (name, child) in members {
                seen(name, child);
                if !FREE.contains(&name.as_str()) {
                    walk(child, seen);
                }
            }
        }
        Value::Array(children) => children.iter().for_each(|child| walk(child, seen)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc() {
        for good in ["2026-11-24T19:42:52Z", "2026-11-24T19:42:52.932Z"] {
            assert!(is_utc(good), "{good}");
        }
        for wrong in [
            "2026-11-24T19:42:52+00:00",
            "2026-11-24 19:42:52Z",
            "19:42:52Z",
            "2026-11-24T19:42:52.Z",
            "",
        ] {
            assert!(!is_utc(wrong), "{wrong}");
        }
    }
}
