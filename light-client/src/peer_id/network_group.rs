//! Owns `NetworkGroup`: which part of the network an address belongs to, and which addresses are
//! worth hearing of.
//!
//! An attacker gets many addresses of one group cheaply and of many groups dearly, so everything
//! that is shared out among peers is shared out by group. The groups are Bitcoin Core's without a
//! map of autonomous systems: /16 of IPv4 (also where IPv6 carries it: 6to4, Teredo, NAT64), /32
//! of IPv6 (/36 of Hurricane Electric's tunnels), four bits of an onion key.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bitcoin::hashes::{Hash as _, sha256};

use crate::limits::LEAST_GOSSIPED_PORT;
use crate::peer_id::PeerAddress;

/// A part of the network, as one number: the kind in the upper byte, its first bits below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkGroup(u64);

impl NetworkGroup {
    /// The group that an address is in.
    #[must_use]
    pub fn of(address: &PeerAddress) -> Self {
        match address {
            PeerAddress::Ip(address) => match address.ip().to_canonical() {
                IpAddr::V4(ip) => Self::of_v4(ip),
                IpAddr::V6(ip) => Self::of_v6(ip),
            },
            PeerAddress::Onion(onion, _) => Self::new(ONION, u64::from(onion.public_key()[0] >> 4)),
            PeerAddress::Host(name, _) => Self::of_name(name),
        }
    }

    /// The group of all that is learnt from a name.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let hash = sha256::Hash::hash(name.as_bytes()).to_byte_array();
        let bits = hash[..7].iter().fold(0, |bits, byte| (bits << 8) | u64::from(*byte));
        Self::new(NAME, bits)
    }

    /// The group with this number, as [`to_u64`](Self::to_u64) gave it.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number, for the store.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        self.0
    }

    const fn new(kind: u64, bits: u64) -> Self {
        Self((kind << 56) | bits)
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        if !is_routable_v4(ip) {
            return Self::new(UNROUTABLE, 0);
        }
        let [first, second, ..] = ip.octets();
        Self::new(V4, u64::from(u16::from_be_bytes([first, second])))
    }

    fn of_v6(ip: Ipv6Addr) -> Self {
        if let Some(inner) = inner_v4(ip) {
            return Self::of_v4(inner);
        }
        if !is_routable_v6(ip) {
            return Self::new(UNROUTABLE, 0);
        }
        let bits = u64::try_from(ip.to_bits() >> 92).expect("36 bits");
        if bits >> 4 == HURRICANE_ELECTRIC {
            Self::new(TUNNEL, bits)
        } else {
            Self::new(V6, bits >> 4)
        }
    }
}

impl PeerAddress {
    /// The part of the network that it is in.
    #[must_use]
    pub fn group(&self) -> NetworkGroup {
        NetworkGroup::of(self)
    }

    /// Whether a stranger may make us dial it: a public address, and a port on which no other
    /// well-known service can be molested. Names are for users to give.
    #[must_use]
    pub fn is_routable(&self) -> bool {
        self.port() >= LEAST_GOSSIPED_PORT && self.is_public()
    }

    /// Whether the address by itself says where in the public network it is.
    #[must_use]
    pub fn is_public(&self) -> bool {
        match self {
            Self::Ip(address) => match address.ip().to_canonical() {
                IpAddr::V4(ip) => is_routable_v4(ip),
                IpAddr::V6(ip) => is_routable_v6(ip) && inner_v4(ip).is_none_or(is_routable_v4),
            },
            Self::Onion(..) => true,
            Self::Host(..) => false,
        }
    }
}

/// Public unicast addresses: not those of RFC 1122 (this network, loopback), 1918, 2544, 3927,
/// 5737, 6598, nor multicast and what is reserved above it.
const fn is_routable_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(a == 0
        || a == 127
        || a >= 224
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_documentation()
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18))
}

