//! What a server refuses, in the forms that servers have for it, as one: JSON-RPC's error objects,
//! `google.rpc.Status` in JSON, the bare objects of some, and pages of proxies that know no A2A.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::Value;

use super::http::Whole;
use super::origin::shown;
use super::report::clean;
use crate::failure::{Exit, Failure};

/// What is wrong, as far as a client can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    TaskNotFound,
    TaskNotCancelable,
    PushNotSupported,
    Unsupported,
    ContentType,
    NoExtendedCard,
    ExtensionRequired,
    Version,
    InvalidParams,
    MethodNotFound,
    Unauthenticated,
    Forbidden,
    Busy,
    Other,
}

/// Why an operation was not done.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The server said so.
    Refused(Refusal),
    /// Everything else.
    Failed(Failure),
}

/// What a server said.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    /// JSON-RPC's code, or HTTP's.
    code: i64,
    message: String,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Failed(failure) => failure,
            CallError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            kind,
            code,
            message,
            retry_after,
        } = refusal;
        let exit = match kind {
            Kind::Unauthenticated | Kind::Forbidden => Exit::NoPermission,
            Kind::Busy => Exit::Unavailable,
            Kind::InvalidParams | Kind::ContentType => Exit::Data,
            _ => Exit::Wanting,
        };
        let failure = Failure::new(exit, format!("the server refuses: {message} ({code})"));
        match (remedy(kind), retry_after) {
            (_, Some(seconds)) => failure.remedy(format!("try again in {seconds} s")),
            (Some(remedy), None) => failure.remedy(remedy),
            (None, None) => failure,
        }
    }
}

fn remedy(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::TaskNotFound => {
            "see `attache tasks list`; a task is there only for who began it, with the same credentials"
        }
        Kind::TaskNotCancelable => "the task has ended; see `attache tasks get`",
        Kind::PushNotSupported => {
            "the card does not promise push notifications; follow the task instead"
        }
        Kind::Unsupported => {
            "see in `attache card show` what the agent can do; a task that has ended takes no message"
        }
        Kind::ContentType => "see in `attache card show` which media types the agent takes",
        Kind::ExtensionRequired => {
            "name the extension with --extension URI; `attache card show` lists them"
        }
        Kind::Version => {
            "choose another with --protocol-version, of those that `attache card show` lists"
        }
        Kind::MethodNotFound => {
            "check the URL, --binding and --protocol-version against `attache card show`"
        }
        Kind::Unauthenticated => {
            "give credentials with --bearer-env, --api-key-env, --header or --google-id-token; \
             `attache card show` says which kind"
        }
        Kind::Forbidden => {
            "the server knows the caller and does not let it in; on Cloud Run it needs roles/run.invoker"
        }
        Kind::Busy => "try again later",
        Kind::NoExtendedCard | Kind::InvalidParams | Kind::Other => return None,
    })
}

/// What an answer says that is no success; `mask` takes secrets out.
pub(super) fn of_answer(answer: &Whole, mask: impl Fn(&str) -> String) -> CallError {
    let parsed: Option<Value> = serde_json::from_slice(&answer.body).ok();
    if let Some(mut refusal) = parsed
        .as_ref()
        .and_then(|body| of_json(body, answer.status))
    {
        refusal.message = clean(&mask(&refusal.message));
        refusal.retry_after = retry_after(&answer.headers);
        refusal.message.push_str(&challenge(answer));
        return CallError::Refused(refusal);
    }
    let text = clean(&mask(&words_of(&String::from_utf8_lossy(&answer.body))));
    let kind = of_status(answer.status);
    let said = if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    };
    let message = format!(
        "{} answers {}{said}{}",
        shown(&answer.url),
        answer.status,
        challenge(answer)
    );
    CallError::Refused(Refusal {
        kind,
        code: i64::from(answer.status.as_u16()),
        message,
        retry_after: retry_after(&answer.headers),
    })
}

