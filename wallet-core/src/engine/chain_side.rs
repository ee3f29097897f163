//! Owns one light client with its file: the chain as the engine follows it, and what the light
//! client is told of all wallets together.
//!
//! Refuses to follow for them: what wallets make of the chain's events is the engine's.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{FilterHash, OutPoint, Txid};

use crate::command::StoreProblem;
use crate::engine::follower::Follower;
use crate::engine::start;
use crate::event::{Event, Note};
use crate::finality::ChainEnd;
use crate::light_client::LightClient;
use crate::light_client::chain::anchor::Anchor;
use crate::light_client::change_set::{ChangeSet, Restored};
use crate::light_client::config::{Config, Route};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::height_ranges::HeightRanges;
use crate::light_client::input::{Input, ScanStart};
use crate::light_client::kept::KeptFilter;
use crate::light_client::limits::MAX_TRANSACTIONS;
use crate::light_client::params::Params;
use crate::light_client::peer_id::PeerAddress;
use crate::light_client::status::Status;
use crate::light_client::time::{Now, WallTime};
use crate::limits::UNCOMMITTED_HEADERS;
use crate::store::chain::{ChainFile, Loaded};
use crate::store::peers::{LoadedPeers, PeersFile};
use crate::wallet::{MovedCoins, ToAnnounce};
use crate::wallet_name::WalletName;

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
    /// Whether the client was told where to begin the scan.
    pub(super) scans: bool,
    /// What a file refused while the client was begun anew: the next commit tells it.
    refused: Option<StoreProblem>,
}

