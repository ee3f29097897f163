//! Owns `HeaderTree`: every header that is worth knowing, and which branch of them is best.
//!
//! The best branch is a vector of 80-byte headers with a table of 4-byte indices, about 95 bytes a
//! header: a header's hash is not stored, its child names it. Branches that lost lie in a bounded
//! map. Refuses headers that break a rule, and refuses to hash again what a store gives back.

mod refusal;

use bitcoin::BlockHash;
use bitcoin::block::Header;
use bitcoin::hashes::Hash as _;
use bitcoin::pow::{Target, Work};
use hashbrown::HashTable;

use crate::chain::anchor::Anchor;
use crate::chain::rules::{self, HeaderError};
use crate::chain::side_branches::SideBranches;
use crate::chain::work::{Ancestor, WorkMemo};
use crate::height::{BlockId, Height};
use crate::limits::{MAX_SIDE_HEADERS, NEAR_TIP};
use crate::params::Params;
use crate::time::WallTime;

/// A tree of valid headers above one anchor.
#[derive(Debug, Clone)]
pub struct HeaderTree {
    params: Params,
    base: Anchor,
    /// The best branch; `best[i]` has height `base + 1 + i`.
    best: Vec<Header>,
    /// Indices into `best` by block hash.
    index: HashTable<u32>,
    tip: BlockId,
    tip_work: Work,
    /// `work_marks[i]` is the work of the chain below `best[i * WORK_MARK_SPACING]`.
    work_marks: Vec<Work>,
    side: SideBranches,
    /// The end of the one branch that may be longer than side branches are: it was proven to
    /// have more work than the best one before any of it came in.
    spared: Option<BlockHash>,
    works: WorkMemo,
}

/// What became of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It was known.
    Known,
    /// It is the new tip on top of the old one.
    Extended,
    /// It is on a branch that has not more work than the best one.
    Side,
    /// Its branch is the best one now.
    Reorganised {
        /// The last block that the old and the new best branch share.
        fork: BlockId,
    },
}

impl HeaderTree {
    /// A tree that knows the anchor only.
    #[must_use]
    pub fn new(params: Params, base: Anchor) -> Self {
        Self {
            params,
            base,
            best: Vec::new(),
            index: HashTable::new(),
            tip: base.block,
            tip_work: base.work,
            work_marks: Vec::new(),
            side: SideBranches::default(),
            spared: None,
            works: WorkMemo::default(),
        }
    }

    /// A tree whose best branch is what a store kept, without gaps from the base on.
    ///
    /// The store vouches for its bytes with checksums. Each header names the one before it, so
    /// only the tip is hashed; it must meet its target, and the first must stand on the base.
    #[must_use]
    pub fn restored(params: Params, base: Anchor, mut headers: Vec<Header>) -> Self {
        let mut tree = Self::new(params, base);
        headers.truncate(sound_length(&headers, base.block.hash));
        let count = u32::try_from(headers.len()).unwrap_or(u32::MAX);
        let Some(last) = headers.last() else { return tree };
        tree.tip = BlockId::new(base.block.height.up(count), last.block_hash());
        tree.best = headers;
        tree.index.reserve(tree.best.len(), |_| 0);
        let mut works = WorkMemo::default();
        for (index, place) in (0..count).zip(0_usize..) {
            if place.is_multiple_of(WORK_MARK_SPACING) {
                tree.work_marks.push(tree.tip_work);
            }
            tree.tip_work = tree.tip_work + works.of(&tree.best[place]);
            // There is room for all, so none is hashed again.
            tree.index.insert_unique(table_key(&tree.hash_of(place)), index, |_| 0);
        }
        tree
    }

    /// The network's rules.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// Where the tree begins.
    #[must_use]
    pub const fn base(&self) -> BlockId {
        self.base.block
    }

    /// The trusted start with all that is known of it.
    #[must_use]
    pub const fn anchor(&self) -> &Anchor {
        &self.base
    }

    /// The end of the best branch.
    #[must_use]
    pub const fn tip(&self) -> BlockId {
        self.tip
    }

    /// The work of the best branch, from genesis.
    #[must_use]
    pub const fn tip_work(&self) -> Work {
        self.tip_work
    }

    /// The block at `height` on the best branch, from the base to the tip.
    #[must_use]
    pub fn block_at(&self, height: Height) -> Option<BlockId> {
        if height == self.base.block.height {
            return Some(self.base.block);
        }
        let index = self.index_of(height)?;
        (index < self.best.len()).then(|| BlockId::new(height, self.hash_of(index)))
    }

    /// The header at `height` on the best branch, above the base.
    #[must_use]
    pub fn header_at(&self, height: Height) -> Option<&Header> {
        self.best.get(self.index_of(height)?)
    }

    /// The time of the block at `height` on the best branch; of the base only when it is known.
    #[must_use]
    pub fn time_at(&self, height: Height) -> Option<WallTime> {
        if height == self.base.block.height {
            return self.base.time;
        }
        self.header_at(height).map(|header| WallTime::new(header.time.into()))
    }

