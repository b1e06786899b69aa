//! The gRPC binding (section 10): unary calls and server streams over HTTP/2.
//!
//! HTTP/2 itself is the shell's business; here a call is a request with one length-prefixed message
//! and an answer that ends with trailers. Unlike Server-Sent Events a stream needs no signs of life:
//! HTTP/2 has its own.

mod convert;
mod deadline;
mod framing;
mod messages;
mod status;

use futures_util::future::{Either, FutureExt as _, LocalBoxFuture, select};
use futures_util::stream::{self, LocalBoxStream, StreamExt as _};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response};

use self::deadline::Deadline;
use self::framing::framed;
use self::messages as pb;
use self::status::Status;
use super::media_type;
use crate::agent::Agent;
use crate::error::{Error, ErrorKind};
use crate::operation::{self, Answered, Call, Frames, Reply};
use crate::run::Frame;
use crate::server::{Answer, Body, Piece};
use crate::{public_url, version, wire};

const SERVICE: &str = "lf.a2a.v1.A2AService";

/// True for a call of gRPC, whichever method it names.
pub(crate) fn is_call<B>(request: &Request<B>) -> bool {
    request.method() == Method::POST
        && media_type(request.headers()).is_some_and(|m| framing::is_grpc(&m))
}

/// Answers one call; `path` names the service and the method.
pub(crate) async fn serve<A: Agent>(
    call: Call<A>,
    path: &str,
    request: &Request<Vec<u8>>,
) -> Answer {
    let platform = call.platform.clone();
    let (asked, deadline) = match read(&call, path, request) {
        Ok(asked) => match deadline::of(request.headers(), &*platform) {
            Ok(deadline) => (asked, deadline),
            Err(status) => return ended(status).into(),
        },
        Err(status) => return ended(status).into(),
    };
    let work = run(call, asked).boxed_local();
    let (result, deadline) = match deadline {
        None => (work.await, None),
        Some(deadline) => match select(work, deadline).await {
            Either::Left((result, deadline)) => (result, Some(deadline)),
            Either::Right(((), work)) => {
                return Answer {
                    response: ended(deadline::exceeded()),
                    after: Some(finish(work)),
                };
            }
        },
    };
    match result {
        Ok(Answered { reply, after }) => Answer {
            response: response(reply, deadline),
            after,
        },
        Err(error) => ended(error.into()).into(),
    }
}

/// An error on its own, for what fails before the call is read.
pub(crate) fn error_response(error: Error) -> Response<Body> {
    ended(error.into())
}

/// What a call asks for.
enum Asked {
    SendMessage(wire::SendMessageRequest),
    SendStreamingMessage(wire::SendMessageRequest),
    GetTask(wire::GetTaskRequest),
    ListTasks(wire::ListTasksRequest),
    CancelTask(wire::CancelTaskRequest),
    SubscribeToTask(wire::SubscribeToTaskRequest),
    CreateTaskPushNotificationConfig(wire::TaskPushNotificationConfig),
    GetTaskPushNotificationConfig(wire::TaskPushNotificationConfigRequest),
    ListTaskPushNotificationConfigs(wire::ListTaskPushNotificationConfigsRequest),
    DeleteTaskPushNotificationConfig(wire::TaskPushNotificationConfigRequest),
    /// With the agent's public URL.
    GetExtendedAgentCard(String),
}

fn read<A>(call: &Call<A>, path: &str, request: &Request<Vec<u8>>) -> Result<Asked, Status> {
    let media_type = media_type(request.headers()).unwrap_or_default();
    framing::require_protobuf(&media_type)?;
    let method = method(path).ok_or_else(|| {
        Error::new(
            ErrorKind::MethodNotFound,
            format!("There is no method {path:?}; the service here is {SERVICE}."),
        )
    })?;
    version::check(request)?;
    let message = framing::only(request.headers(), request.body())?;
    Ok(method(call, message, request)?)
}

