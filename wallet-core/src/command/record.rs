//! Owns `TransactionRecord`: all that the wallet knows of one of its transactions.
//!
//! Refuses what only a node with all blocks can know, such as the amounts of strangers' inputs.

use bitcoin::{Amount, SignedAmount, Transaction, Txid};

use crate::light_client::height::{BlockId, Height};

use super::{Owner, PaymentState};

/// A transaction of the wallet.
#[derive(Debug, Clone, PartialEq)]
pub struct TransactionRecord {
    /// The transaction.
    pub transaction: Transaction,
    /// How far it is.
    pub state: PaymentState,
    /// Its block, its place in the block, and the block's time in Unix seconds.
    pub block: Option<(BlockId, u32, u64)>,
    /// When it was first seen here, or its block's time, in Unix seconds.
    pub first_seen: u64,
    /// Whether nobody else can take it back: it is in a block, or it counts, is the wallet's own
    /// spend and nobody else's, and so is all that it stands on.
    pub trusted: bool,
    /// What it changed in the wallet: received less spent.
    pub net: SignedAmount,
    /// The fee, when all inputs are ours.
    pub fee: Option<Amount>,
    /// Whether it was signed by this wallet.
    pub signed_here: bool,
    /// Its outputs, in its order.
    pub outputs: Vec<RecordedOutput>,
    /// Other transactions that are known here and spend a coin that it spends.
    pub conflicts: Vec<Txid>,
    /// The lowest block that holds what excludes it, or what it stands on.
    pub excluded: Option<Height>,
    /// The payment of this wallet that it was made to replace.
    pub replaces: Option<Txid>,
    /// The payment of this wallet that was made to replace it, the last of them.
    pub replaced_by: Option<Txid>,
    /// Its own label.
    pub note: Option<String>,
}

/// What the wallet knows of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedOutput {
    /// Where in this wallet it goes to.
    pub owner: Option<Owner>,
    /// The label of its address.
    pub note: Option<String>,
    /// What spends it, of those that count; known of the wallet's own outputs only.
    pub spender: Option<Txid>,
}
