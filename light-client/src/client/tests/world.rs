//! Owns the test world: a virtual clock, a block tree, peers that answer from bytes, a wallet that
//! folds. Everything runs in one thread and in a fixed order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bitcoin::absolute::LockTime;
use bitcoin::bip158::BlockFilter;
use bitcoin::block::{Header, Version};
use bitcoin::consensus::{deserialize, serialize};
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::ServiceFlags;
use bitcoin::p2p::address::{AddrV2, AddrV2Message, Address};
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::p2p::message_filter::{CFCheckpt, CFHeaders, CFilter};
use bitcoin::p2p::message_network::VersionMessage;
use bitcoin::transaction::Version as TxVersion;
use bitcoin::{
    Amount, Block, BlockHash, FilterHash, FilterHeader, OutPoint, ScriptBuf, Sequence, Transaction,
    TxIn, TxOut, Txid, Witness,
};

use super::lies::Lie;
use crate::chain::anchor::Anchor;
use crate::chain::mine;
use crate::change_set::{ChangeSet, Restored, StoredPeers};
use crate::client::LightClient;
use crate::config::{Config, Route};
use crate::dial::{DialProblem, Wire};
use crate::height::{BlockId, Height};
use crate::height_ranges::HeightRanges;
use crate::input::{Input, ScanStart};
use crate::io::Io;
use crate::job;
use crate::kept::{FilterId, KeptFilter};
use crate::output::{BroadcastEvent, ChainEvent, Output, PeerEvent};
use crate::params::Params;
use crate::peer_id::{PeerAddress, PeerId};
use crate::time::{MonoTime, Now, WallTime};

/// Blocks by hash, with their filters; the same for every peer.
#[derive(Clone)]
pub(super) struct Blocks {
    pub(super) params: Params,
    /// Each with its height.
    bodies: BTreeMap<BlockHash, (Block, u32)>,
    filters: BTreeMap<BlockHash, (Vec<u8>, FilterHeader)>,
}

impl Blocks {
    pub(super) fn new() -> Self {
        let params = Params::regtest();
        let genesis = bitcoin::constants::genesis_block(params.network);
        let mut blocks = Self { params, bodies: BTreeMap::new(), filters: BTreeMap::new() };
        blocks.insert(genesis, 0);
        blocks
    }

    pub(super) fn genesis(&self) -> BlockHash {
        self.params.genesis.block_hash()
    }

    /// Mines a block on `parent` that pays `scripts`, with a witness when there are any.
    pub(super) fn mine(
        &mut self,
        parent: BlockHash,
        salt: u32,
        scripts: &[ScriptBuf],
    ) -> BlockHash {
        let time = self.bodies[&parent].0.header.time + 600;
        self.mine_at(parent, salt, scripts, time)
    }

    /// The same, with a time of its own.
    pub(super) fn mine_at(
        &mut self,
        parent: BlockHash,
        salt: u32,
        scripts: &[ScriptBuf],
        time: u32,
    ) -> BlockHash {
        let height = self.bodies[&parent].1 + 1;
        let mut txdata = vec![coinbase(height, salt)];
        if !scripts.is_empty() {
            txdata.push(payment(height, salt, scripts));
        }
        commit_to_witnesses(&mut txdata);
        self.mine_these(parent, txdata, time)
    }

    /// Mines a block without a witness commitment, in which no signer of a signet can sign; its
    /// coinbase pays the script.
    pub(super) fn mine_unsigned(&mut self, parent: BlockHash, paid: &ScriptBuf) -> BlockHash {
        let (below, height) = &self.bodies[&parent];
        let (time, mut coinbase) = (below.header.time + 600, coinbase(height + 1, 9));
        coinbase.output.push(pay(paid));
        self.mine_these(parent, vec![coinbase], time)
    }

    fn mine_these(&mut self, parent: BlockHash, txdata: Vec<Transaction>, time: u32) -> BlockHash {
        let (below, height) = &self.bodies[&parent];
        let (bits, height) = (below.header.bits, height + 1);
        let header = Header {
            version: Version::from_consensus(0x2000_0000),
            prev_blockhash: parent,
            merkle_root: bitcoin::TxMerkleNode::all_zeros(),
            time,
            bits,
            nonce: 0,
        };
        let mut block = Block { header, txdata };
        block.header.merkle_root = block.compute_merkle_root().expect("a coinbase");
        block.header = mine::solve(block.header);
        let hash = block.block_hash();
        self.insert(block, height);
        hash
    }

    /// Mines `count` blocks that pay nobody in particular; returns the last.
    pub(super) fn mine_many(&mut self, mut tip: BlockHash, count: u32, salt: u32) -> BlockHash {
        for _ in 0..count {
            tip = self.mine(tip, salt, &[]);
        }
        tip
    }

    fn insert(&mut self, block: Block, height: u32) {
        let hash = block.block_hash();
        let script_of = |_: &OutPoint| -> Result<ScriptBuf, bitcoin::bip158::Error> {
            Ok(ScriptBuf::from_bytes(SOMEBODY.to_vec()))
        };
        let filter = BlockFilter::new_script_filter(&block, script_of).expect("a filter").content;
        let previous = self.filters.get(&block.header.prev_blockhash);
        let previous = previous.map_or(FilterHeader::all_zeros(), |(_, header)| *header);
        let header = FilterHash::hash(&filter).filter_header(&previous);
        self.filters.insert(hash, (filter, header));
        self.bodies.insert(hash, (block, height));
    }

