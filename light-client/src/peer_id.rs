//! Owns the names of peers: `PeerId` for one connection, `PeerAddress` for where to dial.
//!
//! Refuses to resolve a name: the driver does that, through the proxy when one is set. Knows the
//! kinds of address of BIP155 that can be dialled here: IPv4, IPv6 and Tor v3.

mod network_group;
mod onion;
mod subnet;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

pub use network_group::NetworkGroup;
pub use onion::{OnionAddress, ParseOnionAddressError};
pub use subnet::{ParseSubnetError, Subnet};

/// One connection attempt and what came of it. Never used twice in the life of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(u64);

impl PeerId {
    /// The id with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The plain number, for logs.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer {}", self.0)
    }
}

/// Where a peer can be dialled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerAddress {
    /// An IP address and port.
    Ip(SocketAddr),
    /// An onion service and port; only a Tor proxy can dial it.
    Onion(OnionAddress, u16),
    /// A host name and port, for the driver (or its proxy) to resolve.
    Host(String, u16),
}

impl PeerAddress {
    /// The address with this IP address and port. An IPv4 address in the clothes of IPv6
    /// (`::ffff:a.b.c.d`) is the IPv4 address.
    #[must_use]
    pub fn ip(address: SocketAddr) -> Self {
        match address.ip().to_canonical() {
            ip if ip.is_ipv4() => Self::Ip(SocketAddr::new(ip, address.port())),
            _ => Self::Ip(address),
        }
    }

    /// Where it is without the port: what a ban is about.
    #[must_use]
    pub fn host(&self) -> PeerHost {
        match self {
            Self::Ip(address) => PeerHost::Ip(address.ip()),
            Self::Onion(onion, _) => PeerHost::Onion(*onion),
            Self::Host(name, _) => PeerHost::Name(name.clone()),
        }
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Ip(address) => address.port(),
            Self::Onion(_, port) | Self::Host(_, port) => *port,
        }
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Onion(onion, port) => write!(f, "{onion}:{port}"),
            Self::Host(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

impl FromStr for PeerAddress {
    type Err = ParsePeerAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return if address.port() == 0 {
                Err(ParsePeerAddressError)
            } else {
                Ok(Self::ip(address))
            };
        }
        let (host, port) = text.rsplit_once(':').ok_or(ParsePeerAddressError)?;
        let port = port.parse().map_err(|_| ParsePeerAddressError)?;
        // With its final dot a name under `.onion` must not be looked up either (RFC 7686).
        let host = host.strip_suffix('.').unwrap_or(host);
        let well_formed = !host.is_empty()
            && host.len() <= 253
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        if port == 0 || !well_formed {
            return Err(ParsePeerAddressError);
        }
        if host.len() > 6 && host[host.len() - 6..].eq_ignore_ascii_case(".onion") {
            let onion = host.parse().map_err(|_| ParsePeerAddressError)?;
            return Ok(Self::Onion(onion, port));
        }
        Ok(Self::Host(host.to_owned(), port))
    }
}

/// One machine, or what looks like one: a peer's address without the port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerHost {
    /// An IP address.
    Ip(IpAddr),
    /// An onion service.
    Onion(OnionAddress),
    /// A host name.
    Name(String),
}

impl fmt::Display for PeerHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Onion(onion) => onion.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl FromStr for PeerHost {
    type Err = ParsePeerAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        Ok(format!("{text}:1").parse::<PeerAddress>()?.host())
    }
}

/// The text is not an address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address and port: write HOST:PORT, for example 127.0.0.1:8333 or [::1]:8333")]
pub struct ParsePeerAddressError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_printed_alike() {
        let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333";
        for text in ["127.0.0.1:18444", "[::1]:8333", "node.example.org:8333", onion] {
            let address: PeerAddress = text.parse().expect("a good address");
            assert_eq!(address.to_string(), text);
        }
        let mistyped = onion.replace("pg6", "pg7");
        for text in [
            &mistyped,
            "expyuzz4wqqyqhjn.onion:1",
            "expyuzz4wqqyqhjn.onion.:1",
            ".:1",
            "",
            "localhost",
            "host:",
            ":8333",
            "host:99999",
            "a b:1",
            "host:0",
            "::1",
        ] {
            assert_eq!(text.parse::<PeerAddress>(), Err(ParsePeerAddressError), "{text}");
        }
    }
}
