use std::net::IpAddr;

use http::Uri;
use thiserror::Error;

use super::address::{Reach, reach};
use super::destination::{Destination, Host};
use super::{AllowList, Caller, OutboundConfig};

/// The names under which clouds offer their credentials to whoever asks.
const METADATA_NAMES: [&str; 2] = ["metadata.google.internal", "metadata"];

/// Decides which requests leave the process.
#[derive(Debug)]
pub(super) struct Policy {
    allow: AllowList,
    allow_private: bool,
    caller: Caller,
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
        "{host} has {kind}, {address}; {} would allow it",
        match caller {
            Caller::Component => "--outbound-allow-private (ATTACHE_OUTBOUND_ALLOW_PRIVATE=1)",
            Caller::Webhooks => "--push-allow-private (ATTACHE_PUSH_ALLOW_PRIVATE=1)",
        }
    )]
    PrivateAddress {
        caller: Caller,
        host: String,
        address: IpAddr,
        kind: &'static str,
    },
    #[error("{host} is the metadata server of the cloud, which nothing may reach from here")]
    Metadata { host: String },
    #[error("{0} is not in a URL that may be called: use http or https, a plain host, no user")]
    Malformed(String),
}

impl Policy {
    pub(super) fn new(config: OutboundConfig) -> Self {
        Self {
            allow: config.allow,
            allow_private: config.allow_private,
            caller: config.caller,
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
                caller: self.caller,
                host: host.to_owned(),
                address,
                kind,
            }),
            Reach::Private(_) | Reach::Public => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &str, allow_private: bool) -> Policy {
        Policy::new(OutboundConfig {
            allow: AllowList::parse(allow).unwrap(),
            allow_private,
            caller: Caller::Component,
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
