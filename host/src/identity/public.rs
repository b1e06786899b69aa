use http::Method;
use http::header::ACCESS_CONTROL_REQUEST_METHOD;
use http::request::Parts;

use crate::paths::{self, Base};

/// What anybody may ask for: the agent card, without which nobody would know how to authenticate, and
/// whether a page may ask at all, which browsers do without credentials.
pub(super) struct Public {
    base: Base,
}

impl Public {
    pub(super) fn new(public_url: Option<&str>) -> Self {
        Self {
            base: Base::of(public_url),
        }
    }

    pub(super) fn has(&self, head: &Parts) -> bool {
        match head.method {
            Method::OPTIONS => head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD),
            Method::GET | Method::HEAD => paths::is_card(self.base.strip(head.uri.path())),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn the_card_is_public_and_nothing_that_looks_like_it() {
        let public = Public::new(Some("https://a.example/team/"));
        let has = |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path);
            public.has(&request.body(()).unwrap().into_parts().0)
        };
        for path in [
            "/.well-known/agent-card.json",
            "/.well-known/agent.json?x=1",
            "/team/.well-known/agent-card.json",
            "/agents/one/.well-known/agent-card.json",
            "/team/agents/one/.well-known/agent.json",
        ] {
            assert!(has("GET", path) && has("HEAD", path), "{path}");
            assert!(!has("POST", path) && !has("OPTIONS", path), "{path}");
        }
        for path in [
            "/",
            "/.well-known/jwks.json",
            "/.well-known/agent-card.json/",
            "/other/.well-known/agent-card.json",
            "/agents/one/two/.well-known/agent-card.json",
            "/v1/card",
            "/extendedAgentCard",
        ] {
            assert!(!has("GET", path), "{path}");
        }
    }

    #[test]
    fn browsers_may_ask_first() {
        let request = Request::options("/").header("access-control-request-method", "POST");
        let (head, ()) = request.body(()).unwrap().into_parts();
        assert!(Public::new(None).has(&head));
    }
}
