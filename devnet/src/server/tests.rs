//! Conversations over real TCP, by messages of the `bitcoin` crate.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bitcoin::bip158::{BlockFilter, FilterHash, FilterHeader};
use bitcoin::block::Header;
use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::p2p::message_blockdata::{GetHeadersMessage, Inventory};
use bitcoin::p2p::message_filter::{GetCFCheckpt, GetCFHeaders, GetCFilters};
use bitcoin::p2p::message_network::VersionMessage;
use bitcoin::p2p::{Address, Magic, ServiceFlags};
use bitcoin::{Amount, BlockHash, Transaction, TxOut, Txid, Wtxid};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::serve;
use crate::faucet::Faucet;
use crate::frame::read_message;
use crate::limits::MAX_PEERS;
use crate::network::Network;
use crate::rules::COINBASE_MATURITY;

/// A served network whose tasks end with the test's runtime.
struct Served {
    network: Arc<Network>,
    faucet: Faucet,
    address: SocketAddr,
}

impl Served {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let network = Arc::new(Network::new());
        tokio::spawn(serve(listener, Arc::clone(&network)));
        Self { network, faucet: Faucet::new(), address }
    }

    fn mine(&self, count: u32) -> Vec<BlockHash> {
        self.network.change_chain(|state| state.mine(count, self.faucet.script()))
    }

    fn payment(&self) -> Transaction {
        let output =
            TxOut { value: Amount::from_sat(50_000), script_pubkey: self.faucet.script().clone() };
        self.faucet.pay(&self.network.state(), vec![output]).unwrap()
    }

    async fn connect(&self) -> Peer {
        self.connect_after(None).await
    }

    /// With something to say before the `verack`.
    async fn connect_after(&self, first: Option<NetworkMessage>) -> Peer {
        let mut peer = Peer(TcpStream::connect(self.address).await.unwrap());
        peer.send(NetworkMessage::Version(version(true))).await;
        let NetworkMessage::Version(theirs) = peer.next().await else { panic!("no version") };
        assert!(theirs.services.has(ServiceFlags::NETWORK));
        assert!(theirs.services.has(ServiceFlags::WITNESS));
        assert!(theirs.services.has(ServiceFlags::COMPACT_FILTERS));
        assert_eq!(peer.next().await, NetworkMessage::WtxidRelay);
        assert_eq!(peer.next().await, NetworkMessage::Verack);
        if let Some(first) = first {
            peer.send(first).await;
        }
        peer.send(NetworkMessage::Verack).await;
        assert_eq!(peer.next().await, NetworkMessage::FeeFilter(100));
        peer
    }
}

struct Peer(TcpStream);

impl Peer {
    async fn send(&mut self, message: NetworkMessage) {
        self.send_bytes(&serialize(&RawNetworkMessage::new(Magic::REGTEST, message))).await;
    }

    async fn send_bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    async fn next(&mut self) -> NetworkMessage {
        read_message(&mut self.0).await.unwrap()
    }

    async fn ask(&mut self, message: NetworkMessage) -> NetworkMessage {
        self.send(message).await;
        self.next().await
    }

    /// Nothing was said before the answer to this ping.
    async fn assert_quiet(&mut self) {
        assert_eq!(self.ask(NetworkMessage::Ping(7)).await, NetworkMessage::Pong(7));
    }

    async fn assert_closed(mut self) {
        let mut rest = Vec::new();
        // A reset is a close too: the peer did not read all that was sent.
        let _ = self.0.read_to_end(&mut rest).await;
        assert_eq!(rest, Vec::<u8>::new());
    }

    async fn headers(&mut self, locator: Vec<BlockHash>) -> Vec<BlockHash> {
        let request = GetHeadersMessage::new(locator, BlockHash::all_zeros());
        match self.ask(NetworkMessage::GetHeaders(request)).await {
            NetworkMessage::Headers(headers) => headers.iter().map(Header::block_hash).collect(),
            other => panic!("not headers: {other:?}"),
        }
    }
}

