//! Owns the in-process face: create a wallet, open one, run it until it is closed.
//!
//! Refuses to show or keep words and passwords.

mod create;
mod backup;
mod watch;
mod strongbox;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::command::{Command, CommandError, Reply, StoreProblem};
use crate::config::{Settings, WalletName};
use crate::engine::{Effect, Engine, Online};
use crate::entropy::{self, EntropyError};
use crate::event::{Event, News, Note};
use crate::face::{BoxFuture, Face, Listener};
use crate::light_client::config;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::height_ranges::HeightRanges;
use crate::light_client::time::WallTime;
use crate::net::clock::Clock;
use crate::net::driver::{self, Driver};
use crate::net::filter_keeper;
use crate::net::inbox::{Inbox, Message};
use crate::net::outlet::Outlet;
use crate::net::route::Route;
use crate::signers::key_layer::KeyLayer;
use crate::store::chain::ChainFile;
use crate::store::filters::{self, FilterStore};
use crate::store::lock::DirectoryLock;
use crate::store::peers::PeersFile;
use crate::store::problem;
use crate::vault::{self, Keys, Password};
use crate::wallet::Wallet;

pub use crate::open_error::OpenError;
pub use backup::{BackupError, RestoreError, read_backup, restore_backup, write_backup};
pub use create::{CreateError, NewWallet, check_new, create, search_cost, wallets};
pub use strongbox::Strongbox;
pub use watch::{NewWatch, watch};

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

/// An open wallet in this process.
pub struct Service {
    inbox: Inbox,
    outlet: Arc<Outlet>,
    thread: Mutex<Option<JoinHandle<()>>>,
    settings: Settings,
}

impl Service {
    /// Opens the wallet that `settings` names and begins to run it on threads of its own. It
    /// blocks for the time of one password derivation.
    ///
    /// Dropping a service closes it as [`Face::close`] does, but blocks for it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        settings: &Settings,
        password: &Password,
        access: Access,
        reach: Reach,
    ) -> Result<Self, OpenError> {
        let paths = settings.paths();
        require_wallet(settings)?;
        let lock = DirectoryLock::acquire(&paths)?;
        let clock = Clock::start();
        let (wallet, keys) = open_wallet(settings, password, access, clock)?;
        let (inbox, incoming) = Inbox::new();
        let outlet = Arc::new(Outlet::default());
        let (engine, network, first) = match reach {
            Reach::Offline => (open_offline(settings, wallet, keys)?, None, Vec::new()),
            Reach::Online => {
                // Last: a network that is dropped waits for its threads, which no caller's may.
                let kept = open_filters(settings, &outlet);
                let (store, kept) = kept.map(|opened| (opened.store, opened.kept)).unzip();
                let (engine, first) = open_online(settings, wallet, keys, kept, clock)?;
                let mut token = [0; 8];
                entropy::fill(&mut token)?;
                let route = Route::new(settings.proxy, token);
                let said = |error| problem::from_io(paths.dir(), &error);
                let mut network =
                    driver::Network::start(inbox.clone(), settings.params().magic, route)
                        .map_err(said)?;
                if let Some(store) = store {
                    network.keep_filters(store, Arc::clone(&outlet)).map_err(said)?;
                }
                (engine, Some(network), first)
            }
        };
        let driver =
            Driver { engine, clock, inbox: incoming, outlet: Arc::clone(&outlet), network };
        let thread = run_on_own_thread(driver, first, lock)
            .map_err(|error| problem::from_io(paths.dir(), &error))?;
        let thread = Mutex::new(Some(thread));
        Ok(Self { inbox, outlet, thread, settings: settings.clone() })
    }

    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic there has been reported by the thread itself.
            let _ = thread.join();
        }
    }
}

impl Face for Service {
    fn ask<'a>(
        &'a self,
        wallet: &'a WalletName,
        command: Command,
    ) -> BoxFuture<'a, Result<Reply, CommandError>> {
        Box::pin(async move {
            if *wallet != self.settings.wallet {
                return Err(CommandError::NotLoaded(wallet.clone()));
            }
            let (id, answer) = self.outlet.ask()?;
            if !self.inbox.put(Message::Ask(id, command)) {
                return Err(CommandError::Closing);
            }
            answer.await.unwrap_or(Err(CommandError::Closing))
        })
    }

    fn unlock<'a>(
        &'a self,
        wallet: &'a WalletName,
        password: Password,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        Box::pin(async move {
            if *wallet != self.settings.wallet {
                return Err(OpenError::NotLoaded(wallet.clone()));
            }
            let header = self.settings.paths().header(wallet);
            let now = Clock::start().now().wall;
            let opened = apart(move || vault::open(&header, &password, now)).await;
            let keys = opened.ok_or(OpenError::Closing)??;
            if self.inbox.put(Message::Unlock(keys.seed)) {
                Ok(())
            } else {
                Err(OpenError::Closing)
            }
        })
    }

    fn listen(&self) -> Box<dyn Listener> {
        self.outlet.listen()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let _ = self.inbox.put(Message::Stop);
            self.outlet.until_ended().await;
            self.join();
        })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.inbox.put(Message::Stop);
        self.join();
    }
}