type Reader<A> = fn(&Call<A>, &[u8], &Request<Vec<u8>>) -> Result<Asked, Error>;

fn method<A>(path: &str) -> Option<Reader<A>> {
    let method = path
        .strip_prefix('/')?
        .strip_prefix(SERVICE)?
        .strip_prefix('/')?;
    Some(match method {
        "SendMessage" => |_, message, _| {
            let request = decoded::<pb::SendMessageRequest>(message, "SendMessageRequest")?;
            Ok(Asked::SendMessage(request.try_into()?))
        },
        "SendStreamingMessage" => |_, message, _| {
            let request = decoded::<pb::SendMessageRequest>(message, "SendMessageRequest")?;
            Ok(Asked::SendStreamingMessage(request.try_into()?))
        },
        "GetTask" => |_, message, _| {
            let request = decoded::<pb::GetTaskRequest>(message, "GetTaskRequest")?;
            Ok(Asked::GetTask(request.into()))
        },
        "ListTasks" => |_, message, _| {
            let request = decoded::<pb::ListTasksRequest>(message, "ListTasksRequest")?;
            Ok(Asked::ListTasks(request.try_into()?))
        },
        "CancelTask" => |_, message, _| {
            let request = decoded::<pb::CancelTaskRequest>(message, "CancelTaskRequest")?;
            Ok(Asked::CancelTask(request.try_into()?))
        },
        "SubscribeToTask" => |_, message, _| {
            let request = decoded::<pb::SubscribeToTaskRequest>(message, "SubscribeToTaskRequest")?;
            Ok(Asked::SubscribeToTask(request.into()))
        },
        "CreateTaskPushNotificationConfig" => |_, message, _| {
            let name = "TaskPushNotificationConfig";
            let config = decoded::<pb::TaskPushNotificationConfig>(message, name)?;
            Ok(Asked::CreateTaskPushNotificationConfig(config.into()))
        },
        "GetTaskPushNotificationConfig" => |_, message, _| {
            let name = "GetTaskPushNotificationConfigRequest";
            let named = decoded::<pb::GetTaskPushNotificationConfigRequest>(message, name)?;
            Ok(Asked::GetTaskPushNotificationConfig(named.into()))
        },
        "ListTaskPushNotificationConfigs" => |_, message, _| {
            let name = "ListTaskPushNotificationConfigsRequest";
            let request = decoded::<pb::ListTaskPushNotificationConfigsRequest>(message, name)?;
            Ok(Asked::ListTaskPushNotificationConfigs(request.into()))
        },
        "DeleteTaskPushNotificationConfig" => |_, message, _| {
            let name = "DeleteTaskPushNotificationConfigRequest";
            let named = decoded::<pb::DeleteTaskPushNotificationConfigRequest>(message, name)?;
            Ok(Asked::DeleteTaskPushNotificationConfig(named.into()))
        },
        "GetExtendedAgentCard" => |call, message, request| {
            let name = "GetExtendedAgentCardRequest";
            decoded::<pb::GetExtendedAgentCardRequest>(message, name)?;
            let base = public_url::resolve(&*call.platform, request)?;
            Ok(Asked::GetExtendedAgentCard(base))
        },
        _ => return None,
    })
}

fn decoded<M: prost::Message + Default>(message: &[u8], name: &str) -> Result<M, Error> {
    M::decode(message).map_err(|error| {
        Error::new(
            ErrorKind::Parse,
            format!("The message is not a {name}: {error}."),
        )
    })
}