    pub(super) fn block(&self, hash: &BlockHash) -> &Block {
        &self.bodies[hash].0
    }

    /// An anchor at a block, as a table would hold it: without its time.
    pub(super) fn anchor(&self, hash: BlockHash) -> Anchor {
        let header = self.block(&hash).header;
        let branch = self.branch(hash);
        let works = branch[1..].iter().map(|hash| self.block(hash).header.work());
        Anchor {
            block: self.id(hash),
            time: None,
            next_bits: header.bits,
            work: works.fold(self.params.genesis.work(), |sum, work| sum + work),
        }
    }

    pub(super) fn id(&self, hash: BlockHash) -> BlockId {
        BlockId::new(Height::new(self.bodies[&hash].1), hash)
    }

    /// The branch that ends in `tip`, from genesis.
    pub(super) fn branch(&self, tip: BlockHash) -> Vec<BlockHash> {
        let mut branch = vec![tip];
        while let Some(last) = branch.last().filter(|hash| **hash != self.genesis()) {
            branch.push(self.bodies[last].0.header.prev_blockhash);
        }
        branch.reverse();
        branch
    }

    pub(super) fn filter(&self, hash: &BlockHash) -> &[u8] {
        &self.filters[hash].0
    }

    pub(super) fn filter_header(&self, hash: &BlockHash) -> FilterHeader {
        self.filters[hash].1
    }
}

fn coinbase(height: u32, salt: u32) -> Transaction {
    let script_sig = bitcoin::script::Builder::new()
        .push_int(i64::from(height))
        .push_int(i64::from(salt))
        .push_int(0)
        .into_script();
    let input = TxIn {
        previous_output: OutPoint::null(),
        script_sig,
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    Transaction {
        version: TxVersion::ONE,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: vec![pay(&ScriptBuf::from_bytes(MINER.to_vec()))],
    }
}

fn payment(height: u32, salt: u32, scripts: &[ScriptBuf]) -> Transaction {
    let input = TxIn {
        previous_output: OutPoint::new(Txid::from_byte_array([7; 32]), height),
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::from_slice(&[salt.to_le_bytes()]),
    };
    Transaction {
        version: TxVersion::TWO,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: scripts.iter().map(pay).collect(),
    }
}

fn pay(script: &ScriptBuf) -> TxOut {
    TxOut { value: Amount::from_sat(1000), script_pubkey: script.clone() }
}

/// BIP141: the coinbase carries the reserved value and commits to the rest.
fn commit_to_witnesses(txdata: &mut [Transaction]) {
    txdata[0].input[0].witness = Witness::from_slice(&[[0_u8; 32]]);
    let header = mine_nothing();
    let block = Block { header, txdata: txdata.to_vec() };
    let root = block.witness_root().expect("a coinbase");
    let commitment = Block::compute_witness_commitment(&root, &[0; 32]);
    let mut script = vec![0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];
    script.extend_from_slice(commitment.as_byte_array());
    txdata[0].output.push(pay(&ScriptBuf::from_bytes(script)));
}

fn mine_nothing() -> Header {
    Params::regtest().genesis
}

/// What a peer does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vice {
    /// Answers no request for filters.
    MutesFilters,
    /// Answers no request for filter headers.
    MutesFilterHeaders,
    /// Answers no request for headers, as `btcd` does while its tip is old.
    MutesHeaders,
    /// Sends no block.
    MutesBlocks,
    /// Closes the connection after so many filters.
    Hangs(u32),
    /// Sends filters with a flipped bit.
    BendsFilters,
    /// Sends blocks without witnesses.
    StripsWitnesses,
    /// Sends blocks with another transaction list.
    BendsBlocks,
    /// Sends the last transactions of a block twice (CVE-2012-2459).
    DuplicatesTransactions,
    /// Commits to filters of its own making.
    LiesAboutFilterHeaders,
    /// Sends so many filters, then no more, though it answers all else.
    Stalls(u32),
    /// Sends so many filters, then nothing at all.
    FallsSilent(u32),
    /// Sends a filter every ten seconds.
    DripsFilters,
    /// Sends a byte of a block every ten seconds.
    DripsBlocks,
}

/// The scripts of others.
pub(super) const MINER: &[u8] = b"the miner";
pub(super) const SOMEBODY: &[u8] = b"somebody else";

/// How fast a host's bytes travel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) bytes_per_second: u64,
    /// From a question to the first byte of its answer.
    pub(super) round_trip: Duration,
}

