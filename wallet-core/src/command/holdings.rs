//! Owns `Holdings`, what a wallet holds as others count it, in sums; and `Receipt`, one payment to an
//! address.

use bitcoin::{Amount, ScriptBuf, Txid};

use crate::light_client::height::Height;

/// What a wallet holds, frozen coins among it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    /// In blocks, with as many confirmations as were asked for, and mature.
    pub confirmed: Amount,
    /// Mined, but younger than 100 blocks.
    pub immature: Amount,
    /// In no block, of transactions that nobody else can take back.
    pub pending: Amount,
    /// In no block, of others.
    pub untrusted: Amount,
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
