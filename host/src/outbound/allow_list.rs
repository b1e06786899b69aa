use std::net::IpAddr;

use super::destination::{Destination, Host, Place};

/// The hosts that a component may call. Empty, it permits none.
#[derive(Debug, Clone, Default)]
pub struct AllowList {
    listed: Vec<Pattern>,
    /// Places that the operator named by URL. These may be private.
    named: Vec<Place>,
}

/// A host, or hosts, with a port.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    host: HostPattern,
    port: PortPattern,
}

#[derive(Debug, Clone)]
enum HostPattern {
    Any,
    Exactly(Host),
    /// Names below this one, and not itself.
    Below(String),
}

#[derive(Debug, Clone, Copy)]
enum PortPattern {
    /// 443 for https and 80 for http.
    OfScheme,
    Any,
    Exactly(u16),
}

impl AllowList {
    /// Reads a list separated by commas: `host`, `host:port`, `host:*`, `*.example.com`, `*`.
    ///
    /// # Errors
    /// A clause that says which entry is wrong and what an entry looks like.
    pub fn parse(list: &str) -> Result<Self, String> {
        list.split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                Pattern::parse(entry).ok_or_else(|| {
                    format!(
                        "{entry:?} is not host, host:port, *.example.com or *, without a scheme \
                         and a path"
                    )
                })
            })
            .collect::<Result<_, _>>()
            .map(Self::of)
    }

    /// Every host, on every port.
    #[must_use]
    pub fn everything() -> Self {
        Self::of(vec![Pattern::EVERYTHING])
    }

    fn of(listed: Vec<Pattern>) -> Self {
        let named = Vec::new();
        Self { listed, named }
    }

    /// Adds the place that a URL of the operator's names, private or not. None when it names none.
    pub fn add_named(&mut self, origin: &str) -> Option<()> {
        let destination = Destination::of(&format!("{origin}/").parse().ok()?).ok()?;
        self.named.push(Place::of(&destination));
        Some(())
    }

    /// Whether the operator named this very place.
    pub(super) fn names(&self, host: &str, address: IpAddr, port: u16) -> bool {
        let mut named = self.named.iter();
        named.any(|place| place.is_called(host, address, port))
    }

    pub(super) fn permits(&self, destination: &Destination) -> bool {
        let mut listed = self.listed.iter();
        listed.any(|pattern| pattern.permits(destination))
            || self.named.iter().any(|place| place.is(destination))
    }
}

impl Pattern {
    const EVERYTHING: Self = Self {
        host: HostPattern::Any,
        port: PortPattern::Any,
    };

    pub(super) fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::EVERYTHING);
        }
        let (host, port) = match entry.rsplit_once(':') {
            // The colon belongs to a bare IPv6 address in brackets.
            Some((_, rest)) if rest.ends_with(']') => (entry, PortPattern::OfScheme),
            Some((host, "*")) => (host, PortPattern::Any),
            Some((host, port)) => (host, PortPattern::Exactly(port.parse().ok()?)),
            None => (entry, PortPattern::OfScheme),
        };
        let host = match host.strip_prefix("*.") {
            Some(parent) => match Host::parse(parent)? {
                Host::Name(name) => HostPattern::Below(name),
                Host::Address(_) => return None,
            },
            None if host == "*" => HostPattern::Any,
            None => HostPattern::Exactly(Host::parse(host)?),
        };
        Some(Self { host, port })
    }

    /// The host, where it is one alone.
    pub(super) fn host(&self) -> Option<&Host> {
        match &self.host {
            HostPattern::Exactly(host) => Some(host),
            HostPattern::Any | HostPattern::Below(_) => None,
        }
    }

    /// Whether it spans what nobody owns alone: every host, or all names below a top-level domain.
    pub(super) fn is_for_strangers(&self) -> bool {
        match &self.host {
            HostPattern::Any => true,
            HostPattern::Below(parent) => !parent.contains('.'),
            HostPattern::Exactly(_) => false,
        }
    }

    pub(super) fn permits(&self, destination: &Destination) -> bool {
        let host = match (&self.host, &destination.host) {
            (HostPattern::Any, _) => true,
            (HostPattern::Exactly(allowed), host) => allowed == host,
            (HostPattern::Below(parent), Host::Name(name)) => name
                .strip_suffix(parent)
                .is_some_and(|rest| rest.ends_with('.')),
            (HostPattern::Below(_), Host::Address(_)) => false,
        };
        let port = match self.port {
            PortPattern::OfScheme => destination.port == destination.default_port,
            PortPattern::Any => true,
            PortPattern::Exactly(port) => destination.port == port,
        };
        host && port
    }
}
