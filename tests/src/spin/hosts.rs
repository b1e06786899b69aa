//! `allowed_outbound_hosts`: which addresses a component may call.
//!
//! The subset of Spin's patterns that an HTTP agent needs: a scheme or `*`, a host, `*` or
//! `*.domain`, a port or `*`. Spin's address ranges and port ranges are refused with a sentence
//! rather than half understood.

/// One allowed destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// None is any.
    scheme: Option<String>,
    host: HostPattern,
    /// None is any.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Any,
    /// With the leading dot.
    Below(String),
    /// The application itself, for requests without an authority.
    ItSelf,
    Exactly(String),
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let refuse = |reason: &str| format!("allowed_outbound_hosts: {text:?} {reason}");
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(|| {
            refuse("has no scheme; write for example \"https://example.com\" or \"*://*:*\"")
        })?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('/') {
            return Err(refuse("has a path or an address range; name a host only"));
        }
        let scheme = match scheme {
            "*" => None,
            name if !name.is_empty() && name.chars().all(char::is_alphabetic) => {
                Some(name.to_owned())
            }
            _ => return Err(refuse("has a scheme that is neither letters nor \"*\"")),
        };
        let (host, port) = split_port(rest);
        let port = match port {
            Some("*") => None,
            Some(port) => Some(
                port.parse()
                    .map_err(|_| refuse("has a port that is neither a number nor \"*\""))?,
            ),
            None => Some(
                scheme
                    .as_deref()
                    .and_then(default_port)
                    .ok_or_else(|| refuse("needs a port, since its scheme has no usual one"))?,
            ),
        };
        let host = match host {
            "" => return Err(refuse("has no host")),
            "*" => HostPattern::Any,
            "self" | "self.alt" => HostPattern::ItSelf,
            name => match name.strip_prefix("*.") {
                Some(domain) if !domain.contains('*') => HostPattern::Below(format!(".{domain}")),
                None if !name.contains('*') => HostPattern::Exactly(name.to_ascii_lowercase()),
                _ => return Err(refuse("has \"*\" elsewhere than as the first label")),
            },
        };
        Ok(Self { scheme, host, port })
    }

    /// True when a request to this absolute URI may leave.
    pub(crate) fn allows(&self, uri: &http::Uri) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return false;
        };
        let host = host.to_ascii_lowercase();
        self.scheme.as_deref().is_none_or(|only| only == scheme)
            && match &self.host {
                HostPattern::Any => true,
                HostPattern::Below(suffix) => host.ends_with(suffix),
                HostPattern::ItSelf => false,
                HostPattern::Exactly(only) => *only == host,
            }
            && self
                .port
                .is_none_or(|only| uri.port_u16().or_else(|| default_port(scheme)) == Some(only))
    }

    /// True when a request without an authority may go to the application itself.
    pub(crate) fn allows_self(&self) -> bool {
        matches!(self.host, HostPattern::Any | HostPattern::ItSelf)
            && self
                .scheme
                .as_deref()
                .is_none_or(|only| matches!(only, "http" | "https"))
    }
}

/// Splits at the last colon that is not inside an IPv6 address.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pattern: &str, uri: &str) -> bool {
        Pattern::parse(pattern)
            .unwrap()
            .allows(&uri.parse().unwrap())
    }

    #[test]
    fn a_host_is_allowed_on_the_port_of_its_scheme() {
        assert!(allowed("https://example.com", "https://example.com/a?b"));
        assert!(allowed("https://example.com", "https://Example.com:443/"));
        assert!(!allowed("https://example.com", "https://example.com:8443/"));
        assert!(!allowed("https://example.com", "http://example.com/"));
        assert!(!allowed("https://example.com", "https://a.example.com/"));
    }

    #[test]
    fn wildcards_stand_for_schemes_hosts_and_ports() {
        assert!(allowed("*://*:*", "http://10.0.0.1:1234/"));
        assert!(allowed("https://*.example.com", "https://a.b.example.com/"));
        assert!(!allowed("https://*.example.com", "https://example.com/"));
        assert!(allowed("http://127.0.0.1:*", "http://127.0.0.1:4000/"));
        assert!(allowed("http://[::1]:80", "http://[::1]/"));
    }

    #[test]
    fn the_application_itself_is_another_thing_than_a_host_of_that_name() {
        let pattern = Pattern::parse("http://self").unwrap();
        assert!(pattern.allows_self());
        assert!(!pattern.allows(&"http://self/".parse().unwrap()));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_text() {
        for text in [
            "example.com",
            "https://",
            "https://a/b",
            "tcp://a",
            "https://a.*.b",
            "*://a",
        ] {
            let error = Pattern::parse(text).unwrap_err();
            assert!(error.contains(text), "{error}");
        }
    }
}
