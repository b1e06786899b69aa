//! Scheme, host and port: how far a credential goes.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// An origin, such as `https://agent.example`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin(String);

impl Origin {
    /// The origin of an http or https URL.
    pub(crate) fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|why| format!("{why}; give https://HOST"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("give https://HOST, or http://HOST".to_owned());
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty() {
            return Err(format!("an origin has no path: give {}", Self::of(&url)));
        }
        Ok(Self::of(&url))
    }
}

/// A URL as it may be shown: without user, query and fragment, where secrets hide.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", Origin::of(url), url.path())
}

/// True for this machine's own addresses.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_one() {
        for (text, origin) in [
            ("https://A.example", Some("https://a.example")),
            ("https://a.example:443/", Some("https://a.example")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("https://a.example/path", None),
            ("https://user@a.example", None),
            ("a.example", None),
            ("ftp://a.example", None),
        ] {
            let parsed = Origin::from_str(text).ok().map(|origin| origin.to_string());
            assert_eq!(parsed.as_deref(), origin, "{text}");
        }
    }
}
