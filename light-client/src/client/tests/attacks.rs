//! Peers that want to keep a wallet from its money or its machine from its memory, each by a way
//! that was found by looking for one.

use std::net::Ipv4Addr;
use std::time::Duration;

use bitcoin::{BlockHash, ScriptBuf};

use super::lies::Lie;
use super::world::{Blocks, Host, Store, Vice, World, script};
use crate::config::Route;
use crate::height::Height;
use crate::input::{Input, ScanStart};
use crate::limits::MAX_HELD_BYTES;
use crate::params::dns_seed;
use crate::peer_id::PeerAddress;
use crate::status::Waiting;

/// A chain of so many blocks, of which those at the heights pay our script 1.
fn chain(length: u32, paid_at: &[u32]) -> (Blocks, BlockHash) {
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    for height in 1..=length {
        let paid = paid_at.contains(&height).then(|| script(1));
        tip = blocks.mine(tip, 0, paid.as_slice());
    }
    (blocks, tip)
}

fn found(world: &World) -> Vec<u32> {
    world.wallet.paid.keys().map(|height| height.to_u32()).collect()
}

/// What was scanned with a liar's filters below where the rescan begins must still be compared with
/// what an honest peer says of it.
#[test]
fn a_rescan_of_the_newest_blocks_forgets_no_lie_below_them() {
    for honest_first in [true, false] {
        let (blocks, tip) = chain(20, &[5, 15]);
        let mut world = World::new(blocks, tip, 2);
        world.host(1).lies.insert(5, Lie::Omits(script(1)));
        world.take_down(2);
        world.scan(1, &[script(1)]);
        world.sync(tip);
        assert_eq!(found(&world), [15], "until an honest peer has answered");
        if honest_first {
            world.take_down(1);
            world.pass(Duration::from_secs(1));
        }
        world.host(2).up = true;
        world.input(Input::Rescan(ScanStart::Height(Height::new(10))));
        world.pass(Duration::from_secs(30));
        world.host(1).up = true;
        world.pass(Duration::from_secs(90));
        assert_eq!(found(&world), [5, 15], "{honest_first}");
        assert!(world.client.status().synced);
    }
}

/// The same while the honest peer's version waits to be read.
#[test]
fn a_rescan_during_a_dispute_below_it_ends_and_misses_nothing() {
    for (liar, honest) in [(1, 2), (2, 1)] {
        let (blocks, tip) = chain(20, &[5, 15]);
        let mut world = World::new(blocks, tip, 2);
        world.host(liar).lies.insert(5, Lie::Omits(script(1)));
        world.host(honest).vice = Some(Vice::MutesFilters);
        world.scan(1, &[script(1)]);
        world.pass(Duration::from_secs(5));
        world.input(Input::Rescan(ScanStart::Height(Height::new(10))));
        world.pass(Duration::from_secs(5));
        world.host(honest).vice = None;
        world.pass(Duration::from_secs(90));
        assert_eq!(found(&world), [5, 15], "{honest}");
        assert!(world.client.status().synced);
    }
}

/// Each of them says a byte of it every ten seconds, so none is silent.
#[test]
fn four_peers_that_drip_a_block_do_not_keep_it_from_the_wallet() {
    let (blocks, tip) = chain(30, &[10, 20, 30]);
    let mut world = World::new(blocks, tip, 5);
    for n in 1..=4 {
        world.host(n).vice = Some(Vice::MutesBlocks);
    }
    world.scan(1, &[script(1)]);
    world.settle();
    let magic = world.blocks.params.magic.to_bytes();
    let begun =
        [&magic[..], b"block\0\0\0\0\0\0\0", &1_000_000_u32.to_le_bytes(), &[0; 4]].concat();
    for n in 1..=4 {
        world.say_bytes(n, &begun);
    }
    for _ in 0..60 {
        (1..=4).for_each(|n| world.say_bytes(n, &[0]));
        world.pass(Duration::from_secs(10));
    }
    assert_eq!(found(&world), [10, 20, 30]);
    assert!(world.client.status().synced);
}

/// Somebody who watches for new payments to an address may ask for old ones later.
#[test]
fn a_script_that_is_watched_already_is_searched_all_the_same() {
    let (blocks, tip) = chain(30, &[10, 20]);
    let mut world = World::new(blocks, tip, 1);
    world.scan(15, &[script(1)]);
    world.sync(tip);
    assert_eq!(found(&world), [20]);
    let since = Some(ScanStart::Height(Height::new(1)));
    world.input(Input::Watch { scripts: vec![script(1)], since });
    assert!(!world.client.status().synced);
    world.sync(tip);
    assert_eq!(found(&world), [10, 20]);
}

