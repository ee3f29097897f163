//! Forks, reorgs, bounds and restarts of the header tree, and its rules beside a slow model.

use std::collections::HashMap;
use std::time::Duration;

use bitcoin::block::Version;
use bitcoin::pow::{CompactTarget, Target};
use proptest::prelude::*;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::*;
use crate::chain::mine::{self, NOW};
use crate::chain::presync::Presync;

#[test]
fn the_branch_with_the_most_work_is_best_whatever_comes_first() {
    let mut tree = mine::regtest_tree();
    let genesis = tree.params().genesis;
    let old = mine::extend(&mut tree, 30);
    let new = mine::branch(&old[9], 21, 1);
    for header in &new[..20] {
        assert_eq!(tree.insert(*header, NOW), Ok(Inserted::Side));
    }
    assert_eq!(tree.tip().hash, old[29].block_hash(), "the first seen of equals stays");
    let fork = BlockId::new(Height::new(10), old[9].block_hash());
    assert_eq!(tree.insert(new[20], NOW), Ok(Inserted::Reorganised { fork }));
    assert_eq!(tree.tip(), BlockId::new(Height::new(31), new[20].block_hash()));
    assert_eq!(tree.fork_of(&old[29].block_hash()), Some(fork));
    // Back again, from what is known of the old branch.
    let back = mine::branch(&old[29], 2, 0);
    assert_eq!(tree.insert(back[0], NOW), Ok(Inserted::Side));
    assert_eq!(tree.insert(back[1], NOW), Ok(Inserted::Reorganised { fork }));
    for (i, header) in old.iter().chain(&back).enumerate() {
        let height = Height::new(u32::try_from(i).expect("short") + 1);
        assert_eq!(tree.block_at(height), Some(BlockId::new(height, header.block_hash())));
        assert_eq!(tree.find(&header.block_hash()).map(|block| block.height), Some(height));
        assert_eq!(tree.insert(*header, NOW), Ok(Inserted::Known));
    }
    let work = back.iter().chain(&old).fold(genesis.work(), |sum, header| sum + header.work());
    assert_eq!(tree.tip_work(), work);
}

#[test]
fn reorgs_reach_down_to_the_base() {
    let mut tree = mine::regtest_tree();
    let genesis = tree.params().genesis;
    mine::extend(&mut tree, 3000);
    let new = mine::branch(&genesis, 3001, 1);
    let last = new.iter().map(|header| tree.insert(*header, NOW)).last();
    assert_eq!(last, Some(Ok(Inserted::Reorganised { fork: tree.base() })));
    assert_eq!(tree.tip().height, Height::new(3001));
}

#[test]
fn a_restored_tree_is_the_one_that_was_stored() {
    let mut tree = mine::regtest_tree();
    let base = Anchor::genesis(tree.params());
    let headers = mine::extend(&mut tree, 2500);
    let restored = HeaderTree::restored(tree.params().clone(), base, headers.clone());
    assert_eq!((restored.tip(), restored.tip_work()), (tree.tip(), tree.tip_work()));
    for height in (0..=2500).map(Height::new) {
        assert_eq!(restored.block_at(height), tree.block_at(height));
        let hash = tree.block_at(height).expect("on the branch").hash;
        assert_eq!(restored.work_of(&hash), tree.work_of(&hash));
    }
}

#[test]
fn damage_in_the_store_cuts_the_branch() {
    let mut tree = mine::regtest_tree();
    let (params, base) = (tree.params().clone(), Anchor::genesis(tree.params()));
    let headers = mine::extend(&mut tree, 2500);
    let restore = |headers| HeaderTree::restored(params.clone(), base, headers).tip().height;
    assert_eq!(restore(headers[1..].to_vec()), Height::GENESIS, "does not begin at the base");
    let mut tail = headers.clone();
    tail.extend([Header { bits: CompactTarget::from_consensus(0), ..headers[0] }; 100]);
    assert_eq!(restore(tail), Height::new(2500), "no work");
}