    /// Whether a block is on the best branch.
    #[must_use]
    pub fn is_best(&self, block: BlockId) -> bool {
        self.block_at(block.height) == Some(block)
    }

    /// A known block, on whatever branch.
    #[must_use]
    pub fn find(&self, hash: &BlockHash) -> Option<BlockId> {
        let height = match self.place(hash)? {
            Place::Best(height) => height,
            Place::Side => self.side.get(hash)?.height,
        };
        Some(BlockId::new(height, *hash))
    }

    /// The work of the chain that ends in a known block.
    #[must_use]
    pub fn work_of(&self, hash: &BlockHash) -> Option<Work> {
        match self.place(hash)? {
            Place::Best(height) => Some(self.work_at(height)),
            Place::Side => self.side.get(hash).map(|side| side.work),
        }
    }

    /// The last block on the best branch below or at a known block.
    #[must_use]
    pub fn fork_of(&self, hash: &BlockHash) -> Option<BlockId> {
        let mut hash = *hash;
        loop {
            match self.place(&hash)? {
                Place::Best(height) => return Some(BlockId::new(height, hash)),
                Place::Side => hash = self.side.get(&hash)?.header.prev_blockhash,
            }
        }
    }

    /// Takes a header that keeps every rule.
    ///
    /// # Errors
    /// [`HeaderError`] with the rule that it breaks; the tree is as before.
    pub fn insert(&mut self, header: Header, now: WallTime) -> Result<Inserted, HeaderError> {
        let hash = header.block_hash();
        if self.place(&hash).is_some() {
            self.spare_next(header.prev_blockhash, hash);
            return Ok(Inserted::Known);
        }
        if self.side.is_refused(&hash) {
            return Err(HeaderError::Refused);
        }
        if self.side.is_doubted(&hash) {
            return Err(HeaderError::Doubted);
        }
        if self.place(&header.prev_blockhash).is_none() {
            return Err(HeaderError::UnknownParent);
        }
        let line = || self.ancestors(header.prev_blockhash);
        rules::check(&self.params, &self.base, &header, hash, line, now)?;
        if header.prev_blockhash == self.tip.hash {
            self.push(header, hash);
            return Ok(Inserted::Extended);
        }
        let parent = self.find(&header.prev_blockhash).ok_or(HeaderError::UnknownParent)?;
        let below = self.work_of(&parent.hash).ok_or(HeaderError::UnknownParent)?;
        let work = below + header.work();
        self.side.insert(hash, header, parent.height.next(), work);
        self.spare_next(header.prev_blockhash, hash);
        if work > self.tip_work {
            let fork = self.reorganise(hash);
            self.side.shed(MAX_SIDE_HEADERS, self.spared);
            return Ok(Inserted::Reorganised { fork });
        }
        self.side.shed(MAX_SIDE_HEADERS, self.spared);
        self.side.get(&hash).map(|_| Inserted::Side).ok_or(HeaderError::Crowded)
    }

    /// From here on the branch that grows from this block may be longer than side branches are,
    /// until it is the best one or another is spared. `None`: no branch may.
    pub(crate) fn spare(&mut self, from: Option<BlockHash>) {
        self.spared = from;
        self.side.shed(MAX_SIDE_HEADERS, from);
    }

    /// The spared branch goes on.
    fn spare_next(&mut self, parent: BlockHash, hash: BlockHash) {
        if self.spared == Some(parent) {
            self.spared = Some(hash);
        }
    }

    /// The least work of a branch that is worth keeping: what a chain of this network has at
    /// least, and not over 144 blocks less than the best branch (as in Bitcoin Core).
    #[must_use]
    pub fn least_work(&self) -> Work {
        let bits = self.best.last().map_or(self.base.next_bits, |header| header.bits);
        let block = Target::from_compact(bits).to_work();
        let day = (1..NEAR_TIP).fold(block, |sum, _| sum + block);
        let least = self.params.minimum_chain_work;
        if day < self.tip_work { least.max(self.tip_work - day) } else { least }
    }

