//! What two peers may say to each other, for the tests of both transports.

use bitcoin::Txid;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::ServiceFlags;
use bitcoin::p2p::address::Address;
use bitcoin::p2p::message_filter::{CFCheckpt, CFHeaders, CFilter};
use bitcoin::p2p::message_network::VersionMessage;

use super::*;

pub(super) fn version() -> VersionMessage {
    let nobody = Address::new(&([0, 0, 0, 0], 0).into(), ServiceFlags::NONE);
    VersionMessage {
        version: 70_016,
        services: ServiceFlags::NETWORK,
        timestamp: 1_700_000_000,
        receiver: nobody.clone(),
        sender: nobody,
        nonce: 77,
        user_agent: "/somebody:1/".to_owned(),
        start_height: 123,
        relay: true,
    }
}

/// Every kind that we act on, each beside what it must be read as; and some that we skip.
pub(super) fn conversation() -> Vec<(NetworkMessage, Option<Message>)> {
    let genesis = bitcoin::constants::genesis_block(bitcoin::Network::Regtest);
    let block = genesis.block_hash();
    let inventory = vec![
        Inventory::Block(block),
        Inventory::Transaction(Txid::all_zeros()),
        Inventory::Unknown { inv_type: 99, hash: [1; 32] },
    ];
    let hashes = vec![FilterHash::all_zeros(), FilterHash::hash(b"x")];
    let previous = FilterHeader::hash(b"y");
    vec![
        (
            NetworkMessage::Version(version()),
            Some(Message::Version(Version {
                version: 70_016,
                services: 1,
                time: 1_700_000_000,
                nonce: 77,
                user_agent: b"/somebody:1/".to_vec(),
                start_height: 123,
            })),
        ),
        (NetworkMessage::WtxidRelay, Some(Message::WtxidRelay)),
        (NetworkMessage::SendAddrV2, None),
        (NetworkMessage::Verack, Some(Message::Verack)),
        (NetworkMessage::FeeFilter(1000), Some(Message::FeeFilter(1000))),
        (NetworkMessage::Ping(5), Some(Message::Ping(5))),
        (NetworkMessage::Pong(6), Some(Message::Pong(6))),
        (
            NetworkMessage::Headers(vec![genesis.header; 3]),
            Some(Message::Headers(vec![genesis.header; 3])),
        ),
        (
            NetworkMessage::Tx(genesis.txdata[0].clone()),
            Some(Message::Tx(Box::new(genesis.txdata[0].clone()))),
        ),
        (NetworkMessage::MemPool, None),
        (NetworkMessage::Inv(inventory.clone()), Some(Message::Inv(inventory.clone()))),
        (NetworkMessage::GetData(inventory.clone()), Some(Message::GetData(inventory.clone()))),
        (NetworkMessage::NotFound(inventory.clone()), Some(Message::NotFound(inventory))),
        (NetworkMessage::Block(genesis.clone()), Some(Message::Block(Box::new(genesis)))),
        (
            NetworkMessage::CFHeaders(CFHeaders {
                filter_type: 0,
                stop_hash: block,
                previous_filter_header: previous,
                filter_hashes: hashes.clone(),
            }),
            Some(Message::FilterHeaders(FilterHeaders { stop: block, previous, hashes })),
        ),
        (
            NetworkMessage::CFCheckpt(CFCheckpt {
                filter_type: 0,
                stop_hash: block,
                filter_headers: vec![previous; 3],
            }),
            Some(Message::FilterCheckpoints(FilterCheckpoints {
                stop: block,
                headers: vec![previous; 3],
            })),
        ),
        (
            NetworkMessage::CFilter(CFilter {
                filter_type: 0,
                block_hash: block,
                filter: vec![1, 2, 3],
            }),
            Some(Message::Filter(Filter { block, bytes: vec![1, 2, 3].into() })),
        ),
    ]
}
