//! Owns `Proof`: that a transaction of the wallet is in a block, complete enough to be checked by
//! a stranger who has the header chain.
//!
//! Refuses to say whom the transaction concerns: it shows what anybody could find in the block.

use bitcoin::Transaction;

use crate::light_client::chain::merkle_tree::MerkleBranch;
use crate::light_client::evidence::Evidence;
use crate::light_client::height::BlockId;

/// That a transaction is in a block of the best chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The transaction.
    pub transaction: Transaction,
    /// The block.
    pub block: BlockId,
    /// From the transaction's id to the merkle root in the header.
    pub branch: MerkleBranch,
    /// The header, what is on top of it, and what peers say of the block's filter.
    pub evidence: Evidence,
}
