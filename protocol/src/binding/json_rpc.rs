//! The JSON-RPC binding (section 9). Errors are answered with HTTP 200, as JSON-RPC has it.

use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::sse::{Framing, events};
use super::{
    JSON, Printed, extended_card, is_json, json_response, media_type, parse, print_reply,
    stream_head, v0_3,
};
use crate::agent::Agent;
use crate::error::{Error, ErrorKind};
use crate::operation::{self, Answered, Call, Reply};
use crate::server::{Answer, Body};
use crate::wire::GetExtendedAgentCardRequest;
use crate::{public_url, version};

/// Every event of a stream repeats the id.
const MAX_ID_BYTES: usize = 1024;

/// Answers one request to the agent's JSON-RPC URL.
pub(crate) async fn serve<A: Agent>(call: Call<A>, request: &Request<Vec<u8>>) -> Answer {
    if request.method() != Method::POST {
        let error = Error::new(
            ErrorKind::MethodNotAllowed,
            "This is the agent's JSON-RPC URL: send POST. The agent card is at \
             /.well-known/agent-card.json.",
        );
        let mut response = json_response(405, JSON, error_body(&Value::Null, &error));
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST"));
        return response.into();
    }
    let (id, envelope) = envelope(request);
    let envelope = match envelope {
        Ok(envelope) => envelope,
        Err(error) => {
            return json_response(http_status(&error), JSON, error_body(&id, &error)).into();
        }
    };
    if v0_3::json_rpc::is_method(&envelope.method, request) {
        let Envelope { method, params } = envelope;
        return v0_3::json_rpc::serve(call, id, &method, params, request).await;
    }
    match dispatch(&call, &envelope, request).await {
        Ok(Answered { reply, after }) => Answer {
            response: response(&call, id, reply),
            after,
        },
        Err(error) => json_response(http_status(&error), JSON, error_body(&id, &error)).into(),
    }
}

/// The id to answer with, and the call or what is wrong with it.
fn envelope(request: &Request<Vec<u8>>) -> (Value, Result<Envelope<'_>, Error>) {
    // Before the body is looked at: what is not JSON is not worth parsing.
    if let Some(media_type) = media_type(request.headers()).filter(|m| !is_json(m)) {
        let error = Error::new(
            ErrorKind::ContentTypeNotSupported,
            format!("The body is {media_type:?}; send \"Content-Type: application/json\"."),
        );
        return (Value::Null, Err(error));
    }
    Envelope::parse(request.body())
}

async fn dispatch<A: Agent>(
    call: &Call<A>,
    envelope: &Envelope<'_>,
    request: &Request<Vec<u8>>,
) -> Result<Answered, Error> {
    if !envelope.params.starts_with('{') {
        return Err(Error::new(
            ErrorKind::InvalidRequest,
            "\"params\" must be an object.",
        ));
    }
    let method = method(&envelope.method).ok_or_else(|| {
        Error::new(
            ErrorKind::MethodNotFound,
            format!("There is no method {:?}.", envelope.method),
        )
    })?;
    version::check(request)?;
    run(call, method, envelope.params, request).await
}

#[derive(Clone, Copy)]
enum Operation {
    SendMessage,
    SendStreamingMessage,
    GetTask,
    ListTasks,
    CancelTask,
    SubscribeToTask,
    CreateTaskPushNotificationConfig,
    GetTaskPushNotificationConfig,
    ListTaskPushNotificationConfigs,
    DeleteTaskPushNotificationConfig,
    GetExtendedAgentCard,
}

fn method(name: &str) -> Option<Operation> {
    Some(match name {
        "SendMessage" => Operation::SendMessage,
        "SendStreamingMessage" => Operation::SendStreamingMessage,
        "GetTask" => Operation::GetTask,
        "ListTasks" => Operation::ListTasks,
        "CancelTask" => Operation::CancelTask,
        "SubscribeToTask" => Operation::SubscribeToTask,
        "CreateTaskPushNotificationConfig" => Operation::CreateTaskPushNotificationConfig,
        "GetTaskPushNotificationConfig" => Operation::GetTaskPushNotificationConfig,
        "ListTaskPushNotificationConfigs" => Operation::ListTaskPushNotificationConfigs,
        "DeleteTaskPushNotificationConfig" => Operation::DeleteTaskPushNotificationConfig,
        "GetExtendedAgentCard" => Operation::GetExtendedAgentCard,
        _ => return None,
    })
}

