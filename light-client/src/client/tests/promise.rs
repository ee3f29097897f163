//! The promise, at random: whatever the liars say, in whatever order everybody comes, answers and
//! goes, as soon as one honest peer is there to stay, every payment is found, and it is not banned.

use std::collections::BTreeMap;
use std::time::Duration;

use bitcoin::BlockHash;
use proptest::prelude::*;

use super::lies::{Lie, miner};
use super::world::{Blocks, Link, Vice, World, address, script};
use crate::height::Height;
use crate::input::ScanStart;
use crate::io::Io;
use crate::limits::OWING_PATIENCE;
use crate::output::Output;

const LENGTH: u32 = 40;
/// Blocks that pay our scripts; the last is the tip.
const PAID_AT: [u32; 3] = [9, 25, LENGTH];

/// One peer's part.
#[derive(Debug, Clone)]
struct Part {
    lies: BTreeMap<u32, Lie>,
    vice: Option<Vice>,
    round_trip: u64,
    /// When it comes, in seconds.
    comes: u64,
    /// When it goes, and how much later it is back.
    goes: Option<(u64, u64)>,
}

fn any_lie() -> impl Strategy<Value = Lie> {
    let ours = (1_u32..=3).prop_map(script);
    prop_oneof![
        4 => ours.clone().prop_map(Lie::Omits),
        2 => Just(Lie::Omits(miner())),
        2 => Just(Lie::OmitsSpent),
        2 => ours.prop_map(Lie::Adds),
        1 => (50_u32..60).prop_map(|n| Lie::Adds(script(n))),
        1 => Just(Lie::Empty),
        1 => Just(Lie::Truncated),
        1 => Just(Lie::HugeCount),
        1 => Just(Lie::Withheld),
        1 => Just(Lie::Mismatched),
    ]
}

fn any_lies() -> impl Strategy<Value = BTreeMap<u32, Lie>> {
    let paid = (prop::sample::select(&PAID_AT[..]), any_lie());
    let anywhere = (1..=LENGTH, any_lie());
    let some = prop::collection::btree_map(1..=LENGTH, any_lie(), 0..6);
    let everywhere = any_lie().prop_map(|lie| (1..=LENGTH).map(|h| (h, lie.clone())).collect());
    let at_ours = prop::collection::vec(prop_oneof![paid, anywhere], 1..8);
    prop_oneof![some, everywhere, at_ours.prop_map(|lies| lies.into_iter().collect()),]
}

fn any_vice() -> impl Strategy<Value = Option<Vice>> {
    prop_oneof![
        4 => Just(None),
        1 => Just(Some(Vice::MutesFilters)),
        1 => Just(Some(Vice::MutesFilterHeaders)),
        1 => Just(Some(Vice::MutesBlocks)),
        1 => Just(Some(Vice::DripsFilters)),
        1 => Just(Some(Vice::BendsFilters)),
        1 => (0_u32..60).prop_map(|after| Some(Vice::Hangs(after))),
        1 => (0_u32..60).prop_map(|after| Some(Vice::Stalls(after))),
    ]
}

fn any_part(honest: bool) -> impl Strategy<Value = Part> {
    let goes = prop::option::of((0_u64..60, 1_u64..60));
    (any_lies(), any_vice(), 0_u64..3_000, 0_u64..60, goes).prop_map(
        move |(lies, vice, round_trip, comes, goes)| {
            if honest {
                Part { lies: BTreeMap::new(), vice: None, round_trip, comes, goes }
            } else {
                Part { lies, vice, round_trip, comes, goes }
            }
        },
    )
}

/// The honest one is at `honest`, among one to four.
fn any_cast() -> impl Strategy<Value = (Vec<Part>, usize)> {
    (any_part(true), prop::collection::vec(any_part(false), 0..4), any::<prop::sample::Index>())
        .prop_map(|(honest, mut cast, at)| {
            let at = at.index(cast.len() + 1);
            cast.insert(at, honest);
            (cast, at)
        })
}

fn chain() -> (Blocks, BlockHash) {
    let mut blocks = Blocks::new();
    let mut tip = blocks.genesis();
    for height in 1..=LENGTH {
        let paid = PAID_AT.iter().position(|paid| *paid == height);
        let scripts = paid.map(|n| script(u32::try_from(n).expect("few") + 1));
        tip = blocks.mine(tip, 0, scripts.as_slice());
    }
    (blocks, tip)
}

fn number(at: usize) -> u16 {
    u16::try_from(at).expect("few") + 1
}

