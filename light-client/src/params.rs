//! Owns `Params`: the consensus rules of each network as data.
//!
//! Refuses code per network: rules read these fields.

use bitcoin::Network;

/// Consensus rules of one network.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Which network.
    pub network: Network,
}