async fn run<A: Agent>(call: Call<A>, asked: Asked) -> Result<Answered, Error> {
    let call = &call;
    match asked {
        Asked::SendMessage(request) => operation::send_message(call, request).await,
        Asked::SendStreamingMessage(request) => {
            operation::send_streaming_message(call, request).await
        }
        Asked::GetTask(request) => operation::get_task(call, &request),
        Asked::ListTasks(request) => operation::list_tasks(call, &request),
        Asked::CancelTask(request) => operation::cancel_task(call, &request).await,
        Asked::SubscribeToTask(request) => operation::subscribe_to_task(call, &request),
        Asked::CreateTaskPushNotificationConfig(config) => {
            operation::create_task_push_notification_config(call, config)
        }
        Asked::GetTaskPushNotificationConfig(named) => {
            operation::get_task_push_notification_config(call, &named)
        }
        Asked::ListTaskPushNotificationConfigs(request) => {
            operation::list_task_push_notification_configs(call, &request)
        }
        Asked::DeleteTaskPushNotificationConfig(named) => {
            operation::delete_task_push_notification_config(call, &named)
        }
        Asked::GetExtendedAgentCard(base) => operation::get_extended_agent_card(call, &base),
    }
}

/// The work of a call that nobody waits for any more.
fn finish(work: LocalBoxFuture<'static, Result<Answered, Error>>) -> LocalBoxFuture<'static, ()> {
    async move {
        if let Ok(Answered { after, .. }) = work.await
            && let Some(after) = after
        {
            after.await;
        }
    }
    .boxed_local()
}

fn response(reply: Reply, deadline: Option<Deadline>) -> Response<Body> {
    let message = match reply {
        Reply::Sent(sent) => framed(&pb::SendMessageResponse::from(sent)),
        Reply::Task(task) => framed(&pb::Task::from(task)),
        Reply::Tasks(tasks) => framed(&pb::ListTasksResponse::from(tasks)),
        Reply::PushConfig(config) => framed(&pb::TaskPushNotificationConfig::from(config)),
        Reply::PushConfigs(configs) => {
            framed(&pb::ListTaskPushNotificationConfigsResponse::from(configs))
        }
        Reply::Card(card) => pb::AgentCard::try_from(&*card).and_then(|card| framed(&card)),
        // `google.protobuf.Empty`.
        Reply::Empty => framed(&()),
        Reply::Stream(frames) => return head(events(frames, deadline)),
    };
    match message {
        Ok(message) => {
            let pieces = [
                Piece::Data(message),
                Piece::Trailers(Status::ok().trailers()),
            ];
            head(stream::iter(pieces).boxed_local())
        }
        Err(error) => ended(error.into()),
    }
}

/// The messages of a stream, and its status.
fn events(frames: Frames, deadline: Option<Deadline>) -> LocalBoxStream<'static, Piece> {
    stream::unfold(Some((frames, deadline)), |state| async move {
        let (mut frames, mut deadline) = state?;
        let next = match &mut deadline {
            None => frames.next().await,
            Some(deadline) => match select(frames.next(), deadline).await {
                Either::Left((next, _)) => next,
                Either::Right(_) => return Some((end(deadline::exceeded()), None)),
            },
        };
        Some(match next {
            Some(Ok(frame)) => match event(&frame) {
                Ok(message) => (Piece::Data(message), Some((frames, deadline))),
                Err(error) => (end(error.into()), None),
            },
            Some(Err(error)) => (end(error.into()), None),
            None => (end(Status::ok()), None),
        })
    })
    .boxed_local()
}

fn event(frame: &Frame) -> Result<Vec<u8>, Error> {
    let event: wire::StreamResponse = serde_json::from_slice(&frame.payload).map_err(|error| {
        Error::new(
            ErrorKind::Internal,
            format!("An event is stored in a form that cannot be read: {error}."),
        )
    })?;
    framed(&pb::StreamResponse::from(event))
}

fn ended(status: Status) -> Response<Body> {
    head(stream::iter([end(status)]).boxed_local())
}

fn end(status: Status) -> Piece {
    Piece::Trailers(status.trailers())
}

/// The head of every answer: what went wrong stands in the trailers.
fn head(pieces: LocalBoxStream<'static, Piece>) -> Response<Body> {
    let mut response = Response::new(Body::Stream(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("grpc-accept-encoding", HeaderValue::from_static("identity"));
    response
}
