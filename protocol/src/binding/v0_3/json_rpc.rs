//! JSON-RPC of 0.3: method names with a slash, at the URL of 1.0's.

use http::{Request, Response};
use serde_json::Value;

use super::object::{Object, carry, object, string, take, typed};
use super::sending::{self, history_length};
use super::{Ends, Form, error, event, print, push, task, translated};
use crate::agent::Agent;
use crate::binding::json_rpc::{http_status, success};
use crate::binding::sse::{Framing, events};
use crate::binding::{JSON, json_response, stream_head};
use crate::error::{Error, ErrorKind};
use crate::operation::{self, Answered, Call, Reply};
use crate::server::{Answer, Body};
use crate::version::{self, Version};
use crate::wire::{
    ListTaskPushNotificationConfigsRequest, TaskPushNotificationConfig,
    TaskPushNotificationConfigRequest,
};
use crate::{card, public_url};

/// True when a method is one of 0.3: those of 1.0 have no slash.
pub(crate) fn is_method(method: &str) -> bool {
    method.contains('/')
}

/// Answers a call; `params` is the text of its parameters.
pub(crate) async fn serve<A: Agent>(
    mut call: Call<A>,
    id: Value,
    method: &str,
    params: &str,
    request: &Request<Vec<u8>>,
) -> Answer {
    call.version = Version::V0_3;
    match dispatch(&call, method, params, request).await {
        Ok((Answered { reply, after }, ends)) => Answer {
            response: response(&call, id, reply, ends),
            after,
        },
        Err(error) => {
            let error = error::in_old_words(error);
            let status = http_status(&error);
            // Clients of that time read nothing but events where they asked for some.
            if status == 200 && matches!(method, "message/stream" | "tasks/resubscribe") {
                let bytes = JsonRpc { id }.error(&error);
                return stream_head(Body::Full(bytes)).into();
            }
            json_response(status, JSON, error::json_rpc(&id, &error)).into()
        }
    }
}

async fn dispatch<A: Agent>(
    call: &Call<A>,
    method: &str,
    params: &str,
    request: &Request<Vec<u8>>,
) -> Result<(Answered, Ends), Error> {
    let method = Method::of(method).ok_or_else(|| {
        Error::new(
            ErrorKind::MethodNotFound,
            format!("There is no method {method:?}."),
        )
    })?;
    version::check_0_3(request)?;
    let params = serde_json::from_str(params)
        .map_err(|error| Error::field("params", format!("cannot be read: {error}")))?;
    let params = object(params, "params")?;
    let ends = match method {
        Method::Resubscribe => Ends::WithTask,
        _ => Ends::WithTurn,
    };
    Ok((run(call, method, params, request).await?, ends))
}

#[derive(Clone, Copy)]
enum Method {
    Send,
    Stream,
    Get,
    Cancel,
    Resubscribe,
    SetPushConfig,
    GetPushConfig,
    ListPushConfigs,
    DeletePushConfig,
    ExtendedCard,
}

impl Method {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "message/send" => Self::Send,
            "message/stream" => Self::Stream,
            "tasks/get" => Self::Get,
            "tasks/cancel" => Self::Cancel,
            "tasks/resubscribe" => Self::Resubscribe,
            "tasks/pushNotificationConfig/set" => Self::SetPushConfig,
            "tasks/pushNotificationConfig/get" => Self::GetPushConfig,
            "tasks/pushNotificationConfig/list" => Self::ListPushConfigs,
            "tasks/pushNotificationConfig/delete" => Self::DeletePushConfig,
            "agent/getAuthenticatedExtendedCard" => Self::ExtendedCard,
            _ => return None,
        })
    }
}