/// One address at which a peer answers.
pub(super) struct Host {
    /// At once, if there is none.
    pub(super) link: Option<Link>,
    /// When the link has carried what was sent.
    link_free: MonoTime,
    pub(super) tip: BlockHash,
    pub(super) vice: Option<Vice>,
    /// Whether it takes connections.
    pub(super) up: bool,
    /// Whether it knows `wtxidrelay` (BIP339).
    pub(super) wtxid_relay: bool,
    /// How far its clock is ahead, in seconds.
    pub(super) clock: i64,
    /// What it says of the filters at these heights, with filter headers that fit.
    pub(super) lies: BTreeMap<u32, Lie>,
    /// Whether it asks for transactions that are announced to it.
    pub(super) takes: bool,
    /// What it asks for with `feefilter`.
    pub(super) fee_floor: Option<i64>,
    /// What it tells when it is asked for addresses.
    pub(super) gossip: Vec<PeerAddress>,
    pub(super) services: ServiceFlags,
    filters_sent: u32,
    /// What it got, in order.
    pub(super) heard: Vec<NetworkMessage>,
}

/// A client and all that is around it.
pub(super) struct World {
    pub(super) blocks: Blocks,
    pub(super) hosts: BTreeMap<PeerAddress, Host>,
    /// What looking a name up gives.
    pub(super) names: BTreeMap<String, Vec<IpAddr>>,
    pub(super) client: LightClient,
    pub(super) now: Now,
    connections: BTreeMap<PeerId, (PeerAddress, Vec<u8>)>,
    queue: VecDeque<Input>,
    /// What comes later, by time and in order.
    later: BTreeMap<(MonoTime, u64), Input>,
    /// How much ever came later.
    delayed: u64,
    /// Every output, for comparison.
    pub(super) log: Vec<Output>,
    pub(super) store: Store,
    pub(super) wallet: Wallet,
    /// Whether blocks are folded at once.
    pub(super) folds: bool,
}

/// What a disk would hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    headers: BTreeMap<Height, Header>,
    filter_hashes: BTreeMap<Height, FilterHash>,
    base_filter_header: Option<FilterHeader>,
    pub(super) peers: StoredPeers,
    /// Kept filters; `None`: none are kept.
    pub(super) filters: Option<BTreeMap<FilterId, Arc<[u8]>>>,
    /// How many filters were read from it.
    pub(super) filters_read: usize,
    /// Filters that turn out to be gone when they are read.
    pub(super) forget_on_read: BTreeSet<FilterId>,
}

impl Store {
    /// A store that keeps filters.
    pub(super) fn keeping() -> Self {
        Self { filters: Some(BTreeMap::new()), ..Self::default() }
    }

    fn kept(&self) -> Option<HeightRanges> {
        let mut kept = HeightRanges::default();
        for id in self.filters.as_ref()?.keys() {
            kept.insert(id.block.height..=id.block.height);
        }
        Some(kept)
    }

    fn keep(&mut self, filters: Vec<KeptFilter>) {
        let kept = self.filters.as_mut().expect("the client was told that none are kept");
        for filter in filters {
            assert_eq!(FilterHash::hash(&filter.bytes), filter.id.hash);
            let before = kept.insert(filter.id, filter.bytes.clone());
            assert!(before.is_none_or(|before| before != filter.bytes), "kept twice");
        }
    }

    fn read(&mut self, ids: &[FilterId]) -> Vec<KeptFilter> {
        let kept = self.filters.as_mut().expect("the client was told that none are kept");
        kept.retain(|id, _| !(ids.contains(id) && self.forget_on_read.remove(id)));
        let found = ids
            .iter()
            .filter_map(|id| Some(KeptFilter { id: *id, bytes: Arc::clone(kept.get(id)?) }));
        let found: Vec<_> = found.collect();
        self.filters_read += found.len();
        found
    }

    pub(super) fn apply(&mut self, set: ChangeSet) {
        self.peers.apply(set.peers);
        if let Some(height) = set.truncate_above {
            self.headers.retain(|h, _| *h <= height);
            self.filter_hashes.retain(|h, _| *h <= height);
        }
        self.headers.extend(set.headers);
        self.filter_hashes.extend(set.filter_hashes);
        self.base_filter_header = set.base_filter_header.or(self.base_filter_header);
    }

    pub(super) fn restore(&self) -> Restored {
        let gapless = |heights: Vec<&Height>| {
            assert!(heights.windows(2).all(|pair| pair[0].next() == *pair[1]), "gaps");
        };
        gapless(self.headers.keys().collect());
        gapless(self.filter_hashes.keys().collect());
        Restored {
            headers: self.headers.values().copied().collect(),
            filter_hashes: self.filter_hashes.values().copied().collect(),
            base_filter_header: self.base_filter_header,
            peers: self.peers.clone(),
            kept: self.kept(),
        }
    }
}

/// A wallet: which of its scripts were paid, and how it grows.
#[derive(Debug, Default)]
pub(super) struct Wallet {
    /// Each script, and what to watch once it was paid.
    pub(super) grows: BTreeMap<ScriptBuf, Vec<ScriptBuf>>,
    /// The blocks folded that pay it, by height.
    pub(super) paid: BTreeMap<Height, (BlockHash, Vec<ScriptBuf>)>,
    pub(super) watched: Vec<ScriptBuf>,
    /// Since when scripts that are added may have been paid.
    pub(super) since: Option<ScanStart>,
    pub(super) cursor: Option<BlockId>,
    pub(super) synced: Vec<BlockId>,
    pub(super) reorgs: Vec<(BlockId, BlockId)>,
}

