//! Owns `Subnet`: a part of the network that a person bans, as Bitcoin Core writes it (`CSubNet`).
//!
//! Refuses masks with holes, and names: who stands behind one may change.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::peer_id::{OnionAddress, PeerHost};

/// IP addresses that begin alike, or one onion service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subnet {
    /// The first address, and how many bits all of them share with it.
    Ip(IpAddr, u8),
    /// An onion service.
    Onion(OnionAddress),
}

impl Subnet {
    /// Whether a host is in it. One that is known by name is in none.
    #[must_use]
    pub fn contains(&self, host: &PeerHost) -> bool {
        match (self, host) {
            (Self::Ip(first, bits), PeerHost::Ip(ip)) => {
                let ip = ip.to_canonical();
                first.is_ipv4() == ip.is_ipv4() && cut(ip, *bits) == *first
            }
            (Self::Onion(own), PeerHost::Onion(onion)) => own == onion,
            _ => false,
        }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(first, bits) => write!(f, "{first}/{bits}"),
            Self::Onion(onion) => onion.fmt(f),
        }
    }
}

impl FromStr for Subnet {
    type Err = ParseSubnetError;

    /// Reads an IP address, one with `/BITS` or `/MASK` behind it, or an onion service.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((address, mask)) = text.split_once('/') else {
            if let Ok(ip) = text.parse::<IpAddr>() {
                let ip = ip.to_canonical();
                return Ok(Self::Ip(ip, width(ip)));
            }
            return text.parse().map(Self::Onion).map_err(|_| ParseSubnetError);
        };
        let ip = address.parse::<IpAddr>().map_err(|_| ParseSubnetError)?.to_canonical();
        let digits = !mask.is_empty() && mask.bytes().all(|byte| byte.is_ascii_digit());
        let bits = match mask.parse::<u8>() {
            Ok(bits) if digits => bits,
            _ => bits_of(mask.parse().map_err(|_| ParseSubnetError)?, ip)?,
        };
        if bits > width(ip) {
            return Err(ParseSubnetError);
        }
        Ok(Self::Ip(cut(ip, bits), bits))
    }
}

/// The text is no subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address, subnet or onion service: write for example 192.0.2.0/24")]
pub struct ParseSubnetError;

const fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// How many bits a mask takes, if it is of the same kind and has no holes.
fn bits_of(mask: IpAddr, ip: IpAddr) -> Result<u8, ParseSubnetError> {
    let (ones, whole) = match (mask, ip) {
        (IpAddr::V4(mask), IpAddr::V4(_)) => {
            let bits = mask.to_bits();
            (bits.leading_ones(), bits.count_ones() == bits.leading_ones())
        }
        (IpAddr::V6(mask), IpAddr::V6(_)) => {
            let bits = mask.to_bits();
            (bits.leading_ones(), bits.count_ones() == bits.leading_ones())
        }
        _ => return Err(ParseSubnetError),
    };
    u8::try_from(ones).ok().filter(|_| whole).ok_or(ParseSubnetError)
}

/// The address with all but its first bits zero.
fn cut(ip: IpAddr, bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Option<String> {
        text.parse::<Subnet>().ok().map(|subnet| subnet.to_string())
    }

    #[test]
    fn subnets_are_read_as_core_reads_them() {
        let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
        let cases = [
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("192.0.2.7/255.255.0.0", "192.0.0.0/16"),
            ("192.0.2.7/0", "0.0.0.0/0"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:db8::1/ffff:ffff::", "2001:db8::/32"),
            ("2001:db8::1/0", "::/0"),
            (onion, onion),
        ];
        for (text, told) in cases {
            assert_eq!(subnet(text).as_deref(), Some(told), "{text}");
            assert_eq!(subnet(told).as_deref(), Some(told), "{text}");
        }
        let wrong = [
            "",
            "/",
            "192.0.2.7/",
            "192.0.2.7/33",
            "192.0.2.7/+8",
            "192.0.2.7/-1",
            "192.0.2.7/255.0.255.0",
            "192.0.2.7/ffff::",
            "2001:db8::/129",
            "2001:db8::/255.0.0.0",
            "192.0.2",
            "192.0.2.7:8333",
            "example.org",
            "example.org/24",
        ];
        for text in wrong {
            assert_eq!(subnet(text), None, "{text}");
        }
    }

    #[test]
    fn a_subnet_holds_what_begins_alike() {
        let holds = |text: &str, host: &str| {
            let host: PeerHost = host.parse().expect("a host");
            text.parse::<Subnet>().expect("a subnet").contains(&host)
        };
        assert!(holds("192.0.2.0/24", "192.0.2.255"));
        assert!(!holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("0.0.0.0/0", "8.8.8.8"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"), "the other kind of address");
        assert!(holds("2001:db8::/33", "2001:db8:7fff::"));
        assert!(!holds("2001:db8::/33", "2001:db8:8000::"));
        assert!(!holds("0.0.0.0/0", "example.org"));
    }
}