fn version(relay: bool) -> VersionMessage {
    let nowhere = Address::new(&SocketAddr::from(([0; 4], 0)), ServiceFlags::NONE);
    let mut version = VersionMessage::new(
        ServiceFlags::NONE,
        1_700_000_000,
        nowhere.clone(),
        nowhere,
        1,
        "/test/".to_owned(),
        0,
    );
    version.version = 70_016;
    version.relay = relay;
    version
}

#[tokio::test]
async fn headers_follow_the_fork_that_the_locator_names() {
    let served = Served::start().await;
    let hashes = served.mine(2_100);
    let mut peer = served.connect().await;
    let unknown = BlockHash::all_zeros();
    assert_eq!(peer.headers(vec![unknown]).await, hashes[..2_000]);
    assert_eq!(peer.headers(vec![unknown, hashes[1_999], hashes[0]]).await, hashes[2_000..]);
    assert_eq!(peer.headers(vec![hashes[2_099]]).await, []);
    let old = served.network.change_chain(|state| {
        let tip = state.tree.tip();
        state.reorg(2, 3, &HashSet::new(), served.faucet.script()).unwrap();
        tip
    });
    let best = {
        let state = served.network.state();
        state.tree.branch(2_098, state.tree.tip())
    };
    assert_eq!(peer.next().await, NetworkMessage::Inv(vec![Inventory::Block(best[3])]));
    assert_eq!(peer.headers(vec![old, hashes[2_097]]).await, best[1..]);
}

#[tokio::test]
async fn new_blocks_are_announced_as_the_peer_wants() {
    let served = Served::start().await;
    let mut peer = served.connect().await;
    let first = served.mine(1)[0];
    assert_eq!(peer.next().await, NetworkMessage::Inv(vec![Inventory::Block(first)]));
    peer.send(NetworkMessage::SendHeaders).await;
    assert_eq!(peer.headers(vec![first]).await, []);
    let two = served.mine(2);
    let NetworkMessage::Headers(headers) = peer.next().await else { panic!("not headers") };
    assert_eq!(headers.iter().map(Header::block_hash).collect::<Vec<_>>(), two);
    let nine = served.mine(9);
    assert_eq!(peer.next().await, NetworkMessage::Inv(vec![Inventory::Block(nine[8])]));
    assert_eq!(peer.headers(vec![two[1]]).await, nine);
    let other = served
        .network
        .change_chain(|state| state.reorg(2, 3, &HashSet::new(), served.faucet.script()).unwrap());
    let NetworkMessage::Headers(headers) = peer.next().await else { panic!("not headers") };
    assert_eq!(headers.iter().map(Header::block_hash).collect::<Vec<_>>(), other);
    peer.assert_quiet().await;
}

#[tokio::test]
async fn blocks_come_with_witnesses_only_if_asked() {
    let served = Served::start().await;
    served.mine(COINBASE_MATURITY);
    served.network.submit(served.payment(), None).unwrap();
    let hash = served.mine(1)[0];
    let block = served.network.state().tree.get(hash).unwrap().block.clone();
    let mut peer = served.connect().await;
    let whole = peer.ask(NetworkMessage::GetData(vec![Inventory::WitnessBlock(hash)])).await;
    assert_eq!(whole, NetworkMessage::Block(block));
    let stripped = peer.ask(NetworkMessage::GetData(vec![Inventory::Block(hash)])).await;
    let NetworkMessage::Block(stripped) = stripped else { panic!("not a block") };
    assert!(stripped.check_merkle_root());
    assert!(stripped.txdata.iter().flat_map(|tx| &tx.input).all(|input| input.witness.is_empty()));
    let unknown = Inventory::WitnessBlock(BlockHash::all_zeros());
    peer.send(NetworkMessage::GetData(vec![unknown])).await;
    peer.assert_quiet().await;
}