impl Wallet {
    /// What to watch from here on, and which scripts were found that were not known to be paid.
    fn fold(&mut self, at: BlockId, block: &Block) -> (Vec<ScriptBuf>, Vec<ScriptBuf>) {
        let mut grown = Vec::new();
        let mut paid = Vec::new();
        let outputs = block.txdata.iter().flat_map(|tx| &tx.output);
        let scripts: Vec<&ScriptBuf> = outputs.map(|output| &output.script_pubkey).collect();
        // To a fixpoint: what grows may be paid in the same block.
        let mut i = 0;
        while let Some(script) = self.watched.get(i).cloned() {
            i += 1;
            if scripts.contains(&&script) {
                paid.push(script.clone());
                for new in self.grows.get(&script).cloned().unwrap_or_default() {
                    if !self.watched.contains(&new) {
                        self.watched.push(new.clone());
                        grown.push(new);
                    }
                }
            }
        }
        let known = self.paid.get(&at.height).map(|(_, paid)| paid.as_slice()).unwrap_or_default();
        let found = paid.iter().filter(|script| !known.contains(script)).cloned().collect();
        if !paid.is_empty() {
            self.paid.insert(at.height, (at.hash, paid));
        }
        (grown, found)
    }
}

pub(super) fn address(n: u16) -> PeerAddress {
    PeerAddress::Host("peer.test".to_owned(), n)
}

pub(super) fn script(n: u32) -> ScriptBuf {
    ScriptBuf::from_bytes([b"wallet ".as_slice(), &n.to_be_bytes()].concat())
}

impl World {
    /// A world in which peers 1 to `count` are at the tip of `blocks`' branch to `tip`.
    pub(super) fn new(blocks: Blocks, tip: BlockHash, count: u16) -> Self {
        Self::restart(blocks, tip, count, Store::default())
    }

    pub(super) fn restart(blocks: Blocks, tip: BlockHash, count: u16, store: Store) -> Self {
        let base = Anchor::genesis(&blocks.params);
        Self::above(blocks, tip, count, store, base)
    }

    /// The same, with another trusted start.
    pub(super) fn above(
        blocks: Blocks,
        tip: BlockHash,
        count: u16,
        store: Store,
        base: Anchor,
    ) -> Self {
        Self::configured(blocks, tip, count, store, base, true)
    }

    /// A world whose client listens to no unconfirmed transactions.
    pub(super) fn deaf(blocks: Blocks, tip: BlockHash, count: u16) -> Self {
        let base = Anchor::genesis(&blocks.params);
        Self::configured(blocks, tip, count, Store::default(), base, false)
    }

    fn configured(
        blocks: Blocks,
        tip: BlockHash,
        count: u16,
        store: Store,
        base: Anchor,
        mempool: bool,
    ) -> Self {
        let hosts: BTreeMap<PeerAddress, Host> =
            (1..=count).map(|n| (address(n), Host::new(tip))).collect();
        let config = Config {
            params: blocks.params.clone(),
            base,
            connect: hosts.keys().cloned().collect(),
            route: Route::Direct,
            mempool,
        };
        Self::begin(blocks, tip, hosts, config, store)
    }

    /// A world in which the client finds its peers among the hosts.
    pub(super) fn finding(
        blocks: Blocks,
        tip: BlockHash,
        hosts: BTreeMap<PeerAddress, Host>,
        route: Route,
        store: Store,
    ) -> Self {
        let (params, base) = (blocks.params.clone(), Anchor::genesis(&blocks.params));
        let config = Config { params, base, connect: Vec::new(), route, mempool: true };
        Self::begin(blocks, tip, hosts, config, store)
    }

    fn begin(
        blocks: Blocks,
        tip: BlockHash,
        hosts: BTreeMap<PeerAddress, Host>,
        config: Config,
        store: Store,
    ) -> Self {
        let wall = WallTime::new(u64::from(blocks.block(&tip).header.time) + 60);
        let now = Now { mono: MonoTime::START, wall };
        let client = LightClient::new(config, store.restore(), [9; 32], now);
        let mut world = Self {
            blocks,
            hosts,
            names: BTreeMap::new(),
            client,
            now,
            connections: BTreeMap::new(),
            queue: VecDeque::new(),
            later: BTreeMap::new(),
            delayed: 0,
            log: Vec::new(),
            store,
            wallet: Wallet::default(),
            folds: true,
        };
        world.drain();
        world
    }

    /// Begins a scan at a height for the scripts.
    pub(super) fn scan(&mut self, from: u32, scripts: &[ScriptBuf]) {
        self.wallet.watched.extend_from_slice(scripts);
        self.input(Input::ScanFrom(ScanStart::Height(Height::new(from))));
        self.input(Input::Watch { scripts: scripts.to_vec(), since: None });
    }

    /// One input, and what follows at once.
    pub(super) fn input(&mut self, input: Input) {
        self.client.handle(self.now, input);
        self.drain();
    }

    /// One input of those that wait; whether there was one.
    pub(super) fn turn(&mut self) -> bool {
        let Some(input) = self.queue.pop_front() else { return false };
        self.input(input);
        true
    }

