//! What is below the cursor: scripts that come later, versions that come late, filters that were
//! kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::{BlockHash, ScriptBuf};

use super::lies::Lie;
use super::world::{Blocks, Store, World, script};
use crate::height::Height;
use crate::input::{Input, ScanStart};
use crate::output::{ChainEvent, Output};

const START: Option<ScanStart> = Some(ScanStart::Height(Height::new(1)));

/// Pays scripts in reverse: each is watched only once the one above it was found.
fn reversed(count: u32) -> (Blocks, BlockHash) {
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    for n in (1..=count).rev() {
        tip = blocks.mine_many(tip, 9, 0);
        tip = blocks.mine(tip, 0, &[script(n)]);
    }
    let tip = blocks.mine_many(tip, 5, 0);
    (blocks, tip)
}

/// A wallet that watches script `n + 1` once `n` was paid, and searches from block 1 on.
fn searching(blocks: Blocks, tip: BlockHash, peers: u16, store: Store, count: u32) -> World {
    let mut world = World::restart(blocks, tip, peers, store);
    for n in 1..count {
        world.wallet.grows.insert(script(n), vec![script(n + 1)]);
    }
    world.wallet.since = START;
    world.scan(1, &[script(1)]);
    world
}

/// How many filters the peers were asked for.
fn asked(world: &World) -> u32 {
    let heard = world.hosts.values().flat_map(|host| &host.heard);
    let counts = heard.filter_map(|message| match message {
        NetworkMessage::GetCFilters(ask) => {
            Some(world.blocks.id(ask.stop_hash).height.to_u32() + 1 - ask.start_height)
        }
        _ => None,
    });
    counts.sum()
}

fn blocks_told(world: &World, height: Height) -> usize {
    let at = |output: &&Output| matches!(output, Output::Chain(ChainEvent::Block { at, .. }) if at.height == height);
    world.log.iter().filter(at).count()
}

#[test]
fn payments_in_reverse_order_are_found_before_synced_is_said() {
    for store in [Store::default(), Store::keeping()] {
        let keeps = store.filters.is_some();
        let (blocks, tip) = reversed(20);
        let mut world = searching(blocks, tip, 2, store, 20);
        world.sync(tip);
        assert_eq!(world.wallet.synced.len(), 1, "said once, at the end");
        assert_eq!(world.wallet.paid.len(), 20);
        assert_eq!(world.faults(), []);
        let height = world.blocks.id(tip).height.to_u32();
        if keeps {
            assert_eq!(asked(&world), height, "each filter is downloaded once");
            assert!(world.store.filters_read > 0);
        } else {
            assert!(asked(&world) > height);
        }
    }
}

#[test]
fn a_rescan_over_kept_filters_downloads_none() {
    let mut blocks = Blocks::new();
    let paying = blocks.mine(blocks.genesis(), 0, &[script(2)]);
    let tip = blocks.mine_many(paying, 300, 0);
    let mut world = World::restart(blocks, tip, 1, Store::keeping());
    world.scan(1, &[script(1)]);
    world.sync(tip);
    let before = asked(&world);
    world.input(Input::Watch { scripts: vec![script(2)], since: None });
    world.wallet.watched.push(script(2));
    world.input(Input::Rescan(ScanStart::Height(Height::new(1))));
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 1);
    assert_eq!((asked(&world), world.store.filters_read), (before, 301));

    // And by a process that comes later.
    let World { blocks, store, .. } = world;
    let mut world = World::restart(blocks, tip, 1, store);
    world.scan(1, &[script(2)]);
    world.sync(tip);
    assert_eq!((world.wallet.paid.len(), asked(&world)), (1, 0));
}

#[test]
fn scripts_of_an_import_are_looked_for_alone() {
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    for n in [1, 2, 1, 2] {
        tip = blocks.mine(tip, 0, &[script(n)]);
    }
    let tip = blocks.mine_many(tip, 20, 0);
    let mut world = World::restart(blocks, tip, 1, Store::keeping());
    world.scan(3, &[script(1)]);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 1);
    world.wallet.watched.push(script(2));
    world.input(Input::Watch { scripts: vec![script(2)], since: START });
    assert!(!world.client.status().synced);
    world.sync(tip);
    assert_eq!(world.wallet.synced.len(), 2, "its end is said");
    let heights: Vec<_> = world.wallet.paid.keys().map(|height| height.to_u32()).collect();
    assert_eq!(heights, [2, 3, 4], "script 1 is not looked for below its start");
    assert_eq!(blocks_told(&world, Height::new(3)), 1);
}

