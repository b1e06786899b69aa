//! The HTTP+JSON binding (section 11). Errors are AIP-193 objects with their HTTP status.

use http::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, Response};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::sse::{Framing, events};
use super::{
    JSON, Printed, extended_card, is_json, json_response, media_type, parse, print_reply,
    query_pairs, stream_head,
};
use crate::agent::Agent;
use crate::error::{Error, ErrorKind};
use crate::operation::{self, Answered, Call, Reply};
use crate::server::{Answer, Body};
use crate::wire::{
    CancelTaskRequest, SendMessageRequest, TaskPushNotificationConfig,
    TaskPushNotificationConfigRequest,
};
use crate::{public_url, version};

const A2A_JSON: &str = "application/a2a+json";

/// Answers one request below the agent's HTTP+JSON URL; `path` is relative to it.
pub(crate) async fn serve<A: Agent>(
    call: Call<A>,
    path: &str,
    request: &Request<Vec<u8>>,
) -> Answer {
    let media_type = preferred(request.headers());
    match dispatch(&call, path, request).await {
        Ok(Answered { reply, after }) => Answer {
            response: response(&call, media_type, reply),
            after,
        },
        Err(Refusal { error, allow }) => {
            let mut response =
                json_response(error.kind.http_status(), media_type, error_body(&error));
            if let Some(allow) = allow {
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static(allow));
            }
            response.into()
        }
    }
}

/// An error, and the verbs that the path takes when the verb was wrong.
pub(crate) struct Refusal {
    pub(super) error: Error,
    pub(super) allow: Option<&'static str>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, allow: None }
    }
}

/// The answer to a path that is not ours.
pub(crate) fn not_found(path: &str) -> Answer {
    let error = Error::new(
        ErrorKind::MethodNotFound,
        format!(
            "There is nothing at {path:?}. POST JSON-RPC to /, or see the interfaces in \
             /.well-known/agent-card.json."
        ),
    );
    json_response(404, JSON, error_body(&error)).into()
}

/// An error on its own, for what fails before a binding is known.
pub(crate) fn error_response(error: &Error) -> Response<Body> {
    json_response(error.kind.http_status(), JSON, error_body(error))
}

async fn dispatch<A: Agent>(
    call: &Call<A>,
    path: &str,
    request: &Request<Vec<u8>>,
) -> Result<Answered, Refusal> {
    let (tenant, route) = Route::of(path).ok_or_else(|| unknown(path))?;
    let allow = route.verbs();
    if !allow
        .split(", ")
        .any(|verb| verb == request.method().as_str())
    {
        // An id may hold a colon, but what is posted to is a verb.
        if matches!(&route, Route::Task(id) if id.contains(':')) {
            return Err(unknown(path));
        }
        let error = Error::new(
            ErrorKind::MethodNotAllowed,
            format!("{path} takes {allow}, not {}.", request.method()),
        );
        return Err(Refusal {
            error,
            allow: Some(allow),
        });
    }
    version::check(request)?;
    let answered = match route {
        Route::Send => operation::send_message(call, message(request, tenant)?).await?,
        Route::Stream => operation::send_streaming_message(call, message(request, tenant)?).await?,
        Route::Tasks => operation::list_tasks(call, &query(request, [("tenant", tenant)])?)?,
        Route::Task(id) => operation::get_task(
            call,
            &query(request, [("tenant", tenant), ("id", Some(id))])?,
        )?,
        Route::Cancel(id) => {
            let mut cancel: CancelTaskRequest = body(request)?;
            (cancel.id, cancel.tenant) = (id, tenant.unwrap_or(cancel.tenant));
            operation::cancel_task(call, &cancel).await?
        }
        Route::Subscribe(id) => {
            let fields = [("tenant", tenant), ("id", Some(id))];
            operation::subscribe_to_task(call, &query(request, fields)?)?
        }
        Route::PushConfigs(task_id) if request.method() == Method::POST => {
            let mut config: TaskPushNotificationConfig = body(request)?;
            (config.task_id, config.tenant) = (task_id, tenant.unwrap_or(config.tenant));
            operation::create_task_push_notification_config(call, config)?
        }
        Route::PushConfigs(task_id) => {
            let fields = [("tenant", tenant), ("taskId", Some(task_id))];
            operation::list_task_push_notification_configs(call, &query(request, fields)?)?
        }
        Route::PushConfig(task_id, id) => {
            let named = TaskPushNotificationConfigRequest {
                tenant: tenant.unwrap_or_default(),
                task_id,
                id,
            };
            if request.method() == Method::DELETE {
                operation::delete_task_push_notification_config(call, &named)?
            } else {
                operation::get_task_push_notification_config(call, &named)?
            }
        }
        Route::ExtendedCard => {
            let base = public_url::resolve(&*call.platform, request)?;
            operation::get_extended_agent_card(call, &base)?
        }
    };
    Ok(answered)
}

fn unknown(path: &str) -> Refusal {
    Error::new(
        ErrorKind::MethodNotFound,
        format!("There is no operation at {path:?}."),
    )
    .into()
}

enum Route {
    Send,
    Stream,
    Tasks,
    Task(String),
    Cancel(String),
    Subscribe(String),
    PushConfigs(String),
    PushConfig(String, String),
    ExtendedCard,
}