    /// Runs until nothing happens without time passing.
    pub(super) fn settle(&mut self) {
        for _ in 0..200_000 {
            let Some(input) = self.queue.pop_front() else { return };
            self.input(input);
        }
        unreachable!("the world does not come to rest");
    }

    /// Takes so many inputs of those that need no time to pass.
    pub(super) fn steps(&mut self, count: usize) {
        for _ in 0..count {
            let Some(input) = self.queue.pop_front() else { return };
            self.input(input);
        }
    }

    /// Lets time pass, timer by timer.
    pub(super) fn pass(&mut self, wait: Duration) {
        let end = self.now.mono.after(wait);
        self.settle();
        loop {
            let later = self.later.first_key_value().map(|((due, _), _)| *due);
            let due = self.client.deadline().into_iter().chain(later).min();
            let Some(due) = due.filter(|due| *due <= end) else { break };
            self.advance_to(due);
            match self.later.first_entry().filter(|entry| entry.key().0 <= due) {
                Some(entry) => self.queue.push_back(entry.remove()),
                None => self.queue.push_back(Input::Deadline),
            }
            self.settle();
        }
        self.advance_to(end);
    }

    fn advance_to(&mut self, time: MonoTime) {
        let step = time.since(self.now.mono);
        self.now = Now { mono: self.now.mono.after(step), wall: self.now.wall.after(step) };
    }

    /// Lets time pass until the client says that it is synced to `tip`.
    pub(super) fn sync(&mut self, tip: BlockHash) {
        let tip = self.blocks.id(tip);
        for _ in 0..600 {
            self.settle();
            if self.wallet.synced.last() == Some(&tip) && self.client.status().synced {
                assert_eq!(self.client.tip(), tip);
                assert_eq!(self.wallet.cursor, Some(tip));
                return;
            }
            self.pass(Duration::from_secs(1));
        }
        unreachable!("not synced after ten minutes: {:?}", self.client.status());
    }

    /// A host moves to another tip and announces it with headers.
    pub(super) fn announce(&mut self, n: u16, tip: BlockHash) {
        self.now.wall =
            self.now.wall.max(WallTime::new(u64::from(self.blocks.block(&tip).header.time)));
        let old: Vec<_> = self.blocks.branch(self.hosts[&address(n)].tip);
        let host = self.hosts.get_mut(&address(n)).expect("a host");
        host.tip = tip;
        let new = self.blocks.branch(tip);
        let headers: Vec<Header> = new
            .iter()
            .filter(|hash| !old.contains(hash))
            .map(|hash| self.blocks.block(hash).header)
            .collect();
        let message = if headers.len() <= 8 {
            NetworkMessage::Headers(headers)
        } else {
            // As Bitcoin Core does after more than eight blocks.
            NetworkMessage::Inv(vec![Inventory::Block(tip)])
        };
        self.say(n, message);
    }

    /// A host says something on each of its connections.
    pub(super) fn say(&mut self, n: u16, message: NetworkMessage) {
        self.say_bytes(n, &serialize(&RawNetworkMessage::new(self.blocks.params.magic, message)));
    }

    pub(super) fn say_bytes(&mut self, n: u16, bytes: &[u8]) {
        let to = address(n);
        for (peer, _) in self.connections.iter().filter(|(_, (address, _))| *address == to) {
            let input = Input::Received { peer: *peer, bytes: bytes.to_vec() };
            self.queue.push_back(input);
        }
    }

    /// A host says something on one connection.
    pub(super) fn say_on(&mut self, peer: PeerId, message: NetworkMessage) {
        let bytes = serialize(&RawNetworkMessage::new(self.blocks.params.magic, message));
        self.queue.push_back(Input::Received { peer, bytes });
    }

    /// The peer id of a host's connection.
    pub(super) fn peer(&self, n: u16) -> PeerId {
        let to = address(n);
        *self.connections.iter().find(|(_, (a, _))| *a == to).expect("connected").0
    }

    pub(super) fn faults(&self) -> Vec<crate::fault::Fault> {
        let faults = self.log.iter().filter_map(|output| match output {
            Output::Io(Io::Close { fault, .. }) => *fault,
            _ => None,
        });
        faults.collect()
    }

    pub(super) fn broadcasts(&self) -> Vec<BroadcastEvent> {
        let events = self.log.iter().filter_map(|output| match output {
            Output::Broadcast(event) => Some(event.clone()),
            _ => None,
        });
        events.collect()
    }

    pub(super) fn peer_events(&self) -> Vec<PeerEvent> {
        let events = self.log.iter().filter_map(|output| match output {
            Output::Peer(event) => Some(event.clone()),
            _ => None,
        });
        events.collect()
    }

