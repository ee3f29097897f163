//! Long branches, and who leads while they are weighed.

use std::collections::BTreeMap;
use std::time::Duration;

use bitcoin::BlockHash;
use bitcoin::consensus::deserialize;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::pow::Work;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::*;
use crate::chain::anchor::Anchor;
use crate::chain::mine::{self, NOW};
use crate::dial::Wire;
use crate::io::Io;
use crate::limits::{MAX_BROKEN_PRESYNCS, MAX_HEADERS, MAX_SIDE_HEADERS, PRESYNC_TURN, RETRY_MAX};
use crate::output::Output;
use crate::params::Params;

/// Peers that answer every question for headers from the branch that they have.
struct Talks {
    sync: HeaderSync,
    tree: HeaderTree,
    outbox: Outbox,
    now: Now,
    rng: ChaCha12Rng,
    branches: BTreeMap<PeerId, Vec<Header>>,
    /// Who was asked, in order.
    asked: Vec<PeerId>,
    faults: Vec<Fault>,
    moves: Vec<Moved>,
}

impl Talks {
    fn new(tree: HeaderTree, branches: Vec<Vec<Header>>) -> Self {
        let mut outbox = Outbox::new(tree.params().magic);
        let mut sync = HeaderSync::default();
        let branches: BTreeMap<_, _> = (1..).map(PeerId::new).zip(branches).collect();
        for (peer, branch) in &branches {
            outbox.open(*peer, Wire::V1);
            sync.add(*peer, Height::new(u32::try_from(branch.len()).expect("short")));
        }
        let now = Now { mono: MonoTime::START, wall: NOW };
        let rng = ChaCha12Rng::from_seed([5; 32]);
        let (asked, faults, moves) = (Vec::new(), Vec::new(), Vec::new());
        Self { sync, tree, outbox, now, rng, branches, asked, faults, moves }
    }

    /// Answers one question; whether there was one.
    fn turn(&mut self) -> bool {
        self.sync.drive(self.now, &self.tree, &mut self.outbox);
        let Some(Output::Io(Io::Send { peer, bytes })) = self.outbox.pop() else { return false };
        let message: RawNetworkMessage = deserialize(&bytes).expect("a whole message");
        let NetworkMessage::GetHeaders(ask) = message.payload() else {
            unreachable!("nothing else is asked here");
        };
        self.asked.push(peer);
        let headers = answer(&self.branches[&peer], &ask.locator_hashes);
        let (tree, rng) = (&mut self.tree, &mut self.rng);
        let outcome = self.sync.on_headers(self.now, peer, &headers, tree, rng);
        self.faults.extend(outcome.fault);
        self.moves.extend(outcome.moved);
        true
    }

    fn settle(&mut self) {
        while self.turn() {}
    }

    fn pass(&mut self, wait: Duration) {
        self.now.mono = self.now.mono.after(wait);
    }
}

/// What a peer with this branch on genesis answers to a locator.
fn answer(branch: &[Header], locator: &[BlockHash]) -> Vec<Header> {
    let place = |hash: &BlockHash| {
        let child = branch.iter().position(|header| header.prev_blockhash == *hash);
        child.or_else(|| (branch.last()?.block_hash() == *hash).then_some(branch.len()))
    };
    let from = locator.iter().find_map(place).unwrap_or(0);
    branch[from..].iter().take(MAX_HEADERS).copied().collect()
}

/// A tree that believes nothing below the work of so many blocks.
fn tree_wanting(blocks: u32) -> HeaderTree {
    let mut params = Params::regtest();
    let block = params.genesis.work();
    params.minimum_chain_work = (0..blocks).fold(block, |sum, _| sum + block);
    let base = Anchor::genesis(&params);
    HeaderTree::new(params, base)
}

#[test]
fn a_branch_longer_than_what_is_held_of_side_branches_wins() {
    let mut tree = mine::regtest_tree();
    let genesis = tree.params().genesis;
    let length = MAX_SIDE_HEADERS + 3_000;
    mine::extend(&mut tree, length);
    let old_tip = tree.tip();
    let longer = mine::branch(&genesis, length + 1, 7);
    let mut talks = Talks::new(tree, vec![longer.clone()]);
    talks.settle();
    let end = longer.last().expect("long").block_hash();
    assert_eq!(talks.tree.tip().hash, end);
    assert_eq!(talks.moves, [Moved { fork: talks.tree.base(), old_tip }], "in one step");
    assert_eq!(talks.faults, []);
    assert_eq!(talks.sync.announced(PeerId::new(1)), Some(talks.tree.tip()));
}

