//! Conversations over real TCP, by messages of the `bitcoin` crate: chain and payments here, filters
//! in `filters`, peers that misbehave in `bounds`.

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

mod bounds;
mod filters;

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
