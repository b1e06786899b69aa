use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use http::Uri;
use thiserror::Error;

use super::OutboundConfig;
use super::address::{Reach, reach};

/// The names under which clouds offer their credentials to whoever asks.
const METADATA_NAMES: [&str; 2] = ["metadata.google.internal", "metadata"];

/// Decides which requests leave the process.
#[derive(Debug)]
pub(super) struct Policy {
    allow: AllowList,
    allow_private: bool,
}

/// Why a request does not leave. The text names what would allow it.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub(super) enum Refusal {
    #[error(
        "{destination} is not on the list of allowed hosts; --allow-outbound {suggestion} \
         (ATTACHE_ALLOW_OUTBOUND) would allow it"
    )]
    NotAllowed {
        destination: String,
        suggestion: String,
    },
    #[error(
        "{host} has {kind}, {address}; --outbound-allow-private (ATTACHE_OUTBOUND_ALLOW_PRIVATE=1) \
         would allow it"
    )]
    PrivateAddress {
        host: String,
        address: IpAddr,
        kind: &'static str,
    },
    #[error("{host} is the metadata server of the cloud, which no component may reach")]
    Metadata { host: String },
    #[error("{0} is not a URL that a component may call: use http or https, a plain host, no user")]
    Malformed(String),
}

impl Policy {
    pub(super) fn new(config: OutboundConfig) -> Self {
        Self {
            allow: config.allow,
            allow_private: config.allow_private,
        }
    }

    /// Judges what the URL says. Its names are judged again by what they resolve to.
    pub(super) fn check_url(&self, uri: &Uri) -> Result<Destination, Refusal> {
        let destination = Destination::of(uri)?;
        if let Host::Name(name) = &destination.host
            && METADATA_NAMES.contains(&name.as_str())
        {
            return Err(Refusal::Metadata { host: name.clone() });
        }
        if !self.allow.permits(&destination) {
            return Err(Refusal::NotAllowed {
                destination: destination.to_string(),
                suggestion: destination.suggestion(),
            });
        }
        if let Host::Address(address) = destination.host {
            self.check_address(&address.to_string(), address)?;
        }
        Ok(destination)
    }

    /// Judges an address that `host` stands for.
    pub(super) fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Refusal> {
        match reach(address) {
            Reach::Metadata => Err(Refusal::Metadata {
                host: host.to_owned(),
            }),
            Reach::Private(kind) if !self.allow_private => Err(Refusal::PrivateAddress {
                host: host.to_owned(),
                address,
                kind,
            }),
            Reach::Private(_) | Reach::Public => Ok(()),
        }
    }
}

/// Where a request goes, spelled in one way only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    host: Host,
    port: u16,
    default_port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// Lower case, without the root's dot.
    Name(String),
    Address(IpAddr),
}

impl Destination {
    fn of(uri: &Uri) -> Result<Self, Refusal> {
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
    fn suggestion(&self) -> String {
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
    fn parse(text: &str) -> Option<Self> {
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

/// The hosts that a component may call. Empty, it permits none.
#[derive(Debug, Clone, Default)]
pub struct AllowList(Vec<Pattern>);

#[derive(Debug, Clone)]
struct Pattern {
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
            .map(Self)
    }

    fn permits(&self, destination: &Destination) -> bool {
        self.0.iter().any(|pattern| pattern.permits(destination))
    }
}

impl Pattern {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self {
                host: HostPattern::Any,
                port: PortPattern::Any,
            });
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

    fn permits(&self, destination: &Destination) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &str, allow_private: bool) -> Policy {
        Policy::new(OutboundConfig {
            allow: AllowList::parse(allow).unwrap(),
            allow_private,
        })
    }

    fn judge(policy: &Policy, url: &str) -> Result<(), Refusal> {
        policy.check_url(&url.parse().unwrap()).map(drop)
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        let refusal = judge(&policy("", false), "https://example.com/a?key=secret").unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "example.com:443 is not on the list of allowed hosts; --allow-outbound example.com \
             (ATTACHE_ALLOW_OUTBOUND) would allow it"
        );
    }

    #[test]
    fn entries_permit_exactly_what_they_say() {
        let list = policy(
            "example.com, *.internal.example:8443,api.test:*,[2606:4700::1]",
            false,
        );
        for url in [
            "https://example.com/",
            "http://EXAMPLE.com./",
            "https://a.internal.example:8443/",
            "https://a.b.internal.example:8443/",
            "http://api.test:9000/",
            "https://[2606:4700::1]/",
        ] {
            assert_eq!(judge(&list, url), Ok(()), "{url}");
        }
        for url in [
            "https://example.com:8443/",
            "https://sub.example.com/",
            "https://notexample.com/",
            "https://example.com.evil.test/",
            "https://internal.example:8443/",
            "https://a.internal.example/",
            "https://xinternal.example:8443/",
            "https://[2606:4700::2]/",
        ] {
            assert!(
                matches!(judge(&list, url), Err(Refusal::NotAllowed { .. })),
                "{url}"
            );
        }
    }

    #[test]
    fn spellings_that_hide_an_address_are_refused() {
        let all = policy("*", false);
        for url in [
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1.2/",
            "http://1.2.3.0x/",
            "http://good.example@127.0.0.1/",
            "http://user:pass@good.example/",
            "http://good.example:/",
            "http://a..b/",
            "ftp://good.example/",
        ] {
            assert!(judge(&all, url).is_err(), "{url}");
        }
        for url in [
            "http://127.0.0.1/",
            "http://127.0.0.1:8080/",
            "http://0.0.0.0/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[fd00::1]/",
            "http://10.0.0.1/",
            "http://192.168.0.1/",
            "http://100.64.0.1/",
        ] {
            assert!(
                matches!(judge(&all, url), Err(Refusal::PrivateAddress { .. })),
                "{url}"
            );
        }
    }

    #[test]
    fn private_addresses_can_be_allowed_but_the_metadata_server_cannot() {
        let all = policy("*", true);
        assert_eq!(judge(&all, "http://127.0.0.1:3000/"), Ok(()));
        assert_eq!(judge(&all, "http://[::1]:3000/"), Ok(()));
        for url in [
            "http://169.254.169.254/computeMetadata/v1/",
            "http://[::ffff:169.254.169.254]/",
            "http://metadata.google.internal/",
            "http://Metadata.Google.Internal./",
        ] {
            assert!(
                matches!(judge(&all, url), Err(Refusal::Metadata { .. })),
                "{url}"
            );
        }
    }

    #[test]
    fn a_list_with_a_bad_entry_names_it() {
        for entry in [
            "https://a.test",
            "a.test/path",
            "a.test:port",
            "*.",
            "a b",
            "*.10.0.0.1",
        ] {
            let error = AllowList::parse(&format!("good.test,{entry}")).unwrap_err();
            assert!(error.contains(entry), "{error}");
        }
    }
}
