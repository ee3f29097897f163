//! Owns the network's own play money.

/// Why the faucet did not pay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayError {}
