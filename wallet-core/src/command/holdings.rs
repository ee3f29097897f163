//! Owns `Holdings`, what a wallet holds as others count it: what is deep enough in one sum, and what
//! no block holds coin by coin; and `Receipt`, one payment to an address.
//!
//! Refuses to judge which of the coins without a block can be trusted.

use bitcoin::{Amount, OutPoint, ScriptBuf, Txid};

use crate::light_client::height::Height;

/// What a wallet holds, frozen coins among it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    /// In blocks, with as many confirmations as were asked for, and mature.
    pub confirmed: Amount,
    /// Mined, but younger than 100 blocks.
    pub immature: Amount,
    /// In no block.
    pub pending: Vec<(OutPoint, Amount)>,
    /// How many transactions the history has.
    pub transactions: u64,
}

/// One output to a script of the wallet, spent or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The script.
    pub script: ScriptBuf,
    /// Its transaction, which counts.
    pub txid: Txid,
    /// How much.
    pub amount: Amount,
    /// Its block, if it has one.
    pub height: Option<Height>,
    /// Whether it comes from a coinbase.
    pub coinbase: bool,
}
