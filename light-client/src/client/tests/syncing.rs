//! Honest peers: everything that a wallet is promised.

use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{BlockHash, ScriptBuf};

use super::world::{Blocks, Host, Store, Vice, World, address, script};
use crate::dial::DialProblem;
use crate::filter::commitments::Agreement;
use crate::height::Height;
use crate::input::{Input, ScanStart};
use crate::output::{ChainEvent, Output, PeerEvent};
use crate::status::Waiting;
use crate::time::WallTime;

#[test]
fn a_fresh_client_finds_a_payment_and_reaches_the_tip() {
    let mut blocks = Blocks::new();
    let below = blocks.mine_many(blocks.genesis(), 150, 0);
    let paying = blocks.mine(below, 0, &[script(1)]);
    let tip = blocks.mine_many(paying, 100, 0);
    let mut world = World::new(blocks, tip, 1);
    world.scan(1, &[script(1), script(2)]);
    world.sync(tip);
    let paid: Vec<_> = world.wallet.paid.values().collect();
    assert_eq!(paid, [&(paying, vec![script(1)])]);
    assert_eq!(world.faults(), []);
    assert_eq!(world.wallet.synced, [world.blocks.id(tip)]);
    let status = world.client.status();
    assert_eq!((status.waiting, status.blocks_fetched), (Waiting::Nothing, 1));
    assert_eq!(status.filters_matched, 251);
}

#[test]
fn several_peers_share_the_work_and_the_result_is_the_same() {
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    let mut expected = Vec::new();
    for n in 1..=30 {
        tip = blocks.mine_many(tip, 100, 0);
        tip = blocks.mine(tip, 0, &[script(n)]);
        expected.push(tip);
    }
    let scripts: Vec<_> = (1..=40).map(script).collect();
    let mut world = World::new(blocks, tip, 4);
    world.scan(1, &scripts);
    world.sync(tip);
    assert_eq!(world.wallet.paid.values().map(|(hash, _)| *hash).collect::<Vec<_>>(), expected);
    let asked = |host: &Host| {
        host.heard.iter().any(|message| matches!(message, NetworkMessage::GetCFilters(_)))
    };
    assert!(world.hosts.values().filter(|host| asked(host)).count() > 1, "one peer did it all");
    assert_eq!(world.faults(), []);
}

#[test]
fn a_chain_without_blocks_is_synced_at_once() {
    let blocks = Blocks::new();
    let tip = blocks.genesis();
    let mut world = World::new(blocks, tip, 1);
    world.scan(1, &[script(1)]);
    world.sync(tip);
}

#[test]
fn scripts_that_a_block_adds_are_found_above_it() {
    // Each script is only watched once the one before it was paid: a wallet's gap limit.
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    let mut expected = Vec::new();
    for n in 1..=12 {
        tip = blocks.mine_many(tip, 7, 0);
        tip = blocks.mine(tip, 0, &[script(n)]);
        expected.push(tip);
    }
    tip = blocks.mine_many(tip, 5, 0);
    let mut world = World::new(blocks, tip, 2);
    for n in 1..12 {
        world.wallet.grows.insert(script(n), vec![script(n + 1)]);
    }
    world.scan(1, &[script(1)]);
    world.sync(tip);
    assert_eq!(world.wallet.paid.values().map(|(hash, _)| *hash).collect::<Vec<_>>(), expected);
}

#[test]
fn the_cursor_waits_until_a_match_is_folded() {
    let mut blocks = Blocks::new();
    let below = blocks.mine_many(blocks.genesis(), 10, 0);
    let first = blocks.mine(below, 0, &[script(1)]);
    let second = blocks.mine(first, 0, &[script(2)]);
    let tip = blocks.mine_many(second, 10, 0);
    let mut world = World::new(blocks, tip, 1);
    world.folds = false;
    world.scan(1, &[script(1)]);
    world.pass(Duration::from_secs(300));
    assert_eq!(world.client.status().cursor, Some(world.blocks.id(below)));
    // What the fold adds is in the very next block, whose filter was matched before.
    world.folds = true;
    world.input(folded(first, vec![script(2)]));
    world.wallet.watched.push(script(2));
    world.sync(tip);
    assert_eq!(world.wallet.paid.keys().map(|h| h.to_u32()).collect::<Vec<_>>(), [11, 12]);
}

