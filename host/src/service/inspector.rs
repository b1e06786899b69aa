//! The inspector: a page for whoever writes an agent. It shows the agents of this process, talks to
//! them, and shows what goes over the wire.
//!
//! The page has no rights of its own. It asks the agents as any client would, and the browser asks
//! them nothing that the page's own files do not say: there is no script but these, nothing is loaded
//! from elsewhere, no other page may frame it. It is off unless it is asked for.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, FORWARDED, HOST, LOCATION,
    REFERRER_POLICY, VIA, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use serde_json::json;

use super::answer::{Answer, of_json, to_read};
use super::reply::ReplyBody;
use crate::agent::{AgentName, Roster};
use crate::config::InspectorAccess;
use crate::paths;

/// Which agents there are. Unlike the page, it is for those alone who may ask them.
const AGENTS: &str = "agents.json";

/// What the browser lets the page do.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// What a proxy adds to a request. On this machine's own there is none of it.
const OF_PROXIES: [HeaderName; 4] = [
    FORWARDED,
    VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
];

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

struct File {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
}

macro_rules! files {
    ($($media_type:ident: $($name:literal)+;)+) => {
        &[$($(File {
            name: $name,
            media_type: $media_type,
            text: include_str!(concat!("../../inspector/", $name)),
        },)+)+]
    };
}

const ICON: &str = "image/svg+xml";
const FILES: &[File] = files! {
    HTML: "index.html";
    ICON: "icon.svg";
    STYLE: "look.css" "content.css";
    SCRIPT: "agent.js" "card.js" "chat.js" "dom.js" "events.js" "inspector.js" "markdown.js" "parts.js"
        "table.js" "task_view.js" "tasks.js" "time.js" "wire.js" "wire_view.js" "work.js";
};

/// Serves the page, if it is to be served.
pub(super) struct Inspector(Option<InspectorAccess>);

impl Inspector {
    pub(super) fn new(access: Option<InspectorAccess>) -> Self {
        Self(access)
    }

    /// What follows the prefix, when the request is for the inspector. Without one, every path is the
    /// agents'.
    fn path<'a>(&self, path: &'a str) -> Option<&'a str> {
        self.0?;
        let rest = path.strip_prefix(paths::INSPECTOR)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    /// Answers for the page and its parts, whoever asks. None when the request is not for them.
    pub(super) fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        client: IpAddr,
    ) -> Option<Result<Response<ReplyBody>, Answer>> {
        let path = self.path(uri.path())?;
        if self.0 == Some(InspectorAccess::ThisMachine) && !is_from_here(uri, headers, client) {
            return Some(Err(Answer::NotThisMachine));
        }
        let name = match path {
            "" => return Some(to_read(method, moved())),
            "/" => "index.html",
            path => path.trim_start_matches('/'),
        };
        if name == AGENTS {
            return None;
        }
        let Some(file) = FILES.iter().find(|file| file.name == name) else {
            return Some(Err(Answer::NoSuchPage));
        };
        let content = Bytes::from_static(file.text.as_bytes());
        let mut response = Response::new(ReplyBody::of_bytes(content));
        let media_type = HeaderValue::from_static(file.media_type);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        protect(response.headers_mut());
        Some(to_read(method, response))
    }

    /// Names the agents to a caller who is admitted. None when the request is not for that.
    pub(super) fn agents(
        &self,
        head: &Parts,
        roster: &Roster,
    ) -> Option<Result<Response<ReplyBody>, Answer>> {
        let path = self.path(head.uri.path())?;
        if path.strip_prefix('/') != Some(AGENTS) {
            return None;
        }
        let agents: Vec<_> = match roster.at_host(head) {
            // Its host is its own, and every path there.
            Some(slot) => vec![json!({ "name": slot.name().map(AgentName::as_str), "path": "" })],
            None => {
                let slots = roster.slots().iter();
                let agents = slots.map(|slot| match slot.name() {
                    Some(name) => {
                        json!({ "name": name.as_str(), "path": format!("agents/{name}/") })
                    }
                    None => json!({ "name": null, "path": "" }),
                });
                agents.collect()
            }
        };
        let mut response = of_json(json!({ "agents": agents }));
        protect(response.headers_mut());
        Some(to_read(&head.method, response))
    }
}

/// A name that somebody else made to mean this machine, or a proxy on it, is no sign of its user.
fn is_from_here(uri: &Uri, headers: &HeaderMap, client: IpAddr) -> bool {
    let named = match uri.authority() {
        Some(authority) => Some(authority.clone()),
        None => headers
            .get(HOST)
            .and_then(|host| host.to_str().ok()?.parse().ok()),
    };
    client.is_loopback()
        && named.is_some_and(|named| paths::is_this_machine(named.host()))
        && !OF_PROXIES.iter().any(|name| headers.contains_key(name))
}

/// To the page, whose parts are found beside it.
fn moved() -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::of_bytes(Bytes::new()));
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let place = HeaderValue::from_static("inspector/");
    response.headers_mut().insert(LOCATION, place);
    protect(response.headers_mut());
    response
}

fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        // Another build of the host has other files under the same names.
        (CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
