//! Owns one light client with its file: the chain as the engine follows it.
//!
//! Refuses to know a wallet beyond its start: what wallets make of the chain's events is the
//! engine's.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{FilterHash, Txid};

use crate::command::StoreProblem;
use crate::engine::start::{self, Standing};
use crate::event::{Event, Note};
use crate::light_client::LightClient;
use crate::light_client::chain::anchor::Anchor;
use crate::light_client::change_set::{ChangeSet, Restored};
use crate::light_client::config::{Config, Route};
use crate::light_client::height::Height;
use crate::light_client::height_ranges::HeightRanges;
use crate::light_client::input::{Input, ScanStart};
use crate::light_client::kept::KeptFilter;
use crate::light_client::limits::MAX_TRANSACTIONS;
use crate::light_client::params::Params;
use crate::light_client::peer_id::PeerAddress;
use crate::light_client::time::Now;
use crate::limits::UNCOMMITTED_HEADERS;
use crate::store::chain::{ChainFile, Damage, Loaded};
use crate::store::peers::{LoadedPeers, PeersFile};
use crate::wallet::{MovedCoins, ToAnnounce, Wallet};

/// What following a chain takes.
#[derive(Debug)]
pub struct Online {
    /// The rules of the chain.
    pub params: Params,
    /// Whether headers begin at the first block, however young the wallet is.
    pub from_genesis: bool,
    /// The chain file and what is in it.
    pub chain: Loaded,
    /// Where the store has filters; `None` if it keeps none.
    pub kept: Option<HeightRanges>,
    /// The memory of peers; `None` when only named ones are used.
    pub peers: Option<LoadedPeers>,
    /// If not empty, the only peers to use.
    pub connect: Vec<PeerAddress>,
    /// How peers are reached.
    pub route: Route,
    /// Whether to listen to transactions that no block holds.
    pub mempool: bool,
}

/// A light client and its file.
pub(super) struct ChainSide {
    pub(super) client: LightClient,
    config: Config,
    pub(super) file: ChainFile,
    /// Where filters were kept, for the next light client; `None` if none is.
    kept: Option<HeightRanges>,
    peers: Option<PeersFile>,
    uncommitted: ChangeSet,
    /// The highest block of which the file has a filter hash.
    hashed: Height,
    /// Filter hashes in the place of stored ones, for the next commit but one: see `commit`.
    replaced: BTreeMap<Height, FilterHash>,
    announced: BTreeSet<Txid>,
    /// Whether the client was told which coins to watch in the mempool, and so hears of changes.
    told_coins: bool,
}

impl ChainSide {
    /// Restores the chain, low enough for the wallet, and brings the wallet onto it. What this
    /// stages in the wallet is to be committed, then the events may be said.
    pub(super) fn start(
        wallet: &mut Wallet,
        online: Online,
        seed: [u8; 32],
        now: Now,
    ) -> Result<(Self, Vec<Event>), StoreProblem> {
        let params = online.params;
        let needed = if online.from_genesis {
            Anchor::genesis(&params)
        } else {
            start::needed_base(wallet, None, &params)?
        };
        let Loaded { mut file, stored, damage } = online.chain;
        let low_enough = stored.filter(|stored| stored.base.block.height <= needed.block.height);
        let (base, mut restored) = if let Some(stored) = low_enough {
            (stored.base, stored.restored)
        } else {
            file.begin(&needed)?;
            (needed, Restored::default())
        };
        let (connect, route, mempool) = (online.connect, online.route, online.mempool);
        let config = Config { params, base, connect, route, mempool };
        restored.kept.clone_from(&online.kept);
        let hashed = base.block.height.up(count(&restored.filter_hashes));
        let mut said = Vec::new();
        let peers = online.peers.map(|loaded| {
            restored.peers = loaded.stored;
            if loaded.was_damaged {
                said.push(Event::Note(Note::PeersForgotten { path: loaded.file.shown() }));
            }
            loaded.file
        });
        let client = LightClient::new(config.clone(), restored, seed, now);
        if let Some(damage) = damage {
            let note = Note::ChainRebuilt { path: file.shown(), what: damage.to_string() };
            said.push(Event::Note(note));
        }
        said.extend(settle_standing(wallet, &client)?);
        if let Some(Damage::FilterHashes(from)) = damage {
            // Which filters were matched from there on is not known any more.
            wallet.rescan_from(Some(from), |time| client.first_block_since(time))?;
        }
        let chain = Self {
            client,
            config,
            file,
            kept: online.kept,
            peers,
            uncommitted: ChangeSet::default(),
            hashed,
            replaced: BTreeMap::new(),
            announced: BTreeSet::new(),
            told_coins: false,
        };
        Ok((chain, said))
    }

