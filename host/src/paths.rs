//! Paths that the host itself has to know, among all those that are the agents' own.

/// Where an agent's card is: of 1.0, and of 0.3.
pub(crate) const CARDS: [&str; 2] = ["/.well-known/agent-card.json", "/.well-known/agent.json"];
/// Where the inspector is, when it is served.
pub(crate) const INSPECTOR: &str = "/inspector";
/// Where a named agent is.
pub(crate) const AGENTS: &str = "/agents/";

/// True for the agent card of an agent at the root, or of a named one.
pub(crate) fn is_card(path: &str) -> bool {
    let path = agent(path).map_or(path, |(_, rest)| rest);
    CARDS.contains(&path)
}

/// The agent that a path names, and what follows.
pub(crate) fn agent(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix(AGENTS)?;
    let end = path.find('/').unwrap_or(path.len());
    Some(path.split_at(end))
}

/// True for names and addresses of this machine that only it can be called by.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let address = host.parse::<std::net::IpAddr>();
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address| address.is_loopback())
}

/// The path of the public URL, which a proxy in front may or may not strip.
#[derive(Debug, Clone, Default)]
pub(crate) struct Base(String);

impl Base {
    pub(crate) fn of(public_url: Option<&str>) -> Self {
        let url = public_url.and_then(|url| url.parse::<http::Uri>().ok());
        let path = url.map(|url| url.path().trim_end_matches('/').to_owned());
        Self(path.unwrap_or_default())
    }

    /// A path without it.
    pub(crate) fn strip<'a>(&self, path: &'a str) -> &'a str {
        match path.strip_prefix(self.0.as_str()) {
            Some(rest) if rest.starts_with('/') => rest,
            _ => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_one_of_any_agent() {
        for path in [
            "/.well-known/agent-card.json",
            "/.well-known/agent.json",
            "/agents/one/.well-known/agent-card.json",
        ] {
            assert!(is_card(path), "{path}");
        }
        for path in [
            "/.well-known/jwks.json",
            "/.well-known/agent-card.json/",
            "/other/.well-known/agent-card.json",
            "/agents/one/two/.well-known/agent-card.json",
            "/agents/.well-known/agent.json",
        ] {
            assert!(!is_card(path), "{path}");
        }
    }

    #[test]
    fn this_machine_has_names_of_its_own() {
        for host in [
            "localhost",
            "a.LOCALHOST",
            "127.0.0.1",
            "127.8.0.1",
            "[::1]",
        ] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "example.com",
            "localhost.example.com",
            "10.0.0.1",
            "0.0.0.0",
            "",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn the_path_of_the_public_url_is_stripped_where_it_is() {
        let base = Base::of(Some("https://example.com/team/"));
        assert_eq!(base.strip("/team/agents/a/x"), "/agents/a/x");
        assert_eq!(base.strip("/agents/a/x"), "/agents/a/x");
        assert_eq!(base.strip("/teams/a"), "/teams/a");
        assert_eq!(Base::of(None).strip("/a"), "/a");
        assert_eq!(agent("/agents/a"), Some(("a", "")));
        assert_eq!(agent("/agents/a/x"), Some(("a", "/x")));
        assert_eq!(agent("/agent/a"), None);
    }
}
