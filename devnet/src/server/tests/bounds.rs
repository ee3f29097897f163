//! Peers that say too much, too little or nonsense.

use super::*;

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