/// Global unicast (`2000::/3`), but for documentation (RFC 3849, 9637) and ORCHID (RFC 4843, 7343).
const fn is_routable_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    a & 0xe000 == 0x2000
        && !(a == 0x2001 && (b == 0x0db8 || b & 0xfff0 == 0x0010 || b & 0xfff0 == 0x0020))
        && !(a == 0x3fff && b & 0xf000 == 0)
}

/// The IPv4 address that an IPv6 address stands for: 6to4 (RFC 3964), Teredo (RFC 4380), NAT64
/// (RFC 6052).
fn inner_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let (upper, lower) = match ip.segments() {
        [0x2002, upper, lower, ..] | [0x0064, 0xff9b, 0, 0, 0, 0, upper, lower] => (upper, lower),
        [0x2001, 0, .., upper, lower] => (!upper, !lower),
        _ => return None,
    };
    Some(Ipv4Addr::from_bits((u32::from(upper) << 16) | u32::from(lower)))
}

const UNROUTABLE: u64 = 0;
const V4: u64 = 1;
const V6: u64 = 2;
const ONION: u64 = 3;
const NAME: u64 = 4;
const TUNNEL: u64 = 5;

/// `2001:470::/32`, where anybody gets a /48 for the asking.
const HURRICANE_ELECTRIC: u64 = 0x2001_0470;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer_id::OnionAddress;

    fn group(ip: &str) -> NetworkGroup {
        PeerAddress::ip((ip.parse::<IpAddr>().expect("an address"), 8333).into()).group()
    }

    #[test]
    fn neighbours_share_a_group() {
        assert_eq!(group("1.2.3.4"), group("1.2.200.1"));
        assert_ne!(group("1.2.3.4"), group("1.3.3.4"));
        assert_eq!(group("2a00:1::1"), group("2a00:1:ffff::1"));
        assert_ne!(group("2a00:1::1"), group("2a00:2::1"));
        assert_eq!(group("2001:470:1fff::"), group("2001:470:1000::"));
        assert_ne!(group("2001:470:1000::"), group("2001:470:2000::"));
        let onion = |first| PeerAddress::Onion(OnionAddress::new([first; 32]), 8333).group();
        assert_eq!(onion(0x10), onion(0x1f));
        assert_ne!(onion(0x10), onion(0x20));
        assert_ne!(NetworkGroup::of_name("a.example"), NetworkGroup::of_name("b.example"));
    }

    #[test]
    fn ipv4_in_the_clothes_of_ipv6_is_in_the_group_of_ipv4() {
        for clothed in
            ["::ffff:1.2.3.4", "2002:102::1", "64:ff9b::1.2.3.4", "2001:0:1:2:3:4:fefd:fcfb"]
        {
            assert_eq!(group(clothed), group("1.2.3.4"), "{clothed}");
        }
    }

    #[test]
    fn only_public_addresses_and_ports_are_worth_hearing_of() {
        let routable = |text: &str| text.parse::<PeerAddress>().expect("good").is_routable();
        for good in ["1.2.3.4:8333", "[2a00:1::1]:8333", "[2002:102:304::1]:8333", "8.8.8.8:1024"] {
            assert!(routable(good), "{good}");
        }
        for bad in [
            "0.1.2.3:8333",
            "10.0.0.1:8333",
            "100.64.0.1:8333",
            "127.0.0.1:8333",
            "169.254.1.1:8333",
            "172.16.0.1:8333",
            "192.0.2.1:8333",
            "192.168.1.1:8333",
            "198.18.0.1:8333",
            "198.51.100.1:8333",
            "203.0.113.1:8333",
            "224.0.0.1:8333",
            "255.255.255.255:8333",
            "1.2.3.4:25",
            "[::]:8333",
            "[::1]:8333",
            "[fc00::1]:8333",
            "[fd87:d87e:eb43::1]:8333",
            "[fe80::1]:8333",
            "[ff02::1]:8333",
            "[2001:db8::1]:8333",
            "[2001:10::1]:8333",
            "[2002:a00:1::1]:8333",
            "[::ffff:10.0.0.1]:8333",
            "node.example.org:8333",
        ] {
            assert!(!routable(bad), "{bad}");
        }
    }
}
