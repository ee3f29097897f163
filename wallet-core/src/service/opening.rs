//! Owns what is opened before an engine runs: wallets, the chain, kept filters.
//!
//! Refuses to run anything.

use std::path::Path;

use crate::command::StoreProblem;
use crate::config::Settings;
use crate::engine::{Effect, Engine, Online, Opened};
use crate::entropy;
use crate::event::{Event, News, Note};
use crate::light_client::config;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::height_ranges::HeightRanges;
use crate::light_client::time::WallTime;
use crate::net::clock::Clock;
use crate::net::filter_keeper;
use crate::net::outlet::Outlet;
use crate::signers::key_layer::KeyLayer;
use crate::store::chain::ChainFile;
use crate::store::filters::{self, FilterStore};
use crate::store::peers::PeersFile;
use crate::store::problem;
use crate::vault::{self, FileKey, Keys, Password, SealedKey};
use crate::wallet::{Reader, Wallet};

use super::create::wallets;
use super::{Access, OpenError};

pub(super) fn require_wallet(settings: &Settings) -> Result<(), OpenError> {
    if settings.paths().wallet(&settings.wallet).exists() {
        return Ok(());
    }
    let name = settings.wallet.clone();
    Err(OpenError::NoSuchWallet { name, existing: wallets(settings)? })
}

/// A wallet as an engine takes it, with what the service keeps of it.
pub(super) struct Shared {
    pub(super) opened: Opened,
    pub(super) reader: Reader,
    /// What its passphrase opens, if it has one.
    pub(super) passphrase: Option<SealedKey>,
}

pub(super) fn open_wallet(
    settings: &Settings,
    password: &Password,
    access: Access,
    clock: &Clock,
) -> Result<(Opened, Option<SealedKey>), OpenError> {
    require_wallet(settings)?;
    let now = clock.now().wall;
    let (wallet, keys) = open_files_as(settings, password, now, Wallet::open)?;
    with_key_layer(settings, wallet, keys, access, clock)
}

/// The same, with a view that answers what only reads.
pub(super) fn open_shared(
    settings: &Settings,
    password: &Password,
    access: Access,
    clock: &Clock,
) -> Result<Shared, OpenError> {
    require_wallet(settings)?;
    let now = clock.now().wall;
    let (wallet, keys) = open_files_as(settings, password, now, Wallet::open_shared)?;
    let path = settings.paths().wallet(&settings.wallet);
    let reader = Reader::open(&path, &keys.file, settings.dust_limit)?;
    let (opened, passphrase) = with_key_layer(settings, wallet, keys, access, clock)?;
    Ok(Shared { opened, reader, passphrase })
}

fn with_key_layer(
    settings: &Settings,
    wallet: Wallet,
    keys: Keys,
    access: Access,
    clock: &Clock,
) -> Result<(Opened, Option<SealedKey>), OpenError> {
    let passphrase = wallet.passphrase()?;
    let mut key_layer = KeyLayer::locked(settings.idle_lock);
    if access == Access::Sign && passphrase.is_none() {
        key_layer.unlock(keys.seed, clock.now(), None);
    }
    Ok((Opened { name: settings.wallet.clone(), wallet, keys: key_layer }, passphrase))
}

/// The header file and the wallet's file, if they are of the network that is asked for.
pub(super) fn open_files(
    settings: &Settings,
    password: &Password,
    now: WallTime,
) -> Result<(Wallet, Keys), OpenError> {
    open_files_as(settings, password, now, Wallet::open)
}

fn open_files_as(
    settings: &Settings,
    password: &Password,
    now: WallTime,
    open: impl FnOnce(&Path, &FileKey) -> Result<Wallet, StoreProblem>,
) -> Result<(Wallet, Keys), OpenError> {
    let paths = settings.paths();
    let keys = vault::open(&paths.header(&settings.wallet), password, now)?;
    let mut wallet = open(&paths.wallet(&settings.wallet), &keys.file)?;
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
pub(super) fn open_offline(settings: &Settings, wallets: Vec<Opened>) -> Result<Engine, OpenError> {
    let path = settings.paths().chain();
    let stored = if path.exists() {
        ChainFile::open(&path, settings.network).and_then(|file| file.tip())
    } else {
        furthest(&wallets)
    };
    let tip = match stored {
        Ok(tip) => tip,
        // It is mended when the chain is followed again; what was scanned is known without it.
        Err(StoreProblem::Damaged { .. }) => furthest(&wallets)?,
        Err(problem) => return Err(problem.into()),
    };
    let genesis = bitcoin::constants::genesis_block(settings.network).block_hash();
    let tip = tip.unwrap_or(BlockId::new(Height::GENESIS, genesis));
    Ok(Engine::offline(wallets, tip, entropy::drawn()?)?)
}

/// The highest block that a wallet has scanned.
fn furthest(wallets: &[Opened]) -> Result<Option<BlockId>, StoreProblem> {
    let mut furthest: Option<BlockId> = None;
    for Opened { wallet, .. } in wallets {
        furthest = furthest.into_iter().chain(wallet.cursor()?).max_by_key(|block| block.height);
    }
    Ok(furthest)
}

pub(super) fn open_online(
    settings: &Settings,
    wallets: Vec<Opened>,
    kept: Option<HeightRanges>,
    clock: &Clock,
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
    Ok(Engine::online(wallets, online, entropy::drawn()?, clock.now())?)
}

/// The store of kept filters, if any are to be kept. What is wrong with it is told, and stops
/// nothing.
pub(super) fn open_filters(settings: &Settings, notes: &Outlet) -> Option<filters::Opened> {
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
