//! Owns `Presync`: the weighing of a branch whose work is not known to be enough, in little memory.
//!
//! A peer sends such a branch twice, as in Bitcoin Core (PR 25717). The first time every rule is
//! checked and nothing is kept but one bit, salted and secret, of every 600th header. If the branch
//! turns out to have the work, it is sent again, and must give the same bits before any of it is
//! released to the tree. Refuses to hold headers of a branch that has not been proven worth it.

use std::collections::VecDeque;

use bitcoin::BlockHash;
use bitcoin::block::Header;
use bitcoin::hashes::{Hash as _, siphash24};
use bitcoin::pow::Work;
use rand_chacha::rand_core::RngCore;

use crate::chain::anchor::Anchor;
use crate::chain::header_tree::HeaderTree;
use crate::chain::rules::{self, HeaderError};
use crate::chain::work::{Ancestor, WorkMemo};
use crate::height::{BlockId, Height};
use crate::limits::{
    COMMITMENT_PERIOD, MAX_COMMITMENTS, MAX_SIDE_HEADERS, MEDIAN_TIME_SPAN, PRESYNC_BUFFER,
};
use crate::params::Params;
use crate::time::WallTime;

/// One branch that is weighed.
#[derive(Debug)]
pub(crate) struct Presync {
    params: Params,
    anchor: Anchor,
    start: Tail,
    /// The work that the branch must show.
    needed: Work,
    salt: Salt,
    commitments: Bits,
    pass: Pass,
}

/// How often the branch is being sent.
#[derive(Debug)]
enum Pass {
    First(Tail),
    Second(Second),
}

/// The second time.
#[derive(Debug)]
struct Second {
    /// Its end so far; its ancestors are not looked at, for the tree checks every rule.
    tip: BlockId,
    work: Work,
    held: VecDeque<Header>,
    /// Bits that were compared.
    compared: usize,
    /// All that is needed was sent again.
    proven: bool,
}

/// Why a branch is not weighed any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A header breaks a rule.
    Header(HeaderError),
    /// Headers don't follow each other.
    Gap,
    /// The second time other headers came than the first time.
    OtherBranch,
    /// It has more headers than are counted.
    TooLong,
}

impl Presync {
    /// Begins to weigh a branch on a block of the tree: it must have `needed` work.
    pub(crate) fn begin(
        tree: &HeaderTree,
        start: BlockId,
        needed: Work,
        rng: &mut impl RngCore,
    ) -> Self {
        let start = Tail::of(tree, start);
        Self {
            params: tree.params().clone(),
            anchor: *tree.anchor(),
            needed,
            salt: Salt::draw(rng),
            commitments: Bits::default(),
            pass: Pass::First(start.clone()),
            start,
        }
    }

    /// Where the branch leaves the tree.
    pub(crate) const fn start(&self) -> BlockId {
        self.start.tip
    }

    /// The header after which it goes on.
    pub(crate) const fn tip(&self) -> BlockId {
        match &self.pass {
            Pass::First(tail) => tail.tip,
            Pass::Second(second) => second.tip,
        }
    }

    /// Whether it has shown its work and is sent again.
    pub(crate) const fn is_second(&self) -> bool {
        matches!(self.pass, Pass::Second(_))
    }

    /// Whether all of it that is needed was sent again and released.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.pass, Pass::Second(Second { proven: true, .. }))
    }

    /// Takes the headers that follow and returns those that are proven. `best` is the work of the
    /// best branch: a branch that is longer than side branches may be must have more.
    ///
    /// # Errors
    /// [`Stop`]; the branch is of no more use then.
    pub(crate) fn take(
        &mut self,
        headers: &[Header],
        best: Work,
        now: WallTime,
    ) -> Result<Vec<Header>, Stop> {
        match &mut self.pass {
            Pass::First(_) => self.weigh(headers, best, now).map(|()| Vec::new()),
            Pass::Second(second) => {
                second.take(headers, self.needed, self.salt, &self.commitments)?;
                Ok(second.release())
            }
        }
    }

    fn weigh(&mut self, headers: &[Header], best: Work, now: WallTime) -> Result<(), Stop> {
        let Pass::First(tail) = &mut self.pass else { return Ok(()) };
        for header in headers {
            let hash = tail.push(&self.params, &self.anchor, header, now)?;
            if let Some(bit) = self.salt.commitment(tail.tip.height, hash)
                && !self.commitments.push(bit)
            {
                return Err(Stop::TooLong);
            }
            let length = tail.tip.height.above(self.start.tip.height) as usize;
            if tail.work >= self.needed && (length <= MAX_SIDE_HEADERS || tail.work > best) {
                self.needed = tail.work;
                self.pass = Pass::Second(Second::after(&self.start));
                break;
            }
        }
        Ok(())
    }
}

