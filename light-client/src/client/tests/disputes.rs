//! Peers that commit to different filters: as soon as one honest peer has answered, no payment is
//! missed, whatever the others say, and nobody is closed off without proof.

use std::collections::BTreeMap;
use std::time::Duration;

use bitcoin::BlockHash;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;

use super::lies::{Lie, miner};
use super::world::{Blocks, Link, Store, Vice, World, address, script};
use crate::fault::Fault;
use crate::limits::MAX_FRUITLESS;
use crate::output::PeerEvent;

/// Blocks that pay our scripts 1, 2 and 3 at these heights, and nobody in between.
const PAID_AT: [u32; 3] = [41, 82, 123];

fn chain() -> (Blocks, BlockHash) {
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    for n in 1..=3 {
        tip = blocks.mine_many(tip, 40, 0);
        tip = blocks.mine(tip, 0, &[script(n)]);
    }
    (blocks, tip)
}

fn town(count: u16) -> (World, BlockHash) {
    let (blocks, tip) = chain();
    (World::new(blocks, tip, count), tip)
}

/// Every payment left out of its filter.
fn omissions() -> BTreeMap<u32, Lie> {
    (1..).zip(PAID_AT).map(|(n, height)| (height, Lie::Omits(script(n)))).collect()
}

fn scan(world: &mut World) {
    world.scan(1, &[script(1), script(2), script(3)]);
}

fn found(world: &World) -> Vec<u32> {
    world.wallet.paid.keys().map(|height| height.to_u32()).collect()
}

/// It is at the tip, and says so.
fn assert_at_rest(world: &World, tip: BlockHash) {
    assert!(world.client.status().synced, "{:?}", world.client.status());
    assert_eq!(world.wallet.synced.last(), Some(&world.blocks.id(tip)));
}

/// The hosts that were told to be at odds with others.
fn named(world: &World) -> Vec<u16> {
    let events = world.peer_events().into_iter();
    let addresses = events.filter_map(|event| match event {
        PeerEvent::FiltersDiffer { address, .. } => Some(address),
        _ => None,
    });
    addresses.filter_map(|told| (1..=9).find(|n| address(*n) == told)).collect()
}

fn permutations(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(of - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, of - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..of).map(move |at| insert(order, at))).collect()
}

#[test]
fn a_script_that_three_of_four_leave_out_is_found_in_whatever_order_they_answer() {
    for colluding in [true, false] {
        for order in permutations(4) {
            let (mut world, tip) = town(4);
            for (n, place) in (1..=4).zip(&order) {
                let round_trip = Duration::from_millis(100 + 700 * *place as u64);
                world.host(n).link = Some(Link { bytes_per_second: 1 << 20, round_trip });
                if n > 1 {
                    world.host(n).lies = omissions();
                }
                if n > 1 && !colluding {
                    world.host(n).lies.insert(u32::from(n), Lie::OmitsSpent);
                    world.host(n).lies.insert(40 + u32::from(n), Lie::Adds(script(70)));
                }
            }
            scan(&mut world);
            world.pass(Duration::from_secs(60));
            assert_eq!(found(&world), PAID_AT, "{order:?}");
            assert_at_rest(&world, tip);
        }
    }
}

#[test]
fn who_lies_below_the_start_agrees_with_everybody_above_it() {
    let mut blocks = Blocks::new();
    let below = blocks.mine_many(blocks.genesis(), 1_030, 0);
    let paying = blocks.mine(below, 0, &[script(1)]);
    let tip = blocks.mine_many(paying, 2_100, 0);
    let base = blocks.anchor(below);
    let mut world = World::above(blocks, tip, 3, Store::default(), base);
    world.host(1).lies.insert(1_000, Lie::Adds(script(9)));
    world.host(2).lies.insert(7, Lie::Empty);
    scan(&mut world);
    world.sync(tip);
    assert_eq!(found(&world), [1_031]);
    assert_eq!((named(&world), world.faults()), (vec![], vec![]));
    let disputes = world.client.status().disputes;
    assert_eq!((disputes.agreeing, disputes.peers, disputes.heights), (3, 3, 0));
}

