//! Owns what the wallet keeps to prove that a transaction is in a block.
//!
//! Refuses to know the chain: whether the block is still on it is the light client's to say.

use bitcoin::{Transaction, Txid};

use crate::command::CommandError;
use crate::light_client::chain::merkle_tree::MerkleBranch;
use crate::light_client::height::BlockId;

use super::Wallet;

/// A transaction, its block, and the way to the block's merkle root.
#[derive(Debug, Clone, PartialEq)]
pub struct Inclusion {
    /// The transaction.
    pub transaction: Transaction,
    /// The block.
    pub block: BlockId,
    /// The way.
    pub branch: MerkleBranch,
}

impl Wallet {
    /// Where a transaction is in the chain, with what proves it.
    ///
    /// # Errors
    /// [`CommandError::NoSuchTransaction`], [`CommandError::NotConfirmed`], or what the disk
    /// refused.
    pub fn inclusion(&self, txid: Txid) -> Result<Inclusion, CommandError> {
        let row = self.file.transaction(txid)?.ok_or(CommandError::NoSuchTransaction(txid))?;
        let place = row.placement.zip(self.file.siblings(txid)?);
        let (placement, siblings) = place.ok_or(CommandError::NotConfirmed(txid))?;
        let branch = MerkleBranch { position: placement.position, siblings };
        Ok(Inclusion { transaction: row.transaction, block: placement.block, branch })
    }
}