#[test]
fn an_anchor_constrains_the_header_after_it() {
    let mut chain = mine::regtest_tree();
    let headers = mine::extend(&mut chain, 20);
    let parent = headers[9];
    let anchor = Anchor {
        block: BlockId::new(Height::new(10), parent.block_hash()),
        time: None,
        next_bits: parent.bits,
        work: chain.work_of(&parent.block_hash()).expect("known"),
    };
    let mut tree = HeaderTree::new(chain.params().clone(), anchor);
    for header in &headers[10..] {
        assert_eq!(tree.insert(*header, NOW), Ok(Inserted::Extended));
    }
    assert_eq!((tree.tip(), tree.tip_work()), (chain.tip(), chain.tip_work()));
    assert_eq!(tree.insert(headers[3], NOW), Err(HeaderError::UnknownParent));

    let next_bits = CompactTarget::from_consensus(0x207f_fffe);
    let mut strict = HeaderTree::new(chain.params().clone(), Anchor { next_bits, ..anchor });
    assert_eq!(
        strict.insert(headers[10], NOW),
        Err(HeaderError::Bits { found: 0x207f_ffff, required: 0x207f_fffe })
    );
}

#[test]
fn times_are_refused_right_outside_their_limits() {
    let mut tree = mine::regtest_tree();
    let headers = mine::extend(&mut tree, 11);
    let tip = headers[10];
    let at = |time| mine::header(tip.block_hash(), time, tip.bits, 9);
    let median = headers[5].time;
    assert_eq!(tree.clone().insert(at(median), NOW), Err(HeaderError::TooOld));
    assert_eq!(tree.clone().insert(at(median + 1), NOW), Ok(Inserted::Extended));
    let now = WallTime::new(u64::from(tip.time));
    let limit = tip.time + 7200;
    assert_eq!(
        tree.clone().insert(at(limit + 1), now),
        Err(HeaderError::TooNew { from: now.after(Duration::from_secs(1)) })
    );
    assert_eq!(tree.insert(at(limit), now), Ok(Inserted::Extended));
}

#[test]
fn old_versions_are_refused_from_their_heights_on() {
    let mut params = Params::regtest();
    params.bip34_height = Height::new(3);
    params.bip66_height = Height::new(5);
    params.bip65_height = Height::new(7);
    let base = Anchor::genesis(&params);
    let mut tree = HeaderTree::new(params, base);
    let mut parent = tree.params().genesis;
    let newest = [(3, 1), (5, 2), (7, 3), (9, 4)];
    for height in 1..9 {
        let enough = newest.iter().find(|(below, _)| height < *below).expect("in the table").1;
        for version in [enough - 1, i32::MIN, enough] {
            let version = Version::from_consensus(version);
            let mut header = mine::header(parent.block_hash(), parent.time + 600, parent.bits, 0);
            header.version = version;
            let header = mine::solve(header);
            let expected = if version.to_consensus() == enough || height < 3 {
                Ok(Inserted::Extended)
            } else {
                Err(HeaderError::Version)
            };
            assert_eq!(tree.clone().insert(header, NOW), expected, "{height} {version:?}");
        }
        let mut header = mine::header(parent.block_hash(), parent.time + 600, parent.bits, 0);
        header.version = Version::from_consensus(4);
        parent = mine::solve(header);
        tree.insert(parent, NOW).expect("valid");
    }
}

#[test]
fn a_flood_of_branches_is_shed_from_the_least_work() {
    let mut side = SideBranches::default();
    let mut tree = mine::regtest_tree();
    let headers = mine::extend(&mut tree, 12);
    // Three branches on one block: of one, three and five headers.
    let below = headers[0].work();
    for (salt, length) in [(1, 1), (2, 3), (3, 5)] {
        let mut height = Height::new(1);
        let mut work = below;
        for header in mine::branch(&headers[0], length, salt) {
            (height, work) = (height.next(), work + header.work());
            side.insert(header.block_hash(), header, height, work);
        }
    }
    let kept = |side: &SideBranches, salt, length| {
        let branch = mine::branch(&headers[0], length, salt);
        branch.iter().filter(|header| side.get(&header.block_hash()).is_some()).count()
    };
    side.shed(6, None);
    assert_eq!((kept(&side, 1, 1), kept(&side, 2, 3), kept(&side, 3, 5)), (0, 1, 5));
    side.shed(2, None);
    assert_eq!((kept(&side, 2, 3), kept(&side, 3, 5)), (0, 2), "from the end, never a gap");
}

