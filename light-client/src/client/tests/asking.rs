//! Filters that somebody asks for by themselves.

use std::time::Duration;

use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::{BlockHash, FilterHash, FilterHeader};

use super::lies::Lie;
use super::world::{Blocks, Store, Vice, World, script};
use crate::fault::Fault;
use crate::height::Height;
use crate::input::{Input, ScanStart};
use crate::kept::{FilterId, FilterRange, FoundFilters, KeptFilter};
use crate::limits::{MAX_ASKED_BYTES, MAX_ASKED_FILTERS, MAX_FILTER_QUESTIONS};
use crate::output::Output;

/// A chain of thirty blocks of which the wallet scans the last ten, not begun.
fn world(peers: u16) -> (World, BlockHash) {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 30, 0);
    (World::new(blocks, tip, peers), tip)
}

const fn range(first: u32, last: u32) -> FilterRange {
    FilterRange { first: Height::new(first), last: Height::new(last) }
}

/// What came of the questions, in order.
fn found(world: &World) -> Vec<(FilterRange, Option<FoundFilters>)> {
    let found = world.log.iter().filter_map(|output| match output {
        Output::Filters { range, filters } => Some((*range, filters.clone())),
        _ => None,
    });
    found.collect()
}

/// The same, where every version came.
fn told(world: &World) -> Vec<(FilterRange, Option<Vec<KeptFilter>>)> {
    let all = |found: FoundFilters| {
        assert_eq!(found.unread, []);
        found.filters
    };
    found(world).into_iter().map(|(range, found)| (range, found.map(all))).collect()
}

/// The true filters of some blocks.
fn truth(world: &World, tip: BlockHash, range: FilterRange) -> Vec<KeptFilter> {
    let branch = world.blocks.branch(tip);
    let of = |height: Height| {
        let hash = &branch[height.to_usize()];
        let bytes = world.blocks.filter(hash);
        let id = FilterId { block: world.blocks.id(*hash), hash: FilterHash::hash(bytes) };
        KeptFilter { id, bytes: bytes.into() }
    };
    range.heights().map(of).collect()
}

fn asks_for_filters(world: &World) -> usize {
    let heard = world.hosts.values().flat_map(|host| &host.heard);
    heard.filter(|message| matches!(message, NetworkMessage::GetCFilters(_))).count()
}

#[test]
fn filters_below_the_scan_come_once_and_move_no_wallet() {
    let (mut world, tip) = world(2);
    world.scan(20, &[script(1)]);
    world.sync(tip);
    let (low, high) = (range(1, 12), range(28, 40));
    world.input(Input::FetchFilters(low));
    world.input(Input::FetchFilters(low));
    world.input(Input::FetchFilters(high));
    world.settle();
    world.pass(Duration::from_secs(100));
    let expected = [
        (low, Some(truth(&world, tip, low))),
        // There are no more.
        (high, Some(truth(&world, tip, range(28, 30)))),
    ];
    assert_eq!(told(&world), expected);
    assert_eq!((world.wallet.cursor, world.faults()), (Some(world.blocks.id(tip)), vec![]));
    assert!(world.client.status().synced);
    for height in [1, 11, 30] {
        let hash = world.blocks.branch(tip)[height];
        let header = world.client.filter_header(world.blocks.id(hash));
        assert_eq!(header, Some(world.blocks.filter_header(&hash)), "height {height}");
    }
}

#[test]
fn filters_are_told_where_nothing_is_scanned() {
    let (mut world, tip) = world(1);
    world.settle();
    let asked = range(3, 9);
    world.input(Input::FetchFilters(asked));
    world.settle();
    assert_eq!(told(&world), [(asked, Some(truth(&world, tip, asked)))]);
}

#[test]
fn what_the_store_has_is_not_downloaded() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 30, 0);
    let mut world = World::restart(blocks, tip, 1, Store::keeping());
    world.scan(20, &[script(1)]);
    world.sync(tip);
    let before = asks_for_filters(&world);
    let kept = range(20, 30);
    world.input(Input::FetchFilters(kept));
    world.settle();
    assert_eq!(told(&world), [(kept, Some(truth(&world, tip, kept)))]);
    assert_eq!((world.store.filters_read, asks_for_filters(&world)), (11, before));

    // What it lost meanwhile is downloaded, and what it never had; neither is kept.
    let lost = truth(&world, tip, range(25, 25))[0].id;
    world.store.forget_on_read.insert(lost);
    let mixed = range(18, 26);
    world.input(Input::FetchFilters(mixed));
    world.settle();
    assert_eq!(told(&world)[1..], [(mixed, Some(truth(&world, tip, mixed)))]);
    assert!(asks_for_filters(&world) > before);
    let kept = world.store.filters.as_ref().expect("a store that keeps");
    assert!(!kept.contains_key(&truth(&world, tip, range(18, 18))[0].id));
}

