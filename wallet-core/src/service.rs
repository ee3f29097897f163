//! Owns the in-process face: create wallets, open them, run them until they are closed.
//!
//! Refuses to show or keep words and passwords.

mod desk;
mod read_desk;
mod claim;
mod create;
mod opening;
mod backup;
mod watch;
mod strongbox;
mod facing;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};

use crate::config::{Settings, WalletName};
use crate::engine::{Effect, Opened};
use crate::entropy;
use crate::net::clock::Clock;
use crate::net::driver::{Driver, Network};
use crate::net::inbox::{Inbox, Message};
use crate::net::outlet::Outlet;
use crate::net::route::Route;
use crate::store::filters::FilterStore;
use crate::store::lock::DirectoryLock;
use crate::store::problem;
use crate::vault::{Password, SealedKey};
use crate::wallet::Reader;

pub use crate::face::Access;
pub use crate::founding::{CreateError, NewWallet, NewWatch, RestoreError};
pub use crate::open_error::OpenError;
pub use backup::{BackupError, read_backup, restore_backup, write_backup};
pub use create::{check_new, create, search_cost, wallets};
pub use strongbox::Strongbox;
pub use watch::{blank, watch};

use claim::{Claim, Claims};
use create::lock_of;
use desk::Desk;
use opening::{open_filters, open_offline, open_online, open_shared, open_wallet, require_wallet};
use read_desk::ReadDesk;

/// Whether peers are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// No connection is made; commands are answered from what is stored.
    Offline,
    /// Peers are dialled, the chain is followed and payments are announced.
    Online,
}

/// A chain with its open wallets in this process.
///
/// Dropping a service closes it as [`Face::close`](crate::face::Face::close) does, but blocks for it.
pub struct Service {
    desk: Desk,
    thread: Mutex<Option<JoinHandle<()>>>,
    settings: Settings,
    clock: Clock,
    claims: Arc<Claims>,
    /// Held by who changes a passphrase, or what is opened at the next start.
    changing: Arc<tokio::sync::Mutex<()>>,
    /// The engine's thread holds it.
    lock: Weak<DirectoryLock>,
}

