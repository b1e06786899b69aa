//! How a call ended: `grpc-status`, `grpc-message` and, for programs, `grpc-status-details-bin`.
//!
//! They always stand in trailers, also when no message came before: a body that ends at once is no
//! sign that every proxy passes on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use prost::Message as _;
use prost_types::Any;

use super::messages as pb;
use crate::error::{DOMAIN, Error};

/// What `grpc-message` must not hold as it is; beyond ASCII nothing may stand anyway.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');
/// Clients take 8 KiB of metadata and refuse calls with more. These two leave room for the rest.
const MAX_MESSAGE_BYTES: usize = 1800;
const MAX_DETAILS_BYTES: usize = 5000;

/// The codes that are not those of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Ok = 0,
    DeadlineExceeded = 4,
    Unimplemented = 12,
    Internal = 13,
}

/// How a call ended.
#[derive(Debug)]
pub(super) struct Status {
    code: i32,
    message: String,
    details: Option<Vec<u8>>,
}

impl Status {
    /// What gRPC itself has to say, for which A2A has no error.
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code: code as i32,
            message: message.into(),
            details: None,
        }
    }

    pub(super) fn ok() -> Self {
        Self::new(Code::Ok, "")
    }

    pub(super) fn trailers(&self) -> HeaderMap {
        let mut trailers = HeaderMap::with_capacity(3);
        trailers.insert("grpc-status", HeaderValue::from(self.code));
        // Both are ASCII, so neither can fail.
        if let (false, Ok(message)) = (
            self.message.is_empty(),
            HeaderValue::from_str(&escaped(&self.message)),
        ) {
            trailers.insert("grpc-message", message);
        }
        if let Some(details) = &self.details
            && let Ok(details) = HeaderValue::from_str(&STANDARD_NO_PAD.encode(details))
        {
            trailers.insert("grpc-status-details-bin", details);
        }
        trailers
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let code = error.kind.grpc_code();
        let mut details = details(code, &error);
        if details.len() > MAX_DETAILS_BYTES * 3 / 4 {
            // The reason is what clients tell errors apart by; the rest quotes what they sent.
            details = self::details(code, &Error::new(error.kind, ""));
        }
        Self {
            code,
            details: Some(details),
            message: error.message,
        }
    }
}

fn details(code: i32, error: &Error) -> Vec<u8> {
    let info = pb::ErrorInfo {
        reason: error.kind.reason().to_owned(),
        domain: DOMAIN.to_owned(),
        metadata: error
            .metadata
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect(),
    };
    let mut details = vec![any("google.rpc.ErrorInfo", &info)];
    if !error.violations.is_empty() {
        let violations = error.violations.iter();
        let bad_request = pb::BadRequest {
            field_violations: violations
                .map(|violation| pb::FieldViolation {
                    field: violation.field.clone(),
                    description: violation.description.clone(),
                })
                .collect(),
        };
        details.push(any("google.rpc.BadRequest", &bad_request));
    }
    let status = pb::Status {
        code,
        message: error.message.clone(),
        details,
    };
    status.encode_to_vec()
}

fn any(name: &str, message: &impl prost::Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: message.encode_to_vec(),
    }
}

fn escaped(message: &str) -> String {
    let mut escaped = String::with_capacity(message.len());
    let mut buffer = [0; 4];
    for character in message.chars() {
        let pieces = utf8_percent_encode(character.encode_utf8(&mut buffer), ESCAPED);
        // A character is escaped whole or not at all.
        let before = escaped.len();
        escaped.extend(pieces);
        if escaped.len() > MAX_MESSAGE_BYTES {
            escaped.truncate(before);
            break;
        }
    }
    escaped
}
