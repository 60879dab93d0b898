//! Which hosts share a network, so that a site's firewall does not see a flood of logins.

use std::fmt;
use std::net::IpAddr;

/// The first 24 bits of an IPv4 address, the first 64 of an IPv6 one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Network {
    V4([u8; 3]),
    V6([u16; 4]),
}

impl Network {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let octets = address.octets();
                Self::V4([octets[0], octets[1], octets[2]])
            }
            IpAddr::V6(address) => {
                let parts = address.segments();
                Self::V6([parts[0], parts[1], parts[2], parts[3]])
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(octets) => write!(f, "{}.{}.{}.0/24", octets[0], octets[1], octets[2]),
            Self::V6(parts) => {
                let [first, second, third, fourth] = parts;
                write!(f, "{first:x}:{second:x}:{third:x}:{fourth:x}::/64")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn neighbours_share_one() {
        for (address, network) in [
            ("10.1.2.3", "10.1.2.0/24"),
            ("10.1.2.255", "10.1.2.0/24"),
            ("10.1.3.3", "10.1.3.0/24"),
            ("::ffff:10.1.2.9", "10.1.2.0/24"),
            ("2001:db8:0:7:1::1", "2001:db8:0:7::/64"),
            ("2001:db8:0:8:1::1", "2001:db8:0:8::/64"),
        ] {
            let of = Network::of(address.parse().expect("an address"));
            assert_eq!(of.to_string(), network, "{address}");
        }
    }
}