#[tokio::test]
async fn payment_of_one_peer_reaches_the_mempool_and_the_other_peers() {
    let served = Served::start().await;
    served.mine(COINBASE_MATURITY);
    let (mut sender, mut other) = (served.connect().await, served.connect().await);
    let mut modern = served.connect_after(Some(NetworkMessage::WtxidRelay)).await;
    let payment = served.payment();
    let txid = payment.compute_txid();
    let announced = NetworkMessage::Inv(vec![Inventory::Transaction(txid)]);
    let wanted = NetworkMessage::GetData(vec![Inventory::WitnessTransaction(txid)]);
    assert_eq!(sender.ask(announced.clone()).await, wanted);
    sender.send(NetworkMessage::Tx(payment.clone())).await;
    assert_eq!(other.next().await, announced);
    assert_eq!(other.ask(wanted).await, NetworkMessage::Tx(payment.clone()));
    sender.assert_quiet().await;
    // BIP339: to those who want it so, the same by its wtxid.
    let announced_so = vec![Inventory::WTx(payment.compute_wtxid())];
    assert_eq!(modern.next().await, NetworkMessage::Inv(announced_so.clone()));
    let whole = modern.ask(NetworkMessage::GetData(announced_so.clone())).await;
    assert_eq!(whole, NetworkMessage::Tx(payment.clone()));
    modern.send(NetworkMessage::Inv(announced_so)).await;
    modern.assert_quiet().await;
    let unknown = vec![Inventory::WTx(Wtxid::all_zeros())];
    let ask = modern.ask(NetworkMessage::Inv(unknown.clone())).await;
    assert_eq!(ask, NetworkMessage::GetData(unknown));
    // It is there, so nobody asks for it again.
    other.send(announced).await;
    other.assert_quiet().await;
    served.mine(1);
    assert!(served.network.state().mempool.txids().is_empty());
    assert_eq!(served.network.state().transaction(txid), Some(&payment));
}

#[tokio::test]
async fn unknown_transaction_is_not_found_and_muted_peer_hears_of_none() {
    let served = Served::start().await;
    served.mine(COINBASE_MATURITY);
    let mut peer = Peer(TcpStream::connect(served.address).await.unwrap());
    peer.send(NetworkMessage::Version(version(false))).await;
    for _ in 0..3 {
        peer.next().await;
    }
    assert_eq!(peer.ask(NetworkMessage::Verack).await, NetworkMessage::FeeFilter(100));
    let missing = vec![Inventory::WitnessTransaction(Txid::all_zeros())];
    let answer = peer.ask(NetworkMessage::GetData(missing.clone())).await;
    assert_eq!(answer, NetworkMessage::NotFound(missing));
    served.network.submit(served.payment(), None).unwrap();
    peer.assert_quiet().await;
}

#[tokio::test]
async fn filters_chain_up_to_their_headers_and_checkpoints() {
    let served = Served::start().await;
    let hashes = served.mine(2_000);
    let mut peer = served.connect().await;
    let (start_height, stop_hash) = (1_001, hashes[1_999]);
    let request = GetCFHeaders { filter_type: 0, start_height, stop_hash };
    let answer = peer.ask(NetworkMessage::GetCFHeaders(request)).await;
    let NetworkMessage::CFHeaders(headers) = answer else { panic!("not cfheaders") };
    let request = GetCFCheckpt { filter_type: 0, stop_hash };
    let answer = peer.ask(NetworkMessage::GetCFCheckpt(request)).await;
    let NetworkMessage::CFCheckpt(checkpoints) = answer else { panic!("not cfcheckpt") };
    assert_eq!(checkpoints.filter_headers.len(), 2);
    assert_eq!(headers.previous_filter_header, checkpoints.filter_headers[0]);
    let request = GetCFilters { filter_type: 0, start_height, stop_hash };
    peer.send(NetworkMessage::GetCFilters(request)).await;
    let mut header: FilterHeader = headers.previous_filter_header;
    for (hash, filter_hash) in hashes[1_000..].iter().zip(&headers.filter_hashes) {
        let NetworkMessage::CFilter(filter) = peer.next().await else { panic!("not cfilter") };
        assert_eq!(filter.block_hash, *hash);
        let filter = BlockFilter::new(&filter.filter);
        let script = served.faucet.script().as_bytes();
        assert!(filter.match_any(hash, std::iter::once(script)).unwrap());
        header = filter.filter_header(&header);
        assert_eq!(filter_hash, &FilterHash::hash(&filter.content));
    }
    assert_eq!(header, checkpoints.filter_headers[1]);
    peer.assert_quiet().await;
    let genesis = GetCFHeaders { filter_type: 0, start_height: 0, stop_hash: hashes[0] };
    let answer = peer.ask(NetworkMessage::GetCFHeaders(genesis)).await;
    let NetworkMessage::CFHeaders(first) = answer else { panic!("not cfheaders") };
    assert_eq!(first.previous_filter_header, FilterHeader::all_zeros());
    assert_eq!(first.filter_hashes.len(), 2);
}