    /// Persist, then speak.
    fn drain(&mut self) {
        if let Some(set) = self.client.take_staged() {
            self.store.apply(set);
        }
        while let Some(output) = self.client.poll() {
            self.log.push(output.clone());
            self.act(output);
        }
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Io(Io::Dial { peer, address, wire, .. }) => {
                let up = self.hosts.get(&address).is_some_and(|host| host.up);
                let input = if up && wire == Wire::V2 {
                    Input::DialFailed { peer, why: DialProblem::NoV2 }
                } else if up {
                    self.connections.insert(peer, (address, Vec::new()));
                    Input::Connected { peer }
                } else {
                    Input::DialFailed { peer, why: DialProblem::Refused }
                };
                self.queue.push_back(input);
            }
            Output::Io(Io::Send { peer, bytes }) => self.on_sent(peer, &bytes),
            Output::Io(Io::Close { peer, .. }) => self.disconnect(peer),
            Output::Io(Io::Job { id, job }) => {
                let result = job::run(&job);
                self.queue.push_back(Input::JobDone { id, result });
            }
            Output::Chain(event) => self.on_chain(event),
            Output::Io(Io::ReadFilters { id, filters }) => {
                let filters = self.store.read(&filters);
                self.queue.push_back(Input::FiltersRead { id, filters });
            }
            Output::Io(Io::KeepFilters(filters)) => self.store.keep(filters),
            Output::Peer(_)
            | Output::HandedOut { .. }
            | Output::Broadcast(_)
            | Output::Clock(_)
            | Output::Mempool(_)
            | Output::Fetched { .. }
            | Output::Filters { .. } => {}
            Output::Io(Io::Resolve { id, name }) => {
                let addresses = self.names.get(&name).cloned().unwrap_or_default();
                self.queue.push_back(Input::Resolved { id, addresses });
            }
        }
    }

    pub(super) fn disconnect(&mut self, peer: PeerId) {
        if self.connections.remove(&peer).is_some() {
            self.queue.push_back(Input::Disconnected { peer });
        }
    }

    /// A host goes down.
    pub(super) fn take_down(&mut self, n: u16) {
        self.hosts.get_mut(&address(n)).expect("a host").up = false;
        let to = address(n);
        let open = self.connections.iter().filter(|(_, (address, _))| *address == to);
        for peer in open.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            self.disconnect(peer);
        }
    }

    pub(super) fn host(&mut self, n: u16) -> &mut Host {
        self.hosts.get_mut(&address(n)).expect("a host")
    }

    fn on_chain(&mut self, event: ChainEvent) {
        match event {
            ChainEvent::Tip { .. } => {}
            ChainEvent::Reorganised { fork, old_tip } => {
                self.wallet.paid.retain(|height, _| *height <= fork.height);
                self.wallet.cursor = Some(fork);
                self.wallet.reorgs.push((fork, old_tip));
            }
            ChainEvent::Block { at, block, .. } => {
                assert_eq!(*block, *self.blocks.block(&at.hash), "the true block");
                // The time of an anchor is not known, so a scan right above it begins untold.
                if let Some(below) = self.wallet.cursor {
                    // Right above the cursor, or below it, where it comes late.
                    assert!(at.height <= below.height.next(), "folded in order");
                }
                let (grown, found) = self.wallet.fold(at, &block);
                let relevant = self.wallet.paid.get(&at.height).is_some_and(|p| p.0 == at.hash);
                if self.folds {
                    let since = self.wallet.since;
                    let input = Input::Folded { block: at.hash, grown, since, found, relevant };
                    self.queue.push_back(input);
                }
            }
            ChainEvent::Scanned { cursor, .. } => self.wallet.cursor = Some(cursor),
            ChainEvent::Synced { tip } => self.wallet.synced.push(tip),
        }
    }

    /// Brings bytes to the client: at once, at the speed of the host's link, or in pieces of
    /// `drips` bytes ten seconds apart.
    fn send(&mut self, peer: PeerId, bytes: &[u8], drips: usize) {
        let address = self.connections[&peer].0.clone();
        let host = self.hosts.get_mut(&address).expect("a host");
        if let Some(Link { bytes_per_second, round_trip }) = host.link {
            let mut free = host.link_free.max(self.now.mono.after(round_trip));
            // A hundredth of a second at a time, as a socket would give it.
            let piece = usize::try_from(bytes_per_second / 100).expect("small").clamp(1, 10_000);
            for piece in bytes.chunks(piece) {
                let micros = piece.len() as u64 * 1_000_000 / bytes_per_second;
                free = free.after(Duration::from_micros(micros));
                self.bring(free, peer, piece);
            }
            self.hosts.get_mut(&address).expect("a host").link_free = free;
        } else if drips == 0 {
            self.queue.push_back(Input::Received { peer, bytes: bytes.to_vec() });
        } else {
            for piece in bytes.chunks(drips) {
                let last = self.later.last_key_value().map_or(self.now.mono, |((due, _), _)| *due);
                let due = last.max(self.now.mono).after(Duration::from_secs(10));
                self.bring(due, peer, piece);
            }
        }
    }

    fn bring(&mut self, due: MonoTime, peer: PeerId, bytes: &[u8]) {
        self.delayed += 1;
        self.later.insert((due, self.delayed), Input::Received { peer, bytes: bytes.to_vec() });
    }

    fn on_sent(&mut self, peer: PeerId, bytes: &[u8]) {
        let Some((address, buffer)) = self.connections.get_mut(&peer) else { return };
        let address = address.clone();
        buffer.extend_from_slice(bytes);
        while let Some((_, buffer)) = self.connections.get_mut(&peer)
            && buffer.len() >= 24
        {
            let length = u32::from_le_bytes(buffer[16..20].try_into().expect("four bytes"));
            let end = 24 + length as usize;
            let message: RawNetworkMessage =
                deserialize(&buffer[..end]).expect("what the client sends can be read");
            buffer.drain(..end);
            let host = self.hosts.get_mut(&address).expect("a host");
            host.heard.push(message.payload().clone());
            let replies = host.answer(&self.blocks, self.now.wall, message.payload());
            for reply in replies {
                let Some(reply) = reply else {
                    self.disconnect(peer);
                    return;
                };
                let magic = self.blocks.params.magic;
                let vice = self.hosts[&address].vice;
                let drips = match reply {
                    NetworkMessage::CFilter(_) if vice == Some(Vice::DripsFilters) => usize::MAX,
                    NetworkMessage::Block(_) if vice == Some(Vice::DripsBlocks) => 1,
                    _ => 0,
                };
                let bytes = serialize(&RawNetworkMessage::new(magic, reply));
                self.send(peer, &bytes, drips);
            }
        }
    }
}

