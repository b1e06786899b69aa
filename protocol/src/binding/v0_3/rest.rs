//! HTTP+JSON of 0.3: below `/v1`, in ProtoJSON of the package `a2a.v1`.

use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response};
use serde_json::Value;

use super::object::Object;
use super::{Ends, Form, error, event, print, push, sending, task, translated};
use crate::agent::Agent;
use crate::binding::http_json::{Refusal, body, decoded, query};
use crate::binding::sse::{Framing, events};
use crate::binding::{JSON, json_response, stream_head};
use crate::error::{Error, ErrorKind};
use crate::operation::{self, Answered, Call, Reply};
use crate::server::{Answer, Body};
use crate::version::{self, Version};
use crate::wire::{
    AgentCard, CancelTaskRequest, GetTaskRequest, SubscribeToTaskRequest,
    TaskPushNotificationConfigRequest,
};
use crate::{card, public_url};

/// The part of a path below `/v1`, if it is there.
pub(crate) fn below(path: &str) -> Option<&str> {
    // A client that appends to a URL with a slash at its end makes two.
    path.trim_start_matches('/').strip_prefix("v1/")
}

/// Answers one request; `path` is relative to `/v1/`.
pub(crate) async fn serve<A: Agent>(
    mut call: Call<A>,
    path: &str,
    request: &Request<Vec<u8>>,
) -> Answer {
    call.version = Version::V0_3;
    match dispatch(&call, path, request).await {
        Ok((Answered { reply, after }, ends)) => Answer {
            response: response(&call, reply, ends),
            after,
        },
        Err(Refusal { error, allow }) => {
            let error = error::in_old_words(error);
            let status = error.kind.http_status();
            let mut response = json_response(status, JSON, error::rest(&error));
            if let Some(allow) = allow {
                let allow = HeaderValue::from_static(allow);
                response.headers_mut().insert(ALLOW, allow);
            }
            response.into()
        }
    }
}

async fn dispatch<A: Agent>(
    call: &Call<A>,
    path: &str,
    request: &Request<Vec<u8>>,
) -> Result<(Answered, Ends), Refusal> {
    let route = Route::of(path).ok_or_else(|| {
        Error::new(
            ErrorKind::MethodNotFound,
            format!("There is no operation of A2A 0.3 at \"/v1/{path}\"."),
        )
    })?;
    let (allow, method) = (route.verbs(), request.method());
    if !allow.split(", ").any(|verb| verb == method.as_str()) {
        let error = Error::new(
            ErrorKind::MethodNotAllowed,
            format!("/v1/{path} takes {allow}, not {method}."),
        );
        return Err(Refusal {
            error,
            allow: Some(allow),
        });
    }
    version::check_0_3(request)?;
    let ends = match &route {
        Route::Subscribe(_) => Ends::WithTask,
        _ => Ends::WithTurn,
    };
    Ok((run(call, route, request).await?, ends))
}

async fn run<A: Agent>(
    call: &Call<A>,
    route: Route,
    request: &Request<Vec<u8>>,
) -> Result<Answered, Error> {
    match route {
        Route::Send => operation::send_message(call, message(request)?).await,
        Route::Stream => operation::send_streaming_message(call, message(request)?).await,
        Route::Task(id) => {
            let mut get: GetTaskRequest = query(request, [("id", Some(id))])?;
            // All of it in 0.3, none in 1.0.
            get.history_length = get.history_length.filter(|length| *length != 0);
            get.tenant = String::new();
            operation::get_task(call, &get)
        }
        // Bodies of these two say what the path has said; clients send `null`, `{}` or nothing.
        Route::Cancel(id) => {
            let cancel = CancelTaskRequest {
                id,
                ..CancelTaskRequest::default()
            };
            operation::cancel_task(call, &cancel).await
        }
        Route::Subscribe(id) => {
            let subscribe = SubscribeToTaskRequest {
                id,
                ..SubscribeToTaskRequest::default()
            };
            operation::subscribe_to_task(call, &subscribe)
        }
        Route::PushConfigs(task_id) if request.method() == Method::POST => {
            call.require_push()?;
            let config = push::create_to_new(body::<Object>(request)?, task_id)?;
            operation::create_task_push_notification_config(call, config)
        }
        Route::PushConfigs(task_id) => {
            let fields = [("taskId", Some(task_id)), ("tenant", Some(String::new()))];
            operation::list_task_push_notification_configs(call, &query(request, fields)?)
        }
        Route::PushConfig(task_id, id) => {
            let named = TaskPushNotificationConfigRequest {
                tenant: String::new(),
                task_id,
                id,
            };
            if request.method() == Method::DELETE {
                operation::delete_task_push_notification_config(call, &named)
            } else {
                operation::get_task_push_notification_config(call, &named)
            }
        }
        Route::Card => {
            let base = public_url::resolve(&*call.platform, request)?;
            operation::get_extended_agent_card(call, &base)
        }
    }
}