#[tokio::test]
async fn filter_requests_that_bitcoin_core_punishes_close_the_connection() {
    let served = Served::start().await;
    let hashes = served.mine(2_000);
    let tip = hashes[1_999];
    let unknown = BlockHash::all_zeros();
    let filters = |filter_type, start_height, stop_hash| {
        NetworkMessage::GetCFilters(GetCFilters { filter_type, start_height, stop_hash })
    };
    let headers = |start_height, stop_hash| {
        NetworkMessage::GetCFHeaders(GetCFHeaders { filter_type: 0, start_height, stop_hash })
    };
    let checkpoints = GetCFCheckpt { filter_type: 0, stop_hash: unknown };
    let punished = [
        filters(0, 1_000, tip),
        filters(0, 1_990, unknown),
        filters(0, 2_001, tip),
        filters(1, 1_990, tip),
        headers(0, tip),
        headers(0, unknown),
        headers(u32::MAX, tip),
        NetworkMessage::GetCFCheckpt(checkpoints),
    ];
    for request in punished {
        let mut peer = served.connect().await;
        peer.send(request).await;
        peer.assert_closed().await;
    }
    let mut peer = served.connect().await;
    let NetworkMessage::CFHeaders(all) = peer.ask(headers(1, tip)).await else {
        panic!("not cfheaders")
    };
    assert_eq!(all.filter_hashes.len(), 2_000);
}

#[tokio::test]
async fn oversized_lists_and_frames_close_the_connection() {
    let served = Served::start().await;
    let hash = BlockHash::all_zeros();
    let locator = GetHeadersMessage::new(vec![hash; 102], hash);
    let items = vec![Inventory::WitnessBlock(hash); 50_001];
    let mut oversized = serialize(&RawNetworkMessage::new(Magic::REGTEST, NetworkMessage::GetAddr));
    oversized[16..20].copy_from_slice(&4_000_001_u32.to_le_bytes());
    let mut garbled = serialize(&RawNetworkMessage::new(Magic::REGTEST, NetworkMessage::Ping(1)));
    garbled[24] ^= 1;
    let elsewhere = serialize(&RawNetworkMessage::new(Magic::BITCOIN, NetworkMessage::Ping(1)));
    let bytes = |message| serialize(&RawNetworkMessage::new(Magic::REGTEST, message));
    let punished = [
        bytes(NetworkMessage::GetHeaders(locator)),
        bytes(NetworkMessage::GetData(items.clone())),
        bytes(NetworkMessage::Inv(items)),
        bytes(NetworkMessage::MemPool),
        oversized,
        garbled,
        elsewhere,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
    ];
    for bytes in punished {
        let mut peer = served.connect().await;
        // The server may close before it has read all.
        let _ = peer.0.write_all(&bytes).await;
        peer.assert_closed().await;
    }
    served.connect().await.assert_quiet().await;
}