impl Host {
    pub(super) fn new(tip: BlockHash) -> Self {
        let (vice, heard) = (None, Vec::new());
        let (link, link_free, fee_floor) = (None, MonoTime::START, None);
        let (up, wtxid_relay, takes, clock, filters_sent) = (true, true, true, 0, 0);
        Self {
            link,
            link_free,
            tip,
            vice,
            up,
            wtxid_relay,
            takes,
            fee_floor,
            clock,
            lies: BTreeMap::new(),
            gossip: Vec::new(),
            services: full_services(),
            filters_sent,
            heard,
        }
    }

    /// What it answers; `None` closes the connection.
    fn answer(
        &mut self,
        blocks: &Blocks,
        now: WallTime,
        message: &NetworkMessage,
    ) -> Vec<Option<NetworkMessage>> {
        if matches!(self.vice, Some(Vice::FallsSilent(after)) if self.filters_sent >= after) {
            return Vec::new();
        }
        match message {
            NetworkMessage::Version(_) => {
                let branch = blocks.branch(self.tip);
                let time = i64::try_from(now.to_unix()).expect("a time") + self.clock;
                let mut version = version(branch.len() - 1, time);
                version.services = self.services;
                let mut replies = vec![Some(NetworkMessage::Version(version))];
                replies.extend(self.wtxid_relay.then_some(Some(NetworkMessage::WtxidRelay)));
                replies.push(Some(NetworkMessage::Verack));
                replies
            }
            NetworkMessage::Verack => {
                let floor = self.fee_floor.map(NetworkMessage::FeeFilter);
                floor.into_iter().map(Some).collect()
            }
            NetworkMessage::Inv(items) if self.takes => {
                vec![Some(NetworkMessage::GetData(items.clone()))]
            }
            NetworkMessage::Ping(nonce) => vec![Some(NetworkMessage::Pong(*nonce))],
            NetworkMessage::GetHeaders(ask) if self.vice != Some(Vice::MutesHeaders) => {
                let branch = blocks.branch(self.tip);
                let known = ask.locator_hashes.iter();
                let known = known.filter_map(|hash| branch.iter().position(|b| b == hash));
                let from = known.max().unwrap_or(0);
                let headers = branch[from + 1..].iter().take(2000);
                let headers = headers.map(|hash| blocks.block(hash).header).collect();
                vec![Some(NetworkMessage::Headers(headers))]
            }
            NetworkMessage::GetCFHeaders(ask) => {
                self.filter_headers(blocks, ask.start_height, ask.stop_hash)
            }
            NetworkMessage::GetCFCheckpt(ask) => self.checkpoints(blocks, ask.stop_hash),
            NetworkMessage::GetCFilters(ask) => {
                self.filters(blocks, ask.start_height, ask.stop_hash)
            }
            NetworkMessage::GetData(items) => self.data(blocks, items),
            NetworkMessage::GetAddr => {
                let time = u32::try_from(now.to_unix()).expect("a time") - 3600;
                let told = self.gossip.iter().map(|address| told(address, time));
                vec![Some(NetworkMessage::AddrV2(told.collect()))]
            }
            _ => Vec::new(),
        }
    }

    fn range(&self, blocks: &Blocks, start: u32, stop: BlockHash) -> Option<Vec<BlockHash>> {
        let branch = blocks.branch(stop);
        blocks.branch(self.tip).contains(&stop).then(|| branch[start as usize..].to_vec())
    }

    fn filter_headers(
        &self,
        blocks: &Blocks,
        start: u32,
        stop: BlockHash,
    ) -> Vec<Option<NetworkMessage>> {
        if self.vice == Some(Vice::MutesFilterHeaders) {
            return Vec::new();
        }
        // An unknown stop hash is a reason to disconnect.
        let Some(range) = self.range(blocks, start, stop) else { return vec![None] };
        assert!(range.len() <= 2000);
        let previous = match start {
            0 => FilterHeader::all_zeros(),
            _ => self.filter_header(blocks, &blocks.block(&range[0]).header.prev_blockhash),
        };
        let mut hashes: Vec<FilterHash> =
            range.iter().map(|hash| self.filter(blocks, hash).0).collect();
        if self.vice == Some(Vice::LiesAboutFilterHeaders) {
            let last = hashes.len() - 1;
            hashes[last] = FilterHash::all_zeros();
        }
        vec![Some(NetworkMessage::CFHeaders(CFHeaders {
            filter_type: 0,
            stop_hash: stop,
            previous_filter_header: previous,
            filter_hashes: hashes,
        }))]
    }

