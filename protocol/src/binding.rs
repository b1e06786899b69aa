//! How requests arrive and answers leave: one module for each binding, and what they share.

pub(crate) mod grpc;
pub(crate) mod http_json;
pub(crate) mod json_rpc;
mod sse;
pub(crate) mod v0_3;

use std::borrow::Cow;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind};
use crate::operation::{Frames, Reply};
use crate::server::Body;
use crate::wire::nested_deeper;

pub(crate) const JSON: &str = "application/json";
/// How deep parameters may be nested. What is taken is stored within a task and printed within an
/// answer, a few levels deeper, and has to be read again there: JSON parsers commonly stop at 128.
const MAX_DEPTH: usize = 100;

/// The pairs of a query string, decoded.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
}

fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(text).decode_utf8_lossy()
}

/// Parses parameters. The path of the field at fault is looked for only when there is one.
fn parse<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    if nested_deeper(json.as_bytes(), MAX_DEPTH) {
        let description = format!("is nested deeper than {MAX_DEPTH} levels");
        return Err(Error::field("params", description));
    }
    serde_json::from_str(json).map_err(|error| {
        let deserializer = &mut serde_json::Deserializer::from_str(json);
        match serde_path_to_error::deserialize::<_, T>(deserializer) {
            Err(found) => {
                let path = found.path().to_string();
                let field = if path == "." {
                    "params".to_owned()
                } else {
                    path
                };
                Error::field(field, without_position(found.inner()))
            }
            Ok(_) => Error::field("params", without_position(&error)),
        }
    })
}

/// The field says where the fault is. Lines and columns would be those of a part of the body, or of a
/// query that was made JSON first.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&position) {
        Some(description) => description.to_owned(),
        None => text,
    }
}

/// The media type of a body, without parameters, in lower case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().unwrap_or("?");
    Some(
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase(),
    )
}

fn is_json(media_type: &str) -> bool {
    matches!(media_type, JSON | "application/json-rpc") || media_type.ends_with("+json")
}

/// A whole answer.
pub(crate) fn json_response(status: u16, media_type: &str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::Full(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let value =
        HeaderValue::from_str(media_type).unwrap_or_else(|_| HeaderValue::from_static(JSON));
    response.headers_mut().insert(CONTENT_TYPE, value);
    if status == 401 {
        response.headers_mut().insert(
            http::header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer"),
        );
    }
    if status == 503 {
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// An answer of 1.0, printed as both JSON bindings do.
enum Printed {
    Body(Vec<u8>),
    /// For one caller alone.
    Card(Vec<u8>),
    Stream(Frames),
}

fn print_reply(reply: Reply) -> Result<Printed, Error> {
    let body = match reply {
        Reply::Sent(sent) => serde_json::to_vec(&sent),
        Reply::Task(task) => serde_json::to_vec(&task),
        Reply::Tasks(tasks) => serde_json::to_vec(&tasks),
        Reply::PushConfig(config) => serde_json::to_vec(&config),
        Reply::PushConfigs(configs) => serde_json::to_vec(&configs),
        // Not nothing: the Python client parses the body of every success.
        Reply::Empty => Ok(b"{}".to_vec()),
        Reply::Card(card) => return Ok(Printed::Card(printed(serde_json::to_vec(&card))?)),
        Reply::Stream(frames) => return Ok(Printed::Stream(frames)),
    };
    printed(body).map(Printed::Body)
}

fn printed(body: serde_json::Result<Vec<u8>>) -> Result<Vec<u8>, Error> {
    body.map_err(|error| {
        Error::new(
            ErrorKind::InvalidAgentResponse,
            format!("The answer cannot be printed: {error}."),
        )
    })
}

/// An extended card: for one caller, so for no cache that callers share.
fn extended_card(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(
        CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=300"),
    );
    response
}

/// The head of an event stream.
fn stream_head(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
