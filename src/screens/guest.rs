//! Owns the screens' face while a daemon has the directory: what the daemon had open before them stays
//! open after them, for the scripts that it serves.
//!
//! A wallet that is open there is shown after its password was right, and leaving the screens
//! leaves it open. Keys that are open there are asked for their passphrase before each signature, and stay
//! open for as long as they would have; only a person who locks them by a key of the screens does lock
//! them. What was not open is opened for the screens alone.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use billfold_rpc::client::face::RemoteFace;
use billfold_wallet_core::backup::Backup;
use billfold_wallet_core::command::{
    ChainQuery, Command, CommandError, KeyState, Reply, StoreProblem, WalletDescription,
};
use billfold_wallet_core::config::{Settings, WalletName};
use billfold_wallet_core::event::{Event, News};
use billfold_wallet_core::face::{Access, BoxFuture, Face, Listener};
use billfold_wallet_core::founding::{Founding, RestoreError};
use billfold_wallet_core::net::clock::Clock;
use billfold_wallet_core::passphrase::{PassphraseChange, PassphraseError, PasswordChange};
use billfold_wallet_core::service::OpenError;
use billfold_wallet_core::vault::{self, KdfCost, Password};

/// A daemon's wallets, for screens that come and go.
pub(super) struct Guest {
    daemon: RemoteFace,
    settings: Settings,
    held: Mutex<Held>,
}

/// What is the screens' own, and what is not.
#[derive(Default)]
struct Held {
    /// Wallets that were open before.
    wallets: BTreeSet<WalletName>,
    /// Wallets that were opened for the screens.
    own: BTreeSet<WalletName>,
    /// Wallets whose keys were open before the signature that goes on.
    keys: BTreeSet<WalletName>,
}

impl Guest {
    pub(super) fn new(daemon: RemoteFace, settings: Settings) -> Self {
        Self { daemon, settings, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the password opens the wallet's file: the daemon would ask for none.
    async fn check(&self, wallet: &WalletName, password: Password) -> Result<(), OpenError> {
        let header = self.settings.paths().header(wallet);
        let now = Clock::start().now().wall;
        let checked = tokio::task::spawn_blocking(move || vault::open(&header, &password, now));
        Ok(checked.await.map_err(|_panicked| OpenError::Closing)?.map(drop)?)
    }

    /// How the keys stand, and so how long they are to stay open.
    async fn keys(&self, wallet: &WalletName) -> Result<KeyState, OpenError> {
        match self.daemon.ask(wallet, Command::KeyLayer).await {
            Ok(Reply::KeyLayer(layer)) => Ok(layer.state),
            Err(CommandError::NotLoaded(wallet)) => Err(OpenError::NotLoaded(wallet)),
            _ => Err(OpenError::Closing),
        }
    }
}

impl Face for Guest {
    fn ask<'a>(
        &'a self,
        wallet: &'a WalletName,
        command: Command,
    ) -> BoxFuture<'a, Result<Reply, CommandError>> {
        // The lock after a signature, by keys that were open before it.
        if matches!(command, Command::Lock) && self.held().keys.remove(wallet) {
            return Box::pin(async { Ok(Reply::Done) });
        }
        self.daemon.ask(wallet, command)
    }

    fn ask_chain(&self, query: ChainQuery) -> BoxFuture<'_, Result<Reply, CommandError>> {
        self.daemon.ask_chain(query)
    }

    fn wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, CommandError>> {
        self.daemon.wallets()
    }

    fn all_wallets(&self) -> BoxFuture<'_, Result<Vec<WalletName>, StoreProblem>> {
        self.daemon.all_wallets()
    }

    fn found<'a>(
        &'a self,
        wallet: &'a WalletName,
        founding: Founding,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<WalletDescription, RestoreError>> {
        self.daemon.found(wallet, founding, cost)
    }

    fn backup<'a>(&'a self, wallet: &'a WalletName) -> BoxFuture<'a, Result<Backup, CommandError>> {
        self.daemon.backup(wallet)
    }

    fn keep_open<'a>(
        &'a self,
        wallet: &'a WalletName,
        open: bool,
    ) -> BoxFuture<'a, Result<(), StoreProblem>> {
        self.daemon.keep_open(wallet, open)
    }

    fn load<'a>(
        &'a self,
        wallet: &'a WalletName,
        password: Password,
        access: Access,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(async move {
            match self.daemon.load(wallet, password.clone(), access).await {
                Err(OpenError::Loaded(_)) => {
                    self.check(wallet, password).await?;
                    let mut held = self.held();
                    if !held.own.contains(wallet) {
                        held.wallets.insert(wallet.clone());
                    }
                }
                outcome => {
                    outcome?;
                    self.held().own.insert(wallet.clone());
                }
            }
            Ok(())
        })
    }

    fn unload<'a>(&'a self, wallet: &'a WalletName) -> BoxFuture<'a, Result<(), CommandError>> {
        let mut held = self.held();
        // Nobody is there any more to lock them after the signature.
        held.keys.remove(wallet);
        if held.wallets.remove(wallet) {
            return Box::pin(async { Ok(()) });
        }
        held.own.remove(wallet);
        self.daemon.unload(wallet)
    }

    fn unlock<'a>(
        &'a self,
        wallet: &'a WalletName,
        password: Password,
        lasts: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(async move {
            let once = lasts.is_some();
            let (lasts, were_open) = match self.keys(wallet).await? {
                KeyState::Locked => (Some(lasts.unwrap_or(UNLOCKED)), false),
                KeyState::Open => (None, true),
                KeyState::OpenUntil(end) => {
                    let now = Clock::start().now().wall.to_unix();
                    (Some(Duration::from_secs(end.saturating_sub(now))), true)
                }
            };
            self.daemon.unlock(wallet, password, lasts).await?;
            if were_open && once {
                self.held().keys.insert(wallet.clone());
            }
            Ok(())
        })
    }

    fn change_passphrase<'a>(
        &'a self,
        wallet: &'a WalletName,
        change: PassphraseChange,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), PassphraseError>> {
        self.daemon.change_passphrase(wallet, change, cost)
    }

    fn change_password<'a>(
        &'a self,
        wallet: &'a WalletName,
        change: PasswordChange,
        cost: KdfCost,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        self.daemon.change_password(wallet, change, cost)
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(Ears { daemon: self.daemon.listen(), ended: false })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.daemon.close()
    }
}

/// Hears what the daemon tells, and that it ends: whoever looks would believe what is shown.
struct Ears {
    daemon: Box<dyn Listener>,
    ended: bool,
}

impl Listener for Ears {
    fn next(&mut self) -> BoxFuture<'_, Option<News>> {
        Box::pin(async {
            let news = self.daemon.next().await;
            if news.is_some() || self.ended {
                return news;
            }
            self.ended = true;
            let event = Event::Stopped { error: CommandError::Closing };
            Some(News { wallet: None, event })
        })
    }
}

/// How long keys that are opened for a signature stay open if the screens end before they lock them.
const UNLOCKED: Duration = Duration::from_secs(600);
