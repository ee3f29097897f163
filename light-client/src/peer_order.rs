//! Owns `PeerOrder`: what a person wants of the circle of peers, beyond what the client does by
//! itself.
//!
//! Refuses nothing: what can't be done, or is done already, is done with. Whoever gives an order
//! looks at the `Status` before it.

use crate::dial::Wire;
use crate::peer_id::{PeerAddress, PeerId, Subnet};
use crate::time::WallTime;

/// A wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerOrder {
    /// Have connections, or close all and open none.
    Activate(bool),
    /// Keep a connection to a peer from here on, beside those that are found.
    Add {
        /// As the person wrote it.
        name: String,
        /// Where it is.
        address: PeerAddress,
        /// The transport to begin with.
        wire: Wire,
    },
    /// Keep no connection to a peer that was added. The one that is open stays.
    Remove(PeerAddress),
    /// Open one connection to a peer.
    Try {
        /// Where it is.
        address: PeerAddress,
        /// The transport to begin with.
        wire: Wire,
    },
    /// Close a connection.
    Leave(PeerId),
    /// Measure the round trip to every peer now.
    Ping,
    /// Close the connections into a part of the network, and find no peers there.
    Ban {
        /// Which part.
        subnet: Subnet,
        /// From when on.
        since: WallTime,
        /// Until when.
        until: WallTime,
    },
    /// Find peers there again.
    Unban(Subnet),
    /// Find peers again wherever a person banned them.
    ClearBans,
}
