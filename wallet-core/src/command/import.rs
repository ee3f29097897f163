//! Owns `Import`: a descriptor that a wallet is asked to take in, and what came of it.
//!
//! Refuses private keys: descriptors are plain data here.

use super::{Birthday, OperationId};
use crate::keychain::DescriptorError;

/// A descriptor to take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The descriptor, with its checksum or without.
    pub descriptor: String,
    /// Whether its one branch is of change; of two branches, the second is.
    pub internal: bool,
    /// Whether it gives the new addresses of its kind from here on.
    pub active: bool,
    /// At the least every address below this number is watched.
    pub end: u32,
    /// The number of the next new address.
    pub next: u32,
    /// The label of its one address.
    pub label: Option<String>,
    /// Since when payments are looked for.
    pub since: Birthday,
}

/// What came of a request to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What is wrong with each descriptor, in their order; `None`: it was taken in.
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
    /// A wallet has no more room.
    #[error("a wallet has at most {most} accounts")]
    TooMany {
        /// The most accounts.
        most: usize,
    },
}
