//! A2A's own errors, as each binding spells them (5.4, 9.5, 11.6).

use serde_json::Value;

/// An error that an operation has to end with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// As the specification names it.
    pub(crate) name: &'static str,
    /// In JSON-RPC.
    pub(crate) code: i64,
    /// In HTTP+JSON: of 1.0.1, and of 1.0.0 where that was another one.
    pub(crate) statuses: &'static [u16],
    /// In `google.rpc.ErrorInfo`.
    pub(crate) reason: &'static str,
}

macro_rules! errors {
    ($($constant:ident: $name:literal, $code:literal, $reason:literal, $statuses:expr;)+) => {
        impl Expected {$(
            pub(crate) const $constant: Self = Self {
                name: $name,
                code: $code,
                statuses: &$statuses,
                reason: $reason,
            };
        )+}
    };
}

errors! {
    TASK_NOT_FOUND: "TaskNotFoundError", -32001, "TASK_NOT_FOUND", [404];
    TASK_NOT_CANCELABLE: "TaskNotCancelableError", -32002, "TASK_NOT_CANCELABLE", [400, 409];
    PUSH_NOT_SUPPORTED: "PushNotificationNotSupportedError", -32003, "PUSH_NOTIFICATION_NOT_SUPPORTED", [400];
    UNSUPPORTED_OPERATION: "UnsupportedOperationError", -32004, "UNSUPPORTED_OPERATION", [400];
    CONTENT_TYPE: "ContentTypeNotSupportedError", -32005, "CONTENT_TYPE_NOT_SUPPORTED", [400, 415];
    EXTENSION_REQUIRED: "ExtensionSupportRequiredError", -32008, "EXTENSION_SUPPORT_REQUIRED", [400];
    VERSION: "VersionNotSupportedError", -32009, "VERSION_NOT_SUPPORTED", [400];
}

/// An error that was answered.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The member `error`, or null where there is none.
    pub(crate) error: Value,
}

impl Fault {
    /// In JSON-RPC the code of the error, in HTTP+JSON what it repeats of the status.
    pub(crate) fn code(&self) -> Option<i64> {
        self.error.get("code")?.as_i64()
    }

    /// The `ErrorInfo` among the details, wherever the binding has them.
    pub(crate) fn info(&self) -> Option<&Value> {
        let details = self
            .error
            .get("data")
            .or_else(|| self.error.get("details"))?;
        details.as_array()?.iter().find(|detail| {
            detail
                .get("@type")
                .and_then(Value::as_str)
                .is_some_and(|kind| kind.ends_with("google.rpc.ErrorInfo"))
        })
    }

    /// The reason in it.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.info()?.get("reason")?.as_str()
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        let message = self
            .error
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or("without a message");
        let message: String = message
            .chars()
            .filter(|letter| !letter.is_control())
            .take(120)
            .collect();
        match self.code() {
            Some(code) if code < 0 => format!("error {code}: {message}"),
            _ => format!("status {}: {message}", self.status),
        }
    }
}
