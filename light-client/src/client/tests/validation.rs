//! What the chain's own rules decide: how much work is believed, which times, whose clock.

use std::time::Duration;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{BlockHash, CompactTarget, ScriptBuf};

use super::world::{Blocks, Store, Vice, World, address, script};
use crate::chain::mine;
use crate::fault::Fault;
use crate::height::Height;
use crate::output::{ChainEvent, Output};
use crate::params::Params;
use crate::time::{ClockOffset, WallTime};

/// How often a host was asked for headers.
fn header_questions(world: &World, n: u16) -> usize {
    let heard = &world.hosts[&address(n)].heard;
    heard.iter().filter(|message| matches!(message, NetworkMessage::GetHeaders(_))).count()
}

/// A chain of 4,300 blocks that pays script 1 near its end, on a network that believes no chain of
/// less than 4,200; and a forged one of 4,100 that leaves it at block 20.
fn forged() -> (Blocks, BlockHash, BlockHash, BlockHash) {
    let mut blocks = Blocks::new();
    let fork = blocks.mine_many(blocks.genesis(), 20, 0);
    let low = blocks.mine_many(fork, 4_080, 1);
    let least = blocks.mine_many(fork, 4_180, 0);
    let paying = blocks.mine(least, 0, &[script(1)]);
    let tip = blocks.mine_many(paying, 99, 0);
    blocks.params.minimum_chain_work = blocks.anchor(least).work;
    (blocks, fork, low, tip)
}

#[test]
fn a_long_chain_is_weighed_before_any_of_it_is_kept() {
    let (blocks, _, _, tip) = forged();
    let mut world = World::new(blocks, tip, 1);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 1);
    assert_eq!(world.faults(), []);
    assert!(world.client.status().weighing.is_none());
    assert!(header_questions(&world, 1) >= 6, "three messages, twice");
}

#[test]
fn a_forged_low_work_branch_on_an_anchor_neither_wins_nor_stays_nor_harms_the_honest() {
    let (blocks, fork, low, tip) = forged();
    let base = blocks.anchor(fork);
    let mut world = World::above(blocks, tip, 3, Store::default(), base);
    world.host(1).tip = low;
    world.host(2).tip = low;
    world.take_down(3);
    world.scan(21, &[script(1)]);
    world.pass(Duration::from_secs(200));
    assert_eq!(world.client.tip(), base.block, "nothing of it is kept");
    assert!(world.store.restore().headers.is_empty());
    assert!(!world.log.iter().any(|output| matches!(output, Output::Chain(_))), "nor told");
    assert!(!world.client.status().synced);
    world.host(3).up = true;
    world.sync(tip);
    assert_eq!(world.wallet.paid.len(), 1);
    assert_eq!(world.faults(), [], "nobody proved to be a liar, nobody is banned");
    assert_eq!(world.client.tree.find(&low), None);
}

#[test]
fn a_long_fork_with_less_work_is_not_kept_and_does_not_make_the_tip_doubtful() {
    let (mut blocks, _, low, tip) = forged();
    blocks.params.minimum_chain_work = blocks.params.genesis.work();
    let mut world = World::new(blocks, tip, 2);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.announce(1, low);
    world.settle();
    assert!(header_questions(&world, 1) > 3, "its branch was looked at");
    assert_eq!(world.client.tree.find(&low), None);
    let first = world.blocks.branch(low)[21];
    assert_eq!(world.client.tree.find(&first), None, "nothing of it is held");
    assert!(world.client.status().synced);
    assert_eq!(world.faults(), []);
}

#[test]
fn a_fork_is_weighed_over_its_whole_branch() {
    let (mut blocks, fork, low, tip) = forged();
    blocks.params.minimum_chain_work = blocks.params.genesis.work();
    let mut world = World::new(blocks, low, 2);
    world.scan(1, &[script(1)]);
    world.sync(low);
    // Neither of its first two messages alone has the work to be looked at.
    world.announce(2, tip);
    world.sync(tip);
    let (fork, low) = (world.blocks.id(fork), world.blocks.id(low));
    assert_eq!(world.wallet.reorgs, [(fork, low)], "in one step");
    assert_eq!(world.wallet.paid.len(), 1);
    assert_eq!(world.faults(), []);
}