/// Lets everybody come and go, and time pass until they are done.
fn play(cast: &[Part], grows: bool) -> (World, BlockHash) {
    let (blocks, tip) = chain();
    let count = number(cast.len()) - 1;
    let mut world = World::new(blocks, tip, count);
    let mut turns = BTreeMap::new();
    for (at, part) in cast.iter().enumerate() {
        let n = number(at);
        let host = world.host(n);
        host.lies.clone_from(&part.lies);
        host.vice = part.vice;
        let round_trip = Duration::from_millis(part.round_trip);
        host.link = Some(Link { bytes_per_second: 1 << 20, round_trip });
        world.take_down(n);
        turns.insert((part.comes, n), true);
        if let Some((goes, away)) = part.goes {
            turns.insert((part.comes + goes + 1, n), false);
            turns.insert((part.comes + goes + 1 + away, n), true);
        }
    }
    if grows {
        // Each script is watched once the one above it is found: a search from the top down.
        world.wallet.since = Some(ScanStart::Height(Height::new(1)));
        world.wallet.grows = (1..3).map(|n| (script(n + 1), vec![script(n)])).collect();
        world.scan(1, &[script(3)]);
    } else {
        world.scan(1, &[script(1), script(2), script(3)]);
    }
    let mut second = 0;
    for ((at, n), up) in turns {
        world.pass(Duration::from_secs(at - second));
        second = at;
        if up { world.host(n).up = true } else { world.take_down(n) }
    }
    world.pass(Duration::from_secs(1_200));
    (world, tip)
}

/// Faults that ended connections to a host.
fn bans(world: &World, n: u16) -> Vec<crate::fault::Fault> {
    let mut theirs = Vec::new();
    let mut faults = Vec::new();
    for output in &world.log {
        match output {
            Output::Io(Io::Dial { peer, address: to, .. }) if *to == address(n) => {
                theirs.push(*peer);
            }
            Output::Io(Io::Close { peer, fault: Some(fault) }) if theirs.contains(peer) => {
                faults.push(*fault);
            }
            _ => {}
        }
    }
    faults.retain(|fault| !fault.is_transient());
    faults
}

const HONEST: Part =
    Part { lies: BTreeMap::new(), vice: None, round_trip: 0, comes: 0, goes: None };

fn lies_everywhere(lie: &Lie) -> BTreeMap<u32, Lie> {
    (1..=LENGTH).map(|height| (height, lie.clone())).collect()
}

fn assert_kept(cast: &[Part], honest: usize, grows: bool) -> Result<(), TestCaseError> {
    let (mut world, tip) = play(cast, grows);
    let found: Vec<u32> = world.wallet.paid.keys().map(|height| height.to_u32()).collect();
    prop_assert_eq!(found, PAID_AT);
    prop_assert_eq!(bans(&world, number(honest)), []);
    let tip = world.blocks.id(tip);
    // A liar that just came back makes it doubtful for as long as patience with it lasts.
    let mut rests = (0..2 * OWING_PATIENCE.as_secs()).map(|_| {
        world.pass(Duration::from_secs(1));
        world.client.status().synced
    });
    prop_assert!(rests.any(|synced| synced), "{:?}", world.client.status());
    prop_assert_eq!(world.wallet.synced.last(), Some(&tip));
    Ok(())
}

/// While the honest peer is away, a script is watched, and all that stands for the tip is a filter
/// that never comes.
#[test]
fn an_honest_peer_is_read_for_scripts_that_came_while_it_was_away() {
    let everywhere = lies_everywhere(&Lie::Omits(script(2)));
    let cast = [
        Part { comes: 18, goes: Some((17, 40)), ..HONEST },
        Part { lies: [(LENGTH, Lie::Withheld)].into(), comes: 17, ..HONEST },
        Part { lies: everywhere, comes: 18, goes: Some((30, 30)), ..HONEST },
    ];
    assert_kept(&cast, 0, true).unwrap();
}

/// What is found in one block is looked for above it: in filters that wait, set aside with a peer
/// that never sent them, to be matched for everything else.
#[test]
fn a_filter_that_waits_is_not_read_by_a_search_for_what_was_found_below() {
    let cast = [
        Part { comes: 36, ..HONEST },
        Part { vice: Some(Vice::MutesFilterHeaders), round_trip: 1_732, comes: 2, ..HONEST },
        Part { vice: Some(Vice::MutesFilters), ..HONEST },
        Part { lies: lies_everywhere(&Lie::Empty), round_trip: 1, ..HONEST },
    ];
    assert_kept(&cast, 0, false).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_payment_is_missed_once_one_honest_peer_has_answered(
        (cast, honest) in any_cast(),
        grows in any::<bool>(),
    ) {
        assert_kept(&cast, honest, grows)?;
    }
}