#[tokio::test]
async fn messages_before_the_handshake_are_ignored() {
    let served = Served::start().await;
    served.mine(1);
    let mut peer = Peer(TcpStream::connect(served.address).await.unwrap());
    peer.send(NetworkMessage::Ping(1)).await;
    peer.send(NetworkMessage::Verack).await;
    peer.send(NetworkMessage::Version(version(true))).await;
    assert!(
        matches!(peer.next().await, NetworkMessage::Version(theirs) if theirs.start_height == 1)
    );
    assert_eq!(peer.next().await, NetworkMessage::WtxidRelay);
    assert_eq!(peer.next().await, NetworkMessage::Verack);
    peer.send(NetworkMessage::GetAddr).await;
    assert_eq!(peer.ask(NetworkMessage::Verack).await, NetworkMessage::FeeFilter(100));
    assert_eq!(peer.ask(NetworkMessage::GetAddr).await, NetworkMessage::Addr(Vec::new()));
    let mut old = version(true);
    old.version = 31_799;
    let mut peer = Peer(TcpStream::connect(served.address).await.unwrap());
    peer.send(NetworkMessage::Version(old)).await;
    peer.assert_closed().await;
}

#[tokio::test(start_paused = true)]
async fn peer_that_says_nothing_is_closed_in_time() {
    let served = Served::start().await;
    let before = tokio::time::Instant::now();
    let peer = Peer(TcpStream::connect(served.address).await.unwrap());
    peer.assert_closed().await;
    assert!(before.elapsed() >= Duration::from_secs(60));
}

#[tokio::test]
async fn peer_that_does_not_read_stalls_only_itself() {
    let served = Served::start().await;
    served.mine(2_000);
    let mut greedy = served.connect().await;
    let request = GetHeadersMessage::new(vec![BlockHash::all_zeros()], BlockHash::all_zeros());
    let request = NetworkMessage::GetHeaders(request);
    let request = serialize(&RawNetworkMessage::new(Magic::REGTEST, request)).repeat(1_000);
    // Each of these asks for 162 kB: it is stuck long before all are written.
    let stuck = tokio::spawn(async move { while greedy.0.write_all(&request).await.is_ok() {} });
    let mut modest = served.connect().await;
    for _ in 0..100 {
        modest.assert_quiet().await;
    }
    assert!(!stuck.is_finished());
    stuck.abort();
}

#[tokio::test]
async fn peers_beyond_the_bound_are_closed_and_a_free_place_is_given_again() {
    let served = Served::start().await;
    let mut peers = Vec::new();
    for _ in 0..MAX_PEERS {
        peers.push(served.connect().await);
    }
    Peer(TcpStream::connect(served.address).await.unwrap()).assert_closed().await;
    let Peer(mut leaver) = peers.pop().unwrap();
    leaver.shutdown().await.unwrap();
    // The server closes its side last, when the place is free.
    Peer(leaver).assert_closed().await;
    served.connect().await.assert_quiet().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Bytes in the form of messages, whose payloads are anything: the server stays.
    #[test]
    fn hostile_bytes_harm_nobody(
        messages in prop::collection::vec((0..COMMANDS.len(), prop::collection::vec(any::<u8>(), 0..200)), 1..8),
        tail in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let served = Served::start().await;
            let mut peer = served.connect().await;
            let mut bytes = Vec::new();
            for (command, payload) in &messages {
                let checksum = bitcoin::hashes::sha256d::Hash::hash(payload);
                let mut name = [0; 12];
                name[..COMMANDS[*command].len()].copy_from_slice(COMMANDS[*command].as_bytes());
                bytes.extend(Magic::REGTEST.to_bytes());
                bytes.extend(name);
                bytes.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
                bytes.extend(&checksum.as_byte_array()[..4]);
                bytes.extend(payload);
            }
            bytes.extend(&tail);
            let _ = peer.0.write_all(&bytes).await;
            peer.0.shutdown().await.unwrap();
            let _ = peer.0.read_to_end(&mut Vec::new()).await;
            served.connect().await.assert_quiet().await;
        });
    }
}

const COMMANDS: [&str; 18] = [
    "version",
    "verack",
    "addr",
    "addrv2",
    "inv",
    "getdata",
    "getheaders",
    "headers",
    "block",
    "tx",
    "ping",
    "feefilter",
    "getcfilters",
    "getcfheaders",
    "getcfcheckpt",
    "cmpctblock",
    "alert",
    "odd",
];