    /// Ancestors from a known block downwards, the base included when its time is known.
    pub(crate) fn ancestors(&self, from: BlockHash) -> impl Iterator<Item = Ancestor> + '_ {
        let mut next = self.place(&from).map(|place| (place, from));
        std::iter::from_fn(move || {
            let (place, hash) = next?;
            let (height, header) = match place {
                Place::Best(height) if height == self.base.block.height => {
                    next = None;
                    let time = u32::try_from(self.base.time?.to_unix()).ok()?;
                    return Some(Ancestor { height, time, bits: self.base.next_bits });
                }
                Place::Best(height) => (height, self.header_at(height)?),
                Place::Side => self.side.get(&hash).map(|side| (side.height, &side.header))?,
            };
            let parent = header.prev_blockhash;
            next = match place {
                Place::Best(_) => height.prev().map(|below| (Place::Best(below), parent)),
                Place::Side => self.place(&parent).map(|place| (place, parent)),
            };
            Some(Ancestor { height, time: header.time, bits: header.bits })
        })
    }

    fn place(&self, hash: &BlockHash) -> Option<Place> {
        if *hash == self.base.block.hash {
            return Some(Place::Best(self.base.block.height));
        }
        match self.index.find(table_key(hash), |i| self.hash_of(*i as usize) == *hash) {
            Some(index) => Some(Place::Best(self.base.block.height.up(index + 1))),
            None => self.side.get(hash).map(|_| Place::Side),
        }
    }

    /// The place of a height in `best`; beyond its end for heights above the tip.
    fn index_of(&self, height: Height) -> Option<usize> {
        let above = height.to_u32().checked_sub(self.base.block.height.next().to_u32())?;
        Some(above as usize)
    }

    /// A header is named by its child; the last one by the tip.
    fn hash_of(&self, index: usize) -> BlockHash {
        self.best.get(index + 1).map_or(self.tip.hash, |child| child.prev_blockhash)
    }

    /// The work of the best branch up to and with `height`.
    fn work_at(&self, height: Height) -> Work {
        let Some(index) = self.index_of(height) else { return self.base.work };
        if index + 1 >= self.best.len() {
            return self.tip_work;
        }
        let mark = index / WORK_MARK_SPACING;
        let mut works = WorkMemo::default();
        self.best[mark * WORK_MARK_SPACING..=index]
            .iter()
            .fold(self.work_marks[mark], |sum, header| sum + works.of(header))
    }

    /// Puts a checked header on top of the best branch.
    fn push(&mut self, header: Header, hash: BlockHash) {
        debug_assert_eq!(header.prev_blockhash, self.tip.hash);
        let index = u32::try_from(self.best.len()).expect("heights are 32 bits");
        if self.best.len().is_multiple_of(WORK_MARK_SPACING) {
            self.work_marks.push(self.tip_work);
        }
        if self.best.len() == self.best.capacity() {
            // Doubling would leave half of a long chain's memory unused.
            self.best.reserve_exact(self.best.len() / 16 + 1024);
        }
        self.tip_work = self.tip_work + self.works.of(&header);
        self.best.push(header);
        self.tip = BlockId::new(self.tip.height.next(), hash);
        let (best, tip) = (&self.best, self.tip.hash);
        self.index.insert_unique(table_key(&hash), index, |i| {
            table_key(&best.get(*i as usize + 1).map_or(tip, |child| child.prev_blockhash))
        });
    }

    /// Takes the best branch back to `fork` and returns what stood above it, lowest first.
    fn pop_above(&mut self, fork: BlockId) -> Vec<Header> {
        let keep = self.index_of(fork.height.next()).expect("the fork is not below the base");
        for index in keep..self.best.len() {
            let hash = self.hash_of(index);
            let found = self.index.find_entry(table_key(&hash), |i| *i as usize == index);
            found.expect("every header of the best branch is in the table").remove();
        }
        let work = self.work_at(fork.height);
        let popped = self.best.split_off(keep);
        self.work_marks.truncate(keep.div_ceil(WORK_MARK_SPACING));
        self.tip = fork;
        self.tip_work = work;
        popped
    }

    /// Makes the side branch that ends in `tip` the best one; what it replaces becomes a side
    /// branch. Returns the fork.
    fn reorganise(&mut self, tip: BlockHash) -> BlockId {
        let fork = self.fork_of(&tip).expect("the new tip is known");
        let branch = self.side.take_branch(tip);
        self.spared = None;
        let old_tip = self.tip;
        let mut work = self.work_at(fork.height);
        let mut works = WorkMemo::default();
        let popped = self.pop_above(fork);
        for (i, header) in popped.iter().enumerate() {
            let hash = popped.get(i + 1).map_or(old_tip.hash, |child| child.prev_blockhash);
            let above = u32::try_from(i + 1).expect("heights are 32 bits");
            work = work + works.of(header);
            self.side.insert(hash, *header, fork.height.up(above), work);
        }
        for (header, hash) in branch {
            self.push(header, hash);
        }
        self.side.recount();
        fork
    }
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Best(Height),
    Side,
}

/// How many headers share one stored sum of work.
const WORK_MARK_SPACING: usize = 1024;

/// The low bytes of a block hash are as good as random: its miner searched only the high ones.
fn table_key(hash: &BlockHash) -> u64 {
    let bytes = hash.to_byte_array();
    u64::from_le_bytes(bytes[..8].try_into().expect("8 of 32 bytes"))
}

/// How many of the stored headers to take: none that don't begin at `base`, none after the last
/// with proof of work.
fn sound_length(headers: &[Header], base: BlockHash) -> usize {
    if headers.first().is_none_or(|first| first.prev_blockhash != base) {
        return 0;
    }
    let solved = |header: &Header| header.target().is_met_by(header.block_hash());
    headers.iter().rposition(solved).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests;
