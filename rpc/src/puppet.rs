//! Owns a wallet for tests that answers as it is told, and can keep silent.

use std::sync::Arc;
use std::time::Duration;

use billfold_wallet_core::backup::Backup;
use billfold_wallet_core::command::{
    ChainQuery, Command, CommandError, Reply, StoreProblem, WalletDescription,
};
use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::event::News;
use billfold_wallet_core::face::{Access, BoxFuture, Face, Listener};
use billfold_wallet_core::founding::{Founding, RestoreError};
use billfold_wallet_core::open_error::OpenError;
use billfold_wallet_core::passphrase::{PassphraseChange, PassphraseError, PasswordChange};
use billfold_wallet_core::vault::{KdfCost, Password};
use tokio::sync::Semaphore;

/// What a puppet says to a command; `None`: nothing.
pub(crate) type Script = fn(&Command) -> Option<Result<Reply, CommandError>>;

/// The same to what is asked of the chain.
pub(crate) type ChainScript = fn(&ChainQuery) -> Option<Result<Reply, CommandError>>;

/// A wallet that follows a script.
pub(crate) struct Puppet {
    script: Script,
    chain: ChainScript,
    answered: Option<fn()>,
    gate: Option<Arc<Semaphore>>,
}

impl Puppet {
    /// A wallet that answers by this script.
    pub(crate) fn new(script: Script) -> Self {
        Self { script, chain: |_| None, answered: None, gate: None }
    }

    /// Answers by this script what is asked of the chain.
    #[cfg(test)]
    pub(crate) fn with_chain(self, chain: ChainScript) -> Self {
        Self { chain, ..self }
    }

    /// Lets others run between question and answer, and tells when the answer is given.
    #[cfg(test)]
    pub(crate) fn answering_later(self, answered: fn()) -> Self {
        Self { answered: Some(answered), ..self }
    }

    /// Answers nothing before the gate lets it through.
    #[cfg(test)]
    pub(crate) fn waiting_at(self, gate: Arc<Semaphore>) -> Self {
        Self { gate: Some(gate), ..self }
    }
}

impl Face for Puppet {
    fn ask<'a>(
        &'a self,
        _wallet: &'a WalletName,
        command: Command,
    ) -> BoxFuture<'a, Result<Reply, CommandError>> {
        Box::pin(async move {
            let Some(answer) = (self.script)(&command) else { return std::future::pending().await };
            if let Some(gate) = &self.gate {
                drop(gate.acquire().await);
            }
            if let Some(answered) = self.answered {
                tokio::task::yield_now().await;
                answered();
            }
            answer
        })
    }

    fn ask_chain(&self, query: ChainQuery) -> BoxFuture<'_, Result<Reply, CommandError>> {
        let answer = (self.chain)(&query);
        Box::pin(async {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }

    fn all_wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, StoreProblem>> {
        Box::pin(std::future::pending())
    }

    fn found<'a>(
        &'a self,
        _wallet: &'a WalletName,
        _founding: Founding,
        _cost: KdfCost,
    ) -> BoxFuture<'a, Result<WalletDescription, RestoreError>> {
        Box::pin(std::future::pending())
    }

    fn backup<'a>(
        &'a self,
        _wallet: &'a WalletName,
    ) -> BoxFuture<'a, Result<Backup, CommandError>> {
        Box::pin(std::future::pending())
    }

    fn keep_open<'a>(
        &'a self,
        _wallet: &'a WalletName,
        _open: bool,
    ) -> BoxFuture<'a, Result<(), StoreProblem>> {
        Box::pin(std::future::pending())
    }

    fn wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, CommandError>> {
        Box::pin(std::future::pending())
    }

    fn load<'a>(
        &'a self,
        _wallet: &'a WalletName,
        _password: Password,
        _access: Access,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(std::future::pending())
    }

    fn unload<'a>(&'a self, _wallet: &'a WalletName) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(std::future::pending())
    }

    fn unlock<'a>(
        &'a self,
        _wallet: &'a WalletName,
        _password: Password,
        _lasts: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(std::future::pending())
    }

    fn change_passphrase<'a>(
        &'a self,
        _wallet: &'a WalletName,
        _change: PassphraseChange,
        _cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), PassphraseError>> {
        Box::pin(std::future::pending())
    }

    fn change_password<'a>(
        &'a self,
        _wallet: &'a WalletName,
        _change: PasswordChange,
        _cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(std::future::pending())
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(Deaf)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

struct Deaf;

impl Listener for Deaf {
    fn next(&mut self) -> BoxFuture<'_, Option<News>> {
        Box::pin(std::future::pending())
    }
}
