//! The messages of JSON-RPC as MCP has them.

use crate::tools::json::{get, take};
use serde_json::{Value, json};

/// What a message from the server is, for who waits for the answer to the request `id`.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// The answer.
    Result(Value),
    /// The answer is an error: a few words.
    Error(String),
    /// The server asks something; this answers it.
    Asks(Value),
    /// Progress, a log entry, or the answer to something else.
    Other,
}

impl Message {
    pub(super) fn of(mut message: Value, id: u64) -> Self {
        if message.get("method").is_some() {
            let Some(id) = message.get("id").filter(|id| !id.is_null()) else {
                return Self::Other;
            };
            // Sampling, elicitation and roots are not declared, so nobody should ask for them.
            return Self::Asks(if get(&message, "method") == "ping" {
                json!({ "jsonrpc": "2.0", "id": id, "result": {} })
            } else {
                let message = "this client does not offer that";
                let error = json!({ "code": -32601, "message": message });
                json!({ "jsonrpc": "2.0", "id": id, "error": error })
            });
        }
        // An error about what the server could not read has no id.
        let ours = *get(&message, "id") == json!(id)
            || (get(&message, "id").is_null() && get(&message, "error").is_object());
        if !ours {
            return Self::Other;
        }
        if let Some(error) = message.get("error").filter(|error| error.is_object()) {
            let said = get(error, "message")
                .as_str()
                .unwrap_or("an error without words");
            let said: String = said.chars().take(1000).collect();
            return Self::Error(format!("{said} ({})", get(error, "code")));
        }
        Self::Result(take(&mut message, "result"))
    }

    /// The messages of a body: one, or a batch as in 2025-03-26.
    pub(super) fn all(body: Value, id: u64) -> Vec<Self> {
        match body {
            Value::Array(batch) => batch.into_iter().map(|m| Self::of(m, id)).collect(),
            one => vec![Self::of(one, id)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_is() {
        let of = |message: Value| Message::of(message, 7);
        assert_eq!(
            of(json!({"id": 7, "result": {"a": 1}})),
            Message::Result(json!({"a": 1}))
        );
        assert_eq!(of(json!({"id": 8, "result": {}})), Message::Other);
        assert_eq!(
            of(json!({"method": "notifications/progress"})),
            Message::Other
        );
        assert_eq!(of(json!([])), Message::Other);
        assert_eq!(of(json!("text")), Message::Other);
        assert_eq!(
            of(json!({"id": 7, "error": {"code": -32602, "message": "no such tool"}})),
            Message::Error("no such tool (-32602)".to_owned())
        );
        let Message::Asks(answer) = of(json!({"id": "x", "method": "ping"})) else {
            panic!("not asked");
        };
        assert_eq!(answer, json!({"jsonrpc": "2.0", "id": "x", "result": {}}));
        let Message::Asks(answer) = of(json!({"id": 7, "method": "sampling/createMessage"})) else {
            panic!("not asked");
        };
        assert_eq!(answer["error"]["code"], -32601);
    }
}
