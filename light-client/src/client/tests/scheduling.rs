//! Who is asked for what, and when: slow, silent and lagging peers beside good ones, in virtual
//! time.

use std::time::Duration;

use bitcoin::BlockHash;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;

use super::world::{Blocks, Link, Vice, World, address, script};
use crate::fault::Fault;
use crate::input::Input;
use crate::limits::{MAX_FILTERS_AHEAD, QUIET_PATIENCE, SILENCE_TIMEOUT};
use crate::output::PeerEvent;
use crate::time::MonoTime;

/// A chain of 1,500 blocks with three payments, and so many peers behind links of 20 kB/s.
fn world(peers: u16) -> (World, BlockHash) {
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    for n in 1..=3 {
        tip = blocks.mine_many(tip, 499, 0);
        tip = blocks.mine(tip, 0, &[script(n)]);
    }
    let mut world = World::new(blocks, tip, peers);
    for n in 1..=peers {
        world.host(n).link = Some(LINK);
    }
    world.scan(1, &[script(1), script(2), script(3)]);
    (world, tip)
}

const LINK: Link = Link { bytes_per_second: 20_000, round_trip: Duration::from_millis(100) };

/// How long a sync takes.
fn time_to_sync(world: &mut World, tip: BlockHash) -> Duration {
    let id = world.blocks.id(tip);
    for _ in 0..100_000 {
        if world.wallet.synced.last() == Some(&id) {
            assert_eq!(world.wallet.paid.len(), 3);
            assert_eq!(world.client.status().filters_matched, 1500, "each filter once");
            return world.now.mono.since(MonoTime::START);
        }
        world.pass(Duration::from_millis(10));
    }
    unreachable!("not synced: {:?}", world.client.status());
}

/// What three honest peers need.
fn time_of_three() -> Duration {
    let (mut world, tip) = world(3);
    time_to_sync(&mut world, tip)
}

#[test]
fn the_slice_of_a_stalled_peer_goes_to_another() {
    let (mut world, tip) = world(4);
    world.host(1).vice = Some(Vice::Stalls(5));
    let took = time_to_sync(&mut world, tip);
    assert!(took < time_of_three() * 13 / 10, "{took:?}");
    assert!(took < SILENCE_TIMEOUT, "nobody waited for it to be late");
    assert_eq!(world.faults(), []);
}

/// In the middle of all it was asked for: headers, filter headers, filters.
#[test]
fn a_peer_that_falls_silent_is_not_waited_for_long() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 6_500, 0);
    let mut took = Vec::new();
    for silent in [false, true] {
        let mut world = World::new(blocks, tip, 3);
        for n in 1..=3 {
            world.host(n).link = Some(Link { bytes_per_second: 40_000, ..LINK });
        }
        world.host(1).up = silent;
        world.host(1).vice = Some(Vice::FallsSilent(5));
        world.scan(1, &[script(1)]);
        world.sync(tip);
        took.push(world.now.mono.since(MonoTime::START));
        blocks = world.blocks;
    }
    assert!(took[1] < took[0] + 3 * QUIET_PATIENCE, "{took:?}");
}

/// All others wait for headers, which one peer tells at a time.
#[test]
fn headers_do_not_wait_behind_filters() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 10_100, 0);
    let mut took = Vec::new();
    for scans in [false, true] {
        let mut world = World::new(blocks, tip, 3);
        for n in 1..=3 {
            world.host(n).link = Some(Link { bytes_per_second: 1_000_000, ..LINK });
        }
        if scans {
            world.scan(1, &[script(1)]);
        }
        while world.client.tip().hash != tip {
            world.pass(Duration::from_millis(10));
        }
        took.push(world.now.mono.since(MonoTime::START));
        blocks = world.blocks;
    }
    assert!(took[1] < took[0] * 11 / 10, "{took:?}");
}

#[test]
fn a_dripping_peer_does_not_hold_up_the_end() {
    let (mut world, tip) = world(4);
    world.host(1).link = Some(Link { bytes_per_second: 300, ..LINK });
    // Headers are led by one peer, which is not what this is about.
    world.host(1).vice = Some(Vice::MutesHeaders);
    let took = time_to_sync(&mut world, tip);
    assert!(took < time_of_three() * 13 / 10, "{took:?}");
    assert_eq!(world.faults(), []);
}

