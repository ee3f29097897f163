//! Owns what is asked when a wallet gets another password, or its key layer a passphrase of its own, and why
//! it got none.
//!
//! A wallet without one is unlocked by its password. Refuses to show either.

use crate::command::{CommandError, StoreProblem};
use crate::config::WalletName;
use crate::entropy::EntropyError;
use crate::failure::Kind;
use crate::vault::{Password, SealError};

/// A passphrase in the place of another one, or of none.
#[derive(Debug, Clone)]
pub struct PassphraseChange {
    /// The one that there is; `None`: there is none.
    pub old: Option<Password>,
    /// The one that there will be.
    pub new: Password,
}

/// A wallet's password in the place of another one.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// The one that there is.
    pub old: Password,
    /// The one that there will be.
    pub new: Password,
}

/// Why a passphrase was not set or changed; the one that there was is still good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// The wallet is not open.
    #[error("the wallet {0} is not loaded: load it first")]
    NotLoaded(WalletName),
    /// There is nothing to protect.
    #[error("this wallet only watches: it has no keys to protect by a passphrase")]
    WatchOnly,
    /// There is a passphrase already.
    #[error("the wallet has a passphrase already: change it by naming it")]
    HasOne,
    /// There is no passphrase.
    #[error("the wallet has no passphrase: set one first")]
    HasNone,
    /// The old passphrase is another one.
    #[error("wrong passphrase")]
    Wrong,
    /// The keys must be there to be protected anew.
    #[error("the wallet is locked: unlock it with its password")]
    Locked,
    /// The memory that the derivation takes is not there.
    #[error("deriving the key takes {kib} KiB of memory, which this machine can't give now")]
    OutOfMemory {
        /// How much.
        kib: u32,
    },
    /// No entropy from the system.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// What has the directory is closing.
    #[error("billfold is closing: start it again")]
    Closing,
    /// The daemon that was asked went away. Whether it did what was asked is not known.
    #[error(
        "the daemon ended before it answered: whether it did what was asked is not known, so look \
         before you ask again"
    )]
    DaemonLost,
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreProblem),
}

impl PassphraseError {
    /// Which of the failures that have a stable name and code.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NotLoaded(_) => Kind::WalletNotLoaded,
            Self::WatchOnly => Kind::WatchOnly,
            Self::HasOne => Kind::HasPassphrase,
            Self::HasNone => Kind::NoPassphrase,
            Self::Wrong => Kind::WrongPassword,
            Self::Locked => Kind::Locked,
            Self::OutOfMemory { .. } => Kind::OutOfMemory,
            Self::Entropy(_) => Kind::NoEntropy,
            Self::Closing => Kind::Closing,
            Self::DaemonLost => Kind::DaemonLost,
            Self::Store(problem) => problem.kind(),
        }
    }

    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.kind().name()
    }
}

impl From<SealError> for PassphraseError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::OutOfMemory(error) => Self::OutOfMemory { kib: error.kib },
            SealError::Entropy(error) => Self::Entropy(error),
        }
    }
}

/// What a wallet answers to whom it was to be sealed for.
impl From<CommandError> for PassphraseError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::NotLoaded(name) => Self::NotLoaded(name),
            CommandError::WatchOnly => Self::WatchOnly,
            CommandError::Locked => Self::Locked,
            CommandError::DaemonLost => Self::DaemonLost,
            CommandError::Store(problem) => Self::Store(problem),
            _ => Self::Closing,
        }
    }
}
