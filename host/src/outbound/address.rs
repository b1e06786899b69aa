//! Which addresses a component may reach: those of the public internet and no others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How an address is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Public,
    /// Reached only when private addresses are allowed; the text says what it is.
    Private(&'static str),
    /// Never reached: it hands out the service's credentials.
    Metadata,
}

pub(super) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let octets = address.octets();
    match octets {
        [169, 254, 169, 254] => Reach::Metadata,
        [0, ..] => Reach::Private("an unspecified address"),
        [127, ..] => Reach::Private("a loopback address"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Reach::Private("a private address"),
        [100, 64..=127, ..] => Reach::Private("a carrier's private address"),
        [169, 254, ..] => Reach::Private("a link-local address"),
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] => {
            Reach::Private("a reserved address")
        }
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Reach::Private("a documentation address")
        }
        [224..=239, ..] => Reach::Private("a multicast address"),
        [240..=255, ..] => Reach::Private("a reserved address"),
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if let Some(inner) = embedded_v4(address) {
        return reach_v4(inner);
    }
    let segments = address.segments();
    match segments {
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Reach::Metadata,
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private("a loopback address"),
        [0, 0, 0, 0, 0, 0, 0, 0] => Reach::Private("an unspecified address"),
        [0x64, 0xff9b, 1, ..] => Reach::Private("a private translation address"),
        [0x100, 0, 0, 0, ..] => Reach::Private("a discard address"),
        [0xfc00..=0xfdff, ..] => Reach::Private("a private address"),
        [0xfe80..=0xfebf, ..] => Reach::Private("a link-local address"),
        [0xfec0..=0xfeff, ..] => Reach::Private("a site-local address"),
        [0xff00..=0xffff, ..] => Reach::Private("a multicast address"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Reach::Private("a documentation address"),
        [0x2001, 0..=0x01ff, ..] => Reach::Private("a reserved address"),
        // Whatever lies outside global unicast is not the public internet.
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Private("a reserved address"),
    }
}

/// The IPv4 address that packets to this IPv6 address end up at, by mapping or translation.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        // ::ffff:a.b.c.d and its translated form; `::a.b.c.d`, but for `::` and `::1`.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            Some(from(high, low))
        }
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => Some(from(high, low)),
        // NAT64 and 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        // Teredo carries the client's address inverted.
        [0x2001, 0, _, _, _, _, high, low] => Some(from(!high, !low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_public_internet_are_public() {
        for address in [
            "8.8.8.8",
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
        ] {
            assert_eq!(reach(address.parse().unwrap()), Reach::Public, "{address}");
        }
        assert_eq!(reach("64:ff9b::8.8.8.8".parse().unwrap()), Reach::Public);
    }

    #[test]
    fn every_spelling_of_a_private_address_is_private() {
        let addresses = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:0:10.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:1:1:1:1:80ff:fffe",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "100::1",
            "4000::1",
        ];
        for address in addresses {
            let judged = reach(address.parse().unwrap());
            assert!(
                matches!(judged, Reach::Private(_)),
                "{address} is {judged:?}"
            );
        }
    }

    #[test]
    fn the_metadata_server_is_never_reached() {
        let addresses = [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::",
            "fd00:ec2::254",
        ];
        for address in addresses {
            assert_eq!(
                reach(address.parse().unwrap()),
                Reach::Metadata,
                "{address}"
            );
        }
    }
}
