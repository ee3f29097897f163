//! Owns the transactions before a PSBT, as far as there is room for them in it.
//!
//! Refuses more than fits: whoever asks chooses how many inputs there are, and a stranger how large what
//! they spend from is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bitcoin::{Transaction, Txid};

use crate::command::CommandError;
use crate::limits::FILLED_BYTES;

use super::Wallet;

/// The wallet's transactions that a PSBT spends from.
#[derive(Debug, Default)]
pub(super) struct Parents {
    known: HashMap<Txid, Option<Transaction>>,
    /// What the PSBT holds of them: one that has several inputs there is in it as often.
    bytes: usize,
}

impl Wallet {
    /// A transaction of the wallet, once more.
    ///
    /// # Errors
    /// [`CommandError::ParentsTooLarge`], or what the disk refused.
    pub(super) fn parent(
        &self,
        txid: Txid,
        parents: &mut Parents,
    ) -> Result<Option<Transaction>, CommandError> {
        let known = match parents.known.entry(txid) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(self.file.transaction(txid)?.map(|row| row.transaction))
            }
        };
        let Some(transaction) = known else { return Ok(None) };
        parents.bytes += transaction.total_size();
        if parents.bytes > FILLED_BYTES {
            return Err(CommandError::ParentsTooLarge { most: FILLED_BYTES });
        }
        Ok(Some(transaction.clone()))
    }
}
