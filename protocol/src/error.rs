//! Every error that a client can be given, and how each binding spells it (section 5.4 of 1.0.1).
//!
//! An [`Error`] is made where the fault is found and carries a sentence for the reader. Only the
//! bindings look at the tables here.

use std::fmt;

use serde_json::{Map, Value, json};

/// The domain of A2A's own errors in `google.rpc.ErrorInfo`.
pub(crate) const DOMAIN: &str = "a2a-protocol.org";
/// The longest text in an error.
const MAX_CHARS: usize = 600;

/// Which error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// No such task for this caller.
    TaskNotFound,
    /// The task has ended.
    TaskNotCancelable,
    /// The card does not declare push notifications.
    PushNotificationNotSupported,
    /// The agent does not do this, or not to a task in this state.
    UnsupportedOperation,
    /// The request is in a media type that is not taken.
    ContentTypeNotSupported,
    /// The agent gave an answer that breaks the protocol.
    InvalidAgentResponse,
    /// The card declares an extended card, and there is none.
    ExtendedAgentCardNotConfigured,
    /// The card requires an extension that the client did not name.
    ExtensionSupportRequired,
    /// The protocol version is not spoken here.
    VersionNotSupported,
    /// The body is not JSON, or not the protobuf message that it should be.
    Parse,
    /// The JSON is not a request.
    InvalidRequest,
    /// No such method or path.
    MethodNotFound,
    /// The path exists, the verb does not.
    MethodNotAllowed,
    /// The operation is for callers who have shown who they are.
    Unauthenticated,
    /// The parameters break a rule.
    InvalidParams,
    /// The body is over the limit.
    TooLarge,
    /// The task log cannot be reached.
    Unavailable,
    /// Our fault.
    Internal,
}

impl ErrorKind {
    /// The code in the JSON-RPC binding (section 9.5).
    pub fn json_rpc_code(self) -> i32 {
        match self {
            Self::TaskNotFound => -32001,
            Self::TaskNotCancelable => -32002,
            Self::PushNotificationNotSupported => -32003,
            Self::UnsupportedOperation => -32004,
            Self::ContentTypeNotSupported => -32005,
            Self::InvalidAgentResponse => -32006,
            Self::ExtendedAgentCardNotConfigured => -32007,
            Self::ExtensionSupportRequired => -32008,
            Self::VersionNotSupported => -32009,
            Self::Parse => -32700,
            Self::InvalidRequest | Self::MethodNotAllowed | Self::TooLarge => -32600,
            Self::MethodNotFound => -32601,
            Self::InvalidParams => -32602,
            Self::Unavailable | Self::Internal => -32603,
            // The tables leave this to the transport; the code is one of JSON-RPC's free ones.
            Self::Unauthenticated => -32098,
        }
    }