#[test]
fn a_peer_that_sends_something_else_is_left_and_another_is_asked() {
    for vice in [Vice::BendsFilters, Vice::Hangs(4)] {
        let (mut world, tip) = world(2);
        world.scan(31, &[script(1)]);
        world.sync(tip);
        for n in 1..=2 {
            world.host(n).vice = Some(vice);
        }
        let asked = range(1, 20);
        world.input(Input::FetchFilters(asked));
        world.settle();
        let bends = vice == Vice::BendsFilters;
        assert_eq!(world.faults().contains(&Fault::InvalidFilter), bends, "{vice:?}");
        for n in 1..=2 {
            world.host(n).vice = None;
        }
        for _ in 0..600 {
            world.pass(Duration::from_secs(10));
        }
        assert_eq!(told(&world), [(asked, Some(truth(&world, tip, asked)))], "{vice:?}");
    }
}

#[test]
fn all_versions_are_told_and_no_header_where_peers_disagree() {
    let (mut world, tip) = world(2);
    world.host(2).lies.insert(7, Lie::Adds(script(9)));
    world.scan(20, &[script(1)]);
    world.sync(tip);
    let asked = range(6, 8);
    world.input(Input::FetchFilters(asked));
    world.settle();
    let answers = told(&world);
    let filters = answers[0].1.as_ref().expect("filters");
    let heights: Vec<u32> = filters.iter().map(|one| one.id.block.height.to_u32()).collect();
    assert_eq!(heights, [6, 7, 7, 8]);
    let header = |world: &mut World, height: usize| {
        let hash = world.blocks.branch(tip)[height];
        world.client.filter_header(world.blocks.id(hash))
    };
    assert!(header(&mut world, 6).is_some());
    assert_eq!(header(&mut world, 7), None);
    assert_eq!(header(&mut world, 20), None);
}

#[test]
fn who_commits_to_what_can_t_be_read_is_left_and_answers_nothing() {
    for lie in [Lie::Truncated, Lie::HugeCount] {
        let (mut world, tip) = world(2);
        world.host(2).lies.insert(7, lie);
        world.scan(20, &[script(1)]);
        world.sync(tip);
        let asked = range(5, 9);
        world.input(Input::FetchFilters(asked));
        world.settle();
        assert_eq!(told(&world), [(asked, Some(truth(&world, tip, asked)))]);
        assert_eq!(world.faults(), [Fault::InvalidFilter]);
    }
}

#[test]
fn nobody_who_left_is_answered_and_nothing_waits_for_what_no_peer_sends() {
    let (mut world, tip) = world(1);
    world.scan(31, &[script(1)]);
    world.sync(tip);
    world.host(1).vice = Some(Vice::MutesFilters);
    let (left, stays) = (range(1, 3), range(5, 6));
    world.input(Input::FetchFilters(left));
    world.input(Input::FetchFilters(stays));
    world.settle();
    world.input(Input::LeaveFilters(left));
    assert_eq!(told(&world), []);
    // The wallet goes on meanwhile.
    let higher = world.blocks.mine(tip, 0, &[script(2)]);
    world.host(1).vice = None;
    world.announce(1, higher);
    for _ in 0..60 {
        world.pass(Duration::from_secs(10));
    }
    assert_eq!(world.wallet.cursor, Some(world.blocks.id(higher)));
    assert_eq!(told(&world), [(stays, Some(truth(&world, tip, stays)))]);
}

#[test]
fn what_the_chain_left_is_not_told() {
    let (mut world, tip) = world(1);
    world.scan(31, &[script(1)]);
    world.sync(tip);
    world.host(1).vice = Some(Vice::MutesFilters);
    let asked = range(20, 29);
    world.input(Input::FetchFilters(asked));
    world.settle();
    let fork = world.blocks.branch(tip)[24];
    let other = world.blocks.mine_many(fork, 10, 7);
    world.host(1).vice = None;
    world.announce(1, other);
    for _ in 0..60 {
        world.pass(Duration::from_secs(10));
    }
    assert_eq!(told(&world), [(asked, Some(truth(&world, other, asked)))]);
}

#[test]
fn a_scan_that_begins_meanwhile_loses_no_question_and_is_not_held_up() {
    let (mut world, tip) = world(2);
    world.settle();
    let asked = range(1, 30);
    world.input(Input::FetchFilters(asked));
    world.steps(5);
    assert_eq!(told(&world), []);
    world.scan(1, &[script(1)]);
    world.sync(tip);
    world.input(Input::Rescan(ScanStart::Height(Height::new(1))));
    world.input(Input::FetchFilters(asked));
    world.sync(tip);
    world.pass(Duration::from_secs(60));
    let answers = told(&world);
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(|(_, filters)| *filters == Some(truth(&world, tip, asked))));
}