#[test]
fn a_liar_with_a_long_branch_gives_way_to_others() {
    let genesis = Params::regtest().genesis;
    let forged = mine::branch(&genesis, 9_900, 1);
    let honest = mine::branch(&genesis, 10_100, 2);
    let mut talks = Talks::new(tree_wanting(10_000), vec![forged, honest.clone()]);
    // Each is asked once, then one leads.
    for _ in 0..3 {
        assert!(talks.turn());
    }
    let [.., leader] = talks.asked[..] else { unreachable!("three were asked") };
    assert_eq!(leader, PeerId::new(1), "the liar came first");
    assert_eq!(talks.sync.weighing().map(|weighing| weighing.again), Some(false));
    assert!(talks.turn());
    assert_eq!(talks.asked.last(), Some(&leader), "one at a time");
    talks.pass(PRESYNC_TURN);
    assert!(talks.turn());
    assert_eq!(talks.asked.last(), Some(&PeerId::new(2)), "its turn is over");
    talks.settle();
    let end = honest.last().expect("long").block_hash();
    assert_eq!(talks.tree.tip().hash, end);
    assert_eq!(talks.faults, []);
}

#[test]
fn who_never_stands_by_its_branch_is_left() {
    let genesis = Params::regtest().genesis;
    let branches = [mine::branch(&genesis, 4_100, 1), mine::branch(&genesis, 4_100, 2)];
    let mut talks = Talks::new(tree_wanting(4_000), vec![branches[0].clone()]);
    let peer = PeerId::new(1);
    for round in 1..=MAX_BROKEN_PRESYNCS {
        assert_eq!(talks.faults, []);
        while !talks.sync.weighing().is_some_and(|weighing| weighing.again) {
            assert!(talks.turn(), "it is weighed");
        }
        // Between the two times it is sent, and back again.
        talks.branches.insert(peer, branches[round as usize % 2].clone());
        let broken = talks.asked.len();
        while talks.sync.weighing().is_some() && talks.turn() {}
        assert!(talks.asked.len() > broken);
        talks.pass(RETRY_MAX);
    }
    assert_eq!(talks.faults, [Fault::NotServing], "which is no ban");
    assert_eq!(talks.tree.tip(), talks.tree.base());
}

#[test]
fn work_decides_what_is_weighed_first() {
    let mut tree = mine::regtest_tree();
    let headers = mine::extend(&mut tree, 1_000);
    let block = tree.params().genesis.work();
    let day = (1..144).fold(block, |sum, _| sum + block);
    let least: Work = tree.least_work();
    assert_eq!(least + day, tree.tip_work());
    // One short message near the tip is taken, one far below it is not.
    for (below, taken) in [(144, true), (160, false)] {
        let parent = &headers[1_000 - below - 1];
        let branch = mine::branch(parent, 10, 3);
        let mut talks = Talks::new(tree.clone(), vec![Vec::new()]);
        let (tree, rng) = (&mut talks.tree, &mut talks.rng);
        let outcome = talks.sync.on_headers(talks.now, PeerId::new(1), &branch, tree, rng);
        assert_eq!(outcome, Outcome::default());
        assert_eq!(talks.tree.find(&branch[9].block_hash()).is_some(), taken, "{below}");
    }
}

#[test]
fn new_blocks_may_be_announced_while_a_long_chain_is_loaded() {
    let genesis = Params::regtest().genesis;
    let branch = mine::branch(&genesis, 6_000, 1);
    let mut talks = Talks::new(tree_wanting(5_990), vec![branch.clone()]);
    assert!(talks.turn());
    for header in &branch[5_900..] {
        // As btcd does: with its header alone, whatever we know.
        let (tree, rng) = (&mut talks.tree, &mut talks.rng);
        let outcome = talks.sync.on_headers(talks.now, PeerId::new(1), &[*header], tree, rng);
        assert_eq!(outcome, Outcome::default());
    }
    talks.settle();
    assert_eq!(talks.tree.tip().hash, branch[5_999].block_hash());
}

#[test]
fn a_header_from_the_future_is_asked_for_when_it_counts_and_not_before() {
    let genesis = Params::regtest().genesis;
    let mut branch = mine::branch(&genesis, 10, 1);
    let last = branch[9];
    let time = u32::try_from(NOW.to_unix()).expect("32 bits") + 3 * 3600;
    branch.push(mine::header(last.block_hash(), time, last.bits, 1));
    let mut talks = Talks::new(mine::regtest_tree(), vec![branch]);
    talks.settle();
    assert_eq!((talks.tree.tip().hash, talks.sync.holds_too_new()), (last.block_hash(), true));
    // Two hours ahead are allowed.
    let counts = talks.now.mono.after(Duration::from_secs(3600));
    assert_eq!(talks.sync.next_due(talks.now), Some(counts));
    let asked = talks.asked.len();
    talks.pass(Duration::from_secs(3599));
    talks.now.wall = NOW.after(Duration::from_secs(3599));
    talks.settle();
    assert_eq!((talks.asked.len(), talks.sync.holds_too_new()), (asked, true));
    // The wall clock decides, which may be set right in between.
    talks.now.wall = NOW.after(Duration::from_secs(3600));
    talks.settle();
    assert_eq!((talks.tree.tip().height, talks.sync.holds_too_new()), (Height::new(11), false));
    assert_eq!(talks.sync.next_due(talks.now), None);
    assert_eq!(talks.faults, []);
}
