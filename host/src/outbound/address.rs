//! Which addresses a component may reach: those of the public internet and no others.

mod embedded;
mod metadata;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use embedded::Embedded;
pub(super) use metadata::NAMES as METADATA_NAMES;

/// How an address is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Public,
    /// Reached only when private addresses are allowed; the text says what it is.
    Private(&'static str),
    /// Never reached: it hands out the service's credentials.
    Metadata,
}

impl Reach {
    /// The stricter of two judgements.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Metadata, _) | (_, Self::Metadata) => Self::Metadata,
            (Self::Private(what), _) | (_, Self::Private(what)) => Self::Private(what),
            (Self::Public, Self::Public) => Self::Public,
        }
    }
}

pub(super) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    if metadata::is_v4(address) {
        return Reach::Metadata;
    }
    match address.octets() {
        [0, ..] => Reach::Private("an unspecified address"),
        [127, ..] => Reach::Private("a loopback address"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Reach::Private("a private address"),
        [100, 64..=127, ..] => Reach::Private("a carrier's private address"),
        [169, 254, ..] => Reach::Private("a link-local address"),
        [192, 0, 0, _] | [192, 31, 196, _] | [192, 52, 193, _] | [192, 88, 99, _] => {
            Reach::Private("a reserved address")
        }
        [192, 175, 48, _] | [198, 18..=19, ..] => Reach::Private("a reserved address"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Reach::Private("a documentation address")
        }
        [224..=239, ..] => Reach::Private("a multicast address"),
        [240..=255, ..] => Reach::Private("a reserved address"),
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    match embedded::in_v6(address) {
        Embedded::Is(inner) => reach_v4(inner),
        Embedded::May(inner) => inner
            .into_iter()
            .map(reach_v4)
            // That one of several readings is an ordinary private address says nothing.
            .filter(|inner| *inner == Reach::Metadata)
            .fold(plain_v6(address), Reach::and),
        Embedded::Tunnel(inner) => inner
            .into_iter()
            .map(reach_v4)
            .fold(plain_v6(address), Reach::and),
        Embedded::No => plain_v6(address),
    }
}

fn plain_v6(address: Ipv6Addr) -> Reach {
    if metadata::is_v6(address) {
        return Reach::Metadata;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private("a loopback address"),
        [0, 0, 0, 0, 0, 0, 0, 0] => Reach::Private("an unspecified address"),
        [0x64, 0xff9b, 1, ..] => Reach::Private("a private translation address"),
        [0x100, 0, 0, 0 | 1, ..] => Reach::Private("a discard address"),
        [0xfc00..=0xfdff, ..] => Reach::Private("a private address"),
        [0xfe80..=0xfebf, ..] => Reach::Private("a link-local address"),
        [0xfec0..=0xfeff, ..] => Reach::Private("a site-local address"),
        [0xff00..=0xffff, ..] => Reach::Private("a multicast address"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Reach::Private("a documentation address"),
        [0x2001, 0, ..] | [0x2002, ..] => Reach::Private("a tunnel's address"),
        [0x2001, 0..=0x01ff, ..] => Reach::Private("a reserved address"),
        // Whatever lies outside global unicast is not the public internet.
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Private("a reserved address"),
    }
}

#[cfg(test)]
mod tests;
