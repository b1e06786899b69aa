//! The way in: one HTTP request becomes one answer.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::LocalBoxStream;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};

use crate::agent::Agent;
use crate::binding::{JSON, http_json, json_response, json_rpc, v0_3};
use crate::error::{Error, ErrorKind};
use crate::operation::{self, Call};
use crate::platform::Platform;
use crate::version::Version;
use crate::{card, public_url};

/// Where clients look for the card (section 8.2).
const CARD_PATH: &str = "/.well-known/agent-card.json";
/// Long enough to spare a busy agent the question, short enough for a new version to be seen.
const CARD_CACHE: &str = "public, max-age=300";

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
pub fn too_large(limit: usize) -> Answer {
    http_json::error_response(&Error::new(
        ErrorKind::TooLarge,
        format!("The request body is over the limit of {limit} bytes."),
    ))
    .into()
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
        match path {
            CARD_PATH => self.card(&request),
            "/" | "" => json_rpc::serve(self.call(&request), &request).await,
            path if path.starts_with("/.well-known/") => http_json::not_found(path),
            path => match v0_3::rest::below(path) {
                Some(path) => v0_3::rest::serve(self.call(&request), path, &request).await,
                None => http_json::serve(self.call(&request), path, &request).await,
            },
        }
    }

    /// Takes up a stored task whose run was lost or dispatched.
    ///
    /// # Errors
    /// When the log cannot be reached or the task cannot be read.
    pub async fn resume(&self, tenant: &str, task_id: &str) -> Result<(), String> {
        operation::resume(self.agent.clone(), self.platform.clone(), tenant, task_id).await
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

    fn call(&self, request: &Request<Vec<u8>>) -> Call<A> {
        let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
        Call {
            agent: self.agent.clone(),
            platform: self.platform.clone(),
            version: Version::V1_0,
            card: self.agent.card(),
            // The second is its name in 0.3.
            extensions: ["a2a-extensions", "x-a2a-extensions"]
                .iter()
                .flat_map(|name| request.headers().get_all(*name))
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .map(|uri| uri.trim().to_owned())
                .filter(|uri| !uri.is_empty())
                .collect(),
            last_event_id: header("last-event-id").and_then(|id| id.trim().parse().ok()),
        }
    }

    fn card(&self, request: &Request<Vec<u8>>) -> Answer {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let error = Error::new(
                ErrorKind::MethodNotAllowed,
                format!("{CARD_PATH} takes GET, HEAD, not {}.", request.method()),
            );
            let mut response = http_json::error_response(&error);
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response.into();
        }
        match self.card_body(request) {
            Ok(body) => conditional(request, body).into(),
            Err(error) => http_json::error_response(&error).into(),
        }
    }

    fn card_body(&self, request: &Request<Vec<u8>>) -> Result<Vec<u8>, Error> {
        let base = public_url::resolve(&*self.platform, request)?;
        let card = self.agent.card();
        let faults = card::lint(&card);
        if !faults.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidAgentResponse,
                format!("The agent's card is not valid: {}.", faults.join("; ")),
            ));
        }
        serde_json::to_vec(&card::complete(card, &base)).map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                format!("The card cannot be printed: {error}."),
            )
        })
    }
}

fn conditional(request: &Request<Vec<u8>>, body: Vec<u8>) -> Response<Body> {
    let etag = card::etag(&body);
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok());
    let mut response = if known.is_some_and(|known| card::matches(known, &etag)) {
        let mut response = Response::new(Body::Full(Vec::new()));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        json_response(200, JSON, body)
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(CARD_CACHE));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    response
}