#[test]
fn scripts_watched_later_are_matched_above_the_cursor() {
    let mut blocks = Blocks::new();
    let early = blocks.mine(blocks.genesis(), 0, &[script(2)]);
    let held = blocks.mine(early, 0, &[script(1)]);
    let late = blocks.mine(held, 0, &[script(2)]);
    let tip = blocks.mine_many(late, 3, 0);
    let mut world = World::new(blocks, tip, 1);
    world.folds = false;
    world.scan(1, &[script(1)]);
    world.settle();
    world.input(Input::Watch { scripts: vec![script(2)], since: None });
    world.wallet.watched.push(script(2));
    world.folds = true;
    world.input(folded(held, Vec::new()));
    world.sync(tip);
    let paid: Vec<_> = world.wallet.paid.values().map(|(hash, _)| *hash).collect();
    assert_eq!(paid, [held, late], "nothing below the cursor, everything above it");
}

#[test]
fn a_rescan_from_below_finds_what_was_not_watched() {
    let mut blocks = Blocks::new();
    let paying = blocks.mine(blocks.genesis(), 0, &[script(1)]);
    let tip = blocks.mine_many(paying, 50, 0);
    let mut world = World::new(blocks, tip, 1);
    world.scan(40, &[script(1)]);
    world.sync(tip);
    assert!(world.wallet.paid.is_empty());
    world.input(Input::ScanFrom(ScanStart::Height(Height::GENESIS)));
    assert!(!world.client.status().synced);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 1);
    // And upwards again, to the end.
    world.input(Input::ScanFrom(ScanStart::Height(Height::new(50))));
    world.sync(tip);
}

#[test]
fn a_birthday_is_found_in_the_header_times() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 100, 0);
    let genesis_time = u64::from(blocks.params.genesis.time);
    let scan_from = |birthday: u64| {
        let mut blocks = Blocks::new();
        let tip = blocks.mine_many(blocks.genesis(), 100, 0);
        let mut world = World::new(blocks, tip, 1);
        world.input(Input::ScanFrom(ScanStart::Time(WallTime::new(birthday))));
        world.sync(tip);
        let scanned = world.log.iter().find_map(|output| match output {
            Output::Chain(ChainEvent::Scanned { cursor, .. }) => Some(cursor.height.to_u32()),
            _ => None,
        });
        scanned.expect("told where the scan begins")
    };
    // Blocks are ten minutes apart; sixteen hours are 96 blocks.
    assert_eq!(scan_from(genesis_time + 99 * 600), 2);
    assert_eq!(scan_from(genesis_time), 0);
    let ahead = scan_from(genesis_time + 1_000_000);
    assert_eq!(ahead, 0, "a clock that was ahead hides no payment");
    drop((blocks, tip));
}

#[test]
fn a_new_block_is_followed_in_one_round_trip() {
    for many in [1, 3, 20] {
        let mut blocks = Blocks::new();
        let tip = blocks.mine_many(blocks.genesis(), 30, 0);
        let mut next = blocks.mine(tip, 0, &[script(1)]);
        next = blocks.mine_many(next, many - 1, 0);
        let mut world = World::new(blocks, tip, 2);
        world.scan(1, &[script(1)]);
        world.sync(tip);
        world.announce(1, next);
        world.settle();
        assert_eq!(world.client.status().cursor, Some(world.blocks.id(next)));
        assert!(world.client.status().synced);
        assert_eq!(world.wallet.paid.len(), 1);
    }
}

#[test]
fn blocks_announced_singly_by_inv_are_followed() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 30, 0);
    let next = blocks.mine(tip, 0, &[script(1)]);
    let mut world = World::new(blocks, tip, 1);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.host(1).tip = next;
    world.say(1, NetworkMessage::Inv(vec![Inventory::Block(next)]));
    world.sync(next);
    assert_eq!(world.wallet.paid.len(), 1);
}

/// A chain of 60 blocks, a branch that leaves it `depth` blocks below the tip and is one longer.
/// Both branches pay script 1 right above the fork.
fn forked(depth: u32) -> (Blocks, BlockHash, BlockHash, BlockHash) {
    let mut blocks = Blocks::new();
    let fork = blocks.mine_many(blocks.genesis(), 60 - depth, 0);
    let old = blocks.mine(fork, 1, &[script(1)]);
    let old = blocks.mine_many(old, depth - 1, 1);
    let new = blocks.mine_many(fork, 1, 2);
    let new = blocks.mine(new, 2, &[script(1)]);
    let new = blocks.mine_many(new, depth - 1, 2);
    (blocks, fork, old, new)
}

#[test]
fn reorgs_of_any_depth_are_followed_in_one_step() {
    for depth in [1, 2, 6, 7, 8, 9, 59] {
        let (blocks, fork, old, new) = forked(depth);
        let mut world = World::new(blocks, old, 2);
        world.scan(1, &[script(1)]);
        world.sync(old);
        world.announce(1, new);
        world.announce(2, new);
        world.sync(new);
        let (fork, old) = (world.blocks.id(fork), world.blocks.id(old));
        assert_eq!(world.wallet.reorgs, [(fork, old)], "{depth}");
        let paid: Vec<_> = world.wallet.paid.keys().map(|h| h.to_u32()).collect();
        assert_eq!(paid, [60 - depth + 2], "only the payment of the new branch");
        assert_eq!(world.faults(), []);
    }
}