/// Does what takes long on a thread of its own; `None` if there is none, or it panicked.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    let work = move || {
        let _ = done.send(work());
    };
    thread::Builder::new().name("billfold-keys".to_owned()).spawn(work).ok()?;
    result.await.ok()
}

fn require_wallet(settings: &Settings) -> Result<(), OpenError> {
    if settings.paths().wallet(&settings.wallet).exists() {
        return Ok(());
    }
    let name = settings.wallet.clone();
    Err(OpenError::NoSuchWallet { name, existing: wallets(settings)? })
}

fn open_wallet(
    settings: &Settings,
    password: &Password,
    access: Access,
    clock: Clock,
) -> Result<(Wallet, KeyLayer), OpenError> {
    let (wallet, keys) = open_files(settings, password, clock.now().wall)?;
    let mut key_layer = KeyLayer::locked(settings.idle_lock);
    if access == Access::Sign {
        key_layer.unlock(keys.seed, clock.now());
    }
    Ok((wallet, key_layer))
}

/// The header file and the wallet's file, if they are of the network that is asked for.
fn open_files(
    settings: &Settings,
    password: &Password,
    now: WallTime,
) -> Result<(Wallet, Keys), OpenError> {
    let paths = settings.paths();
    let keys = vault::open(&paths.header(&settings.wallet), password, now)?;
    let mut wallet = Wallet::open(&paths.wallet(&settings.wallet), &keys.file)?;
    wallet.set_dust_limit(settings.dust_limit);
    if wallet.network() != settings.network {
        return Err(OpenError::NetworkMismatch {
            wallet: settings.wallet.clone(),
            found: wallet.network(),
            asked: settings.network,
        });
    }
    Ok((wallet, keys))
}

/// Only the tip is read: a balance needs no headers.
fn open_offline(settings: &Settings, wallet: Wallet, keys: KeyLayer) -> Result<Engine, OpenError> {
    let path = settings.paths().chain();
    let stored = if path.exists() {
        ChainFile::open(&path, settings.network).and_then(|file| file.tip())
    } else {
        wallet.cursor()
    };
    let tip = match stored {
        Ok(tip) => tip,
        // It is mended when the chain is followed again; what was scanned is known without it.
        Err(StoreProblem::Damaged { .. }) => wallet.cursor()?,
        Err(problem) => return Err(problem.into()),
    };
    let genesis = bitcoin::constants::genesis_block(settings.network).block_hash();
    let tip = tip.unwrap_or(BlockId::new(Height::GENESIS, genesis));
    Ok(Engine::offline(wallet, keys, tip, system_seed()?))
}

fn open_online(
    settings: &Settings,
    wallet: Wallet,
    keys: KeyLayer,
    kept: Option<HeightRanges>,
    clock: Clock,
) -> Result<(Engine, Vec<Effect>), OpenError> {
    let chain = ChainFile::load(&settings.paths().chain(), settings.network)?;
    let route = match settings.proxy {
        None => config::Route::Direct,
        Some(_) => config::Route::Proxy,
    };
    let params = settings.params();
    let magic = params.magic.to_bytes();
    let peers = match settings.connect[..] {
        [] => Some(PeersFile::load(&settings.paths().peers(), magic)?),
        [_, ..] => None,
    };
    let (connect, mempool) = (settings.connect.clone(), settings.mempool);
    let from_genesis = settings.from_genesis;
    let online = Online { params, from_genesis, chain, kept, peers, connect, route, mempool };
    Ok(Engine::online(wallet, keys, online, system_seed()?, clock.now())?)
}

/// The store of kept filters, if any are to be kept. What is wrong with it is told, and stops
/// nothing.
fn open_filters(settings: &Settings, notes: &Outlet) -> Option<filters::Opened> {
    let dir = settings.paths().filters();
    let opened = match settings.filters_disk {
        0 => FilterStore::clear(&dir).map(|()| None),
        budget => FilterStore::open(&dir, budget).map(Some),
    };
    let tell = |note| notes.push(&News { wallet: None, event: Event::Note(note) });
    let opened = opened.unwrap_or_else(|error| {
        tell(filter_keeper::not_kept(&dir, &error));
        None
    });
    for path in opened.iter().flat_map(|opened| &opened.damaged) {
        tell(Note::FiltersDamaged { path: problem::shown(path) });
    }
    opened
}

/// The outlet ends after the directory is free again, even if the thread panics, so that no face
/// waits for ever and none finds the directory in use after it has closed.
fn run_on_own_thread(
    driver: Driver,
    first: Vec<Effect>,
    lock: DirectoryLock,
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

fn system_seed() -> Result<[u8; 32], EntropyError> {
    let mut seed = [0; 32];
    entropy::fill(&mut seed)?;
    Ok(seed)
}
