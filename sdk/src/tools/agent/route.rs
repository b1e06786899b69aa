//! The agents that a request came through, so that agents that call each other come to an end.
//!
//! It travels in the `baggage` header of the W3C, which intermediaries pass on: `a2a-depth` counts the
//! agents, `a2a-via` lists where they are. Nothing else of a caller's baggage is passed on.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::Context;

const DEPTH: &str = "a2a-depth";
const VIA: &str = "a2a-via";
/// How many agents may call each other in a row, where the deployment does not say.
const MAX_DEPTH: u32 = 4;
/// The longest list of agents, in characters. The depth holds where it does not.
const MAX_VIA: usize = 4000;

/// The way of a request to this agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Route {
    depth: u32,
    via: Vec<String>,
    /// Where this agent is, if it knows.
    own: Option<String>,
    max_depth: u32,
}

impl Route {
    pub(crate) fn of(context: &Context) -> Self {
        let max_depth = context.config("a2a_max_depth");
        Self {
            own: context.config("attache_public_url").map(|url| base(&url)),
            max_depth: max_depth
                .and_then(|max| max.trim().parse().ok())
                .unwrap_or(MAX_DEPTH),
            ..Self::read(context.baggage())
        }
    }

    fn read(baggage: &str) -> Self {
        let mut route = Self::default();
        for entry in baggage.split(',') {
            // What follows a semicolon is said about the entry.
            let entry = entry.split(';').next().unwrap_or_default();
            let Some((key, value)) = entry.split_once('=') else {
                continue;
            };
            match key.trim() {
                DEPTH => route.depth = route.depth.max(value.trim().parse().unwrap_or(0)),
                VIA => {
                    let value = percent_decode_str(value.trim()).decode_utf8_lossy();
                    route
                        .via
                        .extend(value.split_whitespace().map(str::to_owned));
                }
                _ => {}
            }
        }
        route
    }

    /// The `baggage` of a request to the agent at `target`; the error is why there may be none.
    pub(super) fn baggage_to(&self, target: &str) -> Result<String, String> {
        let depth = self.depth.saturating_add(1);
        if depth > self.max_depth {
            return Err(format!(
                "No further agent may be asked: {} agents have already called each other for this \
                 request, and the limit is {} (a2a_max_depth).",
                self.depth, self.max_depth
            ));
        }
        let goes_round = self
            .via
            .iter()
            .chain(&self.own)
            .any(|passed| passed == target);
        if goes_round {
            return Err(format!(
                "The agent at {target} may not be asked: this request came through it, so agents \
                 would call each other in a circle."
            ));
        }
        let mut via: Vec<_> = self
            .via
            .iter()
            .chain(&self.own)
            .map(String::as_str)
            .collect();
        via.dedup();
        via.push(target);
        let via = via.join(" ");
        let mut baggage = format!("{DEPTH}={depth}");
        if via.len() <= MAX_VIA {
            let via = utf8_percent_encode(&via, NON_ALPHANUMERIC);
            baggage.push_str(&format!(",{VIA}={via}"));
        }
        Ok(baggage)
    }
}

/// Where an agent is: the URL of its card without what all cards have in common.
pub(super) fn base(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let url = url.split("/.well-known/").next().unwrap_or_default();
    url.trim_end_matches('/').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(own: &str, baggage: &str) -> Route {
        Route {
            own: Some(base(own)),
            max_depth: 4,
            ..Route::read(baggage)
        }
    }

    #[test]
    fn a_circle_is_found() {
        let to_b = at("https://a.example/", "")
            .baggage_to("https://b.example")
            .unwrap();
        let to_c = at("https://b.example", &to_b)
            .baggage_to("https://c.example/agent")
            .unwrap();
        assert!(
            to_c.starts_with("a2a-depth=2,a2a-via=https%3A%2F%2Fa"),
            "{to_c}"
        );
        let c = at("https://c.example/agent", &format!("x=y, {to_c}"));
        for passed in [
            "https://a.example",
            "https://b.example",
            "https://c.example/agent",
        ] {
            let why = c.baggage_to(passed).unwrap_err();
            assert!(why.contains("circle"), "{why}");
        }
        assert!(c.baggage_to("https://d.example").is_ok());
    }

    #[test]
    fn the_depth_is_limited_whatever_the_list_says() {
        let route = at("https://e.example", "a2a-depth=4;ttl=1,a2a-depth=1");
        let why = route.baggage_to("https://f.example").unwrap_err();
        assert!(why.contains("the limit is 4"), "{why}");
        for nonsense in ["", "a2a-depth", "a2a-depth=x", "a2a-via=%", ",,;="] {
            assert!(
                at("https://e.example", nonsense)
                    .baggage_to("https://f.example")
                    .is_ok()
            );
        }
    }

    #[test]
    fn an_agent_has_one_base() {
        for url in [
            "https://A.example/x/.well-known/agent-card.json?y=z",
            "https://a.example/x/",
            "https://a.example/x",
        ] {
            assert_eq!(base(url), "https://a.example/x");
        }
    }
}