#[test]
fn a_reorg_above_the_cursor_is_none_of_the_wallets_business() {
    let (blocks, _, old, new) = forked(3);
    let mut world = World::new(blocks, old, 1);
    world.host(1).vice = Some(Vice::MutesFilters);
    world.scan(1, &[script(1)]);
    world.settle();
    assert_eq!(world.client.tip(), world.blocks.id(old));
    world.announce(1, new);
    world.settle();
    world.host(1).vice = None;
    world.sync(new);
    assert_eq!(world.wallet.reorgs, []);
    assert_eq!(world.wallet.paid.len(), 1);
}

#[test]
fn a_reorg_takes_back_a_block_that_is_being_folded() {
    let (blocks, fork, old, new) = forked(1);
    let mut world = World::new(blocks, old, 1);
    world.folds = false;
    world.scan(1, &[script(1)]);
    world.settle();
    assert_eq!(world.client.status().cursor, Some(world.blocks.id(fork)), "waits for the fold");
    assert_eq!(world.wallet.paid.len(), 1, "the wallet has the block");
    world.folds = true;
    world.announce(1, new);
    world.sync(new);
    assert_eq!(world.wallet.reorgs, [(world.blocks.id(fork), world.blocks.id(old))]);
    // The fold of the stale block comes late; what it adds is watched all the same.
    world.input(folded(old, vec![script(9)]));
    assert_eq!(world.client.status().cursor, Some(world.blocks.id(new)));
    assert_eq!(world.wallet.paid.values().map(|(h, _)| *h).collect::<Vec<_>>(), {
        let branch = world.blocks.branch(new);
        vec![branch[61]]
    });
}

#[test]
fn a_restart_goes_on_where_the_store_ends() {
    let mut blocks = Blocks::new();
    let half = blocks.mine_many(blocks.genesis(), 40, 0);
    let paying = blocks.mine(half, 0, &[script(1)]);
    let tip = blocks.mine_many(paying, 10, 0);
    let mut first = World::new(blocks, half, 1);
    first.scan(1, &[script(1)]);
    first.sync(half);
    let store = first.store.clone();
    let mut second = World::restart(first.blocks, tip, 1, store);
    assert_eq!(second.client.tip().height, Height::new(40));
    second.scan(41, &[script(1)]);
    second.sync(tip);
    assert_eq!(second.wallet.paid.len(), 1);
    let mut continuous = World::new(second.blocks, tip, 1);
    continuous.scan(1, &[script(1)]);
    continuous.sync(tip);
    assert_eq!(continuous.store.restore(), second.store.restore());
}

/// Who agrees says so with one filter header a thousand blocks.
#[test]
fn hashes_are_loaded_once_and_compared_by_checkpoints() {
    let mut blocks = Blocks::new();
    let half = blocks.mine_many(blocks.genesis(), 9_300, 0);
    let tip = blocks.mine(half, 0, &[script(1)]);
    let mut first = World::new(blocks, half, 3);
    first.scan(9_000, &[script(1)]);
    first.sync(half);
    first.pass(Duration::from_secs(1));
    let asked = |world: &World, n: u16| -> u32 {
        let asks = world.hosts[&address(n)].heard.iter().map(|message| match message {
            NetworkMessage::GetCFHeaders(ask) => {
                let stop = world.blocks.id(ask.stop_hash).height.to_u32();
                stop + 1 - ask.start_height
            }
            _ => 0,
        });
        asks.sum()
    };
    let sum: u32 = (1..=3).map(|n| asked(&first, n)).sum();
    assert!(sum <= 9_300 + 3 * 1_300, "{sum} hashes");
    let all = Agreement { agreeing: 3, peers: 3 };
    let commitments = &first.client.commitments;
    assert!((1..=9_300).all(|h| commitments.agreeing(Height::new(h)) == all));

    let store = first.store.clone();
    let mut second = World::restart(first.blocks, tip, 3, store);
    second.scan(9_301, &[script(1)]);
    second.sync(tip);
    let most = (1..=3).map(|n| asked(&second, n)).max();
    assert!(most <= Some(1_000 + 301), "{most:?} hashes of a peer that says nothing new");
    let commitments = &second.client.commitments;
    assert!((1..=9_301).all(|h| commitments.agreeing(Height::new(h)) == all));
}

