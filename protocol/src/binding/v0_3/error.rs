//! Errors as 0.3 says them (its section 8).
//!
//! JSON-RPC has the codes of 1.0 but for the two that 1.0 added, and `data` is an object, because
//! clients of 0.3 declare it as one. For HTTP+JSON 0.3 leaves the body open; it is the object of 1.0,
//! beside which stand what the Python SDK reads (`type`) and what the JavaScript SDK reads (`code`).

use serde_json::{Map, Value, json};

use crate::error::{Error, ErrorKind};

/// The code in JSON-RPC.
fn code(kind: ErrorKind) -> i32 {
    match kind {
        ErrorKind::ExtensionSupportRequired
        | ErrorKind::VersionNotSupported
        | ErrorKind::Unauthenticated => ErrorKind::Internal.json_rpc_code(),
        other => other.json_rpc_code(),
    }
}

/// What 0.3 calls an error. Its clients show this or look for it, so it stands before the sentence.
fn title(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::TaskNotFound => "Task not found",
        ErrorKind::TaskNotCancelable => "Task cannot be canceled",
        ErrorKind::PushNotificationNotSupported => "Push Notification is not supported",
        ErrorKind::UnsupportedOperation => "This operation is not supported",
        ErrorKind::ContentTypeNotSupported => "Incompatible content types",
        ErrorKind::InvalidAgentResponse => "Invalid agent response",
        ErrorKind::ExtendedAgentCardNotConfigured => "Authenticated Extended Card not configured",
        _ => return None,
    })
}

/// The name of an error in the SDKs.
fn name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TaskNotFound => "TaskNotFoundError",
        ErrorKind::TaskNotCancelable => "TaskNotCancelableError",
        ErrorKind::PushNotificationNotSupported => "PushNotificationNotSupportedError",
        ErrorKind::UnsupportedOperation => "UnsupportedOperationError",
        ErrorKind::ContentTypeNotSupported => "ContentTypeNotSupportedError",
        ErrorKind::InvalidAgentResponse => "InvalidAgentResponseError",
        ErrorKind::ExtendedAgentCardNotConfigured => "ExtendedAgentCardNotConfiguredError",
        ErrorKind::ExtensionSupportRequired => "ExtensionSupportRequiredError",
        ErrorKind::VersionNotSupported => "VersionNotSupportedError",
        ErrorKind::InvalidParams => "InvalidParamsError",
        ErrorKind::MethodNotFound | ErrorKind::MethodNotAllowed => "MethodNotFoundError",
        ErrorKind::Parse | ErrorKind::InvalidRequest | ErrorKind::TooLarge => "InvalidRequestError",
        ErrorKind::Unauthenticated | ErrorKind::Unavailable | ErrorKind::Internal => {
            "InternalError"
        }
    }
}

/// The names of fields as 0.3 has them: some requests are checked where only 1.0 is known.
pub(super) fn in_old_words(error: Error) -> Error {
    if error.violations.is_empty() {
        return error;
    }
    let mut violations = error.violations;
    for violation in &mut violations {
        violation.field = violation
            .field
            .replace("taskPushNotificationConfig", "pushNotificationConfig")
            .replace("authentication.scheme", "authentication.schemes");
    }
    Error {
        metadata: error.metadata,
        ..Error::fields(violations)
    }
}

/// The body of an error in JSON-RPC.
pub(super) fn json_rpc(id: &Value, error: &Error) -> Vec<u8> {
    let mut data = Map::from_iter([("reason".to_owned(), json!(error.kind.reason()))]);
    if !error.metadata.is_empty() {
        let metadata = error.metadata.iter();
        let metadata: Map<_, _> = metadata
            .map(|(key, value)| ((*key).to_owned(), json!(value)))
            .collect();
        data.insert("metadata".to_owned(), Value::Object(metadata));
    }
    if !error.violations.is_empty() {
        let violations = error.violations.iter();
        let violations = violations
            .map(|v| json!({ "field": v.field, "description": v.description }))
            .collect();
        data.insert("fieldViolations".to_owned(), Value::Array(violations));
    }
    let message = match title(error.kind) {
        Some(title) => format!("{title}: {}", error.message),
        None => error.message.clone(),
    };
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": { "code": code(error.kind), "message": message, "data": data },
    })
    .to_string()
    .into_bytes()
}

/// The body of an error in HTTP+JSON.
pub(super) fn rest(error: &Error) -> Vec<u8> {
    json!({
        "error": {
            "code": error.kind.http_status(),
            "status": error.kind.status_name(),
            "message": error.message,
            "details": error.details(),
        },
        "type": name(error.kind),
        "code": code(error.kind),
        "message": error.message,
    })
    .to_string()
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: Vec<u8>) -> Value {
        serde_json::from_slice(&body).unwrap()
    }

    #[test]
    fn both_bodies() {
        let error = Error::task_not_found("t");
        assert_eq!(
            parsed(json_rpc(&json!("i"), &error)),
            json!({"jsonrpc": "2.0", "id": "i", "error": {
                "code": -32001,
                "message": "Task not found: There is no task \"t\".",
                "data": {"reason": "TASK_NOT_FOUND", "metadata": {"taskId": "t"}},
            }})
        );
        let rest = parsed(rest(&error));
        assert_eq!(rest["error"]["code"], 404);
        assert_eq!(rest["error"]["status"], "NOT_FOUND");
        assert_eq!(rest["error"]["details"][0]["reason"], "TASK_NOT_FOUND");
        assert_eq!(rest["type"], "TaskNotFoundError");
        assert_eq!(rest["code"], -32001);
        assert_eq!(rest["message"], error.message);
    }

    #[test]
    fn what_0_3_does_not_know_is_internal() {
        for kind in [
            ErrorKind::ExtensionSupportRequired,
            ErrorKind::VersionNotSupported,
        ] {
            let body = parsed(json_rpc(&Value::Null, &Error::new(kind, "x")));
            assert_eq!(body["error"]["code"], -32603);
            assert_eq!(body["error"]["data"]["reason"], kind.reason());
        }
    }

    #[test]
    fn fields_are_named_as_the_client_knows_them() {
        let error = Error::field(
            "configuration.taskPushNotificationConfig.authentication.scheme",
            "is required",
        );
        let error = in_old_words(error.with("a", "b".to_owned()));
        let field = "configuration.pushNotificationConfig.authentication.schemes";
        assert_eq!(error.violations[0].field, field);
        assert_eq!(error.message, format!("{field}: is required"));
        assert_eq!(error.metadata, [("a", "b".to_owned())]);
    }
}
