//! Owns `Import`: what a wallet is asked to take in, a descriptor or several that stand and fall together, and
//! what came of it.
//!
//! A descriptor may have private keys in it. Refuses to show one, and wipes it.

use std::fmt;

use zeroize::Zeroizing;

use super::{Birthday, OperationId};
use crate::keychain::DescriptorError;

/// A descriptor to take in, or several that are taken in together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Each with its checksum or without, and with private keys or without.
    pub descriptors: Vec<DescriptorText>,
    /// Whether its one branch is of change; of two branches, the second is.
    pub internal: bool,
    /// Whether it gives the new addresses of its type from here on; `None`: as before, and one that is new gives
    /// none.
    pub active: Option<bool>,
    /// Whether all its keys come from the wallet's own, so that it is taken into a wallet with keys
    /// without private ones in it.
    pub derived: bool,
    /// At the least every address below this number is watched.
    pub end: u32,
    /// The number of the next new address.
    pub next: u32,
    /// The label of its one address.
    pub label: Option<String>,
    /// Since when payments are looked for.
    pub since: Birthday,
}

/// The text of a descriptor that may hold private keys.
#[derive(Clone, PartialEq, Eq)]
pub struct DescriptorText(Zeroizing<String>);

impl DescriptorText {
    /// Takes a copy.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DescriptorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DescriptorText(..)")
    }
}

/// What came of a request to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What is wrong with each request, in their order; `None`: it was taken in.
    pub problems: Vec<Option<ImportProblem>>,
    /// The search for what was paid to them, if one was taken in.
    pub operation: Option<OperationId>,
}

/// Why a descriptor was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportProblem {
    /// It is none that the wallet can use.
    #[error(transparent)]
    Descriptor(#[from] DescriptorError),
    /// The wallet has keys, and would count what it can't spend.
    #[error("a wallet with keys takes no descriptor without them: import it into one without keys")]
    HasKeys,
    /// The wallet has no keys, and takes none.
    #[error("a wallet without keys takes no private ones: import it into one with keys")]
    KeysDisabled,
    /// A key says that it comes from a master key of the wallet's own, and does not.
    #[error(
        "a key says that it comes from a key of this wallet and does not: somebody would sign in \
         your place"
    )]
    ForeignKey,
    /// It is to become active for change or not, and the wallet has it for the other.
    #[error(
        "the wallet has this descriptor for the other side, change or not: import it with the same \
         'internal' as before"
    )]
    OtherSide,
    /// Its one address is one of another descriptor's.
    #[error("the wallet has this address already, as one of another descriptor's")]
    Known,
    /// A wallet has no more room.
    #[error("a wallet has at most {most} accounts")]
    TooMany {
        /// The most accounts.
        most: usize,
    },
}