/// An error in a document or an event, if it is one. `status` is that of the answer around it.
pub(super) fn of_json(body: &Value, status: StatusCode) -> Option<Refusal> {
    let error = match body.get("error") {
        Some(error @ Value::Object(_)) => error,
        // Some servers send the bare object.
        None if !status.is_success() && body.get("message").is_some_and(Value::is_string) => body,
        Some(Value::String(_)) if !status.is_success() => body,
        _ => return None,
    };
    let code = error.get("code").and_then(Value::as_i64);
    let code = code.unwrap_or_else(|| i64::from(status.as_u16()));
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let message = text("message")
        .or_else(|| text("error_description"))
        .or_else(|| text("error"));
    let mut message: String = message
        .unwrap_or("(no message)")
        .chars()
        .take(2000)
        .collect();
    let details = error.get("data").or_else(|| error.get("details"));
    let details = details
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for violation in details
        .iter()
        .filter_map(|d| d.get("fieldViolations")?.as_array())
        .flatten()
    {
        let text = |name: &str| {
            violation
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (field, what) = (text("field"), text("description"));
        if !what.is_empty() && !message.contains(what) {
            message.push_str(&format!("; {field}: {what}"));
        }
    }
    let reason = details
        .iter()
        .find_map(|detail| detail.get("reason")?.as_str());
    let kind = reason.and_then(of_reason).or_else(|| of_code(code));
    Some(Refusal {
        kind: kind.unwrap_or_else(|| of_status(status)),
        code,
        message,
        retry_after: None,
    })
}

fn of_reason(reason: &str) -> Option<Kind> {
    Some(match reason {
        "TASK_NOT_FOUND" => Kind::TaskNotFound,
        "TASK_NOT_CANCELABLE" => Kind::TaskNotCancelable,
        "PUSH_NOTIFICATION_NOT_SUPPORTED" => Kind::PushNotSupported,
        "UNSUPPORTED_OPERATION" => Kind::Unsupported,
        "CONTENT_TYPE_NOT_SUPPORTED" => Kind::ContentType,
        "EXTENDED_AGENT_CARD_NOT_CONFIGURED" => Kind::NoExtendedCard,
        "EXTENSION_SUPPORT_REQUIRED" => Kind::ExtensionRequired,
        "VERSION_NOT_SUPPORTED" => Kind::Version,
        "INVALID_PARAMS" => Kind::InvalidParams,
        "METHOD_NOT_FOUND" => Kind::MethodNotFound,
        "UNAUTHENTICATED" => Kind::Unauthenticated,
        _ => return None,
    })
}

fn of_code(code: i64) -> Option<Kind> {
    Some(match code {
        -32001 => Kind::TaskNotFound,
        -32002 => Kind::TaskNotCancelable,
        -32003 => Kind::PushNotSupported,
        -32004 => Kind::Unsupported,
        -32005 => Kind::ContentType,
        -32007 => Kind::NoExtendedCard,
        -32008 => Kind::ExtensionRequired,
        -32009 => Kind::Version,
        -32602 => Kind::InvalidParams,
        -32601 => Kind::MethodNotFound,
        _ => return None,
    })
}

fn of_status(status: StatusCode) -> Kind {
    match status.as_u16() {
        401 => Kind::Unauthenticated,
        403 => Kind::Forbidden,
        404 | 405 => Kind::MethodNotFound,
        400 | 422 => Kind::InvalidParams,
        408 | 429 | 502..=504 => Kind::Busy,
        _ => Kind::Other,
    }
}

/// What a server wants to see, which is the best help after a 401.
fn challenge(answer: &Whole) -> String {
    let challenges = answer.headers.get_all(WWW_AUTHENTICATE).iter();
    let challenges: Vec<_> = challenges.filter_map(|value| value.to_str().ok()).collect();
    if answer.status != StatusCode::UNAUTHORIZED || challenges.is_empty() {
        return String::new();
    }
    let wanted: String = challenges.join(", ").chars().take(500).collect();
    format!("; it wants: {}", clean(&wanted))
}

fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// The text of a page without its markup, shortened.
fn words_of(page: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for c in page.chars().take(4000) {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            _ if !is_tag => text.push(c),
            _ => {}
        }
    }
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().take(300).collect()
}
