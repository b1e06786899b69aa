use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use http::Uri;

use super::policy::Refusal;

const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// Where a request goes, spelled in one way only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) default_port: u16,
}

/// A host and a port, in the same spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// Lower case, without the root's dot.
    Name(String),
    Address(IpAddr),
}

impl Destination {
    pub(super) fn of(uri: &Uri) -> Result<Self, Refusal> {
        // Neither path nor user is repeated: both may carry secrets.
        let malformed = || Refusal::Malformed(uri.host().unwrap_or("an empty host").to_owned());
        let default_port = match uri.scheme_str() {
            Some("https") => HTTPS,
            Some("http") => HTTP,
            _ => return Err(malformed()),
        };
        let authority = uri.authority().ok_or_else(malformed)?;
        if authority.as_str().contains('@') {
            return Err(malformed());
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // "host:" has a colon and no port.
            None if authority.as_str().ends_with(':') => return Err(malformed()),
            None => default_port,
        };
        let host = Host::parse(authority.host()).ok_or_else(malformed)?;
        Ok(Self {
            host,
            port,
            default_port,
        })
    }

    /// True for https.
    pub(super) fn is_encrypted(&self) -> bool {
        self.default_port == HTTPS
    }

    /// The scheme, the host and, where it is not the scheme's own, the port.
    pub(super) fn origin(&self) -> String {
        let scheme = if self.is_encrypted() { "https" } else { "http" };
        format!("{scheme}://{}", self.suggestion())
    }

    /// What a user adds to the list to allow this.
    pub(super) fn suggestion(&self) -> String {
        if self.port == self.default_port {
            self.host.to_string()
        } else {
            self.to_string()
        }
    }
}

impl Place {
    /// `host[:port]` of a server that speaks http.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let destination = Destination::of(&format!("http://{text}/").parse().ok()?).ok()?;
        Some(Self {
            host: destination.host,
            port: destination.port,
        })
    }

    pub(super) fn of(destination: &Destination) -> Self {
        Self {
            host: destination.host.clone(),
            port: destination.port,
        }
    }

    /// Whether it is meant by this name, or by this address where it has no name.
    pub(super) fn is_called(&self, host: &str, address: IpAddr, port: u16) -> bool {
        let is_host = match &self.host {
            Host::Name(name) => name == host,
            Host::Address(own) => *own == address && host == address.to_string(),
        };
        is_host && self.port == port
    }

    pub(super) fn is(&self, destination: &Destination) -> bool {
        self.host == destination.host && self.port == destination.port
    }

    /// Whether a connection to this address and port ends here. This machine has many addresses.
    pub(super) fn is_at(&self, address: IpAddr, port: u16) -> bool {
        let Host::Address(own) = self.host else {
            return false;
        };
        let (own, address) = (own.to_canonical(), address.to_canonical());
        let here = |address: IpAddr| address.is_loopback() || address.is_unspecified();
        self.port == port && (own == address || (here(own) && here(address)))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl Host {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            return inner
                .strip_suffix(']')?
                .parse()
                .ok()
                .map(|v6| Self::Address(IpAddr::V6(v6)));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        let well_formed = !name.is_empty()
            && name.len() <= 253
            && name.bytes().all(plain)
            && name
                .split('.')
                .all(|label| !label.is_empty() && label.len() <= 63);
        // 127.1, 0x7f.0.0.1 and 2130706433 are addresses to some resolvers and names to others.
        (well_formed && !ends_in_number(&name)).then_some(Self::Name(name))
    }
}

fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.bytes().all(|b| b.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}
