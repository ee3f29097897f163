//! Owns what a wallet is made from, keys, descriptors or a backup, and why none was made.
//!
//! Plain data, so that a wallet can be made by whoever has the directory for who has not. Refuses to
//! show words and passwords.

use bitcoin::Network;

use crate::backup::Backup;
use crate::command::{Birthday, StoreProblem};
use crate::config::{LookAhead, WalletName};
use crate::entropy::EntropyError;
use crate::failure::Kind;
use crate::keychain::{
    AccountDescriptor, AccountName, DescriptorError, ScriptType, StandardAccount,
};
use crate::light_client::time::WallTime;
use crate::seed::{Seed, WordCount, Words};
use crate::store::lock::{Holder, LockError};
use crate::store::problem;
use crate::vault::{Password, SealError, VaultError};

/// What a wallet is made from.
#[derive(Debug)]
pub enum Founding {
    /// Keys of its own.
    Keys(NewWallet),
    /// Descriptors, without keys.
    Watch(NewWatch),
    /// Nothing yet: descriptors are imported later.
    Blank {
        /// Where its scan begins.
        birthday: Birthday,
        /// Whether private keys may be.
        keys: BlankKeys,
        /// Whether payments leave coins at addresses alone that were spent from.
        avoids_reuse: bool,
        /// Protects the wallet on disk.
        password: Password,
    },
    /// A backup. Without a seed in it the wallet only watches.
    Backup {
        /// The backup.
        backup: Box<Backup>,
        /// Protects the wallet on disk.
        password: Password,
    },
}

/// Whether a wallet without anything may be given private keys.
#[derive(Debug)]
pub enum BlankKeys {
    /// It only watches.
    Never,
    /// They may be imported, and are protected by a passphrase besides the password if there is one.
    Later(Option<Password>),
}

/// What a wallet is created or restored from.
#[derive(Debug)]
pub struct NewWallet {
    /// Its keys.
    pub seed: Seed,
    /// Its accounts, the preferred one first; at least one.
    pub accounts: Vec<StandardAccount>,
    /// Where its scan begins.
    pub birthday: Birthday,
    /// How far it looks for used addresses.
    pub look_ahead: LookAhead,
    /// Protects it on disk.
    pub password: Password,
    /// When the words were typed back, or read from where they are kept, before this.
    pub words_checked: Option<WallTime>,
    /// Protects its keys, besides the password; `None`: the password opens them.
    pub key_passphrase: Option<Password>,
    /// Whether payments leave coins at addresses alone that were spent from.
    pub avoids_reuse: bool,
}

impl NewWallet {
    /// New keys with a standard account of each kind, of which the first is preferred: what a
    /// program gets that asks for a wallet and nothing else.
    ///
    /// # Errors
    /// If the system gives no entropy.
    pub fn generated(
        kinds: &[ScriptType],
        now: WallTime,
        password: Password,
        key_passphrase: Option<Password>,
    ) -> Result<Self, EntropyError> {
        let words = Words::generate(WordCount::Twelve)?;
        Ok(Self {
            seed: Seed::new(&words, ""),
            accounts: kinds.iter().copied().map(StandardAccount::first).collect(),
            birthday: Birthday::Time(now.to_unix()),
            look_ahead: LookAhead::NEW,
            password,
            words_checked: None,
            key_passphrase,
            avoids_reuse: false,
        })
    }
}

/// What a wallet is made of that only watches.
#[derive(Debug)]
pub struct NewWatch {
    /// Its accounts with their names, the preferred one first; at least one.
    pub accounts: Vec<(AccountName, AccountDescriptor)>,
    /// Where its scan begins.
    pub birthday: Birthday,
    /// How far it looks for used addresses.
    pub look_ahead: LookAhead,
    /// Protects it on disk: who pays whom is nobody else's matter.
    pub password: Password,
    /// Whether programs have a device sign what it pays.
    pub external_signer: bool,
    /// Whether payments leave coins at addresses alone that were spent from.
    pub avoids_reuse: bool,
}

