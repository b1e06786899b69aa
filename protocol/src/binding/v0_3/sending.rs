//! The request that sends a message: `message/send` and `message/stream`.

use serde_json::{Value, json};

use super::object::{Object, carry, object, take, typed, wrong_type};
use super::{Form, message, push};
use crate::error::Error;
use crate::wire::SendMessageRequest;

/// The request of 1.0 that means the same.
pub(super) fn to_new(mut old: Object, form: Form) -> Result<SendMessageRequest, Error> {
    let mut new = Object::new();
    // `request` is the proto's own name of the field.
    if let Some(message) = take(&mut old, "message").or_else(|| take(&mut old, "request")) {
        let message = message::to_new(message, "message", form)?;
        new.insert("message".to_owned(), message);
    }
    if let Some(configuration) = take(&mut old, "configuration") {
        let configuration = configuration_to_new(object(configuration, "configuration")?, form)?;
        new.insert("configuration".to_owned(), configuration);
    }
    carry(&["metadata"], &mut old, &mut new);
    typed(new)
}

fn configuration_to_new(mut old: Object, form: Form) -> Result<Value, Error> {
    let mut new = Object::new();
    carry(&["acceptedOutputModes"], &mut old, &mut new);
    accepted_modes(&mut new, form);
    history_length(&mut old, &mut new);
    let blocking = match take(&mut old, "blocking") {
        Some(Value::Bool(blocking)) => blocking,
        // A client of JSON-RPC that says nothing waits. ProtoJSON leaves out what is false, so for
        // HTTP+JSON nothing is how the SDKs say that they do not.
        None => form == Form::Kind,
        Some(other) => return Err(wrong_type("configuration.blocking", "a boolean", &other)),
    };
    new.insert("returnImmediately".to_owned(), json!(!blocking));
    let config = take(&mut old, "pushNotificationConfig");
    let config = config.or_else(|| take(&mut old, "pushNotification"));
    if let Some(config) = config {
        let at = "configuration.pushNotificationConfig";
        let config = push::to_new(object(config, at)?, at)?;
        let name = "taskPushNotificationConfig".to_owned();
        new.insert(name, Value::Object(config));
    }
    Ok(Value::Object(new))
}

/// An empty list is how Gemini Enterprise asks, which shows text and fails on much else; a client that takes
/// anything leaves the list out. In ProtoJSON, and so in 1.0, the two cannot be told apart.
fn accepted_modes(new: &mut Object, form: Form) {
    let modes = new.get_mut("acceptedOutputModes");
    if let (Some(Value::Array(modes)), Form::Kind) = (modes, form)
        && modes.is_empty()
    {
        modes.push(json!("text/*"));
    }
}

/// 0 messages of history means all of it in 0.3, and none in 1.0.
pub(super) fn history_length(old: &mut Object, new: &mut Object) {
    carry(&["historyLength"], old, new);
    if new.get("historyLength").and_then(Value::as_f64) == Some(0.0) {
        new.remove("historyLength");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::TaskPushNotificationConfig;

    fn new(old: Value, form: Form) -> Result<SendMessageRequest, Error> {
        to_new(object(old, "").unwrap(), form)
    }

    #[test]
    fn a_whole_request_in_both_forms() {
        let kind = json!({
            "message": {"kind": "message", "messageId": "m", "role": "user", "parts": []},
            "configuration": {
                "acceptedOutputModes": ["text/plain"], "historyLength": 3, "blocking": false,
                "pushNotificationConfig": {
                    "id": "p", "url": "https://a.b", "token": "t",
                    "authentication": {"schemes": ["Bearer", "Basic"], "credentials": "c"},
                },
            },
            "metadata": {"a": 1},
        });
        let proto = json!({
            "request": {"message_id": "m", "role": "ROLE_USER", "content": []},
            "configuration": {
                "accepted_output_modes": ["text/plain"], "history_length": "3",
                "push_notification": {
                    "id": "p", "url": "https://a.b", "token": "t",
                    "authentication": {"schemes": ["Bearer"], "credentials": "c"},
                },
            },
            "metadata": {"a": 1},
        });
        let request = new(kind, Form::Kind).unwrap();
        assert_eq!(request, new(proto, Form::Proto).unwrap());
        assert_eq!(request.message.unwrap().message_id, "m");
        let configuration = request.configuration;
        assert!(configuration.return_immediately);
        assert_eq!(configuration.history_length, Some(3));
        let TaskPushNotificationConfig { authentication, .. } =
            configuration.task_push_notification_config.unwrap();
        assert_eq!(authentication.unwrap().scheme, "Bearer");
    }

    #[test]
    fn an_empty_list_of_modes_is_text_and_none_is_everything() {
        let modes = |configuration: Value, form| {
            let request = new(json!({ "configuration": configuration }), form).unwrap();
            request.configuration.accepted_output_modes
        };
        let empty = json!({ "acceptedOutputModes": [] });
        assert_eq!(modes(empty.clone(), Form::Kind), ["text/*"]);
        assert!(modes(empty, Form::Proto).is_empty());
        assert!(modes(json!({}), Form::Kind).is_empty());
        assert!(modes(json!({ "acceptedOutputModes": null }), Form::Kind).is_empty());
    }

    #[test]
    fn who_says_nothing_waits_except_in_protojson() {
        let at_once = |old: Value, form| {
            let request = new(old, form).unwrap();
            request.configuration.return_immediately
        };
        for form in [Form::Kind, Form::Proto] {
            assert!(!at_once(json!({}), form));
            assert!(!at_once(json!({"configuration": {"blocking": true}}), form));
            assert!(at_once(json!({"configuration": {"blocking": false}}), form));
        }
        assert!(!at_once(json!({"configuration": {}}), Form::Kind));
        assert!(at_once(json!({"configuration": {}}), Form::Proto));
    }

    #[test]
    fn no_history_length_and_none_at_all() {
        for (old, expected) in [(json!(0), None), (json!(1), Some(1)), (json!(-1), Some(-1))] {
            let old = json!({"configuration": {"historyLength": old}});
            let request = new(old, Form::Kind).unwrap();
            assert_eq!(request.configuration.history_length, expected);
        }
    }

    #[test]
    fn what_is_no_request() {
        for (old, field) in [
            (json!({"message": "hi"}), "message"),
            (json!({"message": {"messageId": 7}}), "message.messageId"),
            (json!({"configuration": []}), "configuration"),
            (
                json!({"configuration": {"blocking": "yes"}}),
                "configuration.blocking",
            ),
            (
                json!({"configuration": {"historyLength": "x"}}),
                "configuration.historyLength",
            ),
            (
                json!({"message": {"parts": [{"kind": "file", "file": {"bytes": "%"}}]}}),
                "message.parts[0]",
            ),
        ] {
            let error = new(old.clone(), Form::Kind).unwrap_err();
            assert!(
                error.violations[0].field.starts_with(field),
                "{old}: {error}"
            );
        }
    }
}
