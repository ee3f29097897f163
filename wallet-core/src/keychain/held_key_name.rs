//! Owns `HeldKeyName`: the public half of a private key that a wallet was given, by which it is known
//! where it can't be opened.
//!
//! Refuses private keys.

use std::fmt;

use bitcoin::PublicKey;
use bitcoin::bip32::{KeySource, Xpub};

/// The public half of a private key, and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldKeyName {
    /// Fingerprint of the master key and the path from it.
    pub origin: KeySource,
    /// The extended public key, or the public key.
    pub public: PublicHalf,
}

/// The public half of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicHalf {
    /// Of an extended key.
    Extended(Xpub),
    /// Of a single key.
    Single(PublicKey),
}

impl PublicHalf {
    /// Reads what was written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let single = || text.parse().ok().map(Self::Single);
        text.parse().ok().map(Self::Extended).or_else(single)
    }
}

impl fmt::Display for PublicHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extended(key) => key.fmt(f),
            Self::Single(key) => key.fmt(f),
        }
    }
}
