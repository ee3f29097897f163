//! Owns `TransactionId`: the two names under which transactions are announced (BIP339).
//!
//! Refuses to say which transaction is meant; who knows some does.

use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{Txid, Wtxid};

/// How a transaction is named in an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TransactionId {
    /// By its witnesses too, with peers that agreed to that.
    Wtxid(Wtxid),
    /// As before.
    Txid(Txid),
}

impl TransactionId {
    /// The transaction that an entry of `inv` or `getdata` is about; `None` when it is about a
    /// block.
    pub(crate) const fn of(item: &Inventory) -> Option<Self> {
        match item {
            Inventory::WTx(wtxid) => Some(Self::Wtxid(*wtxid)),
            Inventory::Transaction(txid) | Inventory::WitnessTransaction(txid) => {
                Some(Self::Txid(*txid))
            }
            _ => None,
        }
    }
}