impl NewWatch {
    /// A wallet whose keys are elsewhere, which knows no device and leaves no coins alone.
    #[must_use]
    pub const fn new(
        accounts: Vec<(AccountName, AccountDescriptor)>,
        birthday: Birthday,
        look_ahead: LookAhead,
        password: Password,
    ) -> Self {
        let (external_signer, avoids_reuse) = (false, false);
        Self { accounts, birthday, look_ahead, password, external_signer, avoids_reuse }
    }
}

/// Why a wallet was not created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The name is taken.
    #[error("there is a wallet named {0} already: choose another name with --wallet")]
    WalletExists(WalletName),
    /// Another process has the directory.
    #[error("{0} is using this data directory: stop it first")]
    DirInUse(Holder),
    /// What has the directory is closing.
    #[error("billfold is closing: start it again")]
    Closing,
    /// The daemon that was asked went away. Whether it did what was asked is not known.
    #[error(
        "the daemon ended before it answered: whether it did what was asked is not known, so look \
         before you ask again"
    )]
    DaemonLost,
    /// No account was asked for, or one twice.
    #[error("a wallet needs at least one account, and each only once")]
    BadAccounts,
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

impl CreateError {
    /// Which of the failures that have a stable name and code.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::WalletExists(_) => Kind::WalletExists,
            Self::DirInUse(_) => Kind::DirInUse,
            Self::Closing => Kind::Closing,
            Self::DaemonLost => Kind::DaemonLost,
            Self::BadAccounts => Kind::BadAccounts,
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

impl From<SealError> for CreateError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::OutOfMemory(error) => Self::OutOfMemory { kib: error.kib },
            SealError::Entropy(error) => Self::Entropy(error),
        }
    }
}

impl From<LockError> for CreateError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::InUse(holder) => Self::DirInUse(holder),
            LockError::Store(problem) => Self::Store(problem),
        }
    }
}

impl From<VaultError> for CreateError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::OutOfMemory(error) => Self::OutOfMemory { kib: error.kib },
            VaultError::Entropy(error) => Self::Entropy(error),
            VaultError::Io { path, source } => Self::Store(problem::from_io(&path, &source)),
            VaultError::WrongPassword
            | VaultError::TooSoon { .. }
            | VaultError::Damaged { .. }
            | VaultError::NoSuchFile { .. }
            | VaultError::Unsettled { .. }
            | VaultError::Exists { .. }
            | VaultError::Newer { .. } => {
                let (path, what) = ("the new wallet's header file".to_owned(), error.to_string());
                Self::Store(StoreProblem::Io { path, what })
            }
        }
    }
}

/// Why no wallet was made of a backup.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The backup is of another network.
    #[error(
        "the backup is of a wallet of {found}, not of {asked}: name that network with --network"
    )]
    NetworkMismatch {
        /// Its network.
        found: Network,
        /// The network that was asked for.
        asked: Network,
    },
    /// An account's descriptor is not one.
    #[error("account {name} of the backup can't be used: {problem}")]
    Account {
        /// Which.
        name: String,
        /// What is wrong.
        problem: DescriptorError,
    },
    /// An account's key is said to be the seed's and is not.
    #[error("account {name} of the backup names a key that its seed does not make: it is forged")]
    ForeignKey {
        /// Which.
        name: String,
    },
    /// The wallet could not be made.
    #[error(transparent)]
    Create(#[from] CreateError),
}

impl RestoreError {
    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NetworkMismatch { .. } => "network_mismatch",
            Self::Account { .. } | Self::ForeignKey { .. } => "backup_damaged",
            Self::Create(error) => error.name(),
        }
    }
}

impl From<StoreProblem> for RestoreError {
    fn from(problem: StoreProblem) -> Self {
        Self::Create(CreateError::Store(problem))
    }
}