async fn run<A: Agent>(
    call: &Call<A>,
    method: Method,
    mut params: Object,
    request: &Request<Vec<u8>>,
) -> Result<Answered, Error> {
    let mut new = Object::new();
    match method {
        Method::Send => operation::send_message(call, sending::to_new(params, Form::Kind)?).await,
        Method::Stream => {
            operation::send_streaming_message(call, sending::to_new(params, Form::Kind)?).await
        }
        Method::Get => {
            carry(&["id"], &mut params, &mut new);
            history_length(&mut params, &mut new);
            operation::get_task(call, &typed(new)?)
        }
        Method::Cancel => {
            carry(&["id", "metadata"], &mut params, &mut new);
            operation::cancel_task(call, &typed(new)?).await
        }
        Method::Resubscribe => {
            carry(&["id"], &mut params, &mut new);
            operation::subscribe_to_task(call, &typed(new)?)
        }
        Method::SetPushConfig => {
            operation::create_task_push_notification_config(call, push::set_to_new(params)?)
        }
        Method::GetPushConfig => {
            let (task_id, id) = ids(call, &mut params)?;
            if id.is_empty() {
                return any_push_config(call, task_id);
            }
            let named = named(task_id, id);
            operation::get_task_push_notification_config(call, &named)
        }
        Method::ListPushConfigs => {
            let (task_id, _) = ids(call, &mut params)?;
            operation::list_task_push_notification_configs(call, &all_of(task_id))
        }
        Method::DeletePushConfig => {
            let (task_id, id) = ids(call, &mut params)?;
            if id.is_empty() {
                return Err(Error::field("pushNotificationConfigId", "is required"));
            }
            let named = named(task_id, id);
            operation::delete_task_push_notification_config(call, &named)
        }
        Method::ExtendedCard => {
            let base = public_url::resolve(&*call.platform, request)?;
            operation::get_extended_agent_card(call, &base)
        }
    }
}

/// The task and, if it is named, the configuration that a request about webhooks is about.
fn ids<A: Agent>(call: &Call<A>, params: &mut Object) -> Result<(String, String), Error> {
    call.require_push()?;
    let task_id = string(take(params, "id"), "id")?;
    if task_id.is_empty() {
        return Err(Error::field("id", "is required"));
    }
    let name = "pushNotificationConfigId";
    Ok((task_id, string(take(params, name), name)?))
}

fn named(task_id: String, id: String) -> TaskPushNotificationConfigRequest {
    TaskPushNotificationConfigRequest {
        tenant: String::new(),
        task_id,
        id,
    }
}

fn all_of(task_id: String) -> ListTaskPushNotificationConfigsRequest {
    ListTaskPushNotificationConfigsRequest {
        task_id,
        ..ListTaskPushNotificationConfigsRequest::default()
    }
}

/// Before 0.3 a task had one webhook, and a client need not say which.
fn any_push_config<A: Agent>(call: &Call<A>, task_id: String) -> Result<Answered, Error> {
    let answered = operation::list_task_push_notification_configs(call, &all_of(task_id.clone()))?;
    let mut configs = match answered.reply {
        Reply::PushConfigs(answer) => answer.configs,
        _ => Vec::new(),
    };
    let default = configs.iter().position(|c| c.id == push::DEFAULT_ID);
    let found: Option<TaskPushNotificationConfig> = match default {
        Some(index) => Some(configs.swap_remove(index)),
        None => configs.into_iter().next(),
    };
    let config = found.ok_or_else(|| {
        Error::new(
            ErrorKind::TaskNotFound,
            format!("Task {task_id:?} has no push-notification configuration."),
        )
        .with("taskId", task_id)
    })?;
    Ok(Reply::PushConfig(config).into())
}

fn response<A>(call: &Call<A>, id: Value, reply: Reply, ends: Ends) -> Response<Body> {
    let form = Form::Kind;
    let result = match reply {
        Reply::Sent(sent) => event::answer(sent, form),
        Reply::Task(task) => task::to_old(task, form),
        Reply::PushConfig(config) => push::to_old(config, form),
        Reply::PushConfigs(answer) => {
            let configs = answer.configs.into_iter();
            configs.map(|config| push::to_old(config, form)).collect()
        }
        Reply::Card(card) => card::v0_3::card(&card),
        // What deletes answers null; no method of 0.3 lists tasks.
        Reply::Empty | Reply::Tasks(_) => Value::Null,
        Reply::Stream(frames) => {
            let frames = translated(frames, form, ends);
            let framing = JsonRpc { id };
            return stream_head(Body::Stream(events(frames, call.platform.clone(), framing)));
        }
    };
    match print(&result) {
        Ok(result) => {
            let mut body = Vec::with_capacity(result.len() + 64);
            success(&id, &result, &mut body);
            json_response(200, JSON, body)
        }
        Err(error) => json_response(200, JSON, error::json_rpc(&id, &error)),
    }
}

struct JsonRpc {
    id: Value,
}

impl Framing for JsonRpc {
    fn event(&self, payload: &[u8], into: &mut Vec<u8>) {
        success(&self.id, payload, into);
    }

    fn error(&self, error: &Error) -> Vec<u8> {
        let mut bytes = b"data: ".to_vec();
        bytes.extend_from_slice(&error::json_rpc(&self.id, error));
        bytes.extend_from_slice(b"\n\n");
        bytes
    }
}