#[test]
fn what_may_spend_from_a_late_find_is_read_again() {
    // Script 2 is paid, then something about it happens in a block that was read for another
    // reason before anybody knew of the payment.
    let mut blocks = Blocks::new();
    let paying = blocks.mine(blocks.genesis(), 0, &[script(2)]);
    let growing = blocks.mine_many(paying, 5, 0);
    let growing = blocks.mine(growing, 0, &[script(1)]);
    let spending = blocks.mine_many(growing, 5, 0);
    let spending = blocks.mine(spending, 0, &[script(2)]);
    let tip = blocks.mine_many(spending, 5, 0);
    let height = blocks.id(spending).height;
    let mut world = searching(blocks, tip, 1, Store::keeping(), 2);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 3);
    assert_eq!(blocks_told(&world, height), 2, "once by the scan, once after the late find");
    assert_eq!(blocks_told(&world, Height::new(1)), 1);
}

#[test]
fn a_version_that_comes_late_is_searched_and_what_is_above_it() {
    let mut blocks = Blocks::new();
    let paying = blocks.mine(blocks.genesis(), 0, &[script(1)]);
    let tip = blocks.mine_many(paying, 60, 0);
    let mut world = World::restart(blocks, tip, 2, Store::keeping());
    world.host(1).lies.insert(1, Lie::Omits(script(1)));
    world.host(2).up = false;
    world.scan(1, &[script(1)]);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 0, "one peer, and it lies");
    world.host(2).up = true;
    world.pass(Duration::from_secs(600));
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 1);
    assert!(world.wallet.synced.len() > 1);
}

#[test]
fn a_reorg_while_the_backfill_runs_loses_nothing() {
    let (mut blocks, tip) = reversed(12);
    let branch = blocks.branch(tip);
    let fork = branch[30];
    let other = blocks.mine(fork, 7, &[script(3)]);
    let other = blocks.mine_many(other, 120, 7);
    for steps in (0..400).step_by(7) {
        let (blocks, tip) = (blocks.clone(), tip);
        let mut world = searching(blocks, tip, 1, Store::keeping(), 12);
        world.steps(steps);
        world.announce(1, other);
        world.sync(other);
        let on_branch: Vec<Height> = world.wallet.paid.keys().copied().collect();
        let found: BTreeMap<Height, Vec<ScriptBuf>> =
            world.wallet.paid.iter().map(|(height, (_, paid))| (*height, paid.clone())).collect();
        // On the branch that won, scripts 12, 11 and 10 are paid below the fork and 3 above it;
        // which of them the wallet may know depends on how far it was.
        for (height, (hash, _)) in &world.wallet.paid {
            assert_eq!(world.client.block_at(*height).map(|b| b.hash), Some(*hash), "{steps}");
        }
        if world.wallet.watched.contains(&script(12)) {
            assert_eq!(on_branch.len(), 4, "{steps}: {found:?}");
        }
    }
}

#[test]
fn kept_filters_that_are_gone_or_bent_are_downloaded() {
    let (blocks, tip) = reversed(6);
    let mut world = searching(blocks, tip, 1, Store::keeping(), 6);
    world.sync(tip);
    let World { blocks, mut store, .. } = world;
    let filters = store.filters.as_mut().unwrap();
    let ids: Vec<_> = filters.keys().copied().collect();
    let kept = ids.len();
    // Some come back with other bytes: a store that does not notice its damage.
    for id in ids.iter().step_by(3) {
        filters.insert(*id, Arc::from(&b"bent"[..]));
    }
    store.forget_on_read = ids.iter().skip(1).step_by(3).copied().collect();
    let bent = ids.iter().step_by(3).count();
    let gone = store.forget_on_read.len();
    let mut world = searching(blocks, tip, 1, store, 6);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 6);
    assert_eq!(asked(&world) as usize, bent + gone);
    assert_eq!(world.store.filters.as_ref().unwrap().len(), kept);
    assert_eq!(world.faults(), [], "no peer is to blame");
}
