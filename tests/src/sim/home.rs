//! Owns a wallet's directory, and what a sudden death leaves of it.
//!
//! A death strikes between two steps, or in the middle of the commit of one: then the tail of what
//! that commit wrote is cut off at any byte, the chain's file before the wallet's, as a disk that
//! loses power leaves it. What befalls operations one by one is [`disk`](super::disk)'s.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::engine::{Online, Opened};
use billfold_wallet_core::keychain::{
    Account, AccountId, Branch, DerivationIndex, ScriptType, StandardAccount,
};
use billfold_wallet_core::light_client::config::Route;
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::params::Params;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::light_client::time::Now;
use billfold_wallet_core::limits::DEFAULT_FILTERS_DISK;
use billfold_wallet_core::seed::{Seed, Words};
use billfold_wallet_core::signers::key_layer::{self, KeyLayer};
use billfold_wallet_core::store::chain::ChainFile;
use billfold_wallet_core::store::filters::{FilterStore, Opened as OpenedFilters};
use billfold_wallet_core::vault::{self, KdfCost, Password};
use billfold_wallet_core::wallet::{Description, NewWallet, Wallet};
use billfold_wallet_core::wallet_name::WalletName;
use bitcoin::{Network, ScriptBuf};
use tempfile::TempDir;

use crate::draw::Draw;

/// A directory with one wallet.
#[derive(Debug)]
pub(super) struct Home {
    dir: TempDir,
    seed: Seed,
    connect: Vec<PeerAddress>,
}

/// What the databases and their write-ahead logs were before a step.
#[derive(Debug)]
pub(super) struct Before(Vec<Database>);

#[derive(Debug)]
struct Database {
    main: Vec<u8>,
    log_path: PathBuf,
    log: Vec<u8>,
}

impl Home {
    /// A new wallet that is born at this height, and the peers that it may use.
    ///
    /// # Errors
    /// What the disk said.
    pub(super) fn new(name: &str, birthday: u32, connect: Vec<PeerAddress>) -> Result<Self> {
        let seed = Seed::new(&Words::parse(WORDS)?, name);
        let home = Self { dir: folder()?, seed, connect };
        let keys = vault::create(&home.path(KEY_FILE), &password()?, KdfCost::for_tests())?;
        let new = NewWallet {
            description: Description {
                network: Network::Regtest,
                name: WalletName::default().to_string(),
                fingerprint: Some(home.seed.fingerprint()),
                birthday: Birthday::Height(Height::new(birthday)),
                takes_keys: true,
                external_signer: false,
                preferred: AccountId::new(0),
                look_ahead: LookAhead { receive: LOOK_AHEAD, change: LOOK_AHEAD },
            },
            accounts: home.seed.accounts(&[account()], Network::Regtest),
            sealed_seed: Some(key_layer::seal(&keys.seed, &home.seed)?),
            passphrase: None,
            avoids_reuse: false,
        };
        let mut wallet = Wallet::create(&home.path(WALLET_FILE), &keys.file, &new)?;
        wallet.commit()?;
        Ok(home)
    }

    /// The wallet with its keys, as an engine takes it.
    ///
    /// # Errors
    /// That it can't be opened, which nobody may ever see.
    pub(super) fn opened(&self, now: Now) -> Result<Opened> {
        let keys = vault::open(&self.path(KEY_FILE), &password()?, now.wall)?;
        let wallet = Wallet::open(&self.path(WALLET_FILE), &keys.file)?;
        let mut layer = KeyLayer::locked(None);
        layer.unlock(keys.seed, now, None);
        Ok(Opened { name: WalletName::default(), wallet, keys: layer })
    }

    /// What following the chain takes, but the store of filters.
    ///
    /// # Errors
    /// What the disk said.
    pub(super) fn online(&self, kept: &OpenedFilters) -> Result<Online> {
        Ok(Online {
            params: Params::new(Network::Regtest),
            from_genesis: false,
            chain: ChainFile::load(&self.path(CHAIN_FILE), Network::Regtest)?,
            kept: Some(kept.kept.clone()),
            peers: None,
            connect: self.connect.clone(),
            route: Route::Direct,
            mempool: true,
        })
    }

    /// The store of kept filters.
    ///
    /// # Errors
    /// What the disk said.
    pub(super) fn filters(&self) -> Result<OpenedFilters> {
        Ok(FilterStore::open(&self.path("filters"), DEFAULT_FILTERS_DISK)?)
    }

