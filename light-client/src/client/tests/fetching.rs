//! Blocks that somebody asks for by themselves.

use std::time::Duration;

use bitcoin::BlockHash;
use bitcoin::hashes::Hash as _;

use super::world::{Blocks, Vice, World, script};
use crate::height::{BlockId, Height};
use crate::input::Input;
use crate::limits::MAX_ASKED_BLOCKS;
use crate::output::Output;

/// A chain of twenty blocks and one that pays somebody else, with two peers, synced.
fn world(vice: Vice) -> (World, BlockHash, BlockHash) {
    let mut blocks = Blocks::new();
    let below = blocks.mine_many(blocks.genesis(), 20, 0);
    let tip = blocks.mine(below, 0, &[script(9)]);
    let mut world = World::new(blocks, tip, 2);
    world.host(1).vice = Some(vice);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    (world, below, tip)
}

/// What came of the questions, in order.
fn fetched(world: &World) -> Vec<(BlockId, bool)> {
    let told = world.log.iter().filter_map(|output| match output {
        Output::Fetched { at, block } => Some((*at, block.as_deref())),
        _ => None,
    });
    let whole = |block: &bitcoin::Block| block == world.blocks.block(&block.block_hash());
    told.map(|(at, block)| {
        assert!(block.is_none_or(|block| block.block_hash() == at.hash && whole(block)));
        (at, block.is_some())
    })
    .collect()
}

#[test]
fn a_block_that_is_asked_for_is_told_once_and_whole_and_moves_no_wallet() {
    let (mut world, _, tip) = world(Vice::StripsWitnesses);
    let tip = world.blocks.id(tip);
    world.input(Input::Fetch(tip));
    world.input(Input::Fetch(tip));
    world.settle();
    for _ in 0..100 {
        world.pass(Duration::from_secs(1));
    }
    assert_eq!(fetched(&world), [(tip, true)]);
    assert_eq!(world.client.status().cursor, Some(tip));
    assert!(world.wallet.paid.is_empty());
}

#[test]
fn a_block_that_the_chain_left_or_never_had_is_told_at_once() {
    let (mut world, below, tip) = world(Vice::MutesBlocks);
    world.host(2).vice = Some(Vice::MutesBlocks);
    let strange = BlockId::new(Height::new(5), BlockHash::all_zeros());
    world.input(Input::Fetch(strange));
    world.settle();
    assert_eq!(fetched(&world), [(strange, false)]);
    let left = world.blocks.id(tip);
    world.input(Input::Fetch(left));
    world.settle();
    let longer = world.blocks.mine_many(below, 2, 7);
    world.announce(1, longer);
    world.settle();
    assert_eq!(fetched(&world), [(strange, false), (left, false)]);
}

#[test]
fn a_branch_that_somebody_doubts_is_left_and_taken_again() {
    let (mut world, below, tip) = world(Vice::MutesBlocks);
    world.host(1).vice = None;
    world.input(Input::Invalidate(tip));
    world.settle();
    let (below, id) = (world.blocks.id(below), world.blocks.id(tip));
    assert_eq!(world.wallet.reorgs, [(below, id)]);
    assert_eq!(world.client.tip(), below);
    // What grows on it is none of ours either, and no peer is left for having it.
    let higher = world.blocks.mine_many(tip, 3, 0);
    world.announce(1, higher);
    world.settle();
    assert_eq!((world.client.tip(), world.faults()), (below, vec![]));
    world.input(Input::Reconsider(tip));
    world.sync(higher);
    assert_eq!(world.faults(), []);
}

#[test]
fn no_more_blocks_are_fetched_than_there_is_room_for() {
    let mut blocks = Blocks::new();
    let count = u32::try_from(MAX_ASKED_BLOCKS).unwrap() + 1;
    let tip = blocks.mine_many(blocks.genesis(), count, 0);
    let mut world = World::new(blocks, tip, 1);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.host(1).vice = Some(Vice::MutesBlocks);
    for hash in world.blocks.branch(tip).into_iter().skip(1) {
        let id = world.blocks.id(hash);
        world.input(Input::Fetch(id));
    }
    assert_eq!(fetched(&world), [(world.blocks.id(tip), false)]);
}
