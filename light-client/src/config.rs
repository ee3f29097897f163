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
}
