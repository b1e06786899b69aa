use std::net::{IpAddr, Ipv6Addr};

/// Whom something is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Client {
    /// A caller who said who it is; the owner of its tasks.
    Caller(Box<str>),
    /// Who is known by an address only.
    Address(IpAddr),
}

impl Client {
    /// The one behind `address`. Of IPv6 a customer has a whole /64, and so as many addresses as it
    /// likes.
    pub fn at(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
            address => address,
        })
    }

    /// The caller who owns its tasks as `owner`, or, when that is nobody, whoever is behind
    /// `address`.
    pub fn of(owner: &str, address: IpAddr) -> Self {
        match owner {
            "" => Self::at(address),
            owner => Self::Caller(owner.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let at = |address: &str| Client::at(address.parse().unwrap());
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    }

    #[test]
    fn a_caller_is_itself_wherever_it_calls_from() {
        let from = |owner, address: &str| Client::of(owner, address.parse().unwrap());
        assert_eq!(from("me", "192.0.2.1"), from("me", "192.0.2.2"));
        assert_ne!(from("", "192.0.2.1"), from("", "192.0.2.2"));
    }
}
