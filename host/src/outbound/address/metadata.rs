//! Where clouds hand out the credentials of whoever asks.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The names of metadata servers, of which each is refused before it is resolved.
pub(in crate::outbound) const NAMES: [&str; 12] = [
    // Google Cloud.
    "metadata.google.internal",
    "metadata.goog",
    "metadata",
    // Amazon.
    "instance-data.ec2.internal",
    "instance-data",
    // Azure.
    "metadata.azure.internal",
    // Tencent.
    "metadata.tencentyun.com",
    // Equinix.
    "metadata.platformequinix.com",
    "metadata.packet.net",
    // IBM.
    "api.metadata.cloud.ibm.com",
    // Rancher.
    "rancher-metadata",
    "rancher-metadata.rancher.internal",
];

pub(super) fn is_v4(address: Ipv4Addr) -> bool {
    matches!(
        address.octets(),
        // Google Cloud, Amazon, Azure, Oracle, IBM, DigitalOcean, OpenStack and others, with their
        // neighbours: GKE serves on .252, Amazon's containers on 170.2 and 170.23.
        [169, 254, 169 | 170, _]
            // Tencent, Scaleway.
            | [169, 254, 0, 23]
            | [169, 254, 42, 42]
            // Alibaba.
            | [100, 100, 100, 200]
            // Oracle's older cloud.
            | [192, 0, 0, 192]
            // Azure, which gives a machine its certificates there.
            | [168, 63, 129, 16]
    )
}

pub(super) fn is_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Amazon.
        [0xfd00, 0xec2, 0, 0, ..]
        // Google Cloud.
        | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]
        // Scaleway.
        | [0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42] => true,
        // Oracle and OpenStack: 169.254.169.254 at the end of a private or link-local address.
        [0xfc00..=0xfebf, .., 0xa9fe, 0xa9fe] => true,
        _ => false,
    }
}
