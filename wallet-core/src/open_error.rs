//! Owns why a wallet was not opened.
//!
//! Refuses to hold a secret.

use std::time::Duration;

use bitcoin::Network;

use crate::command::StoreProblem;
use crate::config::WalletName;
use crate::entropy::EntropyError;
use crate::failure::Kind;
use crate::store::lock::{Holder, LockError};
use crate::store::problem;
use crate::vault::VaultError;

/// Why a wallet was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No such wallet.
    #[error("there is no wallet named {name}{}", existing_shown(existing))]
    NoSuchWallet {
        /// What was asked for.
        name: WalletName,
        /// What there is.
        existing: Vec<WalletName>,
    },
    /// The password does not open the wallet.
    #[error("wrong password")]
    WrongPassword,
    /// Too many passwords were wrong; this one was not tried.
    #[error("too many wrong passwords: wait {} s, then try again", wait.as_secs())]
    TooSoon {
        /// How long no password is tried.
        wait: Duration,
    },
    /// The wallet is open already.
    #[error("the wallet {0} is loaded already")]
    Loaded(WalletName),
    /// The wallet is not open.
    #[error("the wallet {0} is not loaded: load it first")]
    NotLoaded(WalletName),
    /// What has the directory is closing.
    #[error("billfold is closing: start it again")]
    Closing,
    /// The daemon that was asked went away. Whether it did what was asked is not known.
    #[error(
        "the daemon ended before it answered: whether it did what was asked is not known, so look \
         before you ask again"
    )]
    DaemonLost,
    /// Another process has the directory.
    #[error("{0} is using this data directory: stop it first")]
    DirInUse(Holder),
    /// The wallet belongs to another network: its file was copied here.
    #[error("wallet {wallet} is of {found}, not of {asked}: put its files where they belong")]
    NetworkMismatch {
        /// Which wallet.
        wallet: WalletName,
        /// The network that it was made for.
        found: Network,
        /// The network that was asked for.
        asked: Network,
    },
    /// The memory that the password's derivation takes is not there.
    #[error("deriving the key takes {kib} KiB of memory, which this machine can't give now")]
    OutOfMemory {
        /// How much.
        kib: u32,
    },
    /// No entropy from the system.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreProblem),
}

impl OpenError {
    /// Which of the failures that have a stable name and code.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoSuchWallet { .. } => Kind::NoSuchWallet,
            Self::WrongPassword => Kind::WrongPassword,
            Self::TooSoon { .. } => Kind::TooManyTries,
            Self::Loaded(_) => Kind::WalletLoaded,
            Self::NotLoaded(_) => Kind::WalletNotLoaded,
            Self::Closing => Kind::Closing,
            Self::DaemonLost => Kind::DaemonLost,
            Self::DirInUse(_) => Kind::DirInUse,
            Self::NetworkMismatch { .. } => Kind::NetworkMismatch,
            Self::OutOfMemory { .. } => Kind::OutOfMemory,
            Self::Entropy(_) => Kind::NoEntropy,
            Self::Store(problem) => problem.kind(),
        }
    }

    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.kind().name()
    }
}

impl From<LockError> for OpenError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::InUse(holder) => Self::DirInUse(holder),
            LockError::Store(problem) => Self::Store(problem),
        }
    }
}

impl From<VaultError> for OpenError {
    fn from(error: VaultError) -> Self {
        let damaged = |path: std::path::PathBuf, what: &str| {
            Self::Store(StoreProblem::Damaged {
                path: problem::shown(&path),
                what: what.to_owned(),
            })
        };
        let told = error.to_string();
        match error {
            VaultError::Unsettled { path, .. } => {
                // However the disk failed: that nothing was lost is not what is to be told.
                Self::Store(StoreProblem::Io { path: problem::shown(&path), what: told })
            }
            VaultError::WrongPassword => Self::WrongPassword,
            VaultError::TooSoon { wait } => Self::TooSoon { wait },
            VaultError::OutOfMemory(error) => Self::OutOfMemory { kib: error.kib },
            VaultError::Entropy(error) => Self::Entropy(error),
            VaultError::Io { path, source } => Self::Store(problem::from_io(&path, &source)),
            VaultError::Newer { path } => {
                Self::Store(StoreProblem::Newer { path: problem::shown(&path) })
            }
            VaultError::Damaged { path } | VaultError::Exists { path } => damaged(path, PUT_BACK),
            VaultError::NoSuchFile { path } => {
                damaged(path, "it is missing: put back a copy of it")
            }
        }
    }
}

const PUT_BACK: &str = "put back a copy of it, or restore the wallet from its words";

fn existing_shown(existing: &[WalletName]) -> String {
    if existing.is_empty() {
        return ": create one with billfold new, or billfold restore".to_owned();
    }
    let names: Vec<&str> = existing.iter().map(WalletName::as_str).collect();
    format!(": there is {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_change_that_may_have_happened_is_not_told_as_none() {
        let source = io::Error::from(io::ErrorKind::StorageFull);
        let error = VaultError::Unsettled { path: PathBuf::from("main.key"), source };
        let told = OpenError::from(error).to_string();
        assert!(
            told.contains("keep both passwords") && !told.contains("nothing was lost"),
            "{told}"
        );
    }
}
