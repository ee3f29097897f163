//! Owns `Output`: everything the light client wants done or known, as plain data.
//!
//! Refuses to do any of it: the driver dials, sends and runs jobs, the wallet folds blocks.

use bitcoin::{Block, FeeRate, Transaction, Txid};

use crate::dial::{DialProblem, Wire};
use crate::fault::Fault;
use crate::height::{BlockId, Height};
use crate::io::Io;
use crate::kept::{FilterRange, FoundFilters};
use crate::peer_id::{PeerAddress, PeerId};
use crate::time::{ClockOffset, WallTime};

/// One thing to do or to know, drained with [`LightClient::poll`](crate::LightClient::poll).
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Something to be done outside, in order.
    Io(Io),
    /// The answer to an `Input::Fetch`.
    Fetched {
        /// The block's height and hash.
        at: BlockId,
        /// The whole block, checked as that of a `ChainEvent::Block`; `None` if the best chain does
        /// not have it (any more), or too many are fetched.
        block: Option<Box<Block>>,
    },
    /// The answer to an `Input::FetchFilters`.
    Filters {
        /// Of which blocks.
        range: FilterRange,
        /// From the first block on: up to the last or the tip, or as far as there was room. `None`
        /// if the best chain has no such blocks above its base, or too many questions are open.
        filters: Option<FoundFilters>,
    },
    /// The chain moved; wallets follow.
    Chain(ChainEvent),
    /// A peer came, went or failed; for faces and logs.
    Peer(PeerEvent),
    /// An announced transaction is given to a peer, which may pass it on whether it says that it got it
    /// or not. Whoever must know that one day writes it down before what comes behind goes out.
    HandedOut {
        /// Which transaction.
        txid: Txid,
    },
    /// News of an announced transaction.
    Broadcast(BroadcastEvent),
    /// The median of the peers' clocks is this far from ours, over
    /// [`MAX_CLOCK_DIFFERENCE`](crate::limits::MAX_CLOCK_DIFFERENCE). Said each time that this
    /// begins.
    Clock(ClockOffset),
    /// News of transactions that no block holds.
    Mempool(MempoolEvent),
}

/// What a wallet needs to know of the chain, in order. Any number of listeners may follow it.
#[derive(Debug, Clone, PartialEq)]
pub enum ChainEvent {
    /// The best header chain has a new tip. Filters above the scan cursor are not matched yet.
    Tip {
        /// The new tip.
        tip: BlockId,
    },
    /// The best chain left blocks that were scanned: undo everything above `fork`.
    /// The scan cursor is at `fork` now, and the blocks of the new branch follow as `Block` and
    /// `Scanned`.
    Reorganised {
        /// The last block that both branches share.
        fork: BlockId,
        /// The tip of the branch that was left.
        old_tip: BlockId,
    },
    /// A block whose filter matched. Fold it, then answer with `Input::Folded`; the scan cursor
    /// waits for that. The blocks right above the cursor come in rising height; after a
    /// `Reorganised` or a `ScanFrom` they start again lower. Blocks at or below the cursor come
    /// too, any time and in any order, when scripts were added that may have been paid there, or
    /// when a peer tells of a filter late. So folding is idempotent.
    Block {
        /// The block's height and hash.
        at: BlockId,
        /// The block's header time.
        time: WallTime,
        /// The whole block; its merkle root and witness commitment are checked.
        block: Box<Block>,
    },
    /// Every block up to here is matched and, where it matched, folded. Said first where the scan
    /// begins, unless that is an anchor whose time is not known. The cursor goes down when filter
    /// headers turn out to be wrong and everything is matched again.
    Scanned {
        /// The scan cursor.
        cursor: BlockId,
        /// The time in the header of that block, or an earlier one where it is not known.
        time: WallTime,
    },
    /// The scan cursor is at the best tip, nothing is left to match below it, no peer is known to
    /// have more, and at least one peer answered. Said each time that state is reached anew.
    Synced {
        /// The tip.
        tip: BlockId,
    },
}

/// A change in the circle of peers.
#[derive(Debug, Clone, PartialEq)]
pub enum PeerEvent {
    /// A peer finished its handshake.
    Ready {
        /// Which.
        peer: PeerId,
        /// Where it is.
        address: PeerAddress,
        /// Its user agent, with everything but printable ASCII replaced. Never show as our words.
        user_agent: String,
        /// The transport that it speaks.
        wire: Wire,
    },
    /// A connection ended.
    Gone {
        /// Which.
        peer: PeerId,
        /// Where it was.
        address: PeerAddress,
        /// What it did wrong, if anything.
        fault: Option<Fault>,
    },
    /// A peer commits to other filters than another peer does, or did before. At least one of them
    /// is wrong, and nobody can say which: all versions are matched, so that no payment is missed
    /// while one of the peers is honest. Said once for each connection.
    FiltersDiffer {
        /// Which.
        peer: PeerId,
        /// Where it is.
        address: PeerAddress,
        /// The first block that was found to have several versions.
        height: Height,
    },
    /// No connection could be opened.
    Unreachable {
        /// Where to.
        address: PeerAddress,
        /// Why not.
        why: DialProblem,
    },
}

/// News of a transaction passed in by `Input::Announce`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BroadcastEvent {
    /// A peer asked for the transaction and has it: it answered the ping that went out behind it.
    Sent {
        /// Which transaction.
        txid: Txid,
        /// Who asked.
        peer: PeerId,
    },
    /// A peer that did not get it from us announced it: the network has it.
    Echoed {
        /// Which transaction.
        txid: Txid,
        /// Who announced it.
        peer: PeerId,
    },
    /// Every peer that could be offered it asks for a higher fee rate: it is kept, and offered
    /// when one asks for less. Said once for each announcement.
    BelowFloor {
        /// Which transaction.
        txid: Txid,
        /// The lowest rate that a peer asks for.
        floor: FeeRate,
    },
}

/// News of transactions that no block holds. None of them was validated: whoever knows an address
/// can make one up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MempoolEvent {
    /// A transaction pays a watched script or spends a watched coin. Said again each time that one
    /// more peer announces it, up to a bound.
    Seen {
        /// The transaction.
        transaction: Box<Transaction>,
        /// How many peers announced it since this client began, by their addresses.
        peers: u32,
    },
}
