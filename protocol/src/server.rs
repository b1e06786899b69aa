//! The way in: one HTTP request becomes one answer.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::LocalBoxStream;
use http::{HeaderMap, Method, Request, Response};

use crate::agent::Agent;
use crate::binding::{grpc, http_json, json_rpc, v0_3};
use crate::cors::Pages;
use crate::error::{Error, ErrorKind};
use crate::extension::Extensions;
use crate::operation::{self, Call};
use crate::platform::Platform;
use crate::run::fold;
use crate::version::Version;
use crate::wire::AgentCard;
use crate::{card, cors};

/// The longest `baggage`, in bytes.
const MAX_BAGGAGE: usize = 8192;

/// The body of an answer.
pub enum Body {
    /// All of it.
    Full(Vec<u8>),
    /// Piece by piece; each piece has to leave at once.
    Stream(LocalBoxStream<'static, Piece>),
}

/// A piece of a streamed body.
pub enum Piece {
    /// Some of its bytes.
    Data(Vec<u8>),
    /// Its end, with what there is to say only then. gRPC puts its status there.
    Trailers(HeaderMap),
}

/// What to send, and what to go on with while and after it is sent.
pub struct Answer {
    /// Head and body.
    pub response: Response<Body>,
    /// The agent's work. It has to be driven to its end, also when the client has gone.
    pub after: Option<LocalBoxFuture<'static, ()>>,
}

impl From<Response<Body>> for Answer {
    fn from(response: Response<Body>) -> Self {
        Self {
            response,
            after: None,
        }
    }
}

/// The answer to a body over the limit, for a shell that stops reading there.
pub fn too_large<B>(request: &Request<B>, limit: usize) -> Answer {
    let error = Error::new(
        ErrorKind::TooLarge,
        format!("The request body is over the limit of {limit} bytes."),
    );
    if grpc::is_call(request) {
        grpc::error_response(error).into()
    } else {
        http_json::error_response(&error).into()
    }
}

/// An agent and its surroundings.
pub struct Server<A> {
    agent: Rc<A>,
    platform: Rc<dyn Platform>,
}

impl<A: Agent> Server<A> {
    /// Serves this agent.
    pub fn new(agent: A, platform: Rc<dyn Platform>) -> Self {
        Self {
            agent: Rc::new(agent),
            platform,
        }
    }

    /// Answers one request. The URI holds the authority that the client named, if any.
    pub async fn handle(&self, request: Request<Vec<u8>>) -> Answer {
        let path = self.relative(request.uri().path());
        let pages = Pages::of(request.headers(), &*self.platform, card::is_card(path));
        let mut answer = if request.method() == Method::OPTIONS {
            cors::preflight().into()
        } else {
            self.route(path, &request).await
        };
        pages.allow(&mut answer.response);
        answer
    }

    /// `path` is relative to the public URL.
    async fn route(&self, path: &str, request: &Request<Vec<u8>>) -> Answer {
        if card::is_card(path) {
            return card::serve(&*self.agent, &*self.platform, request).into();
        }
        if path.starts_with("/.well-known/") {
            return http_json::not_found(path);
        }
        let card = self.agent.card();
        let extensions = Extensions::of(request.headers(), &card);
        let call = self.call(request, card, extensions.activated.clone());
        let mut answer = match path {
            path if grpc::is_call(request) => grpc::serve(call, path, request).await,
            "/" | "" => json_rpc::serve(call, request).await,
            path => match v0_3::rest::below(path) {
                Some(path) => v0_3::rest::serve(call, path, request).await,
                None => http_json::serve(call, path, request).await,
            },
        };
        extensions.tell(answer.response.headers_mut());
        answer
    }

    /// Takes up a stored task whose run was lost or dispatched.
    ///
    /// # Errors
    /// When the log cannot be reached or the task cannot be read.
    pub async fn resume(&self, tenant: &str, task_id: &str) -> Result<(), String> {
        operation::resume(self.agent.clone(), self.platform.clone(), tenant, task_id).await
    }

    /// The body of a notification for a client that speaks a version older than the log's: 0.3 is sent
    /// the task as it stands (its section 9.5), where 1.0 is sent each event.
    ///
    /// # Errors
    /// When the version is none of these, the log cannot be reached or the task cannot be read.
    pub fn notification(
        &self,
        tenant: &str,
        task_id: &str,
        protocol_version: &str,
    ) -> Result<Vec<u8>, String> {
        if protocol_version != Version::V0_3.as_str() {
            return Err(format!(
                "notifications have no form of their own in version {protocol_version:?}"
            ));
        }
        let stored = self.platform.log(tenant).get(task_id);
        let task = fold(stored.map_err(|error| error.to_string())?);
        v0_3::notification(task.map_err(|error| error.to_string())?)
            .map_err(|error| error.to_string())
    }

    /// A public URL may have a path of its own, with or without a proxy that strips it.
    fn relative<'a>(&self, path: &'a str) -> &'a str {
        let Some(url) = self.platform.config("attache_public_url") else {
            return path;
        };
        let Ok(url) = url.parse::<http::Uri>() else {
            return path;
        };
        let prefix = url.path().trim_end_matches('/');
        match path.strip_prefix(prefix) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
            _ => path,
        }
    }

    fn call(
        &self,
        request: &Request<Vec<u8>>,
        card: AgentCard,
        extensions: Vec<String>,
    ) -> Call<A> {
        let last_event_id = request.headers().get("last-event-id");
        Call {
            agent: self.agent.clone(),
            platform: self.platform.clone(),
            version: Version::V1_0,
            card,
            extensions,
            last_event_id: last_event_id.and_then(|id| id.to_str().ok()?.trim().parse().ok()),
            baggage: baggage(request.headers()),
        }
    }
}

/// Several headers are one list. What is over the limit of the W3C is left out whole: half of it
/// would say something else.
fn baggage(headers: &HeaderMap) -> String {
    let lists = headers.get_all("baggage").into_iter();
    let lists: Vec<_> = lists.filter_map(|list| list.to_str().ok()).collect();
    let list = lists.join(",");
    if list.len() > MAX_BAGGAGE {
        return String::new();
    }
    list
}
