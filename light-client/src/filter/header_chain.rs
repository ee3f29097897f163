//! Owns `FilterHeaderChain`: the chain of filter headers (BIP157) along the best header branch.
//!
//! Refuses to overwrite: what contradicts it is reported, not taken.

use std::collections::BTreeMap;

use bitcoin::hashes::Hash as _;
use bitcoin::{FilterHash, FilterHeader, Network};

use crate::height::Height;

/// Filter headers without gaps from the base of the header tree upwards.
///
/// At genesis the chain starts from 32 zero bytes and checks itself. Above another base the
/// filter header of the base comes from the first peer that answers, and everything after it
/// must fit the filter headers that we know.
#[derive(Debug, Clone)]
pub struct FilterHeaderChain {
    known: BTreeMap<Height, FilterHeader>,
    base: Height,
    /// `headers[i]` has height `base + i`.
    headers: Vec<FilterHeader>,
}

/// Why filter headers are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// They don't start right above what is there, nor inside it.
    #[error("the filter headers leave a gap")]
    Gap,
    /// They differ from what is there.
    #[error("the filter headers differ from ours at or below height {0}")]
    Ours(Height),
    /// They, or ours below them, differ from a filter header that everybody knows.
    #[error("the filter headers differ from the known one at height {0}")]
    Known(Height),
}

impl FilterHeaderChain {
    /// An empty chain above `base`, on `network`.
    #[must_use]
    pub fn new(network: Network, base: Height) -> Self {
        Self { known: known(network), base, headers: Vec::new() }
    }

    /// A chain with what a store kept, if it begins at the base; at most up to `tip`.
    #[must_use]
    pub fn restored(
        network: Network,
        base: Height,
        tip: Height,
        from: Height,
        mut headers: Vec<FilterHeader>,
    ) -> Self {
        if from != base {
            headers.clear();
        }
        headers.truncate(tip.above(base) as usize + 1);
        Self { known: known(network), base, headers }
    }

    /// The highest block whose filter header is known.
    #[must_use]
    pub fn tip(&self) -> Option<Height> {
        let last = u32::try_from(self.headers.len()).ok()?.checked_sub(1)?;
        Some(self.base.up(last))
    }

    /// The first height whose filter header must be asked for. Peers send the one before it along;
    /// below genesis there is none.
    #[must_use]
    pub fn next(&self) -> Height {
        match self.tip() {
            Some(tip) => tip.next(),
            None if self.base == Height::GENESIS => self.base,
            None => self.base.next(),
        }
    }

    /// The filter header of the block at `height`.
    #[must_use]
    pub fn at(&self, height: Height) -> Option<FilterHeader> {
        let index = height.to_u32().checked_sub(self.base.to_u32())?;
        self.headers.get(index as usize).copied()
    }

    /// The filter header that `height`'s is chained onto.
    #[must_use]
    pub fn before(&self, height: Height) -> Option<FilterHeader> {
        match height.prev() {
            Some(below) => self.at(below),
            None => Some(FilterHeader::all_zeros()),
        }
    }

    /// Compares the filters of a range with what is there, and adds what is not. Returns how far
    /// the chain and the range agree, which is the range's end.
    ///
    /// # Errors
    /// [`Contradiction`]; the chain is as before.
    pub fn offer(
        &mut self,
        start: Height,
        previous: FilterHeader,
        hashes: &[FilterHash],
    ) -> Result<Height, Contradiction> {
        if start > self.next() {
            return Err(Contradiction::Gap);
        }
        let starts_chain = self.headers.is_empty() && start > self.base;
        if !starts_chain && self.before(start) != Some(previous) {
            return Err(Contradiction::Ours(start));
        }
        let mut added = if starts_chain { vec![previous] } else { Vec::new() };
        let (mut height, mut last) = (start, previous);
        for hash in hashes {
            last = hash.filter_header(&last);
            match self.at(height) {
                Some(ours) if ours != last => return Err(Contradiction::Ours(height)),
                Some(_) => {}
                None if self.known.get(&height).is_some_and(|known| *known != last) => {
                    return Err(Contradiction::Known(height));
                }
                None => added.push(last),
            }
            height = height.next();
        }
        self.headers.append(&mut added);
        Ok(height.prev().unwrap_or(start))
    }

    /// Forgets what is above `height`.
    pub fn truncate_above(&mut self, height: Height) {
        let keep = height.next().above(self.base);
        self.headers.truncate(keep as usize);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.headers.clear();
    }
}

/// Filter headers that everybody knows; the file names its source.
const MAINNET: &str = include_str!("mainnet-filter-headers.csv");

fn known(network: Network) -> BTreeMap<Height, FilterHeader> {
    let table = if network == Network::Bitcoin { MAINNET } else { "" };
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let (height, header) = line.split_once(',').expect("two fields a row");
        let height = Height::new(height.parse().expect("the table holds heights"));
        (height, header.parse().expect("the table holds filter headers"))
    })
    .collect()
}

#[cfg(test)]
mod tests;
