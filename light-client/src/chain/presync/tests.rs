//! Branches that have the work, that don't, and that change between the two times they are sent.

use std::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::*;
use crate::chain::mine::{self, NOW};
use crate::limits::MAX_HEADERS;

/// A presync on the tree's base that wants the work of so many blocks.
fn begin(tree: &HeaderTree, blocks: u32) -> Presync {
    let block = tree.params().genesis.work();
    let needed = (0..blocks).fold(block, |sum, _| sum + block);
    Presync::begin(tree, tree.base(), needed, &mut ChaCha12Rng::from_seed([3; 32]))
}

/// Sends a branch from where the presync is, in full messages, until it asks for the second pass
/// or is done; returns what was released.
fn send(presync: &mut Presync, branch: &[Header], best: Work) -> Result<Vec<Header>, Stop> {
    let was_second = presync.is_second();
    let mut released = Vec::new();
    for headers in branch.chunks(MAX_HEADERS) {
        released.extend(presync.take(headers, best, NOW)?);
        if presync.is_second() != was_second || presync.is_done() {
            break;
        }
    }
    Ok(released)
}

#[test]
fn a_branch_with_the_work_is_released_the_second_time_it_is_sent() {
    let tree = mine::regtest_tree();
    let branch = mine::branch(&tree.params().genesis, 21_000, 1);
    let mut presync = begin(&tree, 20_000);
    assert_eq!(send(&mut presync, &branch[..18_000], tree.tip_work()), Ok(Vec::new()));
    assert!(!presync.is_second(), "it has too little work so far");
    assert_eq!(send(&mut presync, &branch[18_000..], tree.tip_work()), Ok(Vec::new()));
    assert!(presync.is_second() && presync.tip() == tree.base(), "from the beginning again");
    for (count, headers) in (1..).zip(branch.chunks(MAX_HEADERS)) {
        let released = presync.take(headers, tree.tip_work(), NOW).expect("the same branch");
        let sent = count * MAX_HEADERS;
        if sent <= PRESYNC_BUFFER {
            assert_eq!(released, []);
        } else if sent < 20_000 {
            let all = sent - PRESYNC_BUFFER;
            let before = all.saturating_sub(MAX_HEADERS);
            assert_eq!(released, branch[before..all], "what bits further up stand behind");
        }
    }
    assert!(presync.is_done());
}

#[test]
fn weighing_a_branch_takes_a_bit_of_six_hundred_headers() {
    let tree = mine::regtest_tree();
    let branch = mine::branch(&tree.params().genesis, 30_000, 1);
    let mut presync = begin(&tree, 40_000);
    send(&mut presync, &branch, tree.tip_work()).expect("valid");
    let Pass::First(tail) = &presync.pass else { unreachable!("too little work") };
    assert_eq!((presync.commitments.length, presync.commitments.words.len()), (50, 1));
    assert_eq!(tail.ancestors.len(), 2016, "a period, for the rules");
}

#[test]
fn other_headers_the_second_time_are_never_released() {
    let tree = mine::regtest_tree();
    let branch = mine::branch(&tree.params().genesis, 20_001, 1);
    let mut presync = begin(&tree, 20_000);
    send(&mut presync, &branch, tree.tip_work()).expect("valid");
    assert!(presync.is_second());
    // The true ones to begin with, then another branch with as much work.
    let other = mine::branch(&branch[5_999], 14_400, 2);
    assert_eq!(send(&mut presync, &branch[..6_000], tree.tip_work()), Ok(Vec::new()));
    assert_eq!(send(&mut presync, &other, tree.tip_work()), Err(Stop::OtherBranch));
}

#[test]
fn work_that_is_only_claimed_does_not_count() {
    let tree = mine::regtest_tree();
    let branch = mine::branch(&tree.params().genesis, 3_000, 1);
    // Hard bits, whose targets the hashes do not meet.
    let bits = bitcoin::CompactTarget::from_consensus(0x1b04_04cb);
    let claimed = Header { bits, ..branch[0] };
    let mut presync = begin(&tree, 2_999);
    let stop = presync.take(&[claimed], tree.tip_work(), NOW);
    assert!(matches!(stop, Err(Stop::Header(HeaderError::Bits { .. }))));
    let mut presync = begin(&tree, 2_999);
    send(&mut presync, &branch, tree.tip_work()).expect("valid");
    let stop = presync.take(&[claimed], tree.tip_work(), NOW);
    assert_eq!(stop, Err(Stop::Header(HeaderError::ProofOfWork)));
}

#[test]
fn every_rule_holds_while_a_branch_is_weighed() {
    let tree = mine::regtest_tree();
    let branch = mine::branch(&tree.params().genesis, 30, 1);
    let last = branch[29];
    let weigh = |header: Header| {
        let mut presync = begin(&tree, 1_000);
        send(&mut presync, &branch, tree.tip_work()).expect("valid");
        presync.take(&[header], tree.tip_work(), NOW)
    };
    let good = mine::header(last.block_hash(), last.time + 1, last.bits, 1);
    assert_eq!(weigh(good), Ok(Vec::new()));
    let old = mine::header(last.block_hash(), branch[24].time, last.bits, 1);
    assert_eq!(weigh(old), Err(Stop::Header(HeaderError::TooOld)));
    let late = u32::try_from(NOW.to_unix()).expect("32 bits") + 7201;
    let new = mine::header(last.block_hash(), late, last.bits, 1);
    assert_eq!(
        weigh(new),
        Err(Stop::Header(HeaderError::TooNew { from: NOW.after(Duration::from_secs(1)) }))
    );
    assert_eq!(weigh(branch[3]), Err(Stop::Gap));
}

#[test]
fn a_branch_above_an_anchor_is_weighed_from_its_next_bits_on() {
    let mut chain = mine::regtest_tree();
    let headers = mine::extend(&mut chain, 30);
    let anchor = Anchor {
        block: BlockId::new(Height::new(10), headers[9].block_hash()),
        time: None,
        next_bits: headers[9].bits,
        work: chain.work_of(&headers[9].block_hash()).expect("known"),
    };
    let tree = HeaderTree::new(chain.params().clone(), anchor);
    let mut presync = begin(&tree, 40);
    assert_eq!(send(&mut presync, &headers[10..], tree.tip_work()), Ok(Vec::new()));
    assert!(!presync.is_second());
    let next_bits = bitcoin::CompactTarget::from_consensus(0x207f_fffe);
    let strict = HeaderTree::new(chain.params().clone(), Anchor { next_bits, ..anchor });
    let stop = begin(&strict, 40).take(&headers[10..], strict.tip_work(), NOW);
    assert!(matches!(stop, Err(Stop::Header(HeaderError::Bits { .. }))));
}

#[test]
fn a_branch_that_is_longer_than_side_branches_may_be_must_beat_the_best() {
    let tree = mine::regtest_tree();
    let length = MAX_SIDE_HEADERS + 4_000;
    let branch = mine::branch(&tree.params().genesis, length, 1);
    let block = tree.params().genesis.work();
    let best = (1..length).fold(block, |sum, _| sum + block);
    let mut presync = begin(&tree, u32::try_from(MAX_SIDE_HEADERS).expect("small") + 10);
    let (first, last) = branch.split_at(length - 1);
    send(&mut presync, first, best).expect("valid");
    assert!(!presync.is_second(), "it has the work to be kept, but is too long to be");
    send(&mut presync, last, best).expect("valid");
    assert!(presync.is_second());
}
