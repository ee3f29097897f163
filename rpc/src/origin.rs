//! Owns `Origin`: where a connection came from.

use std::net::IpAddr;

/// Where a connection came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From an address of the network.
    Network(IpAddr),
    /// Over the socket, from a process of this user of the system, if it tells.
    Socket(Option<u32>),
}

impl Origin {
    /// Whether anybody with a web browser could be there.
    #[must_use]
    pub const fn is_network(self) -> bool {
        matches!(self, Self::Network(_))
    }
}