impl Route {
    /// The operation at a path, and the tenant in front of it.
    fn of(path: &str) -> Option<(Option<String>, Self)> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (first, rest) = segments.split_first()?;
        if let Some(route) = Self::after(first, rest) {
            return Some((None, route));
        }
        let (second, rest) = rest.split_first()?;
        let tenant = decoded(first).filter(|tenant| !tenant.is_empty())?;
        Some((Some(tenant), Self::after(second, rest)?))
    }

    fn after(first: &str, rest: &[&str]) -> Option<Self> {
        match (first, rest) {
            ("message:send", []) => Some(Self::Send),
            ("message:stream", []) => Some(Self::Stream),
            ("extendedAgentCard", []) => Some(Self::ExtendedCard),
            ("tasks", []) => Some(Self::Tasks),
            ("tasks", [task, "pushNotificationConfigs"]) => Some(Self::PushConfigs(decoded(task)?)),
            ("tasks", [task, "pushNotificationConfigs", id]) => {
                Some(Self::PushConfig(decoded(task)?, decoded(id)?))
            }
            ("tasks", [last]) => match last.rsplit_once(':') {
                Some((id, "cancel")) => Some(Self::Cancel(decoded(id)?)),
                Some((id, "subscribe")) => Some(Self::Subscribe(decoded(id)?)),
                _ => Some(Self::Task(decoded(last)?)),
            },
            _ => None,
        }
    }

    fn verbs(&self) -> &'static str {
        match self {
            Self::Send | Self::Stream | Self::Cancel(_) => "POST",
            Self::Tasks | Self::Task(_) | Self::ExtendedCard => "GET",
            // The proto says GET and the text says POST (sections 5.3 and 11.3.2).
            Self::Subscribe(_) => "GET, POST",
            Self::PushConfigs(_) => "GET, POST",
            Self::PushConfig(..) => "GET, DELETE",
        }
    }
}

pub(super) fn decoded(segment: &str) -> Option<String> {
    percent_decode_str(segment)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

fn message(
    request: &Request<Vec<u8>>,
    tenant: Option<String>,
) -> Result<SendMessageRequest, Error> {
    let mut message: SendMessageRequest = body(request)?;
    if let Some(tenant) = tenant {
        message.tenant = tenant;
    }
    Ok(message)
}

/// A JSON body. Clients are careless with its type, so the type is only looked at when the body is
/// not JSON. An empty body is an empty object.
pub(super) fn body<T: DeserializeOwned>(request: &Request<Vec<u8>>) -> Result<T, Error> {
    let bytes = request.body().as_slice();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return parse("{}");
    }
    match serde_json::from_slice::<&RawValue>(bytes) {
        Ok(json) if json.get().starts_with('{') => parse(json.get()),
        Ok(_) => Err(Error::new(
            ErrorKind::InvalidRequest,
            "The body must be a JSON object.",
        )),
        Err(error) => match media_type(request.headers()).filter(|m| !is_json(m)) {
            Some(media_type) => Err(Error::new(
                ErrorKind::ContentTypeNotSupported,
                format!("The body is {media_type:?}; send \"Content-Type: {A2A_JSON}\"."),
            )),
            None => Err(Error::new(
                ErrorKind::Parse,
                format!("The body is not JSON: {error}."),
            )),
        },
    }
}

/// The parameters of a GET. They go through the same parser as JSON, which takes numbers in strings.
pub(super) fn query<T: DeserializeOwned>(
    request: &Request<Vec<u8>>,
    of_path: impl IntoIterator<Item = (&'static str, Option<String>)>,
) -> Result<T, Error> {
    let mut fields = Map::new();
    for (key, value) in query_pairs(request.uri().query().unwrap_or_default()) {
        let flag = matches!(&*key, "includeArtifacts" | "include_artifacts");
        let value = match &*value {
            "true" if flag => Value::Bool(true),
            "false" if flag => Value::Bool(false),
            // An empty parameter is an unset one.
            "" => continue,
            text => Value::String(text.to_owned()),
        };
        fields.insert(key.into_owned(), value);
    }
    for (key, value) in of_path {
        if let Some(value) = value {
            fields.insert(key.to_owned(), Value::String(value));
        }
    }
    parse(&Value::Object(fields).to_string())
}

/// 1.0.1 wants `application/a2a+json`, 1.0.0 `application/json`: the client gets what it speaks.
fn preferred(headers: &HeaderMap) -> &'static str {
    let names = [CONTENT_TYPE, ACCEPT];
    let mut values = names.iter().flat_map(|name| headers.get_all(name));
    if values.any(|value| value.to_str().is_ok_and(|v| v.contains(A2A_JSON))) {
        A2A_JSON
    } else {
        JSON
    }
}

fn response<A>(call: &Call<A>, media_type: &str, reply: Reply) -> Response<Body> {
    match print_reply(reply) {
        Ok(Printed::Body(body)) => json_response(200, media_type, body),
        Ok(Printed::Card(body)) => extended_card(json_response(200, media_type, body)),
        Ok(Printed::Stream(frames)) => {
            let events = events(frames, call.platform.clone(), HttpJson);
            stream_head(Body::Stream(events))
        }
        Err(error) => error_response(&error),
    }
}

fn error_body(error: &Error) -> Vec<u8> {
    json!({
        "error": {
            "code": error.kind.http_status(),
            "status": error.kind.status_name(),
            "message": error.message,
            "details": error.details(),
        },
    })
    .to_string()
    .into_bytes()
}

struct HttpJson;

impl Framing for HttpJson {
    fn event(&self, payload: &[u8], into: &mut Vec<u8>) {
        into.extend_from_slice(payload);
    }

    fn error(&self, error: &Error) -> Vec<u8> {
        let mut bytes = b"event: error\ndata: ".to_vec();
        bytes.extend_from_slice(&error_body(error));
        bytes.extend_from_slice(b"\n\n");
        bytes
    }
}