    /// The scripts at the first places of the wallet's chains: more than it ever gives out.
    #[must_use]
    pub(super) fn scripts(&self) -> BTreeSet<ScriptBuf> {
        let accounts: Vec<Account> = self.seed.accounts(&[account()], Network::Regtest);
        let places = (0..MOST_PLACES).filter_map(DerivationIndex::new);
        let branches = [Branch::Receive, Branch::Change];
        let places = places.flat_map(|index| branches.map(|branch| (branch, index)));
        places.map(|(branch, index)| accounts[0].script(branch, index)).collect()
    }

    /// The databases as they are, in the order in which a step commits them.
    ///
    /// # Errors
    /// What the disk said.
    pub(super) fn databases(&self) -> Result<Before> {
        let read = |file: &str| {
            let log_path = self.path(&format!("{file}-wal"));
            let (main, log) = (fs::read(self.path(file))?, read_if_there(&log_path)?);
            anyhow::Ok(Database { main, log_path, log })
        };
        Ok(Before(vec![read(CHAIN_FILE)?, read(WALLET_FILE)?]))
    }

    /// Copies all files, as they are on disk now, to a directory of their own: the program that has
    /// them open ends without another word to them. With what they were before the last step, that
    /// step's commit is cut anywhere; whether it was.
    ///
    /// # Errors
    /// What the disk said.
    pub(super) fn die(&mut self, cut: Option<(&Before, &mut Draw)>) -> Result<bool> {
        let left = folder()?;
        copy(self.dir.path(), left.path())?;
        let torn = cut.map(|(before, draw)| self.tear(before, draw)).transpose()?;
        let torn = torn.unwrap_or_default();
        for (path, bytes) in &torn {
            let name = path.file_name().context("a file has a name")?;
            fs::write(left.path().join(name), bytes)?;
        }
        self.dir = left;
        Ok(!torn.is_empty())
    }

    /// What the logs are if the power goes in the middle of the last commit: up to some byte as
    /// they became, from there on as they were. Nothing if one was moved into its database in the
    /// same step, before which it is safe on the disk.
    fn tear(&self, before: &Before, draw: &mut Draw) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let after = self.databases()?;
        let pairs = before.0.iter().zip(&after.0);
        let moved = |(before, after): (&Database, &Database)| {
            let shrank = after.log.len() < before.log.len();
            shrank || after.main != before.main || header(&after.log) != header(&before.log)
        };
        if pairs.clone().any(moved) {
            return Ok(Vec::new());
        }
        // The chain's file is committed first: the wallet's is as it was if that one is torn.
        let chosen = draw.place(before.0.len());
        let torn = pairs.enumerate().skip(chosen).map(|(at, (before, after))| {
            let cut = if at == chosen { cut(&before.log, &after.log, draw) } else { 0 };
            let rest = before.log.get(cut..).unwrap_or_default();
            (before.log_path.clone(), [&after.log[..cut], rest].concat())
        });
        Ok(torn.collect())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }
}

/// In memory where that is possible: what a disk does is made up here, and the true one is slow.
fn folder() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? })
}

/// A byte between the first and the last that differ.
fn cut(before: &[u8], after: &[u8], draw: &mut Draw) -> usize {
    let differs = |at: &usize| after.get(*at) != before.get(*at);
    let first = (0..after.len()).find(differs).unwrap_or(after.len());
    let last = (first..after.len()).rev().find(differs).unwrap_or(first);
    first + draw.place(last - first + 1)
}

/// With the salts, which change when a log is begun anew.
fn header(log: &[u8]) -> Option<&[u8]> {
    log.get(..LOG_HEADER)
}

fn read_if_there(path: &Path) -> Result<Vec<u8>> {
    Ok(if path.exists() { fs::read(path)? } else { Vec::new() })
}

/// Copies what a reboot would find: SQLite's shared memory is not among it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else if !entry.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn account() -> StandardAccount {
    StandardAccount {
        script_type: ScriptType::Taproot,
        number: DerivationIndex::new(0).expect("0 is a place"),
    }
}

fn password() -> Result<Password> {
    Ok(Password::new("a password")?)
}

/// Bytes of a log's header.
const LOG_HEADER: usize = 32;

/// Unused addresses that are watched.
const LOOK_AHEAD: u32 = 5;

/// Places of a chain that nobody gets to.
const MOST_PLACES: u32 = 400;

const KEY_FILE: &str = "wallet.key";
const WALLET_FILE: &str = "wallet.db";
const CHAIN_FILE: &str = "chain.db";

/// BIP39's first test vector.
const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";