    /// Begins anew, lower down, if the wallet's scan, or what else is looked for, needs lower
    /// headers than there are; whether it did.
    pub(super) fn lower(
        &mut self,
        wallet: &Wallet,
        also: Option<ScanStart>,
        seed: [u8; 32],
        now: Now,
    ) -> Result<bool, StoreProblem> {
        let needed = start::needed_base(wallet, also, &self.config.params)?;
        if self.config.base.block.height <= needed.block.height {
            return Ok(false);
        }
        self.file.begin(&needed)?;
        self.config.base = needed;
        let mut restored = Restored { kept: self.kept.clone(), ..Restored::default() };
        if let Some(file) = &mut self.peers {
            file.apply(&self.uncommitted.peers)?;
            restored.peers = file.read()?;
        }
        self.client = LightClient::new(self.config.clone(), restored, seed, now);
        self.uncommitted = ChangeSet::default();
        self.hashed = needed.block.height;
        self.replaced.clear();
        self.announced.clear();
        self.told_coins = false;
        Ok(true)
    }

    /// Takes over what the client learnt. Whether something waits for a commit, and whether it is
    /// as much as may wait.
    pub(super) fn stage(&mut self) -> (bool, bool) {
        if let Some(changes) = self.client.take_staged() {
            self.uncommitted.merge(changes);
        }
        let entries = self.uncommitted.headers.len() + self.uncommitted.filter_hashes.len();
        let waiting = !self.uncommitted.is_empty() || !self.replaced.is_empty();
        (waiting, entries >= UNCOMMITTED_HEADERS)
    }

    /// Filters are kept.
    pub(super) fn on_kept(&mut self, filters: &[KeptFilter]) {
        if let Some(kept) = &mut self.kept {
            let heights = filters.iter().map(|filter| filter.id.block.height);
            heights.for_each(|height| kept.insert(height..=height));
        }
    }

    /// Makes what was staged durable, but for filter hashes that replace stored ones. Those say that
    /// other filters than before were read, and what was found in them is not in the wallet's file
    /// yet: were they stored first, a process that died in between would not read them again. So
    /// they wait for the next commit.
    pub(super) fn commit(&mut self) -> Result<(), StoreProblem> {
        let mut changes = std::mem::take(&mut self.uncommitted);
        let mut ready = std::mem::take(&mut self.replaced);
        if let Some(cut) = changes.truncate_above {
            ready.split_off(&cut.next());
            self.hashed = self.hashed.min(cut);
        }
        let mut hashes = std::mem::take(&mut changes.filter_hashes);
        let new = hashes.split_off(&self.hashed.next());
        self.replaced = hashes;
        if let Some((last, _)) = new.last_key_value() {
            self.hashed = *last;
        }
        ready.extend(new);
        changes.filter_hashes = ready;
        self.file.apply(&changes)?;
        if let Some(file) = &mut self.peers {
            file.apply(&changes.peers)?;
        }
        Ok(())
    }

    /// What the light client must hear so that it watches exactly the wallet's coins.
    pub(super) fn watch_coins(
        &mut self,
        wallet: &mut Wallet,
    ) -> Result<Option<Input>, StoreProblem> {
        let MovedCoins { coins, gone } = if self.told_coins {
            wallet.take_moved_coins()?
        } else {
            MovedCoins { coins: wallet.coins_to_watch()?, gone: Vec::new() }
        };
        self.told_coins = true;
        let changed = !coins.is_empty() || !gone.is_empty();
        Ok(changed.then_some(Input::WatchCoins { coins, gone }))
    }

    /// What to announce and what to withdraw, so that exactly `unconfirmed` is announced, as far
    /// as the light client takes so many.
    pub(super) fn announcements(&mut self, mut unconfirmed: Vec<ToAnnounce>) -> Vec<Input> {
        unconfirmed.truncate(MAX_TRANSACTIONS);
        let ids: BTreeSet<Txid> =
            unconfirmed.iter().map(|one| one.transaction.compute_txid()).collect();
        let done = self.announced.difference(&ids).map(|txid| Input::Withdraw { txid: *txid });
        let mut inputs: Vec<Input> = done.collect();
        let known = |one: &ToAnnounce| self.announced.contains(&one.transaction.compute_txid());
        let new = unconfirmed.into_iter().filter(|one| !known(one));
        inputs.extend(
            new.map(|ToAnnounce { transaction, fee }| Input::Announce { transaction, fee }),
        );
        self.announced = ids;
        inputs
    }
}

fn count(hashes: &[FilterHash]) -> u32 {
    u32::try_from(hashes.len()).unwrap_or(u32::MAX)
}

/// Brings a wallet onto the chain; what this changed.
fn settle_standing(wallet: &mut Wallet, client: &LightClient) -> Result<Vec<Event>, StoreProblem> {
    match start::standing(wallet, client)? {
        Standing::OnChain => Ok(Vec::new()),
        Standing::Forked(fork) => {
            let left = wallet.cursor()?.map(|old_tip| Event::Reorganised { fork, old_tip });
            let changes = wallet.roll_back(fork)?;
            Ok(left.into_iter().chain(changes.into_iter().map(Event::Transaction)).collect())
        }
        Standing::Unknown(from) => {
            wallet.rescan_from(from, |time| client.first_block_since(time))?;
            Ok(Vec::new())
        }
    }
}
