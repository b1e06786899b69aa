use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// More proxies than anybody has.
const MOST_HOPS: usize = 16;

/// Whose word on the address of a caller is taken.
///
/// Each proxy appends to `X-Forwarded-For` the address that connected to it, behind whatever came
/// in with the request. So the list is read from its end, and only as far as it was written by
/// somebody trusted: what stands before that is the caller's own invention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedProxies {
    /// Every request passes this many proxies: the caller is that entry from the end. A list that is
    /// shorter, or has no address there, did not pass them; then the caller is who connected.
    Hops(usize),
    /// Who connects from these networks is a proxy: the caller is the last entry that is not in
    /// them.
    Networks(Vec<IpNet>),
}

impl TrustedProxies {
    /// Reads a count, or networks and addresses with commas between them.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(hops) = text.parse::<usize>() {
            return match hops {
                0..=MOST_HOPS => Ok(Self::Hops(hops)),
                _ => Err(format!("give a count from 0 to {MOST_HOPS}")),
            };
        }
        let mut networks = Vec::new();
        for network in text.split(',').map(str::trim) {
            let parsed = network
                .parse::<IpNet>()
                .or_else(|_| network.parse::<IpAddr>().map(IpNet::from));
            networks.push(parsed.map_err(|_| {
                format!(
                    "give the count of proxies, or networks such as 10.0.0.0/8, with commas \
                     between them; {network:?} is neither"
                )
            })?);
        }
        Ok(Self::Networks(networks))
    }

    /// Whether `peer`, who connected, may speak for many callers.
    pub fn may_be_proxy(&self, peer: IpAddr) -> bool {
        match self {
            Self::Hops(hops) => *hops > 0,
            Self::Networks(networks) => contains(networks, peer.to_canonical()),
        }
    }

    /// The address of the caller whose request with `headers` came from `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        match self {
            Self::Hops(0) => peer,
            Self::Hops(hops) => entries(headers).nth(hops - 1).flatten().unwrap_or(peer),
            Self::Networks(networks) => {
                let mut client = peer;
                let mut before = entries(headers);
                while contains(networks, client) {
                    match before.next().flatten() {
                        Some(address) => client = address,
                        None => break,
                    }
                }
                client
            }
        }
    }
}

fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// The list from its end. An entry that is no address is none.
fn entries(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    headers
        .get_all(FORWARDED_FOR)
        .iter()
        .rev()
        .flat_map(|line| line.to_str().unwrap_or_default().rsplit(','))
        .map(|entry| address(entry.trim()))
}

/// An address, with or without the port that some proxies add.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .map(|address: IpAddr| address.to_canonical())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &str, peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let proxies = TrustedProxies::parse(proxies).unwrap();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn without_proxies_nobody_is_believed() {
        assert_eq!(client("0", "192.0.2.1", &["10.0.0.1"]), "192.0.2.1");
        assert_eq!(client("0", "::ffff:192.0.2.1", &[]), "192.0.2.1");
    }

    #[test]
    fn a_count_takes_the_entry_that_the_outermost_proxy_wrote() {
        let invented = ["6.6.6.6, 203.0.113.7"];
        assert_eq!(client("1", "169.254.1.1", &invented), "203.0.113.7");
        let lines = ["6.6.6.6", "203.0.113.7", "198.51.100.2"];
        assert_eq!(client("2", "169.254.1.1", &lines), "203.0.113.7");
        assert_eq!(
            client("1", "169.254.1.1", &["[2001:db8::1]:99"]),
            "2001:db8::1"
        );
    }

    #[test]
    fn a_list_that_the_proxies_did_not_write_says_nothing() {
        assert_eq!(client("1", "192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(client("2", "192.0.2.1", &["203.0.113.7"]), "192.0.2.1");
        assert_eq!(
            client("1", "192.0.2.1", &["203.0.113.7, unknown"]),
            "192.0.2.1"
        );
        assert_eq!(client("1", "192.0.2.1", &["203.0.113.7,"]), "192.0.2.1");
    }

    #[test]
    fn networks_are_passed_from_the_end_to_the_first_stranger() {
        let (trusted, lines) = (
            "10.0.0.0/8, 2001:db8::/32",
            ["6.6.6.6, 203.0.113.7, 10.1.1.1"],
        );
        assert_eq!(client(trusted, "10.0.0.1", &lines), "203.0.113.7");
        assert_eq!(
            client(trusted, "2001:db8::9", &["203.0.113.7:80"]),
            "203.0.113.7"
        );
        // Who is no proxy speaks for itself only.
        assert_eq!(client(trusted, "192.0.2.1", &lines), "192.0.2.1");
        // The last proxy that is known, when what it wrote cannot be read.
        assert_eq!(
            client(trusted, "10.0.0.1", &["secret, 10.2.2.2"]),
            "10.2.2.2"
        );
    }

    #[test]
    fn what_is_neither_a_count_nor_networks_is_refused() {
        assert!(TrustedProxies::parse("17").is_err());
        assert!(TrustedProxies::parse("10.0.0.0/8,,").is_err());
        assert!(TrustedProxies::parse("10.0.0.0/33").is_err());
        assert!(TrustedProxies::parse("10.0.0.1").is_ok());
    }
}
