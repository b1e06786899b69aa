//! Tasks and messages as people read them.

use attache_protocol::wire::{Content, Message, Part, Task, TaskState};

use crate::failure::Exit;

/// A text of somebody else's without what would steer a terminal.
pub(crate) fn clean(text: &str) -> String {
    let is_shown = |c: &char| matches!(c, '\n' | '\t') || !(c.is_control() || is_directional(*c));
    text.chars().filter(is_shown).collect()
}

/// What makes a terminal show letters in another order than they stand.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Parts, one below the other.
pub(crate) fn parts_text(parts: &[Part]) -> String {
    let texts: Vec<_> = parts.iter().map(part_text).collect();
    texts.join("\n")
}

/// A part: text and data as they are, a file by its name.
pub(crate) fn part_text(part: &Part) -> String {
    let text = match &part.content {
        Content::Text(text) => text.clone(),
        Content::Data(data) => serde_json::to_string_pretty(data).unwrap_or_default(),
        Content::Raw(bytes) => format!("[file {}, {} bytes]", named(part), bytes.len()),
        Content::Url(url) => format!("[file {} at {url}]", named(part)),
    };
    clean(&text)
}

fn named(part: &Part) -> String {
    match (part.filename.as_str(), part.media_type.as_str()) {
        ("", "") => "without a name".to_owned(),
        (name, "") => name.to_owned(),
        ("", media_type) => media_type.to_owned(),
        (name, media_type) => format!("{name}, {media_type}"),
    }
}

/// What a task has to say: its artifacts, and the words of its status.
pub(crate) fn task_text(task: &Task) -> String {
    let artifacts = task.artifacts.iter().flatten();
    let mut texts: Vec<_> = artifacts
        .map(|artifact| parts_text(&artifact.parts))
        .collect();
    texts.extend(task.status.message.as_ref().map(message_text));
    // Some agents give the same answer twice.
    texts.dedup();
    texts.retain(|text| !text.is_empty());
    texts.join("\n\n")
}

fn message_text(message: &Message) -> String {
    parts_text(&message.parts)
}

/// `completed`, `input required`: a state as it is read aloud.
pub(crate) fn state_text(state: TaskState) -> String {
    let name = state.as_str().trim_start_matches("TASK_STATE_");
    match name {
        "UNSPECIFIED" => "in a state that is not known here".to_owned(),
        name => name.to_ascii_lowercase().replace('_', " "),
    }
}

/// The status that a task's state ends a command with.
pub(crate) fn outcome(state: TaskState) -> Exit {
    match state {
        TaskState::Failed | TaskState::Rejected | TaskState::Canceled => Exit::Wanting,
        _ => Exit::Ok,
    }
}

/// How the task stands, and the command that goes on. `again` makes a command of a name.
pub(crate) fn closing(task: &Task, again: impl Fn(&str) -> String) -> String {
    let (id, context) = (clean(&task.id), clean(&task.context_id));
    let stands = format!("task {id} is {}", state_text(task.status.state));
    match task.status.state {
        TaskState::InputRequired => {
            format!(
                "{stands}: the agent asks for more. Answer with:\n  {} --task {id} \"…\"",
                again("send")
            )
        }
        TaskState::AuthRequired => format!(
            "task {id} waits: the agent needs an authorisation, which it describes above. Give it there, \
             then:\n  {} {id}",
            again("tasks follow")
        ),
        state if state.is_terminal() && !context.is_empty() => {
            format!("{stands}; to go on in its context: --context {context}")
        }
        state if state.is_terminal() => stands,
        _ => format!(
            "{stands}. To see it through:\n  {} {id}",
            again("tasks follow")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_others_steers_the_terminal() {
        let text = "a\u{1b}[2J\u{9b}b\r\n\tc\u{202e}\u{7}";
        assert_eq!(clean(text), "a[2Jb\n\tc");
    }
}