#[test]
fn a_disconnect_in_mid_batch_loses_nothing() {
    let (mut world, tip) = world(2);
    world.host(1).vice = Some(Vice::Hangs(17));
    time_to_sync(&mut world, tip);
    let (address, peers) = (address(1), world.peer_events());
    let gone = peers.iter().filter(
        |event| matches!(event, PeerEvent::Gone { address: a, fault: None, .. } if *a == address),
    );
    assert!(gone.count() > 0);
    assert_eq!(world.faults(), []);
}

/// Two kilobytes a second, filters of five and blocks of sixty: Tor on a bad day.
#[test]
fn a_slow_honest_peer_is_never_punished() {
    let mut blocks = Blocks::new();
    let strangers: Vec<_> = (0..2_000).map(|n| script(1_000 + n)).collect();
    let mut tip = blocks.genesis();
    for height in 1..=60 {
        let mut paid = strangers.clone();
        paid.extend((height % 20 == 0).then(|| script(height / 20)));
        tip = blocks.mine(tip, 0, &paid);
    }
    let mut world = World::new(blocks, tip, 1);
    let round_trip = Duration::from_secs(3);
    world.host(1).link = Some(Link { bytes_per_second: 2_000, round_trip });
    world.scan(1, &[script(1), script(2), script(3)]);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 3);
    assert_eq!(world.faults(), []);
    let asked = world.host(1).heard.iter().filter_map(|message| match message {
        NetworkMessage::GetData(items) => Some(items.len()),
        _ => None,
    });
    assert_eq!(asked.sum::<usize>(), 3, "nothing was asked twice");
}

#[test]
fn a_block_is_asked_of_another_when_the_first_falls_silent() {
    let (mut world, tip) = world(2);
    world.host(1).vice = Some(Vice::MutesBlocks);
    world.host(2).vice = Some(Vice::MutesBlocks);
    let asked = |world: &mut World, n| {
        let heard = world.host(n).heard.iter();
        heard.filter(|message| matches!(message, NetworkMessage::GetData(_))).count()
    };
    while asked(&mut world, 1) + asked(&mut world, 2) == 0 {
        world.pass(Duration::from_millis(10));
    }
    let other = if asked(&mut world, 1) == 0 { 1 } else { 2 };
    world.host(other).vice = None;
    let before = world.now.mono;
    time_to_sync(&mut world, tip);
    assert!(world.now.mono.since(before) < SILENCE_TIMEOUT / 2);
}

/// It is asked for some because all others are busy, when many blocks are wanted at once.
#[test]
fn a_block_that_a_dripping_peer_was_asked_for_is_fetched_from_another() {
    let mut blocks = Blocks::new();
    let tip = (0..90).fold(blocks.genesis(), |tip, _| blocks.mine(tip, 0, &[script(1)]));
    let mut world = World::new(blocks, tip, 4);
    for n in 1..=4 {
        world.host(n).link = Some(Link { bytes_per_second: 1_000_000, ..LINK });
    }
    let asked = |world: &mut World, wanted: fn(&NetworkMessage) -> bool| {
        world.host(1).heard.iter().any(wanted)
    };
    world.scan(1, &[script(1)]);
    while !asked(&mut world, |message| matches!(message, NetworkMessage::GetCFilters(_))) {
        world.pass(Duration::from_millis(1));
    }
    world.host(1).link = Some(Link { bytes_per_second: 20, ..LINK });
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 90);
    assert!(asked(&mut world, |message| matches!(message, NetworkMessage::GetData(_))));
    let took = world.now.mono.since(MonoTime::START);
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn blocks_that_do_not_come_do_not_hold_up_filters() {
    let (mut world, _) = world(1);
    world.host(1).vice = Some(Vice::MutesBlocks);
    world.pass(Duration::from_secs(25));
    let status = world.client.status();
    assert_eq!(status.blocks_fetched, 0);
    assert_eq!(status.filters_matched, 1500);
    const { assert!(MAX_FILTERS_AHEAD > 1500) };
}

