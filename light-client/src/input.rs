//! Owns `Input`: everything that can happen to the light client, as plain data.
//!
//! Refuses channels, callbacks and references, so that any run can be written down and replayed.

use std::net::IpAddr;

use bitcoin::{Amount, BlockHash, OutPoint, ScriptBuf, Transaction, Txid};

use crate::dial::{DialProblem, LookupId};
use crate::height::{BlockId, Height};
use crate::job::{JobId, JobResult};
use crate::kept::{FilterRange, KeptFilter, ReadId};
use crate::peer_id::PeerId;
use crate::peer_order::PeerOrder;
use crate::time::WallTime;

/// One thing that happened, passed to [`LightClient::handle`](crate::LightClient::handle).
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The connection that `Io::Dial` asked for is open, over the transport that it named.
    Connected {
        /// The connection's id, as in the `Dial`.
        peer: PeerId,
    },
    /// The connection that `Io::Dial` asked for could not be opened.
    DialFailed {
        /// The connection's id, as in the `Dial`.
        peer: PeerId,
        /// Why not.
        why: DialProblem,
    },
    /// Bytes came from a peer, in order.
    Received {
        /// Who sent them.
        peer: PeerId,
        /// Over [`Wire::V1`](crate::dial::Wire::V1) the stream, cut anywhere; over
        /// [`Wire::V2`](crate::dial::Wire::V2) the contents of exactly one packet, and no decoy's.
        bytes: Vec<u8>,
    },
    /// More of a long packet came over [`Wire::V2`](crate::dial::Wire::V2), and it is not whole
    /// yet: a peer that is slow, not silent.
    Receiving {
        /// Who sends it.
        peer: PeerId,
    },
    /// A connection is gone, whoever closed it.
    Disconnected {
        /// Whose.
        peer: PeerId,
    },
    /// A name was looked up, or could not be.
    Resolved {
        /// The id of the `Io::Resolve`.
        id: LookupId,
        /// What was found; empty if nothing.
        addresses: Vec<IpAddr>,
    },
    /// A job is done.
    JobDone {
        /// The id of the `Io::Job`.
        id: JobId,
        /// What [`job::run`](crate::job::run) returned for it.
        result: JobResult,
    },
    /// The answer to an `Io::ReadFilters`.
    FiltersRead {
        /// The id of the question.
        id: ReadId,
        /// Those that the store has, in any order. What is absent is downloaded.
        filters: Vec<KeptFilter>,
    },
    /// The time that `LightClient::deadline` named has come.
    Deadline,
    /// Where the scan for the watch list begins; sent once, before the first `Connected`, and
    /// again for a rescan. The client moves its scan cursor there, up or down.
    ScanFrom(ScanStart),
    /// As `ScanFrom`, and nothing that peers said of filters from there on is believed: filter
    /// headers are loaded anew. For a person who has reason to doubt what was found.
    Rescan(ScanStart),
    /// Scripts to match from here on: everything above the scan cursor is matched for them.
    Watch {
        /// Non-empty `scriptPubKey`s. Of those already watched only what `since` asks for is done.
        scripts: Vec<ScriptBuf>,
        /// Since when they may have been paid: blocks from there up to the cursor are matched for
        /// them too. `None`: nobody can have known them before.
        since: Option<ScanStart>,
    },
    /// Scripts are matched no longer: the wallet that they were for is gone.
    Unwatch {
        /// Which; of those that are not watched nothing is done.
        scripts: Vec<ScriptBuf>,
    },
    /// The block of a `ChainEvent::Block` is folded into the wallets.
    Folded {
        /// The block's hash.
        block: BlockHash,
        /// Scripts by which the watch list grew because of it, matched from this block on up.
        grown: Vec<ScriptBuf>,
        /// As in `Watch`: since when `grown` may have been paid.
        since: Option<ScanStart>,
        /// Watched scripts to which the block was found to pay, unknown before. When the block is
        /// below the cursor, blocks above it may spend from them, and are matched for them again.
        found: Vec<ScriptBuf>,
        /// Whether the block holds anything of the wallet's. Peers that make it fetch blocks in
        /// vain are asked last.
        relevant: bool,
    },
    /// Outputs whose spending by a transaction that no block holds is to be told: those of the
    /// wallet, and those that its unconfirmed transactions spend.
    WatchCoins {
        /// To watch from here on.
        coins: Vec<OutPoint>,
        /// To watch no longer.
        gone: Vec<OutPoint>,
    },
    /// Announce a transaction privately, and again on a timer until withdrawn.
    Announce {
        /// A complete transaction.
        transaction: Transaction,
        /// What it pays the miner, where that is known: peers that ask for more are not offered it.
        fee: Option<Amount>,
    },
    /// Stop announcing a transaction: it is confirmed, replaced or evicted.
    Withdraw {
        /// Its id.
        txid: Txid,
    },
    /// Somebody wants a block of the best chain, whatever is watched. Whoever is asked for it learns
    /// which. Answered with `Output::Fetched`.
    Fetch(BlockId),
    /// Somebody wants the filters of some blocks, whatever is watched: at most
    /// [`MAX_ASKED_FILTERS`](crate::limits::MAX_ASKED_FILTERS). They are read from the store or
    /// downloaded behind what the scan wants. Answered with `Output::Filters`; the same question
    /// again before that is none.
    FetchFilters(FilterRange),
    /// Nobody waits for these filters any more.
    LeaveFilters(FilterRange),
    /// A block is taken for invalid from here on, and with it all that stands on it; for tests.
    /// Nothing is done about one that is not known, or not above the base.
    Invalidate(BlockHash),
    /// It is taken again if peers have it.
    Reconsider(BlockHash),
    /// A person wants something of the circle of peers.
    Order(PeerOrder),
}

/// Where a scan begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanStart {
    /// The first block to scan.
    Height(Height),
    /// A birthday: the first block whose time is not earlier than this less a margin
    /// ([`BIRTHDAY_MARGIN`](crate::limits::BIRTHDAY_MARGIN)); all above the base if there is none.
    Time(WallTime),
}