impl ChainSide {
    /// Restores the chain, low enough for the wallets, and brings them onto it. What this stages
    /// in the wallets is to be committed, then the events may be said.
    pub(super) fn start(
        followers: &mut Followers,
        online: Online,
        seed: [u8; 32],
        now: Now,
    ) -> Result<(Self, Vec<Event>), StoreProblem> {
        let params = online.params;
        let needed = if online.from_genesis {
            Anchor::genesis(&params)
        } else {
            needed_base(followers, None, &params)
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
        for one in followers.values_mut() {
            one.attempt(|one| one.settle_standing(&client));
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
            scans: false,
            refused: None,
        };
        Ok((chain, said))
    }

    /// Begins anew, lower down, if a wallet's scan, or what else is looked for, needs lower headers
    /// than there are; whether it did. Where a file refuses, the next commit tells it.
    pub(super) fn lower(
        &mut self,
        followers: &mut Followers,
        also: Option<ScanStart>,
        seed: [u8; 32],
        now: Now,
    ) -> bool {
        let needed = needed_base(followers, also, &self.config.params);
        if self.config.base.block.height <= needed.block.height {
            return false;
        }
        let restored = match self.begin(&needed) {
            Ok(restored) => restored,
            Err(problem) => {
                self.refused = Some(problem);
                return false;
            }
        };
        self.config.base = needed;
        self.client = LightClient::new(self.config.clone(), restored, seed, now);
        self.uncommitted = ChangeSet::default();
        self.hashed = needed.block.height;
        self.replaced.clear();
        self.announced.clear();
        self.scans = false;
        followers.values_mut().for_each(Follower::forget_client);
        true
    }

    /// Has the files begin there; what the next client restores.
    fn begin(&mut self, needed: &Anchor) -> Result<Restored, StoreProblem> {
        self.file.begin(needed)?;
        let mut restored = Restored { kept: self.kept.clone(), ..Restored::default() };
        if let Some(file) = &mut self.peers {
            file.apply(&self.uncommitted.peers)?;
            restored.peers = file.read()?;
        }
        Ok(restored)
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
        if let Some(problem) = self.refused.take() {
            return Err(problem);
        }
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

    /// Has a wallet note what it was matched against, for its own commit, which follows the chain's.
    pub(super) fn note_matched(&self, one: &mut Follower) -> Result<(), StoreProblem> {
        let changed: Vec<Height> = self.replaced.keys().copied().collect();
        one.note_matched(self.config.base.block.height, &self.client, &changed)
    }

    /// What to announce and what to withdraw, so that exactly the wallets' unconfirmed transactions
    /// are announced, as far as the light client takes so many.
    pub(super) fn announcements(&mut self, followers: &mut Followers) -> Vec<Input> {
        let mut announce = Vec::new();
        let mut room = MAX_TRANSACTIONS;
        for one in followers.values_mut() {
            if one.changed {
                let mut unconfirmed = one.attempt(|one| one.wallet.to_announce());
                unconfirmed.truncate(room);
                let id = |one: &ToAnnounce| one.transaction.compute_txid();
                one.announcing = unconfirmed.iter().map(id).collect();
                announce.extend(unconfirmed);
            }
            room = room.saturating_sub(one.announcing.len());
        }
        let ids: BTreeSet<Txid> =
            followers.values().flat_map(|one| one.announcing.iter().copied()).collect();
        let done = self.announced.difference(&ids).map(|txid| Input::Withdraw { txid: *txid });
        let mut inputs: Vec<Input> = done.collect();
        let mut known = std::mem::replace(&mut self.announced, ids);
        let new = announce.into_iter().filter(|one| known.insert(one.transaction.compute_txid()));
        inputs.extend(
            new.map(|ToAnnounce { transaction, fee }| Input::Announce { transaction, fee }),
        );
        inputs
    }
}

/// The highest anchor that serves the wallets, and what else is looked for.
fn needed_base(followers: &mut Followers, also: Option<ScanStart>, params: &Params) -> Anchor {
    let mut starts: Vec<ScanStart> = also.into_iter().collect();
    for one in followers.values_mut() {
        starts.extend(one.attempt(|one| start::starts_of(&one.wallet)));
    }
    start::needed_base(starts, params)
}

/// What the light client must hear of the wallets that changed, so that it watches exactly
/// the wallets' coins.
pub(super) fn watch_coins(followers: &mut Followers) -> Option<Input> {
    let mut moved = MovedCoins::default();
    for one in followers.values_mut().filter(|one| one.changed) {
        let MovedCoins { coins, gone } = one.attempt(Follower::coin_watches);
        moved.coins.extend(coins);
        moved.gone.extend(gone);
    }
    let MovedCoins { coins, mut gone } = moved;
    // Two wallets may have the same coin.
    if followers.len() > 1 {
        gone = held_by_none(gone, followers);
    }
    let changed = !coins.is_empty() || !gone.is_empty();
    changed.then_some(Input::WatchCoins { coins, gone })
}

/// Those of the coins that no wallet has watched any more.
pub(super) fn held_by_none(mut coins: Vec<OutPoint>, followers: &mut Followers) -> Vec<OutPoint> {
    for one in followers.values_mut() {
        coins.retain(|coin| !one.attempt(|one| one.wallet.is_to_watch(*coin)));
    }
    coins
}

/// What the engine knows of the chain.
pub(super) enum Chain {
    /// It is followed.
    Followed(Box<ChainSide>),
    /// It ended here when it was last followed.
    Stored(BlockId),
}

impl Chain {
    pub(super) fn followed(&self) -> Option<&ChainSide> {
        match self {
            Self::Followed(chain) => Some(chain),
            Self::Stored(_) => None,
        }
    }

    pub(super) fn followed_mut(&mut self) -> Option<&mut ChainSide> {
        match self {
            Self::Followed(chain) => Some(chain),
            Self::Stored(_) => None,
        }
    }

    pub(super) fn tip(&self) -> BlockId {
        match self {
            Self::Followed(chain) => chain.client.tip(),
            Self::Stored(tip) => *tip,
        }
    }

    /// Where the best chain ends; of a chain that is not followed no time is known, and nothing that
    /// waits for one is taken to be reached.
    pub(super) fn end(&self) -> ChainEnd {
        let tip = self.tip();
        let known = self.followed().and_then(|chain| chain.client.known_block(&tip.hash));
        let median_time = known.map_or(WallTime::default(), |block| block.median_time);
        ChainEnd { height: tip.height, median_time }
    }

    pub(super) fn status(&self) -> Status {
        match self {
            Self::Followed(chain) => chain.client.status(),
            Self::Stored(tip) => Status::at(*tip),
        }
    }
}

fn count(hashes: &[FilterHash]) -> u32 {
    u32::try_from(hashes.len()).unwrap_or(u32::MAX)
}

/// The wallets, by name.
pub(super) type Followers = BTreeMap<WalletName, Follower>;
