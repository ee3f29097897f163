//! Owns `SideBranches`: headers that are valid but not on the best branch, within a bound.
//!
//! Refuses to weigh them against the best branch; the header tree does that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bitcoin::BlockHash;
use bitcoin::block::Header;
use bitcoin::pow::Work;

use crate::height::Height;
use crate::limits::MAX_REFUSED;

/// Headers off the best branch.
#[derive(Debug, Clone, Default)]
pub(super) struct SideBranches {
    headers: BTreeMap<BlockHash, SideHeader>,
    /// The ends of the branches, the least work first.
    tips: BTreeSet<(Work, BlockHash)>,
    /// Blocks whose bodies were found to be invalid, the oldest first.
    refused: VecDeque<BlockHash>,
    /// Blocks that somebody takes for invalid.
    doubted: BTreeSet<BlockHash>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct SideHeader {
    pub(super) header: Header,
    pub(super) height: Height,
    /// The work of its whole chain.
    pub(super) work: Work,
    /// How many side headers stand on it.
    children: u32,
}

impl SideBranches {
    pub(super) fn get(&self, hash: &BlockHash) -> Option<&SideHeader> {
        self.headers.get(hash)
    }

    /// Whether a block was found to be invalid.
    pub(super) fn is_refused(&self, hash: &BlockHash) -> bool {
        self.refused.contains(hash)
    }

    /// A block was found to be invalid; `recount` must follow.
    pub(super) fn refuse(&mut self, hash: BlockHash) {
        if self.refused.len() >= MAX_REFUSED {
            self.refused.pop_front();
        }
        self.refused.push_back(hash);
        self.remove(&hash);
    }

    /// Whether somebody takes a block for invalid.
    pub(super) fn is_doubted(&self, hash: &BlockHash) -> bool {
        self.doubted.contains(hash)
    }

    /// Somebody takes a block for invalid; `recount` must follow.
    pub(super) fn doubt(&mut self, hash: BlockHash) {
        if self.doubted.len() < MAX_REFUSED {
            self.doubted.insert(hash);
            self.remove(&hash);
        }
    }

    /// And does no longer.
    pub(super) fn trust(&mut self, hash: &BlockHash) {
        self.doubted.remove(hash);
    }

    /// Takes a header out; `recount` must follow.
    pub(super) fn remove(&mut self, hash: &BlockHash) {
        self.headers.remove(hash);
    }

    /// Every header: its height, its hash, its parent's.
    pub(super) fn links(&self) -> impl Iterator<Item = (Height, BlockHash, BlockHash)> + '_ {
        let link = |(hash, side): (&BlockHash, &SideHeader)| {
            (side.height, *hash, side.header.prev_blockhash)
        };
        self.headers.iter().map(link)
    }

    /// The end of the branch with the most work.
    pub(super) fn best(&self) -> Option<(Work, BlockHash)> {
        self.tips.last().copied()
    }

    /// Adds a header that is not there yet.
    pub(super) fn insert(&mut self, hash: BlockHash, header: Header, height: Height, work: Work) {
        if let Some(parent) = self.headers.get_mut(&header.prev_blockhash) {
            parent.children += 1;
            self.tips.remove(&(parent.work, header.prev_blockhash));
        }
        self.headers.insert(hash, SideHeader { header, height, work, children: 0 });
        self.tips.insert((work, hash));
    }

    /// Takes out the branch that ends in `tip`, down to the best branch; lowest first.
    ///
    /// What stood on it stays, and `recount` must follow once the best branch is settled.
    pub(super) fn take_branch(&mut self, tip: BlockHash) -> Vec<(Header, BlockHash)> {
        let mut branch = Vec::new();
        let mut hash = tip;
        while let Some(side) = self.headers.remove(&hash) {
            branch.push((side.header, hash));
            hash = side.header.prev_blockhash;
        }
        branch.reverse();
        branch
    }

    /// Counts children and finds the ends anew, after branches changed places.
    pub(super) fn recount(&mut self) {
        let parents: Vec<_> =
            self.headers.values().map(|side| side.header.prev_blockhash).collect();
        self.headers.values_mut().for_each(|side| side.children = 0);
        for parent in parents {
            if let Some(side) = self.headers.get_mut(&parent) {
                side.children += 1;
            }
        }
        let tips = self.headers.iter().filter(|(_, side)| side.children == 0);
        self.tips = tips.map(|(hash, side)| (side.work, *hash)).collect();
    }

    /// Drops headers above `bound`, from the ends of the branches with the least work; the branch
    /// that ends in `spared` stays, however long it is.
    pub(super) fn shed(&mut self, bound: usize, spared: Option<BlockHash>) {
        while self.headers.len() > bound {
            let other = self.tips.iter().find(|(_, hash)| Some(*hash) != spared).copied();
            let Some(end) = other else { return };
            self.tips.remove(&end);
            let (_, hash) = end;
            let shed = self.headers.remove(&hash).expect("the end of a side branch is on it");
            let parent = shed.header.prev_blockhash;
            if let Some(side) = self.headers.get_mut(&parent) {
                side.children -= 1;
                if side.children == 0 {
                    self.tips.insert((side.work, parent));
                }
            }
        }
    }
}