    fn checkpoints(&self, blocks: &Blocks, stop: BlockHash) -> Vec<Option<NetworkMessage>> {
        let Some(range) = self.range(blocks, 0, stop) else { return vec![None] };
        let multiples = range.iter().skip(1000).step_by(1000);
        vec![Some(NetworkMessage::CFCheckpt(CFCheckpt {
            filter_type: 0,
            stop_hash: stop,
            filter_headers: multiples.map(|hash| self.filter_header(blocks, hash)).collect(),
        }))]
    }

    /// The hash that it commits to, and what it sends.
    fn filter(&self, blocks: &Blocks, hash: &BlockHash) -> (FilterHash, Option<Vec<u8>>) {
        let truth = blocks.filter(hash);
        match self.lies.get(&blocks.id(*hash).height.to_u32()) {
            Some(lie) => lie.told(blocks.block(hash), truth),
            None => (FilterHash::hash(truth), Some(truth.to_vec())),
        }
    }

    fn filter_header(&self, blocks: &Blocks, hash: &BlockHash) -> FilterHeader {
        if self.lies.is_empty() {
            return blocks.filter_header(hash);
        }
        let branch = blocks.branch(*hash).into_iter();
        branch.fold(FilterHeader::all_zeros(), |previous, hash| {
            self.filter(blocks, &hash).0.filter_header(&previous)
        })
    }

    fn filters(
        &mut self,
        blocks: &Blocks,
        start: u32,
        stop: BlockHash,
    ) -> Vec<Option<NetworkMessage>> {
        if self.vice == Some(Vice::MutesFilters) {
            return Vec::new();
        }
        let Some(range) = self.range(blocks, start, stop) else { return vec![None] };
        assert!(range.len() <= 1000);
        let mut replies = Vec::new();
        for block_hash in range {
            if matches!(self.vice, Some(Vice::Hangs(after)) if self.filters_sent >= after) {
                self.filters_sent = 0;
                replies.push(None);
                return replies;
            }
            if matches!(self.vice, Some(Vice::Stalls(after) | Vice::FallsSilent(after))
                if self.filters_sent >= after)
            {
                return replies;
            }
            self.filters_sent += 1;
            let (_, Some(mut filter)) = self.filter(blocks, &block_hash) else { continue };
            if self.vice == Some(Vice::BendsFilters) {
                *filter.last_mut().expect("not empty") ^= 0x10;
            }
            let message = CFilter { filter_type: 0, block_hash, filter };
            replies.push(Some(NetworkMessage::CFilter(message)));
        }
        replies
    }

    fn data(&self, blocks: &Blocks, items: &[Inventory]) -> Vec<Option<NetworkMessage>> {
        let mut replies = Vec::new();
        for item in items {
            let Inventory::WitnessBlock(hash) = item else { continue };
            let mut block = blocks.block(hash).clone();
            match self.vice {
                Some(Vice::MutesBlocks) => continue,
                Some(Vice::StripsWitnesses) => {
                    let inputs = block.txdata.iter_mut().flat_map(|tx| &mut tx.input);
                    inputs.for_each(|input| input.witness.clear());
                }
                Some(Vice::BendsBlocks) => block.txdata.truncate(1),
                Some(Vice::DuplicatesTransactions) => {
                    let copy = block.txdata.last().expect("a coinbase").clone();
                    block.txdata.push(copy);
                }
                _ => {}
            }
            replies.push(Some(NetworkMessage::Block(block)));
        }
        replies
    }
}

/// An address as a host tells it.
fn told(address: &PeerAddress, time: u32) -> AddrV2Message {
    let addr = match address {
        PeerAddress::Ip(SocketAddr::V4(ip)) => AddrV2::Ipv4(*ip.ip()),
        PeerAddress::Ip(SocketAddr::V6(ip)) => AddrV2::Ipv6(*ip.ip()),
        PeerAddress::Onion(onion, _) => AddrV2::TorV3(*onion.public_key()),
        PeerAddress::Host(..) => unreachable!("nobody tells names"),
    };
    AddrV2Message { time, services: full_services(), addr, port: address.port() }
}

fn full_services() -> ServiceFlags {
    ServiceFlags::NETWORK | ServiceFlags::WITNESS | ServiceFlags::COMPACT_FILTERS
}

fn version(height: usize, time: i64) -> VersionMessage {
    let nobody = Address::new(&([0, 0, 0, 0], 0).into(), ServiceFlags::NONE);
    VersionMessage {
        version: 70_016,
        services: full_services(),
        timestamp: time,
        receiver: nobody.clone(),
        sender: nobody,
        nonce: 1,
        user_agent: "/test:1/".to_owned(),
        start_height: i32::try_from(height).expect("a height"),
        relay: true,
    }
}