#[test]
fn a_header_takes_less_than_a_hundred_bytes() {
    let mut tree = mine::regtest_tree();
    mine::extend(&mut tree, 60_000);
    // The table reports its own size; a vector and a few marks are the rest.
    let bytes = tree.best.capacity() * size_of::<Header>()
        + tree.index.allocation_size()
        + tree.work_marks.capacity() * size_of::<Work>();
    // At this length the table is as empty as it ever is: a power of two is just passed.
    assert!(bytes / 60_000 <= 100, "{} bytes a header", bytes / 60_000);
}

/// The rules as the BIPs and Bitcoin Core's documentation state them, over whole vectors.
fn model_bits(params: &Params, chain: &[Header], time: u32) -> CompactTarget {
    let interval = params.retarget_interval as usize;
    let last = chain.last().expect("genesis");
    let limit = params.pow_limit.to_compact_lossy();
    if !chain.len().is_multiple_of(interval) {
        if !params.min_difficulty_blocks {
            return last.bits;
        }
        if time > last.time + 2 * params.block_spacing {
            return limit;
        }
        let mut i = chain.len() - 1;
        while !i.is_multiple_of(interval) && chain[i].bits == limit {
            i -= 1;
        }
        return chain[i].bits;
    }
    if !params.retargets {
        return last.bits;
    }
    let first = &chain[chain.len() - interval];
    let aim = i64::from(params.retarget_interval * params.block_spacing);
    let took = (i64::from(last.time) - i64::from(first.time)).clamp(aim / 4, aim * 4);
    let old = Target::from_compact(if params.bip94 { first.bits } else { last.bits });
    // Targets here have few bits set, so 128 bits hold what is left after a common shift.
    let high = u128::from_be_bytes(old.to_be_bytes()[..16].try_into().expect("16 bytes"));
    let took = u128::try_from(took).expect("positive");
    let aim = u128::try_from(aim).expect("positive");
    let scaled = (high >> 32) * took / aim;
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&(scaled << 32).to_be_bytes());
    if scaled >> 96 != 0 {
        return limit;
    }
    Target::from_be_bytes(bytes).min(params.pow_limit).to_compact_lossy()
}

fn model_accepts(params: &Params, chain: &[Header], header: &Header) -> bool {
    let mut times: Vec<u32> = chain.iter().rev().take(11).map(|header| header.time).collect();
    times.sort_unstable();
    let warps = params.bip94
        && chain.len().is_multiple_of(params.retarget_interval as usize)
        && header.time + 600 < chain.last().expect("genesis").time;
    header.bits == model_bits(params, chain, header.time)
        && header.target().is_met_by(header.block_hash())
        && header.time > times[times.len() / 2]
        && !warps
}

/// Short periods at regtest's difficulty, so that a test can mine through many of them.
fn short_periods(min_difficulty_blocks: bool, bip94: bool) -> Params {
    Params {
        retarget_interval: 8,
        retargets: true,
        min_difficulty_blocks,
        bip94,
        ..Params::regtest()
    }
}