async fn run<A: Agent>(
    call: &Call<A>,
    method: Operation,
    params: &str,
    request: &Request<Vec<u8>>,
) -> Result<Answered, Error> {
    match method {
        Operation::SendMessage => operation::send_message(call, parse(params)?).await,
        Operation::SendStreamingMessage => {
            operation::send_streaming_message(call, parse(params)?).await
        }
        Operation::GetTask => operation::get_task(call, &parse(params)?),
        Operation::ListTasks => operation::list_tasks(call, &parse(params)?),
        Operation::CancelTask => operation::cancel_task(call, &parse(params)?).await,
        Operation::SubscribeToTask => operation::subscribe_to_task(call, &parse(params)?),
        Operation::CreateTaskPushNotificationConfig => {
            operation::create_task_push_notification_config(call, parse(params)?)
        }
        Operation::GetTaskPushNotificationConfig => {
            operation::get_task_push_notification_config(call, &parse(params)?)
        }
        Operation::ListTaskPushNotificationConfigs => {
            operation::list_task_push_notification_configs(call, &parse(params)?)
        }
        Operation::DeleteTaskPushNotificationConfig => {
            operation::delete_task_push_notification_config(call, &parse(params)?)
        }
        Operation::GetExtendedAgentCard => {
            let _: GetExtendedAgentCardRequest = parse(params)?;
            let base = public_url::resolve(&*call.platform, request)?;
            operation::get_extended_agent_card(call, &base)
        }
    }
}

fn response<A>(call: &Call<A>, id: Value, reply: Reply) -> Response<Body> {
    let whole = |result: &[u8]| {
        let mut body = Vec::with_capacity(result.len() + 64);
        success(&id, result, &mut body);
        json_response(200, JSON, body)
    };
    match print_reply(reply) {
        Ok(Printed::Body(result)) => whole(&result),
        Ok(Printed::Card(result)) => extended_card(whole(&result)),
        Ok(Printed::Stream(frames)) => {
            let framing = JsonRpc { id };
            stream_head(Body::Stream(events(frames, call.platform.clone(), framing)))
        }
        Err(error) => json_response(200, JSON, error_body(&id, &error)),
    }
}

pub(super) fn success(id: &Value, result: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    into.extend_from_slice(id.to_string().as_bytes());
    into.extend_from_slice(b",\"result\":");
    into.extend_from_slice(result);
    into.push(b'}');
}

fn error_body(id: &Value, error: &Error) -> Vec<u8> {
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": {
            "code": error.kind.json_rpc_code(),
            "message": error.message,
            "data": error.details(),
        },
    })
    .to_string()
    .into_bytes()
}

/// Only what happens below JSON-RPC shows in the HTTP status.
pub(super) fn http_status(error: &Error) -> u16 {
    match error.kind {
        ErrorKind::TooLarge | ErrorKind::Unavailable | ErrorKind::Unauthenticated => {
            error.kind.http_status()
        }
        _ => 200,
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
        bytes.extend_from_slice(&error_body(&self.id, error));
        bytes.extend_from_slice(b"\n\n");
        bytes
    }
}

/// The JSON-RPC 2.0 request object. The parameters stay text until the method is known.
struct Envelope<'a> {
    method: String,
    /// An object in every sound request; the versions say differently what else it is.
    params: &'a str,
}

impl<'a> Envelope<'a> {
    /// The id to answer with, and the request or what is wrong with it.
    fn parse(body: &'a [u8]) -> (Value, Result<Self, Error>) {
        #[derive(Deserialize)]
        struct Fields<'a> {
            #[serde(borrow)]
            jsonrpc: Option<&'a RawValue>,
            #[serde(borrow)]
            id: Option<&'a RawValue>,
            #[serde(borrow)]
            method: Option<&'a RawValue>,
            #[serde(borrow)]
            params: Option<&'a RawValue>,
        }
        let invalid = |message: &str| Err(Error::new(ErrorKind::InvalidRequest, message));
        let fields: Fields<'a> = match serde_json::from_slice(body) {
            Ok(fields) => fields,
            Err(error) => return (Value::Null, Err(not_a_request(body, &error))),
        };
        let id = match fields.id.map(|id| serde_json::from_str::<Value>(id.get())) {
            None => Value::Null,
            Some(Ok(Value::String(id))) if id.len() > MAX_ID_BYTES => {
                let message = format!("\"id\" must be at most {MAX_ID_BYTES} bytes.");
                return (Value::Null, invalid(&message));
            }
            Some(Ok(id @ (Value::Null | Value::String(_) | Value::Number(_)))) => id,
            Some(_) => {
                let message = "\"id\" must be a string, a number or null.";
                return (Value::Null, invalid(message));
            }
        };
        if fields.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
            return (id, invalid("\"jsonrpc\" must be \"2.0\"."));
        }
        let Some(Ok(method)) = fields
            .method
            .map(|m| serde_json::from_str::<String>(m.get()))
        else {
            return (id, invalid("\"method\" must be a string."));
        };
        let params = match fields.params.map_or("{}", RawValue::get) {
            "null" => "{}",
            params => params,
        };
        (id, Ok(Self { method, params }))
    }
}

fn not_a_request(body: &[u8], error: &serde_json::Error) -> Error {
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(value) if value.get().starts_with('[') => Error::new(
            ErrorKind::InvalidRequest,
            "Batch requests are not supported: send one.",
        ),
        Ok(value) if !value.get().starts_with('{') => Error::new(
            ErrorKind::InvalidRequest,
            "The body is JSON, but no object: send a JSON-RPC request.",
        ),
        Ok(_) => Error::new(
            ErrorKind::InvalidRequest,
            format!("The body is not a JSON-RPC request object: {error}."),
        ),
        Err(error) => Error::new(ErrorKind::Parse, format!("The body is not JSON: {error}.")),
    }
}