#[test]
fn what_is_not_on_the_chain_or_too_much_is_said_to_be() {
    let (mut world, tip) = world(1);
    world.scan(31, &[script(1)]);
    world.sync(tip);
    for strange in [range(0, 3), range(31, 31), range(9, 8)] {
        world.input(Input::FetchFilters(strange));
        assert_eq!(told(&world).last(), Some(&(strange, None)));
    }
    let before = told(&world).len();
    world.host(1).vice = Some(Vice::MutesFilters);
    for n in 0..=u32::try_from(MAX_FILTER_QUESTIONS).unwrap() {
        world.input(Input::FetchFilters(range(1 + n % 8, 10 + n / 8)));
    }
    assert_eq!(told(&world).len(), before + 1, "one too many");
    assert_eq!(told(&world).last().map(|(_, filters)| filters.is_none()), Some(true));
    let stranger = crate::height::BlockId::new(Height::new(3), BlockHash::all_zeros());
    assert_eq!(world.client.filter_header(stranger), None::<FilterHeader>);
    assert_eq!(range(1, u32::MAX).heights().count(), MAX_ASKED_FILTERS as usize);
}

#[test]
fn who_drips_versions_of_its_own_is_not_waited_for_long() {
    let (mut world, tip) = world(2);
    world.scan(31, &[script(1)]);
    world.sync(tip);
    world.take_down(2);
    world.host(2).lies = (1..=30).map(|height| (height, Lie::Adds(script(9)))).collect();
    world.host(2).vice = Some(Vice::DripsFilters);
    world.host(2).up = true;
    world.pass(Duration::from_secs(120));
    let (many, one, next) = (range(1, 20), range(25, 25), range(21, 24));
    world.input(Input::FetchFilters(many));
    world.input(Input::FetchFilters(one));
    world.pass(Duration::from_secs(60));
    let mut answers = found(&world);
    answers.sort_by_key(|(asked, _)| *asked);
    assert_eq!(answers.iter().map(|(asked, _)| *asked).collect::<Vec<_>>(), [many, one]);
    for (asked, answer) in answers {
        let answer = answer.expect("filters");
        for filter in truth(&world, tip, asked) {
            assert!(answer.filters.contains(&filter), "{:?}", filter.id);
        }
        let versions = answer.filters.len() + answer.unread.len();
        assert_eq!(versions, 2 * asked.heights().count(), "none is left out");
        assert!(asked == one || answer.unread.len() > 10, "{}", answer.unread.len());
    }
    world.input(Input::FetchFilters(next));
    world.settle();
    assert_eq!(found(&world).last().map(|(asked, _)| *asked), Some(next), "once is enough");
    assert_eq!(world.faults(), []);
}

#[test]
fn what_a_peer_sends_for_others_makes_up_for_nothing_that_the_wallet_waits_for() {
    let (mut world, tip) = world(2);
    world.host(2).lies = (1..=15).map(|height| (height, Lie::Adds(script(9)))).collect();
    world.host(2).lies.insert(25, Lie::Withheld);
    world.scan(20, &[script(1)]);
    world.pass(Duration::from_secs(1));
    let patience = |world: &World| world.client.conduct.next_due(world.now.mono);
    let ends = patience(&world).expect("it is waited for");
    world.input(Input::FetchFilters(range(1, 15)));
    world.pass(Duration::from_secs(1));
    assert_eq!(told(&world).len(), 1);
    assert_eq!(patience(&world), Some(ends));
    world.sync(tip);
}

#[test]
fn no_more_is_told_than_there_is_room_for_and_all_of_it_in_the_end() {
    let mut blocks = Blocks::new();
    let tip = blocks.mine_many(blocks.genesis(), 80, 0);
    let mut world = World::new(blocks, tip, 1);
    world.host(1).lies = (1..=80).map(|height| (height, Lie::Bloated)).collect();
    world.scan(81, &[script(1)]);
    world.sync(tip);
    let (mut next, mut answers) = (1, 0);
    while next <= 80 {
        world.input(Input::FetchFilters(range(next, 200)));
        world.pass(Duration::from_secs(60));
        answers += 1;
        let all = told(&world);
        assert_eq!(all.len(), answers, "above {next}");
        let filters = all[answers - 1].1.as_ref().expect("filters");
        let bytes: usize = filters.iter().map(|filter| filter.bytes.len()).sum();
        assert!(bytes < MAX_ASKED_BYTES + 2 * 250_100, "{bytes}");
        for filter in filters {
            assert_eq!(filter.id.block.height, Height::new(next));
            next += 1;
        }
    }
    assert!(answers > 1);
}