/// A branch from genesis that never shows enough work, so that all of it is only weighed.
fn presync_of(tree: &HeaderTree) -> Presync {
    let all = Work::from_be_bytes([0xff; 32]);
    Presync::begin(tree, tree.base(), all, &mut ChaCha12Rng::from_seed([1; 32]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn agrees_with_the_model_on_difficulty_and_time(
        min_difficulty_blocks in any::<bool>(),
        bip94 in any::<bool>(),
        steps in prop::collection::vec((-1800_i64..3000, 0_u8..12), 1..80),
    ) {
        let params = short_periods(min_difficulty_blocks, bip94);
        let base = Anchor::genesis(&params);
        let mut tree = HeaderTree::new(params.clone(), base);
        let mut chain = vec![params.genesis];
        for (step, twist) in steps {
            let last = *chain.last().expect("genesis");
            let time = u32::try_from((i64::from(last.time) + step).max(0)).expect("in range");
            let mut bits = model_bits(&params, &chain, time);
            if twist == 0 {
                bits = CompactTarget::from_consensus(bits.to_consensus() - 1);
            }
            // Mining a thousand times as hard as at the start is enough for a test.
            if Target::from_compact(bits) < Target::from_compact(CompactTarget::from_consensus(0x1f20_0000)) {
                break;
            }
            let header = mine::header(last.block_hash(), time, bits, twist);
            let taken = tree.insert(header, NOW).is_ok();
            prop_assert_eq!(taken, model_accepts(&params, &chain, &header));
            if taken {
                chain.push(header);
            }
        }
    }

    /// Mainnet and signet, testnet3, testnet4, regtest.
    #[test]
    fn agrees_with_the_model_on_branches_of_every_network(
        shape in 0_usize..4,
        steps in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_u8..4, -1800_i64..3000, 0_u8..16),
            1..80,
        ),
    ) {
        let params = match shape {
            0 => short_periods(false, false),
            1 => short_periods(true, false),
            2 => short_periods(true, true),
            _ => Params { retarget_interval: 8, ..Params::regtest() },
        };
        let base = Anchor::genesis(&params);
        let mut tree = HeaderTree::new(params.clone(), base);
        let mut chains = vec![vec![params.genesis]];
        let mut best = (params.genesis.work(), params.genesis.block_hash());
        for (salt, (step, newest, later, twist)) in (0_u8..).zip(steps) {
            // Mostly on top of what came last, so that periods end.
            let on = if newest > 0 { chains.len() - 1 } else { step.index(chains.len()) };
            let mut chain = chains[on].clone();
            let last = *chain.last().expect("genesis");
            let time = u32::try_from((i64::from(last.time) + later).max(0)).expect("in range");
            let mut bits = model_bits(&params, &chain, time);
            match twist {
                0 => bits = CompactTarget::from_consensus(bits.to_consensus() - 1),
                1 => bits = params.pow_limit.to_compact_lossy(),
                2 => bits = last.bits,
                _ => {}
            }
            if Target::from_compact(bits) < Target::from_compact(CompactTarget::from_consensus(0x1f20_0000)) {
                continue;
            }
            let header = mine::header(last.block_hash(), time, bits, salt);
            let good = model_accepts(&params, &chain, &header);
            prop_assert_eq!(tree.insert(header, NOW).is_ok(), good);
            let mut presync = presync_of(&tree);
            let branch: Vec<Header> = chain[1..].iter().copied().chain([header]).collect();
            prop_assert_eq!(presync.take(&branch, tree.tip_work(), NOW).is_ok(), good);
            if good {
                chain.push(header);
                let work = chain.iter().skip(1).fold(chain[0].work(), |sum, h| sum + h.work());
                if work > best.0 {
                    best = (work, header.block_hash());
                }
                chains.push(chain);
            }
            prop_assert_eq!((tree.tip_work(), tree.tip().hash), best);
        }
    }

    #[test]
    fn agrees_with_the_model_on_forks(steps in prop::collection::vec(any::<prop::sample::Index>(), 1..120)) {
        let mut tree = mine::regtest_tree();
        let base = Anchor::genesis(tree.params());
        let genesis = tree.params().genesis;
        // All headers by hash, with their heights; the first of the highest is best.
        let mut known = vec![genesis];
        let mut heights = HashMap::from([(genesis.block_hash(), 0_u32)]);
        let mut best = (0, genesis.block_hash());
        let mut stored: Vec<Header> = Vec::new();
        for (salt, step) in steps.iter().enumerate() {
            let parent = known[step.index(known.len())];
            let salt = u8::try_from(salt).expect("few");
            let header = mine::header(parent.block_hash(), parent.time + 1, parent.bits, salt);
            let height = heights[&parent.block_hash()] + 1;
            let inserted = tree.insert(header, NOW).expect("valid");
            known.push(header);
            heights.insert(header.block_hash(), height);
            if height > best.0 {
                best = (height, header.block_hash());
            }
            prop_assert_eq!(tree.tip(), BlockId::new(Height::new(best.0), best.1));
            // What a store would do with what is said.
            match inserted {
                Inserted::Extended => stored.push(header),
                Inserted::Reorganised { fork } => {
                    stored.truncate(fork.height.to_usize());
                    let above = fork.height.next().to_u32()..=tree.tip().height.to_u32();
                    stored.extend(above.filter_map(|h| tree.header_at(Height::new(h)).copied()));
                }
                Inserted::Known | Inserted::Side => {}
            }
        }
        let restored = HeaderTree::restored(tree.params().clone(), base, stored);
        prop_assert_eq!((restored.tip(), restored.tip_work()), (tree.tip(), tree.tip_work()));
        for (hash, height) in &heights {
            prop_assert_eq!(tree.find(hash), Some(BlockId::new(Height::new(*height), *hash)));
            prop_assert!(tree.is_best(tree.fork_of(hash).expect("known")));
        }
    }
}
