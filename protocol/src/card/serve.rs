//! The request for the public card (sections 8.2 and 8.6): who asks gets it, caches keep it.

use http::header::{ALLOW, CACHE_CONTROL, ETAG, HeaderName, HeaderValue, LAST_MODIFIED, VARY};
use http::{Method, Request, Response, StatusCode};

use super::complete::{add_0_3_interfaces, complete};
use super::conditional::{Validators, etag, moment};
use super::form::{CONFIG_CARD, Choice, Form};
use super::hybrid::hybrid;
use super::{require_valid, secure, sign};
use crate::agent::Agent;
use crate::binding::{JSON, http_json, json_response};
use crate::error::{Error, ErrorKind};
use crate::platform::Platform;
use crate::server::Body;
use crate::wire::AgentCard;
use crate::{public_url, version};

/// Where clients look for the card: since 0.3, and before.
const PATHS: [&str; 2] = ["/.well-known/agent-card.json", "/.well-known/agent.json"];
const VERBS: &str = "GET, HEAD, OPTIONS";
/// Long enough to spare a busy agent the question, short enough for a new version to be seen.
const CACHE: &str = "public, max-age=300";
/// When the agent was deployed, in seconds since the epoch. The engine cannot know: the host says it,
/// under Spin a variable. Without it the answer has no `Last-Modified`, since a date that changed with
/// every request would be worse than none; the entity tag always works.
const CONFIG_DEPLOYED_AT: &str = "attache_deployed_at";

/// True for a path of the card.
pub(crate) fn is_card(path: &str) -> bool {
    PATHS.contains(&path)
}

/// Answers a request for the card. The body of an answer to HEAD is left to the server underneath to
/// drop, which needs its length.
pub(crate) fn serve<A: Agent>(
    agent: &A,
    platform: &dyn Platform,
    request: &Request<Vec<u8>>,
) -> Response<Body> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let error = Error::new(
            ErrorKind::MethodNotAllowed,
            format!("The agent card takes {VERBS}, not {}.", request.method()),
        );
        let mut response = http_json::error_response(&error);
        insert(&mut response, ALLOW, VERBS);
        return response;
    }
    let configured = platform.config(CONFIG_CARD);
    let choice = Choice::of(configured.as_deref(), &version::requested(request));
    let mut response = match print(agent.card(), platform, request, choice.form) {
        Ok(printed) => conditional(platform, request, printed),
        Err(error) => http_json::error_response(&error),
    };
    if choice.negotiated {
        insert(&mut response, VARY, "A2A-Version");
    }
    response
}

struct Printed {
    body: Vec<u8>,
    etag: String,
}

fn print(
    card: AgentCard,
    platform: &dyn Platform,
    request: &Request<Vec<u8>>,
    form: Form,
) -> Result<Printed, Error> {
    let card = secure(card, platform)?;
    require_valid(&card, "The agent's card")?;
    let base = public_url::resolve(platform, request)?;
    let mut card = complete(card, &base, platform);
    if form == Form::Hybrid {
        add_0_3_interfaces(&mut card);
    }
    let to_bytes = |card: &AgentCard| {
        let printed = match form {
            Form::Pure => serde_json::to_vec(card),
            Form::Hybrid => serde_json::to_vec(&hybrid(card)),
        };
        printed.map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                format!("The card cannot be printed: {error}."),
            )
        })
    };
    let unsigned = to_bytes(&card)?;
    sign(&mut card, platform)?;
    if card.signatures.is_empty() {
        let etag = etag(&[&unsigned], false);
        return Ok(Printed {
            body: unsigned,
            etag,
        });
    }
    // An ECDSA signature is another one each time, and each instance of a service makes its own: the
    // tag covers what is signed and by which key, so that all of them agree.
    let mut parts = vec![unsigned.as_slice()];
    parts.extend(card.signatures.iter().map(|s| s.protected.as_bytes()));
    Ok(Printed {
        etag: etag(&parts, true),
        body: to_bytes(&card)?,
    })
}

fn conditional(
    platform: &dyn Platform,
    request: &Request<Vec<u8>>,
    Printed { body, etag }: Printed,
) -> Response<Body> {
    let deployed_at = platform
        .config(CONFIG_DEPLOYED_AT)
        .and_then(|seconds| seconds.trim().parse().ok());
    let validators = Validators {
        etag,
        last_modified: deployed_at.and_then(|seconds| moment(seconds, platform.now())),
    };
    let mut response = if validators.hold(request.headers()) {
        let mut response = Response::new(Body::Full(Vec::new()));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        json_response(200, JSON, body)
    };
    insert(&mut response, CACHE_CONTROL, CACHE);
    insert(&mut response, ETAG, &validators.etag);
    if let Some(date) = validators.last_modified {
        insert(&mut response, LAST_MODIFIED, &httpdate::fmt_http_date(date));
    }
    response
}

fn insert(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
