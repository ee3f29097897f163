//! Owns `Course`: whether a wallet is where the scan of the chain is, or behind it.
//!
//! Refuses to bring it there.

/// How a wallet stands to the scan of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Its cursor is the scan's.
    Level,
    /// Below the scan's cursor blocks are looked at for it, in any order.
    Behind {
        /// Whether the light client knows.
        told: bool,
        /// Whether it was level, and is behind because a rescan was asked for: new blocks are
        /// applied as they come.
        rescans: bool,
    },
}
