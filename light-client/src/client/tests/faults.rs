//! Peers that fail, lie, or flood: what is said, and that honest peers still get through.

use std::time::Duration;

use bitcoin::BlockHash;
use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;

use super::world::{Blocks, Vice, World, script};
use crate::chain::mine;
use crate::fault::Fault;

/// A chain with three payments; the first of two peers has a vice, the second is honest.
fn world_with(vice: Vice) -> (World, BlockHash) {
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    for n in 1..=3 {
        tip = blocks.mine_many(tip, 40, 0);
        tip = blocks.mine(tip, 0, &[script(n)]);
    }
    let mut world = World::new(blocks, tip, 2);
    world.host(1).vice = Some(vice);
    world.scan(1, &[script(1), script(2), script(3)]);
    (world, tip)
}

#[test]
fn one_honest_peer_is_enough() {
    for (vice, fault) in [
        (Vice::MutesFilters, None),
        (Vice::MutesFilterHeaders, None),
        (Vice::MutesHeaders, None),
        (Vice::MutesBlocks, None),
        (Vice::Hangs(10), None),
        (Vice::BendsFilters, Some(Fault::InvalidFilter)),
        (Vice::StripsWitnesses, Some(Fault::InvalidBlock)),
        (Vice::BendsBlocks, Some(Fault::InvalidBlock)),
        (Vice::DuplicatesTransactions, Some(Fault::InvalidBlock)),
    ] {
        let (mut world, tip) = world_with(vice);
        world.sync(tip);
        assert_eq!(world.wallet.paid.len(), 3, "{vice:?}");
        match fault {
            Some(fault) => assert!(world.faults().contains(&fault), "{vice:?}"),
            None => assert_eq!(world.faults(), [], "{vice:?}"),
        }
    }
}

#[test]
fn a_peer_that_stops_answering_is_left_and_dialled_again() {
    let (mut world, tip) = world_with(Vice::MutesFilters);
    world.take_down(2);
    world.pass(Duration::from_secs(120));
    assert!(world.faults().contains(&Fault::Stalled));
    world.host(1).vice = None;
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 3);
}

#[test]
fn an_index_behind_the_tip_is_waited_for_and_not_punished() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 20, 0);
    let next = blocks.mine(tip, 0, &[script(1)]);
    let mut world = World::new(blocks, tip, 1);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.host(1).vice = Some(Vice::MutesFilterHeaders);
    world.announce(1, next);
    world.pass(Duration::from_secs(300));
    assert_eq!(world.client.tip(), world.blocks.id(next));
    assert!(!world.client.status().synced);
    world.host(1).vice = None;
    world.sync(next);
    assert_eq!(world.wallet.paid.len(), 1);
    assert_eq!(world.faults(), []);
}

#[test]
fn a_liar_that_is_heard_first_is_found_out_by_its_own_filters() {
    for alone in [true, false] {
        let (mut world, tip) = world_with(Vice::LiesAboutFilterHeaders);
        if alone {
            world.take_down(2);
            world.pass(Duration::from_secs(60));
            assert_eq!(world.faults(), [Fault::InvalidFilter], "not what it stood for");
            world.host(2).up = true;
        }
        world.sync(tip);
        assert_eq!(world.wallet.paid.len(), 3);
    }
}

#[test]
fn a_dripping_peer_does_not_hold_up_the_others() {
    for vice in [Vice::DripsFilters, Vice::DripsBlocks] {
        let (mut world, tip) = world_with(vice);
        world.sync(tip);
        assert_eq!(world.wallet.paid.len(), 3, "{vice:?}");
    }
}

