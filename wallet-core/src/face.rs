//! Owns `Face`, what every face holds: wallets are asked by their names, and tell what happens to
//! them; and `Conversation`, which speaks with one wallet.
//!
//! Plain data both ways, so that wallets in this process and those behind a daemon's socket look
//! the same. Refuses to keep a question's order among those of others: whoever asks waits for the
//! answer before the next question, or does not mind.

pub mod backlog;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::backup::Backup;
use crate::command::{ChainQuery, Command, CommandError, Reply, StoreProblem, WalletDescription};
use crate::event::{Event, News};
use crate::founding::{Founding, RestoreError};
use crate::open_error::OpenError;
use crate::passphrase::{PassphraseChange, PassphraseError, PasswordChange};
use crate::vault::{KdfCost, Password};
use crate::wallet_name::WalletName;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whether the wallet will be asked to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Look only: the key layer stays sealed, and `Sign` answers `Locked`.
    View,
    /// Signing is possible.
    Sign,
}

/// A chain with its open wallets, as a face sees them; to be shared by any number of askers.
pub trait Face: Send + Sync {
    /// Asks a wallet and waits for the answer. Dropping the future takes nothing back: what was
    /// asked is done, and nobody hears the answer.
    ///
    /// # Errors
    /// What the wallet answered; [`CommandError::NotLoaded`], [`CommandError::Busy`] when too many
    /// questions are unanswered, or [`CommandError::Closing`]: nothing was done then.
    fn ask<'a>(
        &'a self,
        wallet: &'a WalletName,
        command: Command,
    ) -> BoxFuture<'a, Result<Reply, CommandError>>;

    /// Asks what is known of the chain, whichever wallets are open. Dropping the future gives up
    /// waiting for a block or filters of peers.
    ///
    /// # Errors
    /// [`CommandError::Offline`], [`CommandError::Busy`] or [`CommandError::Closing`].
    fn ask_chain(&self, query: ChainQuery) -> BoxFuture<'_, Result<Reply, CommandError>>;

    /// The wallets that are open, in the order of their names.
    ///
    /// # Errors
    /// [`CommandError::Closing`].
    fn wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, CommandError>>;

    /// All wallets of the directory, open or not, in the order of their names.
    ///
    /// # Errors
    /// If the directory can't be read.
    fn all_wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, StoreProblem>>;

    /// Makes a wallet beside those that are open; it is not loaded. Durable on return, and it takes
    /// the time of one password derivation of this cost.
    ///
    /// # Errors
    /// See [`RestoreError`]; an existing wallet is never touched.
    fn found<'a>(
        &'a self,
        wallet: &'a WalletName,
        founding: Founding,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<WalletDescription, RestoreError>>;

    /// Everything about an open wallet that the chain can't give back, its seed included if it has
    /// one.
    ///
    /// # Errors
    /// [`CommandError::Locked`] if there is a seed and the key layer is sealed,
    /// [`CommandError::NotLoaded`], [`CommandError::Closing`], or what the disk refused.
    fn backup<'a>(&'a self, wallet: &'a WalletName) -> BoxFuture<'a, Result<Backup, CommandError>>;

    /// Has a wallet opened whenever a daemon starts, or not; durable on return.
    ///
    /// # Errors
    /// What the disk refused.
    fn keep_open<'a>(
        &'a self,
        wallet: &'a WalletName,
        open: bool,
    ) -> BoxFuture<'a, Result<(), StoreProblem>>;

    /// Opens a wallet beside those that are open. It can be asked at once, and hears of the chain
    /// from here on; what it missed is looked up meanwhile, without holding up the others. It takes
    /// the time of one password derivation.
    ///
    /// # Errors
    /// See [`OpenError`].
    fn load<'a>(
        &'a self,
        wallet: &'a WalletName,
        password: Password,
        access: Access,
    ) -> BoxFuture<'a, Result<(), OpenError>>;

    /// Closes one wallet: what is known of it is committed, and its file is free on return. What it
    /// had announced is announced again when it is loaded.
    ///
    /// # Errors
    /// [`CommandError::NotLoaded`], [`CommandError::Closing`], or what the disk refused.
    fn unload<'a>(&'a self, wallet: &'a WalletName) -> BoxFuture<'a, Result<(), CommandError>>;

    /// Opens a wallet's key layer by its passphrase, or by the wallet's password if it has none,
    /// until it is locked by [`Command::Lock`], because nobody is there, or after a time. What is
    /// asked after this can be signed. It takes the time of one password derivation.
    ///
    /// # Errors
    /// [`OpenError::WrongPassword`], [`OpenError::TooSoon`], [`OpenError::NotLoaded`] and what else
    /// can be wrong with the header file.
    fn unlock<'a>(
        &'a self,
        wallet: &'a WalletName,
        password: Password,
        lasts: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), OpenError>>;

    /// Gives a wallet's key layer a passphrase of its own, or another one; durable on return. After
    /// the first it is locked. It takes the time of one or two password derivations.
    ///
    /// # Errors
    /// See [`PassphraseError`].
    fn change_passphrase<'a>(
        &'a self,
        wallet: &'a WalletName,
        change: PassphraseChange,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), PassphraseError>>;

    /// Gives a wallet of the directory another password, open or not; durable on return. It takes the time of
    /// two password derivations.
    ///
    /// # Errors
    /// [`OpenError::WrongPassword`], [`OpenError::TooSoon`], [`OpenError::NoSuchWallet`], and what
    /// else can be wrong with the header file. The old password opens the wallet then, unless it says that
    /// either may.
    fn change_password<'a>(
        &'a self,
        wallet: &'a WalletName,
        change: PasswordChange,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), OpenError>>;

    /// Listens from here on. The first listener hears what happened before too.
    fn listen(&self) -> Box<dyn Listener>;

    /// Closes: what is known is committed, connections end, the directory is given free.
    /// Listeners hear what happens meanwhile.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Hears what happens to every open wallet, and to the chain.
pub trait Listener: Send {
    /// The next event, when there is one; `None` once all is closed and was told. Dropping the
    /// future loses no event. Who does not listen for long misses some, and is told how many
    /// ([`Event::Missed`]).
    fn next(&mut self) -> BoxFuture<'_, Option<News>>;
}

/// Speaks with one wallet. What happens while an answer is waited for can be heard afterwards.
pub struct Conversation {
    face: Box<dyn Face>,
    wallet: WalletName,
    listener: Box<dyn Listener>,
}

impl Conversation {
    /// Talks to a wallet of `face`.
    #[must_use]
    pub fn new(face: impl Face + 'static, wallet: WalletName) -> Self {
        let listener = face.listen();
        Self { face: Box::new(face), wallet, listener }
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// As [`Face::ask`].
    pub async fn ask(&mut self, command: Command) -> Result<Reply, CommandError> {
        self.face.ask(&self.wallet, command).await
    }

    /// The next event of the wallet, the chain or the peers; `None` once the face is closed and
    /// all was told.
    pub async fn next_event(&mut self) -> Option<Event> {
        loop {
            let News { wallet, event } = self.listener.next().await?;
            if wallet.is_none_or(|wallet| wallet == self.wallet) {
                return Some(event);
            }
        }
    }

    /// Closes the face, as [`Face::close`].
    pub async fn close(&mut self) {
        self.face.close().await;
    }
}