#[test]
fn a_lie_at_the_tip_hides_no_new_payment() {
    for liar_first in [true, false] {
        let (mut blocks, tip) = chain();
        let next = blocks.mine(tip, 0, &[script(1)]);
        let mut world = World::new(blocks, tip, 2);
        scan(&mut world);
        world.sync(tip);
        world.host(1).lies.insert(124, Lie::Omits(script(1)));
        for n in if liar_first { [1, 2] } else { [2, 1] } {
            world.announce(n, next);
            world.settle();
        }
        world.sync(next);
        assert_eq!(found(&world), [41, 82, 123, 124]);
        assert_eq!(named(&world).len(), 1, "one of the two");
    }
}

#[test]
fn an_honest_peer_that_comes_late_opens_what_the_liar_closed() {
    for restarts in [false, true] {
        let (mut world, tip) = town(2);
        world.take_down(2);
        world.host(1).lies = omissions();
        scan(&mut world);
        world.sync(tip);
        assert!(found(&world).is_empty(), "until an honest peer has answered");
        let alone = world.client.status().disputes;
        assert_eq!((alone.agreeing, alone.peers), (1, 1));
        if restarts {
            let store = world.store.clone();
            let World { blocks, .. } = world;
            world = World::restart(blocks, tip, 2, store);
            world.host(1).lies = omissions();
            world.scan(124, &[script(1), script(2), script(3)]);
        } else {
            world.host(2).up = true;
        }
        world.pass(Duration::from_secs(90));
        assert_eq!(found(&world), PAID_AT);
        assert_at_rest(&world, tip);
    }
}

#[test]
fn a_lie_on_the_branch_that_wins_hides_nothing() {
    let mut blocks = Blocks::new();
    let fork = blocks.mine_many(blocks.genesis(), 50, 0);
    let old = blocks.mine_many(fork, 5, 1);
    let paying = blocks.mine(fork, 2, &[script(1)]);
    let new = blocks.mine_many(paying, 9, 2);
    let mut world = World::new(blocks, old, 3);
    scan(&mut world);
    world.sync(old);
    for n in [1, 2] {
        world.host(n).lies.insert(51, Lie::Omits(script(1)));
        world.announce(n, new);
        world.settle();
    }
    world.announce(3, new);
    world.sync(new);
    assert_eq!(found(&world), [51]);
}

#[test]
fn an_honest_peer_that_goes_before_it_served_is_heard_when_it_is_back() {
    for filters in [0, 30] {
        let (mut world, tip) = town(2);
        world.host(1).lies = omissions();
        world.host(2).vice = Some(Vice::Hangs(filters));
        scan(&mut world);
        world.pass(Duration::from_secs(5));
        world.take_down(2);
        world.pass(Duration::from_secs(60));
        world.host(2).up = true;
        world.host(2).vice = None;
        world.pass(Duration::from_secs(120));
        assert_eq!(found(&world), PAID_AT);
        assert_at_rest(&world, tip);
    }
}

/// Who was paid by us, or paid us, knows one of our scripts.
#[test]
fn blocks_fetched_in_vain_are_bounded_and_nothing_is_lost() {
    let (blocks, tip) = chain();
    let mut world = World::new(blocks, tip, 2);
    let paid_at = |height: &u32| !PAID_AT.contains(height);
    world.host(1).lies = (1..=123).filter(paid_at).map(|h| (h, Lie::Adds(script(1)))).collect();
    scan(&mut world);
    world.pass(Duration::from_secs(20));
    assert_eq!(found(&world), PAID_AT);
    assert_at_rest(&world, tip);
    let fetched = |world: &World, n| -> Vec<u32> {
        let asks = world.hosts[&address(n)].heard.iter().filter_map(|message| match message {
            NetworkMessage::GetData(items) => Some(items),
            _ => None,
        });
        let hashes = asks.flatten().filter_map(|item| match item {
            Inventory::WitnessBlock(hash) => Some(world.blocks.id(*hash).height.to_u32()),
            _ => None,
        });
        hashes.filter(paid_at).collect()
    };
    assert!(fetched(&world, 1).is_empty(), "it alone says that they matter");
    let status = world.client.status();
    let liar = world.peer(1);
    assert!(status.peers.iter().all(|peer| peer.set_aside == (peer.peer == liar)));
    assert!(fetched(&world, 2).len() >= MAX_FRUITLESS as usize);
    assert_eq!(world.faults(), [], "nobody can prove that it added them");
}

