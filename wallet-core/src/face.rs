//! Owns `Face`, what every face holds: wallets are asked by their names, and tell what happens to
//! them; and `Conversation`, which speaks with one wallet.
//!
//! Plain data both ways, so that wallets in this process and those behind a daemon's socket look
//! the same. Refuses to keep a question's order among those of others: whoever asks waits for the
//! answer before the next question, or does not mind.

pub mod backlog;

use std::future::Future;
use std::pin::Pin;

use crate::command::{Command, CommandError, Reply};
use crate::event::{Event, News};
use crate::open_error::OpenError;
use crate::vault::Password;
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

    /// The wallets that are open, in the order of their names.
    ///
    /// # Errors
    /// [`CommandError::Closing`].
    fn wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, CommandError>>;

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

    /// Opens a wallet's key layer, until it is locked by [`Command::Lock`] or because nobody is
    /// there. What is asked after this can be signed. It takes the time of one password
    /// derivation.
    ///
    /// # Errors
    /// [`OpenError::WrongPassword`], [`OpenError::TooSoon`], [`OpenError::NotLoaded`] and what else
    /// can be wrong with the header file.
    fn unlock<'a>(
        &'a self,
        wallet: &'a WalletName,
        password: Password,
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
