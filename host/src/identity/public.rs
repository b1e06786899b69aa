use http::Method;
use http::header::ACCESS_CONTROL_REQUEST_METHOD;
use http::request::Parts;

const CARDS: [&str; 2] = ["/.well-known/agent-card.json", "/.well-known/agent.json"];

/// What anybody may ask for: the agent card, without which nobody would know how to authenticate, and
/// whether a page may ask at all, which browsers do without credentials.
pub(super) struct Public {
    /// The path of the public URL, which a proxy may or may not strip.
    prefix: String,
}

impl Public {
    pub(super) fn new(public_url: Option<&str>) -> Self {
        let url = public_url.and_then(|url| url.parse::<http::Uri>().ok());
        let path = url.map(|url| url.path().trim_end_matches('/').to_owned());
        Self {
            prefix: path.unwrap_or_default(),
        }
    }

    pub(super) fn has(&self, head: &Parts) -> bool {
        match head.method {
            Method::OPTIONS => head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD),
            Method::GET | Method::HEAD => self.is_card(head.uri.path()),
            _ => false,
        }
    }

    fn is_card(&self, path: &str) -> bool {
        let path = path.strip_prefix(self.prefix.as_str()).unwrap_or(path);
        CARDS.contains(&below_agent(path).unwrap_or(path))
    }
}

/// What follows `/agents/NAME`, where several agents are served.
fn below_agent(path: &str) -> Option<&str> {
    let path = path.strip_prefix("/agents/")?;
    let (name, _) = path.split_once('/')?;
    path.strip_prefix(name)
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