#[test]
fn headers_that_break_a_rule_end_the_connection() {
    let (mut world, tip) = world_with(Vice::MutesHeaders);
    world.sync(tip);
    let parent = world.blocks.block(&tip).header;
    let good = mine::header(tip, parent.time + 600, parent.bits, 1);
    let solve = |header: Header| mine::solve(header);
    let easy = Header { bits: bitcoin::CompactTarget::from_consensus(0x2100_ffff), ..good };
    let mut unsolved = good;
    while unsolved.target().is_met_by(unsolved.block_hash()) {
        unsolved.nonce += 1;
    }
    let bad = [
        unsolved,
        solve(Header { bits: bitcoin::CompactTarget::from_consensus(0x207f_fffe), ..good }),
        easy,
        solve(Header { time: parent.time - 100 * 600, ..good }),
        solve(Header { version: Version::ONE, ..good }),
    ];
    for header in bad {
        world.say(2, NetworkMessage::Headers(vec![header]));
        world.settle();
        assert_eq!(world.faults().last(), Some(&Fault::InvalidHeader), "{header:?}");
        assert_eq!(world.client.tip(), world.blocks.id(tip));
        // The address was named by the user, so it is tried again after ten minutes.
        world.pass(Duration::from_secs(800));
    }
}

#[test]
fn a_header_from_the_future_is_held_and_tried_again() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 20, 0);
    let next = blocks.mine_many(tip, 20, 0);
    let mut world = World::new(blocks, tip, 1);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    // Twenty blocks are 200 minutes; our clock stands at the first tip.
    let wall = world.now.wall;
    world.announce(1, next);
    world.now.wall = wall;
    world.settle();
    assert_eq!(world.client.tip().height.to_u32(), 32);
    assert_eq!(world.faults(), []);
    assert!(world.client.status().synced, "with all that is valid now");
    world.pass(Duration::from_secs(80 * 60 + 120));
    assert_eq!(world.client.tip(), world.blocks.id(next));
}

#[test]
fn headers_that_connect_to_nothing_are_a_fault_when_repeated() {
    let (mut world, tip) = world_with(Vice::MutesHeaders);
    world.sync(tip);
    let bits = world.blocks.params.genesis.bits;
    for salt in 0..12 {
        let stray = mine::header(BlockHash::from_byte_array([salt; 32]), 1, bits, salt);
        world.say(2, NetworkMessage::Headers(vec![stray]));
        world.settle();
    }
    assert_eq!(world.faults(), []);
    for salt in 0..12 {
        let stray = mine::header(BlockHash::from_byte_array([salt; 32]), 1, bits, salt);
        world.say(1, NetworkMessage::Headers(vec![stray]));
    }
    world.settle();
    assert_eq!(world.faults(), [Fault::UnconnectedHeaders]);
}

#[test]
fn hostile_bytes_end_the_connection_with_the_right_words() {
    let magic = [0xfa, 0xbf, 0xb5, 0xda];
    let frame = |command: &[u8; 12], length: u32, checksum: [u8; 4], payload: &[u8]| {
        [&magic[..], command, &length.to_le_bytes(), &checksum, payload].concat()
    };
    let streams = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), Fault::WrongMagic),
        (vec![0xf9], Fault::WrongMagic),
        (frame(b"block\0\0\0\0\0\0\0", 4_000_001, [0; 4], &[]), Fault::Oversized),
        (frame(b"ping\0\0\0\0\0\0\0\0", u32::MAX, [0; 4], &[]), Fault::Oversized),
        (frame(b"ping\0\0\0\0\0\0\0\0", 8, [0; 4], &[0; 8]), Fault::Malformed),
    ];
    for (bytes, fault) in streams {
        let (mut world, tip) = world_with(Vice::MutesHeaders);
        world.sync(tip);
        world.say_bytes(1, &bytes);
        world.settle();
        assert_eq!(world.faults(), [fault]);
        assert!(world.client.status().synced, "the other peer is still there");
    }
}

#[test]
fn what_nobody_asked_for_ends_the_connection() {
    let (mut world, tip) = world_with(Vice::MutesHeaders);
    world.sync(tip);
    let block = world.blocks.block(&tip).clone();
    world.say(1, NetworkMessage::Block(block));
    world.settle();
    assert_eq!(world.faults(), [Fault::Unsolicited]);
}

#[test]
fn a_low_work_branch_neither_wins_nor_fills_memory() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 100, 0);
    let low = blocks.mine_many(blocks.genesis(), 99, 1);
    let mut world = World::new(blocks, low, 1);
    world.scan(1, &[script(1)]);
    world.sync(low);
    world.announce(1, tip);
    world.sync(tip);
    world.announce(1, low);
    world.settle();
    assert_eq!(world.client.tip(), world.blocks.id(tip));
    assert_eq!(world.wallet.reorgs.len(), 1);
}