/// All filters above one that does not come must be kept until it does.
#[test]
fn filters_that_are_larger_than_was_to_be_expected_do_not_fill_the_memory() {
    let (blocks, tip) = chain(1_000, &[]);
    let mut world = World::new(blocks, tip, 1);
    world.host(1).lies = (301..=1_000).map(|height| (height, Lie::Bloated)).collect();
    world.host(1).lies.insert(300, Lie::Withheld);
    world.scan(1, &[script(1)]);
    let mut most = 0;
    for _ in 0..4_000 {
        if !world.turn() {
            world.pass(Duration::from_secs(1));
        }
        most = most.max(world.client.matching.held_bytes());
    }
    assert!(most <= MAX_HELD_BYTES, "{most} bytes of filters");
}

#[test]
fn with_a_clock_that_is_behind_no_old_block_is_called_the_tip() {
    for wrong in [true, false] {
        let (mut blocks, tip) = chain(10, &[]);
        let time = blocks.block(&tip).header.time;
        let next = blocks.mine_at(tip, 0, &[script(1)], time + 3 * 3600);
        let mut world = World::new(blocks, tip, 1);
        world.host(1).tip = next;
        world.host(1).clock = if wrong { 3 * 3600 } else { 0 };
        world.scan(1, &[script(1)]);
        for _ in 0..30 {
            world.pass(Duration::from_secs(10));
            let status = world.client.status();
            // Where it is the block that comes from the future, nobody waits for it.
            assert_eq!(status.synced, !wrong);
            assert_eq!(status.waiting == Waiting::Clock, wrong);
        }
        assert_eq!(world.wallet.synced.is_empty(), wrong);
        world.now.wall = world.now.wall.after(Duration::from_secs(3 * 3600));
        world.pass(Duration::from_secs(120));
        assert_eq!(found(&world), [11]);
        assert!(world.client.status().synced);
    }
}

/// Whoever answers everything but what the wallet needs must not take a place for ever.
#[test]
fn peers_that_never_tell_of_filters_give_their_places_to_others() {
    let (mut blocks, tip) = chain(30, &[10]);
    blocks.params.dns_seeds = &dns_seed::TEST;
    let at = |group: u8| PeerAddress::Ip((Ipv4Addr::new(11, group, 7, 1), 18444).into());
    let host = |group: u8| {
        let mut host = Host::new(tip);
        host.gossip = (1..=60).map(at).collect();
        host.vice = (group < 60).then_some(Vice::MutesFilterHeaders);
        (at(group), host)
    };
    let hosts = (1..=60).map(host).collect();
    let mut world = World::finding(blocks, tip, hosts, Route::Direct, Store::default());
    // Of sixty one is honest, and eight are followed.
    let mutes = (1..=20).map(|group| Ipv4Addr::new(11, group, 7, 1).into()).collect();
    world.names.insert("x49.seed.test".to_owned(), mutes);
    world.scan(1, &[script(1)]);
    world.pass(Duration::from_secs(3 * 3_600));
    assert_eq!(found(&world), [10]);
    assert!(world.client.status().synced);
    assert!(world.faults().iter().all(|fault| fault.is_transient()), "nobody is banned for it");
}

/// A byte every two seconds of the answer to every question about filter headers.
#[test]
fn a_peer_that_drips_filter_headers_does_not_hold_up_the_others() {
    let (blocks, tip) = chain(12_500, &[12_000]);
    let mut world = World::new(blocks, tip, 4);
    world.host(1).vice = Some(Vice::MutesFilterHeaders);
    world.scan(1, &[script(1)]);
    world.settle();
    let magic = world.blocks.params.magic.to_bytes();
    let begun = [&magic[..], b"cfheaders\0\0\0", &60_000_u32.to_le_bytes(), &[0; 4]].concat();
    world.say_bytes(1, &begun);
    for _ in 0..5 {
        world.say_bytes(1, &[0]);
        world.pass(Duration::from_secs(2));
    }
    assert_eq!(world.client.status().filter_headers, Some(world.blocks.id(tip).height));
}

/// On a signet work is cheap: somebody with more of it than its signers makes a longer branch, and
/// pays the wallet on it.
#[test]
fn a_signets_branch_that_nobody_signed_is_left_for_the_signed_one() {
    let (mut blocks, fork) = chain(20, &[10]);
    let signed = blocks.mine(fork, 1, &[script(1)]);
    let forged = blocks.mine_unsigned(fork, &script(1));
    let longer = blocks.mine_many(forged, 5, 2);
    blocks.params.signet_challenge = Some(ScriptBuf::from_bytes(vec![0x51]));
    let mut world = World::new(blocks, fork, 2);
    world.scan(1, &[script(1)]);
    world.sync(fork);
    world.announce(2, signed);
    world.announce(1, longer);
    world.pass(Duration::from_secs(60));
    world.sync(signed);
    assert_eq!(found(&world), [10, 21]);
    assert_eq!(world.client.tip().hash, signed);
    assert_eq!(world.store.restore().headers.len(), 21, "and after a restart");
}