#[test]
fn a_filter_that_is_not_what_its_peer_committed_to_is_proof() {
    for lie in [Lie::Mismatched, Lie::Truncated, Lie::HugeCount] {
        let (mut world, tip) = town(2);
        world.host(1).lies = (1..=123).map(|height| (height, lie.clone())).collect();
        scan(&mut world);
        world.sync(tip);
        assert_eq!(found(&world), PAID_AT);
        world.pass(Duration::from_secs(30));
        assert_eq!(world.faults(), [Fault::InvalidFilter], "{lie:?}");
        assert_at_rest(&world, tip);
    }
}

#[test]
fn a_block_that_is_read_proves_what_was_left_out_of_its_filter() {
    let (mut world, tip) = town(3);
    for n in [1, 2] {
        // Our script is in it, so that the block is fetched.
        world.host(n).lies.insert(41, Lie::Omits(miner()));
    }
    scan(&mut world);
    world.pass(Duration::from_secs(30));
    assert_eq!(found(&world), PAID_AT);
    assert_eq!(world.faults(), [Fault::FalseFilter; 2]);
    assert_at_rest(&world, tip);
}

#[test]
fn a_version_that_does_not_come_is_set_aside_and_read_when_it_does() {
    let (mut world, tip) = town(3);
    let withheld = |n: u32| (40 + n, Lie::Withheld);
    world.host(1).lies = (0..4).map(withheld).collect();
    scan(&mut world);
    world.pass(Duration::from_secs(600));
    assert_eq!(found(&world), PAID_AT);
    assert_at_rest(&world, tip);
    let bans = world.faults().into_iter().filter(|fault| !fault.is_transient());
    assert_eq!(bans.count(), 0, "it may be nobody's fault");
    world.host(1).lies = (0..4).map(|n| (40 + n, Lie::OmitsSpent)).collect();
    world.pass(Duration::from_secs(600));
    assert_at_rest(&world, tip);
    let status = world.client.status();
    assert_eq!(status.disputes.set_aside, 0);
}

#[test]
fn a_mute_liar_holds_nobody_up_for_long() {
    for vice in [Vice::MutesFilters, Vice::DripsFilters] {
        let (mut world, tip) = town(2);
        world.host(1).lies = (1..=123).map(|height| (height, Lie::OmitsSpent)).collect();
        world.host(1).vice = Some(vice);
        world.host(1).lies.extend(omissions());
        scan(&mut world);
        world.pass(Duration::from_secs(400));
        assert_eq!(found(&world), PAID_AT, "{vice:?}");
        assert_at_rest(&world, tip);
        let bans = world.faults().into_iter().filter(|fault| !fault.is_transient());
        assert_eq!(bans.count(), 0);
        assert!(world.client.status().disputes.heights > 0 || vice == Vice::MutesFilters);
    }
}

#[test]
fn every_filter_is_disputed_and_the_scan_goes_on() {
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    for n in 1..=3 {
        tip = blocks.mine_many(tip, 999, 0);
        tip = blocks.mine(tip, 0, &[script(n)]);
    }
    let mut world = World::new(blocks, tip, 4);
    for n in 1..=3 {
        let lie = |height| (height, Lie::Adds(script(100 + u32::from(n))));
        world.host(n).lies = (1..=3_000).map(lie).collect();
    }
    scan(&mut world);
    world.sync(tip);
    assert_eq!(found(&world), [1_000, 2_000, 3_000]);
    assert_eq!(world.client.status().disputes.heights, 3_000);
    assert_eq!(world.faults(), []);
}

#[test]
fn what_the_cursor_passed_with_a_lie_is_read_when_the_truth_comes() {
    let (mut world, tip) = town(2);
    world.host(1).lies = omissions();
    world.host(2).vice = Some(Vice::MutesFilters);
    scan(&mut world);
    world.pass(Duration::from_secs(10));
    let status = world.client.status();
    assert_eq!(status.cursor, Some(world.blocks.id(tip)), "nobody holds up the cursor");
    assert!(!status.synced && found(&world).is_empty(), "but it is not the whole truth");
    world.host(2).vice = None;
    world.pass(Duration::from_secs(90));
    assert_eq!(found(&world), PAID_AT);
    assert_at_rest(&world, tip);
}
