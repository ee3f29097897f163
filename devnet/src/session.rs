//! Owns the conversation with one peer: what is answered to a message and told of news, as
//! Bitcoin Core does it (BIP31, BIP130, BIP133, BIP144, BIP157, BIP339).
//!
//! Performs no I/O; what is large is named in a [`Reply`] and loaded when it is sent. Refuses what
//! Bitcoin Core refuses by closing the connection, and blocks, which it ignores.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bitcoin::block::Header;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::{GetHeadersMessage, Inventory};
use bitcoin::p2p::message_filter::{
    CFCheckpt, CFHeaders, CFilter, GetCFCheckpt, GetCFHeaders, GetCFilters,
};
use bitcoin::p2p::message_network::VersionMessage;
use bitcoin::p2p::{Address, ServiceFlags};
use bitcoin::{Block, BlockHash, Transaction, Txid, Witness};

use crate::chain_state::ChainState;
use crate::fault::Fault;
use crate::limits::{
    CHECKPOINT_INTERVAL, MAX_ANNOUNCED_HEADERS, MAX_FILTER_HEADERS, MAX_FILTERS, MAX_HEADERS,
    MAX_INVENTORY, MAX_LOCATOR, MIN_PROTOCOL, MIN_RELAY_FEE_RATE,
};
use crate::network::{Network, News, PeerNumber};

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A message as it is.
    Message(NetworkMessage),
    /// A block.
    Block {
        /// Which.
        hash: BlockHash,
        /// Whether with its witnesses (BIP144).
        witness: bool,
    },
    /// A transaction of the mempool.
    Transaction {
        /// Which.
        txid: Txid,
        /// Whether with its witnesses (BIP144).
        witness: bool,
    },
    /// The filter of a block.
    Filter(BlockHash),
}

/// The conversation with one peer.
#[derive(Debug)]
pub(crate) struct Session {
    network: Arc<Network>,
    peer: PeerNumber,
    stage: Stage,
    /// Whether new blocks are announced by their headers (BIP130).
    headers_wanted: bool,
    /// Whether transactions are announced (BIP37).
    transactions_wanted: bool,
    /// Whether they are announced by their wtxid (BIP339).
    wtxid_relay: bool,
    /// The best block whose header the peer has from here.
    shown: Option<BlockHash>,
}

/// How far the handshake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    AwaitVersion,
    AwaitVerack,
    Ready,
}

impl Session {
    /// A peer that just connected.
    pub(crate) fn new(network: Arc<Network>, peer: PeerNumber) -> Self {
        Self {
            network,
            peer,
            stage: Stage::AwaitVersion,
            headers_wanted: false,
            transactions_wanted: false,
            wtxid_relay: false,
            shown: None,
        }
    }

    /// Whether the handshake is done.
    pub(crate) fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    /// Answers a message.
    pub(crate) fn hear(&mut self, message: NetworkMessage) -> Result<Vec<Reply>, Fault> {
        match (self.stage, message) {
            (Stage::AwaitVersion, NetworkMessage::Version(version)) => self.greet(&version),
            (Stage::AwaitVerack, NetworkMessage::Verack) => {
                self.stage = Stage::Ready;
                let rate = i64::try_from(MIN_RELAY_FEE_RATE).expect("it is small");
                Ok(vec![Reply::Message(NetworkMessage::FeeFilter(rate))])
            }
            (Stage::Ready, message) => self.answer(message),
            (Stage::AwaitVerack, NetworkMessage::WtxidRelay) => {
                self.wtxid_relay = true;
                Ok(Vec::new())
            }
            // Bitcoin Core ignores what comes before its time.
            (_, _) => Ok(Vec::new()),
        }
    }

    /// Tells the peer what it should know.
    pub(crate) fn tell(&mut self, news: News) -> Vec<Reply> {
        match news {
            _ if self.stage != Stage::Ready => Vec::new(),
            News::Chain => self.announce_chain(),
            News::Transaction { txid, from } => {
                let wanted = self.transactions_wanted && from != Some(self.peer);
                let inv = NetworkMessage::Inv(vec![self.name_of(txid)]);
                wanted.then_some(Reply::Message(inv)).into_iter().collect()
            }
        }
    }

    /// The message to send; nothing if what it names is gone meanwhile.
    pub(crate) fn load(&self, reply: Reply) -> Option<NetworkMessage> {
        let state = self.network.state();
        match reply {
            Reply::Message(message) => Some(message),
            Reply::Block { hash, witness } => {
                let block = state.tree.get(hash)?.block.clone();
                Some(NetworkMessage::Block(if witness { block } else { strip_block(block) }))
            }
            Reply::Transaction { txid, witness } => {
                let transaction = state.mempool.get(txid)?.transaction.clone();
                Some(NetworkMessage::Tx(if witness { transaction } else { strip(transaction) }))
            }
            Reply::Filter(block_hash) => Some(NetworkMessage::CFilter(CFilter {
                filter_type: BASIC,
                block_hash,
                filter: state.tree.get(block_hash)?.filter.content.clone(),
            })),
        }
    }

