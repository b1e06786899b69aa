use std::net::IpAddr;

use http::Uri;
use thiserror::Error;

use super::address::{METADATA_NAMES, Reach, reach};
use super::destination::{Destination, Host, Place};
use super::{AllowList, Caller};

/// Decides which requests leave the process.
#[derive(Debug)]
pub(super) struct Policy {
    allow: AllowList,
    allow_private: bool,
    caller: Caller,
    /// The metadata server of this process, where it has a place of its own.
    metadata: Option<Place>,
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
    pub(super) fn new(
        allow: AllowList,
        allow_private: bool,
        caller: Caller,
        metadata: Option<Place>,
    ) -> Self {
        Self {
            allow,
            allow_private,
            caller,
            metadata,
        }
    }

    /// Judges what the URL says. Its names are judged again by what they resolve to.
    pub(super) fn check_url(&self, uri: &Uri) -> Result<Destination, Refusal> {
        let destination = Destination::of(uri)?;
        if let Host::Name(name) = &destination.host {
            Self::check_name(name, name)?;
            if self
                .metadata
                .as_ref()
                .is_some_and(|place| place.is(&destination))
            {
                return Err(Refusal::Metadata { host: name.clone() });
            }
        }
        if !self.allow.permits(&destination) {
            return Err(Refusal::NotAllowed {
                destination: destination.to_string(),
                suggestion: destination.suggestion(),
            });
        }
        if let Host::Address(address) = destination.host {
            self.check_address(&address.to_string(), address, destination.port)?;
        }
        Ok(destination)
    }

    /// Judges a name that `host` is, or is an alias of.
    pub(super) fn check_name(host: &str, name: &str) -> Result<(), Refusal> {
        if METADATA_NAMES.contains(&name) {
            return Err(Refusal::Metadata {
                host: host.to_owned(),
            });
        }
        Ok(())
    }

    /// Judges an address that `host` stands for, and its port.
    pub(super) fn check_address(
        &self,
        host: &str,
        address: IpAddr,
        port: u16,
    ) -> Result<(), Refusal> {
        let metadata = || Refusal::Metadata {
            host: host.to_owned(),
        };
        let place = self.metadata.as_ref();
        if place.is_some_and(|place| place.is_at(address, port)) {
            return Err(metadata());
        }
        match reach(address) {
            Reach::Metadata => Err(metadata()),
            Reach::Private(_) if self.allow.names(host, address, port) => Ok(()),
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
mod tests;
