//! Owns `Config`: what a light client is told once, at its start.
//!
//! Refuses files and defaults that depend on the machine.

use crate::chain::anchor::Anchor;
use crate::params::Params;
use crate::peer_id::PeerAddress;

/// Settings of one client.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The network's consensus rules.
    pub params: Params,
    /// Where the header tree begins: genesis or a trusted start.
    pub base: Anchor,
    /// If not empty, the only peers to use, redialled for as long as the client lives.
    pub connect: Vec<PeerAddress>,
    /// How peers are reached.
    pub route: Route,
    /// Whether to listen to transactions that no block holds. Without, peers are told not to
    /// announce any, and none is asked for.
    pub mempool: bool,
}

/// The way that connections take to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// Straight: onion addresses are out of reach, names are looked up with `Io::Resolve`.
    Direct,
    /// Through a SOCKS5 proxy, all of them: every kind of address can be dialled, and nothing is
    /// looked up here, so there is no `Io::Resolve`. A DNS seed is dialled by its name, as a
    /// peer that is asked for addresses ([`Purpose::Addresses`](crate::dial::Purpose::Addresses)),
    /// so that the name is resolved at the proxy's far end.
    Proxy,
}