    /// How a transaction is announced to this peer.
    fn name_of(&self, txid: Txid) -> Inventory {
        let state = self.network.state();
        match state.mempool.get(txid).filter(|_| self.wtxid_relay) {
            Some(entry) => Inventory::WTx(entry.transaction.compute_wtxid()),
            None => Inventory::Transaction(txid),
        }
    }

    fn greet(&mut self, version: &VersionMessage) -> Result<Vec<Reply>, Fault> {
        if version.version < MIN_PROTOCOL {
            return Err(Fault::Protocol(version.version));
        }
        self.stage = Stage::AwaitVerack;
        self.transactions_wanted = version.relay;
        let height = self.network.state().tree.height();
        let nowhere =
            Address::new(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), ServiceFlags::NONE);
        let ours = VersionMessage {
            version: PROTOCOL,
            services: services(),
            timestamp: i64::from(self.network.clock.now()),
            receiver: nowhere.clone(),
            sender: nowhere,
            nonce: RandomState::new().build_hasher().finish(),
            user_agent: concat!("/billfold-devnet:", env!("CARGO_PKG_VERSION"), "/").to_owned(),
            start_height: i32::try_from(height).unwrap_or(i32::MAX),
            relay: true,
        };
        let wtxid_relay = version.version >= PROTOCOL;
        let messages = [
            Some(NetworkMessage::Version(ours)),
            wtxid_relay.then_some(NetworkMessage::WtxidRelay),
            Some(NetworkMessage::Verack),
        ];
        Ok(messages.into_iter().flatten().map(Reply::Message).collect())
    }

    fn answer(&mut self, message: NetworkMessage) -> Result<Vec<Reply>, Fault> {
        match message {
            NetworkMessage::Ping(nonce) => Ok(one(NetworkMessage::Pong(nonce))),
            NetworkMessage::GetAddr => Ok(one(NetworkMessage::Addr(Vec::new()))),
            NetworkMessage::SendHeaders => {
                self.headers_wanted = true;
                Ok(Vec::new())
            }
            NetworkMessage::GetHeaders(request) => self.headers(&request),
            NetworkMessage::GetData(items) => self.items(&items),
            NetworkMessage::Inv(items) => self.ask_for(&items),
            NetworkMessage::Tx(transaction) => {
                if let Err(reason) = self.network.submit(transaction, Some(self.peer)) {
                    tracing::debug!(peer = self.peer.0, %reason, "a transaction is refused");
                }
                Ok(Vec::new())
            }
            NetworkMessage::GetCFHeaders(request) => self.filter_headers(&request),
            NetworkMessage::GetCFilters(request) => self.filters(&request),
            NetworkMessage::GetCFCheckpt(request) => self.filter_checkpoints(&request),
            NetworkMessage::MemPool
            | NetworkMessage::FilterLoad(_)
            | NetworkMessage::FilterAdd(_)
            | NetworkMessage::FilterClear => Err(Fault::NotOffered),
            _ => Ok(Vec::new()),
        }
    }

    /// Headers of the best chain after the fork that the locator names, the stop hash at most.
    fn headers(&mut self, request: &GetHeadersMessage) -> Result<Vec<Reply>, Fault> {
        if request.locator_hashes.len() > MAX_LOCATOR {
            return Err(Fault::TooMany(request.locator_hashes.len()));
        }
        let state = self.network.state();
        let tree = &state.tree;
        if request.locator_hashes.is_empty() {
            let stop = tree.get(request.stop_hash).map(|node| node.block.header);
            return Ok(stop.map_or_else(Vec::new, |stop| one(NetworkMessage::Headers(vec![stop]))));
        }
        let fork = request.locator_hashes.iter().find(|hash| tree.is_best(**hash));
        let fork = fork.map_or(0, |hash| tree.node(*hash).place.height);
        let mut headers = Vec::new();
        for node in tree.best_from(fork + 1).take(MAX_HEADERS) {
            headers.push(node.block.header);
            if node.block.block_hash() == request.stop_hash {
                break;
            }
        }
        self.shown = Some(headers.last().map_or(tree.tip(), Header::block_hash));
        Ok(one(NetworkMessage::Headers(headers)))
    }

    fn announce_chain(&mut self) -> Vec<Reply> {
        let state = self.network.state();
        let tip = state.tree.tip();
        let enter = self.shown.map(|shown| state.tree.path(shown, tip).enter);
        match enter {
            Some(enter) if enter.is_empty() => Vec::new(),
            Some(enter) if self.headers_wanted && enter.len() <= MAX_ANNOUNCED_HEADERS => {
                let headers = enter.iter().map(|hash| state.tree.node(*hash).block.header);
                self.shown = Some(tip);
                one(NetworkMessage::Headers(headers.collect()))
            }
            _ => one(NetworkMessage::Inv(vec![Inventory::Block(tip)])),
        }
    }

    fn items(&self, items: &[Inventory]) -> Result<Vec<Reply>, Fault> {
        if items.len() > MAX_INVENTORY {
            return Err(Fault::TooMany(items.len()));
        }
        let state = self.network.state();
        let mut replies = Vec::new();
        let mut missing = Vec::new();
        for item in items {
            match *item {
                Inventory::Block(hash) => replies.push(Reply::Block { hash, witness: false }),
                Inventory::WitnessBlock(hash) => replies.push(Reply::Block { hash, witness: true }),
                Inventory::Transaction(txid) | Inventory::WitnessTransaction(txid)
                    if state.mempool.get(txid).is_some() =>
                {
                    let witness = matches!(item, Inventory::WitnessTransaction(_));
                    replies.push(Reply::Transaction { txid, witness });
                }
                Inventory::WTx(wtxid) if let Some(txid) = state.mempool.txid_of(wtxid) => {
                    replies.push(Reply::Transaction { txid, witness: true });
                }
                Inventory::Transaction(_)
                | Inventory::WitnessTransaction(_)
                | Inventory::WTx(_) => missing.push(*item),
                _ => {}
            }
        }
        if !missing.is_empty() {
            replies.push(Reply::Message(NetworkMessage::NotFound(missing)));
        }
        Ok(replies)
    }

    /// Asks for announced transactions that are not there.
    fn ask_for(&self, items: &[Inventory]) -> Result<Vec<Reply>, Fault> {
        if items.len() > MAX_INVENTORY {
            return Err(Fault::TooMany(items.len()));
        }
        let state = self.network.state();
        let wanted: Vec<_> = items
            .iter()
            .filter_map(|item| match item {
                Inventory::Transaction(txid) | Inventory::WitnessTransaction(txid) => {
                    let missing = state.mempool.get(*txid).is_none();
                    missing.then_some(Inventory::WitnessTransaction(*txid))
                }
                Inventory::WTx(wtxid) => {
                    let missing = state.mempool.txid_of(*wtxid).is_none();
                    missing.then_some(Inventory::WTx(*wtxid))
                }
                _ => None,
            })
            .collect();
        Ok(if wanted.is_empty() { Vec::new() } else { one(NetworkMessage::GetData(wanted)) })
    }

    fn filter_headers(&self, request: &GetCFHeaders) -> Result<Vec<Reply>, Fault> {
        let state = self.network.state();
        let (start, stop_hash) = (request.start_height, request.stop_hash);
        let range = range(&state, request.filter_type, start, stop_hash, MAX_FILTER_HEADERS)?;
        let first = range.first().expect("a range that is allowed is not empty");
        Ok(one(NetworkMessage::CFHeaders(CFHeaders {
            filter_type: BASIC,
            stop_hash,
            previous_filter_header: state.tree.previous_filter_header(state.tree.node(*first)),
            filter_hashes: range.iter().map(|hash| state.tree.node(*hash).filter.hash).collect(),
        })))
    }

    fn filters(&self, request: &GetCFilters) -> Result<Vec<Reply>, Fault> {
        let state = self.network.state();
        let (start, stop) = (request.start_height, request.stop_hash);
        let range = range(&state, request.filter_type, start, stop, MAX_FILTERS)?;
        Ok(range.into_iter().map(Reply::Filter).collect())
    }

    fn filter_checkpoints(&self, request: &GetCFCheckpt) -> Result<Vec<Reply>, Fault> {
        let state = self.network.state();
        let stop_hash = request.stop_hash;
        let range = range(&state, request.filter_type, 0, stop_hash, u32::MAX)?;
        let interval = usize::try_from(CHECKPOINT_INTERVAL).expect("it is small");
        let checkpoints = range.iter().step_by(interval).skip(1);
        Ok(one(NetworkMessage::CFCheckpt(CFCheckpt {
            filter_type: BASIC,
            stop_hash,
            filter_headers: checkpoints.map(|hash| state.tree.node(*hash).filter.header).collect(),
        })))
    }
}