#[test]
fn a_chain_that_changes_between_the_two_times_it_is_sent_is_asked_for_again() {
    let (blocks, fork, _, tip) = forged();
    let mut world = World::new(blocks, tip, 1);
    let other = world.blocks.mine_many(fork, 4_290, 3);
    world.scan(1, &[script(1)]);
    while !world.client.status().weighing.is_some_and(|weighing| weighing.again) {
        assert!(world.turn(), "it is weighed");
    }
    world.host(1).tip = other;
    world.sync(other);
    assert_eq!(world.faults(), []);
}

#[test]
fn a_made_up_announcement_makes_nothing_be_said_again() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 30, 0);
    let strange = blocks.mine_many(blocks.genesis(), 40, 5);
    let mut world = World::new(blocks, tip, 2);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    for _ in 0..5 {
        world.say(1, NetworkMessage::Inv(vec![Inventory::Block(strange)]));
        world.settle();
        assert!(world.client.status().synced);
    }
    assert_eq!(world.wallet.synced.len(), 1);
    // Who cried wolf is asked all the same, but not believed before it answers.
    world.host(1).vice = Some(Vice::MutesHeaders);
    world.say(1, NetworkMessage::Inv(vec![Inventory::Block(strange)]));
    world.settle();
    assert!(world.client.status().synced);
}

#[test]
fn a_wall_clock_that_jumps_costs_nothing() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 30, 0);
    let next = blocks.mine(tip, 0, &[script(1)]);
    let last = blocks.mine(next, 0, &[script(1)]);
    let mut world = World::new(blocks, tip, 2);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    let wall = world.now.wall;
    // Back by a year: a new block looks as if it came from the future, and nobody is blamed.
    world.now.wall = wall.before(Duration::from_secs(365 * 86_400));
    world.host(1).tip = next;
    world.host(2).tip = next;
    let header = world.blocks.block(&next).header;
    world.say(1, NetworkMessage::Headers(vec![header]));
    world.pass(Duration::from_secs(300));
    assert_eq!(world.client.tip(), world.blocks.id(tip));
    let far = world.client.status().clock.expect("the clocks differ");
    assert!((far.seconds() - 365 * 86_400).abs() < 600, "{far}");
    // Right again, then ahead by a year.
    world.now.wall = wall;
    world.pass(Duration::from_secs(120));
    assert_eq!(world.client.status().clock, None);
    world.sync(next);
    world.now.wall = wall.after(Duration::from_secs(365 * 86_400));
    world.announce(1, last);
    world.sync(last);
    assert_eq!(world.wallet.paid.len(), 2);
    assert_eq!(world.faults(), []);
    let told: Vec<&Output> =
        world.log.iter().filter(|output| matches!(output, Output::Clock(_))).collect();
    assert_eq!(told.len(), 2, "once each time that it begins: {told:?}");
}

#[test]
fn a_clock_that_is_wrong_from_the_start_is_told_and_headers_wait_for_it() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 30, 0);
    let mut world = World::new(blocks, tip, 3);
    world.now.wall = WallTime::new(0);
    for n in 1..=3 {
        world.host(n).clock = 1_400_000_000;
    }
    world.scan(1, &[script(1)]);
    world.pass(Duration::from_secs(60));
    assert_eq!(world.client.tip().height, Height::GENESIS);
    let offset = ClockOffset::new(1_400_000_000);
    assert!(world.log.contains(&Output::Clock(offset)));
    world.now.wall = WallTime::new(1_400_000_060);
    world.sync(tip);
    assert_eq!(world.faults(), []);
}

