//! Owns `Matcher`: whether a basic filter (BIP158) holds one of many scripts.
//!
//! Refuses to stop at the first match: a filter is read to its end, so that one that can't be read
//! is always told from one that can.

#![expect(clippy::inline_always, reason = "what is dispatched by processor must be inlined whole")]

use bitcoin::BlockHash;
use bitcoin::hashes::Hash as _;
use fearless_simd::{Level, dispatch};

use super::gcs::{self, GcsError};
use super::packed_scripts::PackedScripts;
use super::siphash::Key;

/// Matches one filter after the other. Holds room to work in, and no state.
#[derive(Debug)]
pub struct Matcher {
    /// What the processor can do; the answers don't depend on it.
    level: Level,
    elements: Vec<u64>,
    hashes: Vec<u64>,
    sieve: Sieve,
}

impl Matcher {
    /// A matcher for this processor.
    #[must_use]
    pub fn new() -> Self {
        Self::at(Level::new())
    }

    /// A matcher for each kind of code that this processor can run, with its name: tests hold all
    /// against the model, and benches tell them apart. The first uses nothing that a processor of
    /// the architecture may lack.
    pub fn of_each_kind() -> impl Iterator<Item = (&'static str, Self)> {
        levels().into_iter().map(|(name, level)| (name, Self::at(level)))
    }

    const fn at(level: Level) -> Self {
        Self { level, elements: Vec::new(), hashes: Vec::new(), sieve: Sieve::new() }
    }

    /// Whether any of `scripts` is in the basic filter of `block`, or collides with one that is
    /// (one in 784,931 does, for each filter).
    ///
    /// # Errors
    /// [`GcsError`] when `filter` is not one whole well-formed set.
    pub fn matches_any(
        &mut self,
        filter: &[u8],
        block: BlockHash,
        scripts: &PackedScripts,
    ) -> Result<bool, GcsError> {
        dispatch!(self.level, _simd => self.search(filter, block, scripts))
    }

    #[inline(always)]
    fn search(
        &mut self,
        filter: &[u8],
        block: BlockHash,
        scripts: &PackedScripts,
    ) -> Result<bool, GcsError> {
        let range = gcs::read(filter, &mut self.elements)?;
        scripts.hash(filter_key(block), &mut self.hashes);
        let values = self.hashes.iter().map(|hash| reduce(*hash, range));
        if self.hashes.len() < SIEVE_FROM {
            return Ok(any_of(values, &self.elements));
        }
        let sieve = self.sieve.fill(&self.elements, range);
        Ok(any_of(values.filter(|value| sieve.may_hold(*value)), &self.elements))
    }
}

impl Default for Matcher {
    fn default() -> Self {
        Self::new()
    }
}

/// What this processor can do, least first.
fn levels() -> Vec<(&'static str, Level)> {
    let mut levels = vec![("portable", Level::baseline())];
    #[cfg(target_arch = "x86_64")]
    {
        let best = Level::new();
        levels.extend(best.as_avx2().map(|avx2| ("AVX2", Level::Avx2(avx2))));
        levels.extend(best.as_avx512().map(|avx512| ("AVX-512", Level::Avx512(avx512))));
    }
    levels
}

/// The `SipHash` key: the first 16 bytes of the block hash, in its internal order.
fn filter_key(block: BlockHash) -> Key {
    let (words, _) = block.as_byte_array().as_chunks();
    Key(u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1]))
}

/// A hash as a value less than `range`.
#[inline(always)]
fn reduce(hash: u64, range: u64) -> u64 {
    // `hash * range / 2^64` is less than `range`, which is a `u64`.
    ((u128::from(hash) * u128::from(range)) >> 64) as u64
}

#[inline(always)]
fn any_of(mut values: impl Iterator<Item = u64>, elements: &[u64]) -> bool {
    values.any(|value| elements.binary_search(&value).is_ok())
}

/// A bit for each stretch of the range that says whether an element is in it.
#[derive(Debug)]
struct Sieve {
    bits: Vec<u64>,
    shift: u32,
}

impl Sieve {
    const fn new() -> Self {
        Self { bits: Vec::new(), shift: 0 }
    }

    /// Marks the stretches that hold an element.
    #[inline(always)]
    fn fill(&mut self, elements: &[u64], range: u64) -> &Self {
        self.shift = (u64::BITS - range.leading_zeros()).saturating_sub(SIEVE_BITS);
        self.bits.clear();
        self.bits.resize(1 << (SIEVE_BITS - 6), 0);
        for element in elements {
            let stretch = element >> self.shift;
            self.bits[(stretch / 64) as usize] |= 1 << (stretch % 64);
        }
        self
    }

    #[inline(always)]
    fn may_hold(&self, value: u64) -> bool {
        let stretch = value >> self.shift;
        self.bits[(stretch / 64) as usize] >> (stretch % 64) & 1 == 1
    }
}

/// Scripts from which on filling a sieve costs less than searching for each.
const SIEVE_FROM: usize = 200;

/// A sieve has `2^SIEVE_BITS` bits.
const SIEVE_BITS: u32 = 19;

#[cfg(test)]
mod tests;