#[test]
fn a_scan_from_above_the_chain_waits_for_its_headers() {
    let mut blocks = Blocks::new();
    let paying = blocks.mine_many(blocks.genesis(), 2500, 0);
    let paying = blocks.mine(paying, 0, &[script(1)]);
    let tip = blocks.mine_many(paying, 5, 0);
    let mut world = World::new(blocks, tip, 1);
    world.scan(2400, &[script(1)]);
    assert_eq!(world.client.status().cursor, None);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 1);
    assert_eq!(world.client.status().filters_matched, 2506 - 2399, "nothing below was loaded");
    // Where the headers end below, the scan begins at their end.
    world.input(Input::ScanFrom(ScanStart::Height(Height::new(9000))));
    world.sync(tip);
}

#[test]
fn an_anchor_is_a_start_like_genesis() {
    let mut blocks = Blocks::new();
    let below = blocks.mine_many(blocks.genesis(), 50, 0);
    let above = blocks.mine(below, 0, &[script(1)]);
    let middle = blocks.mine_many(above, 30, 0);
    let late = blocks.mine(middle, 0, &[script(2)]);
    let tip = blocks.mine_many(late, 30, 0);
    let base = blocks.anchor(below);
    let mut first = World::above(blocks, middle, 2, Store::default(), base);
    first.input(Input::ScanFrom(ScanStart::Time(WallTime::new(0))));
    first.scan(0, &[script(1), script(2)]);
    first.sync(middle);
    assert_eq!(first.wallet.paid.len(), 1);
    let store = first.store.clone();
    let mut second = World::above(first.blocks, tip, 2, store, base);
    second.scan(82, &[script(1), script(2)]);
    second.sync(tip);
    assert_eq!(second.wallet.paid.len(), 1);
    assert_eq!(second.faults(), []);
}

#[test]
fn nothing_is_believed_below_the_least_work() {
    let mut blocks = Blocks::new();
    let paying = blocks.mine(blocks.genesis(), 0, &[script(1)]);
    let low = blocks.mine_many(paying, 40, 0);
    let tip = blocks.mine_many(low, 10, 0);
    blocks.params.minimum_chain_work = blocks.anchor(tip).work;
    let mut world = World::new(blocks, low, 1);
    world.scan(1, &[script(1)]);
    world.pass(Duration::from_secs(100));
    let status = world.client.status();
    assert_eq!((status.tip.height.to_u32(), status.cursor), (0, None), "nothing is kept");
    assert_eq!(status.waiting, Waiting::Headers);
    let told = |output: &Output| matches!(output, Output::Chain(_));
    assert!(!world.log.iter().any(told), "the wallet hears of no block");
    world.announce(1, tip);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 1);
}

#[test]
fn a_store_follows_reorgs() {
    let (blocks, _, old, new) = forked(6);
    let mut world = World::new(blocks, old, 1);
    world.scan(1, &[script(1)]);
    world.sync(old);
    world.announce(1, new);
    world.sync(new);
    let store = world.store.clone();
    let mut again = World::restart(world.blocks, new, 1, store.clone());
    assert_eq!(again.client.tip(), again.blocks.id(new));
    again.scan(1, &[script(1)]);
    again.sync(new);
    assert_eq!(again.store.restore(), store.restore());
}

#[test]
fn the_same_run_gives_the_same_outputs() {
    let run = || {
        let (blocks, _, old, new) = forked(6);
        let mut world = World::new(blocks, old, 3);
        world.hosts.get_mut(&address(2)).expect("a host").vice = Some(Vice::Hangs(20));
        world.scan(1, &[script(1)]);
        world.sync(old);
        world.announce(1, new);
        world.announce(3, new);
        world.sync(new);
        world.pass(Duration::from_secs(1000));
        world.log
    };
    assert_eq!(run(), run());
}

#[test]
fn peers_that_are_down_are_dialled_for_ever() {
    let blocks = Blocks::new();
    let tip = blocks.genesis();
    let mut world = World::new(blocks, tip, 1);
    world.settle();
    world.take_down(1);
    world.pass(Duration::from_secs(3600));
    let unreachable = PeerEvent::Unreachable { address: address(1), why: DialProblem::Refused };
    let failed = world.peer_events().iter().filter(|event| **event == unreachable).count();
    assert!((40..80).contains(&failed), "about one in a minute, not {failed}");
    world.host(1).up = true;
    world.scan(1, &[script(1)]);
    world.sync(tip);
}

fn folded(block: BlockHash, grown: Vec<ScriptBuf>) -> Input {
    Input::Folded { block, grown, since: None, found: Vec::new(), relevant: true }
}
