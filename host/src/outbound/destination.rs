use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use http::Uri;

use super::policy::Refusal;

/// Where a request goes, spelled in one way only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) default_port: u16,
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
            Some("https") => 443,
            Some("http") => 80,
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

    /// What a user adds to the list to allow this.
    pub(super) fn suggestion(&self) -> String {
        if self.port == self.default_port {
            self.host.to_string()
        } else {
            self.to_string()
        }
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
