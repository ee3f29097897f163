//! Owns which block of the best chain is asked for.
//!
//! Refuses blocks of branches that were left.

use bitcoin::BlockHash;

use crate::light_client::height::Height;

/// A block by its height or by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockQuery {
    /// By its height.
    Height(Height),
    /// By its hash.
    Hash(BlockHash),
}