fn message(request: &Request<Vec<u8>>) -> Result<crate::wire::SendMessageRequest, Error> {
    sending::to_new(body::<Object>(request)?, Form::Proto)
}

enum Route {
    Send,
    Stream,
    Task(String),
    Cancel(String),
    Subscribe(String),
    PushConfigs(String),
    PushConfig(String, String),
    Card,
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').collect();
        match segments.as_slice() {
            ["message:send"] => Some(Self::Send),
            ["message:stream"] => Some(Self::Stream),
            ["card"] => Some(Self::Card),
            ["tasks", task, "pushNotificationConfigs"] => Some(Self::PushConfigs(decoded(task)?)),
            ["tasks", task, "pushNotificationConfigs", id] => {
                Some(Self::PushConfig(decoded(task)?, decoded(id)?))
            }
            ["tasks", last] => match last.rsplit_once(':') {
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
            Self::Task(_) | Self::Card => "GET",
            // The proto says GET and the text says POST.
            Self::Subscribe(_) | Self::PushConfigs(_) => "GET, POST",
            Self::PushConfig(..) => "GET, DELETE",
        }
    }
}

fn response<A>(call: &Call<A>, reply: Reply, ends: Ends) -> Response<Body> {
    let form = Form::Proto;
    let result = match reply {
        Reply::Sent(sent) => event::answer(sent, form),
        Reply::Task(task) => task::to_old(task, form),
        Reply::PushConfig(config) => push::to_old(config, form),
        Reply::PushConfigs(answer) => {
            let configs = answer.configs.into_iter();
            let configs: Vec<_> = configs.map(|config| push::to_old(config, form)).collect();
            let mut list = Object::from_iter([("configs".to_owned(), Value::Array(configs))]);
            if !answer.next_page_token.is_empty() {
                let token = Value::String(answer.next_page_token);
                list.insert("nextPageToken".to_owned(), token);
            }
            Value::Object(list)
        }
        Reply::Card(card) => both_forms(&card),
        // No path of 0.3 lists tasks here.
        Reply::Empty | Reply::Tasks(_) => Value::Object(Object::new()),
        Reply::Stream(frames) => {
            let frames = translated(frames, form, ends);
            return stream_head(Body::Stream(events(frames, call.platform.clone(), Rest)));
        }
    };
    match print(&result) {
        Ok(body) => json_response(200, JSON, body),
        Err(error) => json_response(500, JSON, error::rest(&error)),
    }
}

/// The Go SDK reads this card as JSON-RPC has it; the Python and JavaScript SDKs read it as ProtoJSON,
/// where a security scheme is a member of a oneof, as it is in 1.0. Either skips what it does not know.
fn both_forms(card: &AgentCard) -> Value {
    let mut old = card::v0_3::card(card);
    let schemes = old.get_mut("securitySchemes");
    for (name, scheme) in schemes.and_then(Value::as_object_mut).into_iter().flatten() {
        if let (Some(old), Some(Value::Object(new))) =
            (scheme.as_object_mut(), card.security_schemes.get(name))
        {
            old.extend(new.clone());
        }
    }
    old
}

struct Rest;

impl Framing for Rest {
    fn event(&self, payload: &[u8], into: &mut Vec<u8>) {
        into.extend_from_slice(payload);
    }

    fn error(&self, error: &Error) -> Vec<u8> {
        let mut bytes = b"event: error\ndata: ".to_vec();
        bytes.extend_from_slice(&error::rest(error));
        bytes.extend_from_slice(b"\n\n");
        bytes
    }
}
