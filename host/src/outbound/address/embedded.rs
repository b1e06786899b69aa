//! The IPv4 addresses that packets to an IPv6 address end up at.

use std::net::{Ipv4Addr, Ipv6Addr};

pub(super) enum Embedded {
    /// Nothing but this IPv4 address.
    Is(Ipv4Addr),
    /// One of these, as whoever runs the translator has decided.
    May(Vec<Ipv4Addr>),
    /// Through a tunnel whose end is one of these, when there is one at all: both have to be
    /// allowed.
    Tunnel(Vec<Ipv4Addr>),
    No,
}

pub(super) fn in_v6(address: Ipv6Addr) -> Embedded {
    match address.segments() {
        // ::ffff:a.b.c.d and its translated form.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            Embedded::Is(v4(high, low))
        }
        // `::a.b.c.d`, but for `::` and `::1`.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => {
            Embedded::Tunnel(vec![v4(high, low)])
        }
        // NAT64, RFC 6052.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Embedded::Is(v4(high, low)),
        // NAT64 within a network, RFC 8215: its length is the network's choice.
        [0x64, 0xff9b, 1, ..] => Embedded::May(by_length(address)),
        // 6to4.
        [0x2002, high, low, ..] => Embedded::Tunnel(vec![v4(high, low)]),
        // Teredo: its server, and the client's address inverted.
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            Embedded::Tunnel(vec![v4(server_high, server_low), v4(!high, !low)])
        }
        // ISATAP, under any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => Embedded::Tunnel(vec![v4(high, low)]),
        _ => Embedded::No,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

/// What RFC 6052 reads for prefixes of 48, 56, 64 and 96 bits; bits 64 to 71 are left out.
fn by_length(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let [_, _, _, _, _, _, a, b, _, c, d, e, f, g, h, i] = address.octets();
    [[a, b, c, d], [b, c, d, e], [c, d, e, f], [f, g, h, i]]
        .map(Ipv4Addr::from)
        .into()
}