    /// The status in the HTTP+JSON binding (section 11.6).
    pub fn http_status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::TaskNotFound | Self::MethodNotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::InvalidAgentResponse | Self::Internal => 500,
            Self::Unavailable => 503,
            _ => 400,
        }
    }

    /// The name of the gRPC status code, which HTTP+JSON prints too.
    pub fn status_name(self) -> &'static str {
        match self {
            Self::TaskNotFound | Self::MethodNotFound => "NOT_FOUND",
            Self::TaskNotCancelable
            | Self::PushNotificationNotSupported
            | Self::UnsupportedOperation
            | Self::ExtendedAgentCardNotConfigured
            | Self::ExtensionSupportRequired
            | Self::VersionNotSupported => "FAILED_PRECONDITION",
            Self::ContentTypeNotSupported
            | Self::Parse
            | Self::InvalidRequest
            | Self::InvalidParams => "INVALID_ARGUMENT",
            Self::MethodNotAllowed => "UNIMPLEMENTED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::TooLarge => "RESOURCE_EXHAUSTED",
            Self::Unavailable => "UNAVAILABLE",
            Self::InvalidAgentResponse | Self::Internal => "INTERNAL",
        }
    }

    /// The status code in the gRPC binding (section 10.6): the one of that name, but for a method that
    /// does not exist, which gRPC itself calls UNIMPLEMENTED.
    pub fn grpc_code(self) -> i32 {
        match (self, self.status_name()) {
            (Self::MethodNotFound, _) | (_, "UNIMPLEMENTED") => 12,
            (_, "INVALID_ARGUMENT") => 3,
            (_, "NOT_FOUND") => 5,
            (_, "RESOURCE_EXHAUSTED") => 8,
            (_, "FAILED_PRECONDITION") => 9,
            (_, "UNAVAILABLE") => 14,
            (_, "UNAUTHENTICATED") => 16,
            _ => 13,
        }
    }

    /// The `reason` of `google.rpc.ErrorInfo`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TaskNotFound => "TASK_NOT_FOUND",
            Self::TaskNotCancelable => "TASK_NOT_CANCELABLE",
            Self::PushNotificationNotSupported => "PUSH_NOTIFICATION_NOT_SUPPORTED",
            Self::UnsupportedOperation => "UNSUPPORTED_OPERATION",
            Self::ContentTypeNotSupported => "CONTENT_TYPE_NOT_SUPPORTED",
            Self::InvalidAgentResponse => "INVALID_AGENT_RESPONSE",
            Self::ExtendedAgentCardNotConfigured => "EXTENDED_AGENT_CARD_NOT_CONFIGURED",
            Self::ExtensionSupportRequired => "EXTENSION_SUPPORT_REQUIRED",
            Self::VersionNotSupported => "VERSION_NOT_SUPPORTED",
            Self::Parse => "PARSE_ERROR",
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::MethodNotFound => "METHOD_NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::InvalidParams => "INVALID_PARAMS",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::TooLarge => "REQUEST_TOO_LARGE",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL_ERROR",
        }
    }
}

/// A field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, such as `message.parts[0]`.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

/// An error for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Which one.
    pub kind: ErrorKind,
    /// A sentence: what happened, with which value, and what to do.
    pub message: String,
    /// Facts for programs.
    pub metadata: Vec<(&'static str, String)>,
    /// The fields at fault.
    pub violations: Vec<Violation>,
}

impl Error {
    /// An error with a sentence.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: bounded(message.into()),
            metadata: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// InvalidParams for one field.
    pub fn field(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::fields(vec![Violation {
            field: field.into(),
            description: description.into(),
        }])
    }

    /// InvalidParams for these fields.
    pub fn fields(mut violations: Vec<Violation>) -> Self {
        for violation in &mut violations {
            violation.field = bounded(std::mem::take(&mut violation.field));
            violation.description = bounded(std::mem::take(&mut violation.description));
        }
        let sentences: Vec<_> = violations
            .iter()
            .map(|v| format!("{}: {}", v.field, v.description))
            .collect();
        Self {
            violations,
            ..Self::new(ErrorKind::InvalidParams, sentences.join("; "))
        }
    }

    /// TaskNotFound for this id. The same for a task of another caller's.
    pub fn task_not_found(id: &str) -> Self {
        let id = bounded(id.to_owned());
        Self::new(ErrorKind::TaskNotFound, format!("There is no task {id:?}.")).with("taskId", id)
    }

    /// The same error with one more fact for programs.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: String) -> Self {
        self.metadata.push((key, bounded(value)));
        self
    }

    /// The `google.protobuf.Any` objects that both JSON bindings print.
    pub fn details(&self) -> Vec<Value> {
        let metadata: Map<String, Value> = self
            .metadata
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Value::String(value.clone())))
            .collect();
        let mut info = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": self.kind.reason(),
            "domain": DOMAIN,
        });
        if let (false, Some(object)) = (metadata.is_empty(), info.as_object_mut()) {
            object.insert("metadata".to_owned(), Value::Object(metadata));
        }
        let mut details = vec![info];
        if !self.violations.is_empty() {
            let violations: Vec<_> = self
                .violations
                .iter()
                .map(|v| json!({ "field": v.field, "description": v.description }))
                .collect();
            details.push(json!({
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": violations,
            }));
        }
        details
    }
}

/// Errors quote what the client sent, but not without end.
fn bounded(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