#[test]
fn filters_that_do_not_come_do_not_hold_up_blocks() {
    let (mut world, _) = world(1);
    world.host(1).vice = Some(Vice::Stalls(700));
    world.pass(Duration::from_secs(20));
    assert_eq!(world.wallet.paid.len(), 1, "the first payment is seen");
}

#[test]
fn a_peer_behind_the_tip_is_asked_only_for_what_it_has() {
    let (mut world, tip) = world(2);
    let behind = world.blocks.branch(tip)[1_100];
    world.host(1).tip = behind;
    time_to_sync(&mut world, tip);
    // A host closes the connection when it is asked for a block that it does not know.
    assert!(!world.peer_events().iter().any(|event| matches!(event, PeerEvent::Gone { .. })));
    let heard = &world.host(1).heard;
    assert!(heard.iter().any(|message| matches!(message, NetworkMessage::GetCFilters(_))));
}

#[test]
fn what_every_peer_has_is_known_as_soon_as_one_has_told_it_all() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 8_500, 0);
    let mut world = World::new(blocks, tip, 3);
    world.settle();
    let tip = world.blocks.id(tip);
    assert_eq!(world.client.tip(), tip);
    let heights: Vec<_> = world.client.status().peers.iter().map(|peer| peer.height).collect();
    assert_eq!(heights, [Some(tip.height); 3]);
}

/// What a host heard of filters because of one input.
fn asked_because_of(world: &mut World, n: u16, message: NetworkMessage) -> (bool, bool) {
    let before = world.host(n).heard.len();
    let magic = world.blocks.params.magic;
    let message = bitcoin::p2p::message::RawNetworkMessage::new(magic, message);
    let (peer, bytes) = (world.peer(n), bitcoin::consensus::serialize(&message));
    world.input(Input::Received { peer, bytes });
    let heard = &world.host(n).heard[before..];
    let headers = heard.iter().any(|m| matches!(m, NetworkMessage::GetCFHeaders(_)));
    let filters = heard.iter().any(|m| matches!(m, NetworkMessage::GetCFilters(_)));
    (headers, filters)
}

/// A world that is synced to a chain of thirty blocks, and ten more blocks, of which the first pays.
fn world_at_tip() -> (World, Vec<BlockHash>) {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 30, 0);
    let next = blocks.mine(tip, 0, &[script(1)]);
    let last = blocks.mine_many(next, 9, 0);
    let coming = blocks.branch(last)[31..].to_vec();
    let mut world = World::new(blocks, tip, 2);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    (world, coming)
}

#[test]
fn the_filter_of_a_new_block_is_asked_for_as_soon_as_its_header_is_here() {
    let (mut world, coming) = world_at_tip();
    world.host(1).tip = coming[0];
    let header = world.blocks.block(&coming[0]).header;
    let asked = asked_because_of(&mut world, 1, NetworkMessage::Headers(vec![header]));
    assert_eq!(asked, (true, true), "with the announcement itself");
    world.settle();
    assert_eq!(world.wallet.paid.len(), 1);
    world.sync(coming[0]);
}

/// As Bitcoin Core announces more than eight blocks.
#[test]
fn nine_blocks_at_once_that_are_announced_by_the_hash_of_the_last_are_followed() {
    let (mut world, coming) = world_at_tip();
    let last = coming[9];
    world.host(1).tip = last;
    let before = world.host(1).heard.len();
    asked_because_of(&mut world, 1, NetworkMessage::Inv(vec![Inventory::Block(last)]));
    let heard = &world.host(1).heard[before..];
    assert!(matches!(heard, [NetworkMessage::GetHeaders(_)]), "{heard:?}");
    let headers = coming.iter().map(|hash| world.blocks.block(hash).header).collect();
    let asked = asked_because_of(&mut world, 1, NetworkMessage::Headers(headers));
    assert_eq!(asked, (true, true), "a round trip later");
    world.sync(last);
    assert_eq!(world.wallet.paid.len(), 1);
    assert_eq!(world.faults(), Vec::<Fault>::new());
}
