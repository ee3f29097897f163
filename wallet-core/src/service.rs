//! Owns the in-process face: create a wallet, open one, run it until it is closed.
//!
//! Refuses to show or keep words and passwords.

use crate::command::{Birthday, Command, CommandError, StoreProblem, WalletDescription};
use crate::config::{LookAhead, Settings, WalletName};
use crate::entropy::EntropyError;
use crate::event::{CommandId, Event};
use crate::face::{BoxFuture, Face};
use crate::keychain::AccountId;
use crate::seed::Seed;
use crate::store::lock::Holder;
use crate::vault::{KdfCost, Password};

/// What a wallet is created or restored from.
pub struct NewWallet {
    /// Its keys.
    pub seed: Seed,
    /// Its accounts, the preferred one first; at least one.
    pub accounts: Vec<AccountId>,
    /// Where its scan begins.
    pub birthday: Birthday,
    /// How far it looks for used addresses.
    pub look_ahead: LookAhead,
    /// Protects it on disk.
    pub password: Password,
}

/// Whether the wallet will be asked to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Look only: the key layer stays sealed, and `Sign` answers `Locked`.
    View,
    /// Signing is possible.
    Sign,
}

/// Whether peers are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// No connection is made; commands are answered from what is stored.
    Offline,
    /// Peers are dialled, the chain is followed and payments are announced.
    Online,
}

/// The wallets of a network's directory, in the order of their names.
///
/// # Errors
/// If the directory is there and can't be read.
pub fn wallets(_settings: &Settings) -> Result<Vec<WalletName>, StoreProblem> {
    todo!()
}

/// Creates the wallet that `settings` names; durable on return. It takes the time of one password
/// derivation.
///
/// The words are the only copy of the money that the user will have, so a caller makes *them*
/// durable first (shows them, or writes and syncs their file): words without a wallet are
/// harmless, while a wallet without words could receive money that no one can restore.
/// [`check_new`] tells beforehand whether the wallet can be made at all.
///
/// # Errors
/// See [`CreateError`]; an existing wallet is never touched.
pub fn create(
    _settings: &Settings,
    _wallet: NewWallet,
    _cost: KdfCost,
) -> Result<WalletDescription, CreateError> {
    todo!()
}

/// Whether [`create`] would find its place free: nobody uses the directory, it can be written, and
/// no wallet has the name.
///
/// # Errors
/// See [`CreateError`].
pub fn check_new(_settings: &Settings) -> Result<(), CreateError> {
    todo!()
}

/// An open wallet in this process.
pub struct Service(());

impl Service {
    /// Opens the wallet that `settings` names and begins to run it on threads of its own. It
    /// blocks for the time of one password derivation.
    ///
    /// Dropping a service without [`Face::close`] ends it as a crash would: nothing that was told
    /// is lost.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        _settings: &Settings,
        _password: &Password,
        _access: Access,
        _reach: Reach,
    ) -> Result<Self, OpenError> {
        todo!()
    }
}

impl Face for Service {
    fn submit(&mut self, _command: Command) -> Result<CommandId, CommandError> {
        todo!()
    }

    fn next_event(&mut self) -> BoxFuture<'_, Option<Event>> {
        todo!()
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        todo!()
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
    /// Another process has the directory.
    #[error("{0} is using this data directory: stop it first")]
    DirInUse(Holder),
    /// The wallet belongs to another network: its file was copied here.
    #[error("wallet {wallet} is of {found}, not of {asked}: use --network {found}")]
    NetworkMismatch {
        /// Which wallet.
        wallet: WalletName,
        /// The network that it was made for.
        found: bitcoin::Network,
        /// The network that was asked for.
        asked: bitcoin::Network,
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

impl CreateError {
    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::WalletExists(_) => "wallet_exists",
            Self::DirInUse(_) => "dir_in_use",
            Self::BadAccounts => "bad_accounts",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Entropy(_) => "no_entropy",
            Self::Store(problem) => problem.name(),
        }
    }
}

impl OpenError {
    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoSuchWallet { .. } => "no_such_wallet",
            Self::WrongPassword => "wrong_password",
            Self::DirInUse(_) => "dir_in_use",
            Self::NetworkMismatch { .. } => "network_mismatch",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Entropy(_) => "no_entropy",
            Self::Store(problem) => problem.name(),
        }
    }
}

fn existing_shown(existing: &[WalletName]) -> String {
    if existing.is_empty() {
        return ": create one with billfold new, or billfold restore".to_owned();
    }
    let names: Vec<&str> = existing.iter().map(WalletName::as_str).collect();
    format!(": there is {}", names.join(", "))
}
