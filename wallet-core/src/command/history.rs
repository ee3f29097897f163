//! Owns what is told of transactions: a row of the history, and a change for listeners.
//!
//! Refuses the transactions themselves.

use bitcoin::{Amount, BlockHash, SignedAmount, Txid};

use super::PaymentState;

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
    /// The label.
    pub note: Option<String>,
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
    /// Whether the wallet knew it before.
    pub known: bool,
    /// The block it left, if a reorganisation took it out of one.
    pub left: Option<BlockHash>,
}
