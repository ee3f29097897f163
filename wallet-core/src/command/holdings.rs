//! Owns `Holdings`, what a wallet holds as others count it, in sums; `Receipt`, one payment to an
//! address; and `ReceivedQuery`, which of them are summed.

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
    /// The same parts, of what is at addresses that were spent from; `None`: the wallet does not
    /// avoid them.
    pub spent_from: Option<SpentFrom>,
    /// How many transactions the history has.
    pub transactions: u64,
}

/// What a wallet holds at addresses that were spent from, in the parts of [`Holdings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpentFrom {
    /// Of what is in blocks.
    pub confirmed: Amount,
    /// Of what is mined and young.
    pub immature: Amount,
    /// Of what is in no block and can't be taken back.
    pub pending: Amount,
    /// Of what others could take back.
    pub untrusted: Amount,
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

/// Which payments to scripts of the wallet are summed, spent or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedQuery {
    /// The scripts; each counts as often as it stands here.
    pub scripts: Vec<ScriptBuf>,
    /// Only those in blocks up to this one; `None`: those in no block, too.
    pub highest: Option<Height>,
    /// Of those from a coinbase only what is in blocks up to this one.
    pub highest_coinbase: Height,
}