#[test]
fn synced_is_said_again_when_peers_come_back() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 30, 0);
    let mut world = World::new(blocks, tip, 1);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.take_down(1);
    world.pass(Duration::from_secs(60));
    assert!(!world.client.status().synced);
    world.host(1).up = true;
    world.sync(tip);
    let said = |output: &&Output| matches!(output, Output::Chain(ChainEvent::Synced { .. }));
    assert_eq!(world.log.iter().filter(said).count(), 2);
}

#[test]
fn a_signets_block_counts_only_if_its_signers_agreed() {
    let world_with = |challenge: &[u8]| {
        let mut blocks = Blocks::new();
        let tip = blocks.mine(blocks.genesis(), 0, &[script(1)]);
        blocks.params.signet_challenge = Some(ScriptBuf::from_bytes(challenge.to_vec()));
        let mut world = World::new(blocks, tip, 1);
        world.scan(1, &[script(1)]);
        world.pass(Duration::from_secs(5));
        world
    };
    // Anybody may sign.
    let free = world_with(&[0x51]);
    assert_eq!((free.wallet.paid.len(), free.client.status().blocks_unchecked), (1, 0));
    // The default signet's people did not.
    let signed = Params::signet().signet_challenge.expect("a signet has one");
    let refused = world_with(signed.as_bytes());
    assert_eq!(refused.wallet.paid.len(), 0);
    assert_eq!(refused.faults(), [Fault::InvalidBlock]);
    // OP_ADD OP_ADD is no miniscript.
    let odd = world_with(&[0x93, 0x93]);
    assert_eq!((odd.wallet.paid.len(), odd.client.status().blocks_unchecked), (1, 1));
}

#[test]
fn wrong_bits_inside_a_period_are_proof_of_a_lie() {
    for bits in [0x207f_fffe, 0x2000_ffff] {
        let mut blocks = Blocks::new();
        // As on mainnet: within a period the difficulty never changes.
        blocks.params.retargets = true;
        blocks.params.min_difficulty_blocks = false;
        let tip = blocks.mine_many(blocks.genesis(), 100, 0);
        let next = blocks.mine(tip, 0, &[script(1)]);
        let mut world = World::new(blocks, tip, 2);
        world.scan(1, &[script(1)]);
        world.sync(tip);
        let time = world.blocks.block(&tip).header.time + 600;
        let forged = mine::header(tip, time, CompactTarget::from_consensus(bits), 9);
        world.now.wall = WallTime::new(time.into());
        world.say(1, NetworkMessage::Headers(vec![forged]));
        world.settle();
        assert_eq!(world.faults(), [Fault::InvalidHeader], "{bits:#x}");
        world.announce(2, next);
        world.sync(next);
        assert_eq!(world.wallet.paid.len(), 1);
    }
}

#[test]
fn times_at_both_limits_are_taken_and_beyond_them_not() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 30, 0);
    let median = blocks.block(&blocks.branch(tip)[25]).header.time;
    let now = blocks.block(&tip).header.time + 60;
    let late = now + 2 * 3600;
    let [first, last, beyond, old] =
        [median + 1, late, late + 1, median].map(|time| blocks.mine_at(tip, 3, &[], time));
    let mut world = World::new(blocks, tip, 2);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    assert_eq!(world.now.wall, WallTime::new(now.into()));
    // The first is the new tip, whose filter is asked for; the others are no longer than it.
    world.host(2).tip = first;
    let taken = |world: &mut World, hash: BlockHash| {
        let header = world.blocks.block(&hash).header;
        world.say(2, NetworkMessage::Headers(vec![header]));
        world.settle();
        world.client.tree.find(&hash).is_some()
    };
    assert!(taken(&mut world, first), "the first time after the median");
    assert!(taken(&mut world, last), "two hours ahead");
    assert!(!taken(&mut world, beyond), "a second more");
    assert_eq!(world.faults(), [], "which is no fault: it may become valid");
    assert!(!taken(&mut world, old));
    assert_eq!(world.faults(), [Fault::InvalidHeader]);
}
