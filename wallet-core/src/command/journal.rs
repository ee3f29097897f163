//! Owns the journal: what happened to a wallet, numbered without gaps, so that a program that was
//! away reads on where it was.
//!
//! Refuses what passes by without a trace: how many peers announced a payment is not in it.

use bitcoin::{Amount, BlockHash, SignedAmount, Txid};

use crate::light_client::height::BlockId;

use super::{InvoiceState, PaymentState};

/// One thing that happened, and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// The first is 1, and there are no gaps.
    pub seq: u64,
    /// What happened.
    pub happened: Happened,
}

/// What happened to a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A transaction appeared, or is further than it was, or less far.
    Transaction {
        /// Which.
        txid: Txid,
        /// Received less spent.
        net: SignedAmount,
        /// How far it is now.
        state: PaymentState,
        /// The block that it left, if a reorganisation took it out of one.
        left: Option<BlockHash>,
    },
    /// Blocks that were looked at left the best chain; the transactions that they held follow.
    Reorganised {
        /// The last block that both branches share.
        fork: BlockId,
    },
    /// An invoice was made, or is further than it was, or less far.
    Invoice {
        /// Its number.
        id: u64,
        /// How far it is now.
        state: InvoiceState,
        /// What its address was paid, in blocks or not.
        received: Amount,
    },
}