/// The basic filter's type (BIP158).
const BASIC: u8 = 0;

/// The protocol version that Bitcoin Core speaks.
const PROTOCOL: u32 = 70_016;

fn one(message: NetworkMessage) -> Vec<Reply> {
    vec![Reply::Message(message)]
}

/// The blocks of a filter request, if it is allowed; never empty.
fn range(
    state: &ChainState,
    filter_type: u8,
    start: u32,
    stop: BlockHash,
    max: u32,
) -> Result<Vec<BlockHash>, Fault> {
    let stop_height = state.tree.get(stop).map(|node| node.place.height);
    let span = stop_height.and_then(|height| height.checked_sub(start));
    if filter_type != BASIC || span.is_none_or(|span| span >= max) {
        return Err(Fault::FilterRequest);
    }
    Ok(state.tree.branch(start, stop))
}

/// All blocks with witnesses, filters, and version 2 of the transport.
fn services() -> ServiceFlags {
    ServiceFlags::NETWORK
        | ServiceFlags::WITNESS
        | ServiceFlags::COMPACT_FILTERS
        | ServiceFlags::P2P_V2
}

fn strip(mut transaction: Transaction) -> Transaction {
    for input in &mut transaction.input {
        input.witness = Witness::new();
    }
    transaction
}

fn strip_block(mut block: Block) -> Block {
    block.txdata = block.txdata.into_iter().map(strip).collect();
    block
}