impl Service {
    /// Opens the wallet that `settings` names and begins to run it on threads of its own. It
    /// blocks for the time of one password derivation.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        settings: &Settings,
        password: &Password,
        access: Access,
        reach: Reach,
    ) -> Result<Self, OpenError> {
        require_wallet(settings)?;
        let lock = lock_of(settings)?;
        let clock = Clock::start();
        let opened = open_wallet(settings, password, access, &clock)?;
        // Who asks one thing after the other has no use for a second view.
        let (opened, passphrase) = opened;
        Self::run(settings, lock, clock, vec![(opened, None, passphrase)], reach)
    }

    /// Opens wallets, or none, and begins to run them on threads of their own; others may be
    /// loaded later. What only reads one of them is answered from its last commit, whatever the
    /// engine is at. It blocks for the time of one password derivation for each. The wallet that
    /// `settings` names means nothing here.
    ///
    /// # Errors
    /// See [`OpenError`]; then none is open.
    pub fn open_all(
        settings: &Settings,
        wallets: &[(WalletName, Password)],
        access: Access,
        reach: Reach,
    ) -> Result<Self, OpenError> {
        let lock = lock_of(settings)?;
        let clock = Clock::start();
        let mut opened = Vec::new();
        for (name, password) in wallets {
            let wallet = open_shared(&named(settings, name), password, access, &clock)?;
            opened.push((wallet.opened, Some(wallet.reader), wallet.passphrase));
        }
        Self::run(settings, lock, clock, opened, reach)
    }

    fn run(
        settings: &Settings,
        lock: Arc<DirectoryLock>,
        clock: Clock,
        opened: Vec<(Opened, Option<Reader>, Option<SealedKey>)>,
        reach: Reach,
    ) -> Result<Self, OpenError> {
        let (inbox, incoming) = Inbox::new();
        let outlet = Arc::new(Outlet::default());
        let claims = Arc::new(Claims::default());
        let said = |error| problem::from_io(settings.paths().dir(), &error);
        let mut wallets = Vec::new();
        for (wallet, reader, passphrase) in opened {
            let start = |reader| {
                ReadDesk::start(wallet.name.clone(), reader, Arc::clone(&outlet), clock.clone())
            };
            let desk = reader.map(start).transpose().map_err(said)?;
            let claim = Claim::take(&claims, &wallet.name);
            claim.ok_or_else(|| OpenError::Loaded(wallet.name.clone()))?.open(desk, passphrase);
            wallets.push(wallet);
        }
        let (engine, network, first) = match reach {
            Reach::Offline => (open_offline(settings, wallets)?, None, Vec::new()),
            Reach::Online => {
                // Last: a network that is dropped waits for its threads, which no caller's may.
                let kept = open_filters(settings, &outlet);
                let (store, kept) = kept.map(|opened| (opened.store, opened.kept)).unzip();
                let (engine, first) = open_online(settings, wallets, kept, &clock)?;
                let network = open_network(settings, &inbox, store, &outlet)?;
                (engine, Some(network), first)
            }
        };
        let taken = Arc::clone(&claims);
        let closed = Box::new(move |wallet: &WalletName| taken.give_back(wallet));
        let told = Arc::clone(&outlet);
        let driver =
            Driver { engine, clock: clock.clone(), inbox: incoming, outlet: told, network, closed };
        let held = Arc::downgrade(&lock);
        let thread = run_on_own_thread(driver, first, lock).map_err(said)?;
        Ok(Self {
            desk: Desk { inbox, outlet },
            thread: Mutex::new(Some(thread)),
            settings: settings.clone(),
            clock,
            claims,
            changing: Arc::default(),
            lock: held,
        })
    }

    /// Opens a wallet that is not loaded for its secrets, as [`Strongbox::open`]. While it is
    /// there, the wallet can't be loaded, and after the service has closed the directory stays
    /// locked.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn strongbox(
        &self,
        wallet: &WalletName,
        password: &Password,
    ) -> Result<Strongbox, OpenError> {
        let lock = self.lock.upgrade().ok_or(OpenError::Closing)?;
        let claim = self.claim(wallet)?;
        let settings = named(&self.settings, wallet);
        require_wallet(&settings)?;
        Ok(Strongbox::open_in(lock, &settings, password)?.with_claim(claim))
    }

    /// Takes a wallet's name, so that nobody else opens its file.
    fn claim(&self, wallet: &WalletName) -> Result<Claim, OpenError> {
        Claim::take(&self.claims, wallet).ok_or_else(|| OpenError::Loaded(wallet.clone()))
    }

    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic there has been reported by the thread itself.
            let _ = thread.join();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.desk.inbox.put(Message::Stop);
        self.join();
    }
}

/// The settings for another wallet.
fn named(settings: &Settings, wallet: &WalletName) -> Settings {
    Settings { wallet: wallet.clone(), ..settings.clone() }
}

fn open_network(
    settings: &Settings,
    inbox: &Inbox,
    store: Option<FilterStore>,
    outlet: &Arc<Outlet>,
) -> Result<Network, OpenError> {
    let mut token = [0; 8];
    entropy::fill(&mut token)?;
    let route = Route::new(settings.proxy, token);
    let said = |error| problem::from_io(settings.paths().dir(), &error);
    let magic = settings.params().magic;
    let mut network = Network::start(inbox.clone(), magic, route).map_err(said)?;
    if let Some(store) = store {
        network.keep_filters(store, Arc::clone(outlet)).map_err(said)?;
    }
    Ok(network)
}

/// The outlet ends after the directory is free again, even if the thread panics, so that no face
/// waits for ever and none finds the directory in use after it has closed.
fn run_on_own_thread(
    driver: Driver,
    first: Vec<Effect>,
    lock: Arc<DirectoryLock>,
) -> std::io::Result<JoinHandle<()>> {
    let end = EndOnDrop(Arc::clone(&driver.outlet));
    thread::Builder::new().name("billfold-engine".to_owned()).spawn(move || {
        let _end = end;
        let _lock = lock;
        driver.run(first);
    })
}

struct EndOnDrop(Arc<Outlet>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests;