impl Second {
    fn after(start: &Tail) -> Self {
        let (tip, work) = (start.tip, start.work);
        Self { tip, work, held: VecDeque::new(), compared: 0, proven: false }
    }

    fn take(
        &mut self,
        headers: &[Header],
        needed: Work,
        salt: Salt,
        commitments: &Bits,
    ) -> Result<(), Stop> {
        let mut works = WorkMemo::default();
        for header in headers {
            let hash = header.block_hash();
            if header.prev_blockhash != self.tip.hash {
                return Err(Stop::Gap);
            }
            // Only met targets count as work.
            if !header.target().is_met_by(hash) {
                return Err(Stop::Header(HeaderError::ProofOfWork));
            }
            self.tip = BlockId::new(self.tip.height.next(), hash);
            self.work = self.work + works.of(header);
            if !self.proven
                && let Some(bit) = salt.commitment(self.tip.height, hash)
            {
                if commitments.get(self.compared) != Some(bit) {
                    return Err(Stop::OtherBranch);
                }
                self.compared += 1;
            }
            // What the peer's chain grew by since is not compared.
            self.proven |= self.work >= needed;
            self.held.push_back(*header);
        }
        Ok(())
    }

    /// The headers that enough bits stand behind.
    fn release(&mut self) -> Vec<Header> {
        let kept = if self.proven { 0 } else { PRESYNC_BUFFER };
        let ready = self.held.len().saturating_sub(kept);
        self.held.drain(..ready).collect()
    }
}

/// The end of a branch, with as much of what is below as the rules look at.
#[derive(Debug, Clone)]
struct Tail {
    tip: BlockId,
    work: Work,
    works: WorkMemo,
    /// Oldest first.
    ancestors: VecDeque<Ancestor>,
}

impl Tail {
    fn of(tree: &HeaderTree, tip: BlockId) -> Self {
        let mut ancestors: VecDeque<Ancestor> =
            tree.ancestors(tip.hash).take(span(tree.params())).collect();
        ancestors.make_contiguous().reverse();
        let work = tree.work_of(&tip.hash).unwrap_or(tree.anchor().work);
        Self { tip, work, works: WorkMemo::default(), ancestors }
    }

    fn push(
        &mut self,
        params: &Params,
        anchor: &Anchor,
        header: &Header,
        now: WallTime,
    ) -> Result<BlockHash, Stop> {
        if header.prev_blockhash != self.tip.hash {
            return Err(Stop::Gap);
        }
        let hash = header.block_hash();
        let line = || self.ancestors.iter().rev().copied();
        rules::check(params, anchor, header, hash, line, now).map_err(Stop::Header)?;
        let height = self.tip.height.next();
        self.tip = BlockId::new(height, hash);
        self.work = self.work + self.works.of(header);
        if self.ancestors.len() == span(params) {
            self.ancestors.pop_front();
        }
        self.ancestors.push_back(Ancestor { height, time: header.time, bits: header.bits });
        Ok(hash)
    }
}

/// How many ancestors the rules look at.
fn span(params: &Params) -> usize {
    MEDIAN_TIME_SPAN.max(params.retarget_interval as usize)
}

/// Which headers are committed to, and how their bit comes about. A peer that knew either could
/// make other headers with the same bits.
#[derive(Debug, Clone, Copy)]
struct Salt {
    keys: [u64; 2],
    offset: u32,
}

impl Salt {
    fn draw(rng: &mut impl RngCore) -> Self {
        let keys = [rng.next_u64(), rng.next_u64()];
        Self { keys, offset: rng.next_u32() % COMMITMENT_PERIOD }
    }

    fn commitment(self, height: Height, hash: BlockHash) -> Option<bool> {
        let [first, second] = self.keys;
        let hashed = || {
            siphash24::Hash::hash_to_u64_with_keys(first, second, &hash.to_byte_array()) & 1 == 1
        };
        (height.to_u32() % COMMITMENT_PERIOD == self.offset).then(hashed)
    }
}

/// Bits in the order in which they came.
#[derive(Debug, Default)]
struct Bits {
    words: Vec<u64>,
    length: usize,
}

impl Bits {
    /// Adds a bit; whether there was room.
    fn push(&mut self, bit: bool) -> bool {
        if self.length == MAX_COMMITMENTS {
            return false;
        }
        if self.length.is_multiple_of(64) {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= u64::from(bit) << (self.length % 64);
        }
        self.length += 1;
        true
    }

    fn get(&self, index: usize) -> Option<bool> {
        let word = self.words.get(index / 64).filter(|_| index < self.length)?;
        Some(word >> (index % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests;
