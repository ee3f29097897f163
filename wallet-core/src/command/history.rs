//! Owns what is told of transactions: a row of the history, which rows are asked for, and a change
//! for listeners.
//!
//! Refuses the transactions themselves.

use bitcoin::{Address, Amount, BlockHash, SignedAmount, Txid};

use crate::light_client::height::Height;

use super::PaymentState;

/// Which transactions of the history are asked for; as it is by default, all: what waits, then those in
/// blocks, and where it became known, what was replaced or evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryQuery {
    /// Only those that come after this one: the last of the page before.
    pub after: Option<Txid>,
    /// From the lowest block up instead of from the newest down, and only those in blocks: what
    /// waits has no place among them yet.
    pub oldest_first: bool,
    /// At most this many.
    pub limit: Option<u32>,
    /// Only those from here on. Those in no block are above any height.
    pub since: Option<Moment>,
    /// Only those before.
    pub until: Option<Moment>,
    /// Only those that brought money, or took it.
    pub direction: Option<Direction>,
}

/// A place in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A block.
    Height(Height),
    /// Unix seconds.
    Time(u64),
}

/// Which way money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The wallet has more by it.
    Received,
    /// The wallet has less by it.
    Sent,
}

/// One transaction of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Its id.
    pub txid: Txid,
    /// What it changed in the wallet: received less spent.
    pub net: SignedAmount,
    /// The fee, when all inputs are ours.
    pub fee: Option<Amount>,
    /// How far it is.
    pub state: PaymentState,
    /// The payment of this wallet that it was made to replace.
    pub replaces: Option<Txid>,
    /// The payment of this wallet that was made to replace it.
    pub replaced_by: Option<Txid>,
    /// How many peers announced it while no block held it, as far as was heard.
    pub seen_by: u32,
    /// Unix seconds: the block's time, or when it was first seen here.
    pub time: u64,
    /// Its label, or that of an address or coin of the wallet that it pays.
    pub note: Option<String>,
    /// What a person should know before they trust it.
    pub marks: Vec<Mark>,
}

/// What a person should know of a transaction, a coin or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// A stranger's transaction pays an address that looks like one that the wallet knows, so that
    /// it is copied from here by mistake (address poisoning).
    LooksLike {
        /// The address in it.
        imitation: Address,
        /// The address that the wallet knows.
        known: Address,
    },
    /// So little that spending it may cost more, and that it may have been sent to see which
    /// coins it is spent with.
    Dust,
    /// The address was paid more than once, so anybody sees that both payments are of one owner.
    Reused,
}

impl Mark {
    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LooksLike { .. } => "looks_like",
            Self::Dust => "dust",
            Self::Reused => "reused",
        }
    }
}

/// A transaction in the wallet's own words for listeners: what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionChange {
    /// Which.
    pub txid: Txid,
    /// Received less spent.
    pub net: SignedAmount,
    /// How far it is now.
    pub state: PaymentState,
    /// How many peers announced it while no block held it, as far as was heard.
    pub seen_by: u32,
    /// How far it was; `None`: the wallet did not know it.
    pub before: Option<PaymentState>,
    /// The block it left, if a reorganisation took it out of one.
    pub left: Option<BlockHash>,
}

impl TransactionChange {
    /// Whether it counted and counts no more.
    #[must_use]
    pub fn fell(&self) -> bool {
        self.before.is_some_and(PaymentState::counts) && !self.state.counts()
    }
}
