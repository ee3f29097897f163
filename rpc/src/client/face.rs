//! Owns `RemoteFace`: the wallets of a daemon of this user, as if they were in this process.
//!
//! Each question has a connection of its own, so none waits for another; a wallet that is loaded for
//! this face keeps one, and is unloaded when it ends, however it ends. Refuses daemons of another
//! version.

mod connection;
mod listener;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use billfold_wallet_core::backup::Backup;
use billfold_wallet_core::command::{
    ChainQuery, Command, CommandError, Reply, StoreProblem, WalletDescription,
};
use billfold_wallet_core::face::{Access, BoxFuture, Face, Listener};
use billfold_wallet_core::founding::{Founding, RestoreError};
use billfold_wallet_core::open_error::OpenError;
use billfold_wallet_core::passphrase::{PassphraseChange, PassphraseError, PasswordChange};
use billfold_wallet_core::portable::Portable;
use billfold_wallet_core::portable::question::Question;
use billfold_wallet_core::vault::{KdfCost, Password};
use billfold_wallet_core::wallet_name::WalletName;
use tokio::sync::watch;

pub use connection::AttachError;
use connection::{Attached, ConnectError, Trouble, exchange};
use listener::RemoteListener;

/// A daemon's wallets.
#[derive(Debug, Clone)]
pub struct RemoteFace(Arc<Attached>);

impl RemoteFace {
    /// The daemon that listens at a socket; `None` if nobody does, though its file may be left over.
    ///
    /// # Errors
    /// See [`AttachError`].
    pub async fn attach(socket: &Path, version: &str) -> Result<Option<Self>, AttachError> {
        let attached = Attached {
            socket: socket.to_owned(),
            version: version.to_owned(),
            joining: watch::Sender::new(0),
            closed: watch::Sender::new(false),
            loaded: Mutex::default(),
        };
        match attached.connect().await {
            Ok(_stream) => Ok(Some(Self(Arc::new(attached)))),
            Err(ConnectError::Absent) => Ok(None),
            Err(ConnectError::Refused(error)) => Err(error),
        }
    }

    fn asked<T: Portable, E: Portable + From<Trouble>>(
        &self,
        question: Question,
    ) -> BoxFuture<'_, Result<T, E>>
    where
        Result<T, E>: Send,
    {
        Box::pin(async move { self.0.ask(&question).await?.0 })
    }
}

impl Face for RemoteFace {
    fn ask<'a>(
        &'a self,
        wallet: &'a WalletName,
        command: Command,
    ) -> BoxFuture<'a, Result<Reply, CommandError>> {
        self.asked(Question::Ask(wallet.clone(), Box::new(command)))
    }

    fn ask_chain(&self, query: ChainQuery) -> BoxFuture<'_, Result<Reply, CommandError>> {
        self.asked(Question::AskChain(query))
    }

    fn wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, CommandError>> {
        self.asked(Question::Wallets)
    }

    fn all_wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, StoreProblem>> {
        self.asked(Question::AllWallets)
    }

    fn found<'a>(
        &'a self,
        wallet: &'a WalletName,
        founding: Founding,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<WalletDescription, RestoreError>> {
        self.asked(Question::Found(wallet.clone(), Box::new(founding), cost))
    }

    fn backup<'a>(&'a self, wallet: &'a WalletName) -> BoxFuture<'a, Result<Backup, CommandError>> {
        self.asked(Question::Backup(wallet.clone()))
    }

    fn keep_open<'a>(
        &'a self,
        wallet: &'a WalletName,
        open: bool,
    ) -> BoxFuture<'a, Result<(), StoreProblem>> {
        self.asked(Question::KeepOpen(wallet.clone(), open))
    }

    /// It is unloaded again when this face is closed or gone.
    fn load<'a>(
        &'a self,
        wallet: &'a WalletName,
        password: Password,
        access: Access,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(async move {
            let question = Question::Load(wallet.clone(), password, access);
            let (answer, stream): (Result<(), OpenError>, _) = self.0.ask(&question).await?;
            answer?;
            let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            loaded.insert(wallet.clone(), stream);
            Ok(())
        })
    }

    fn unload<'a>(&'a self, wallet: &'a WalletName) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let question = Question::Unload(wallet.clone());
            let own = {
                let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
                loaded.remove(wallet)
            };
            match own {
                Some(mut stream) => exchange(&mut stream, &question).await?,
                None => self.0.ask(&question).await?.0,
            }
        })
    }

    fn unlock<'a>(
        &'a self,
        wallet: &'a WalletName,
        password: Password,
        lasts: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        self.asked(Question::Unlock(wallet.clone(), password, lasts))
    }

    fn change_passphrase<'a>(
        &'a self,
        wallet: &'a WalletName,
        change: PassphraseChange,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), PassphraseError>> {
        self.asked(Question::ChangePassphrase(wallet.clone(), change, cost))
    }

    fn change_password<'a>(
        &'a self,
        wallet: &'a WalletName,
        change: PasswordChange,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        self.asked(Question::ChangePassword(wallet.clone(), change, cost))
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(RemoteListener::begin(&self.0))
    }

    /// Leaves the daemon as it is, but for wallets that were loaded for this face.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.0.closed.send_replace(true);
            let loaded = {
                let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *loaded)
            };
            for (wallet, mut stream) in loaded {
                // If it went away, so did the wallet.
                let _: Result<Result<(), CommandError>, Trouble> =
                    exchange(&mut stream, &Question::Unload(wallet)).await;
            }
        })
    }
}

#[cfg(all(test, unix))]
mod tests;
