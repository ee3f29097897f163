//! Owns the Golomb-coded set of a basic filter (BIP158): reading it strictly, matching scripts.
//!
//! Refuses to guess: a filter that is not exactly what its length and its count say is an error,
//! never a panic and never a "no match". Refuses to build filters; a light client can't.

use bitcoin::consensus::{Decodable as _, encode::VarInt};
use bitcoin::hashes::{Hash as _, siphash24};
use bitcoin::{BlockHash, ScriptBuf};

/// Whether any of `scripts` is in the basic filter of `block`, or collides with one that is
/// (one in 784,931 does, for each element).
///
/// # Errors
/// [`GcsError`] when `filter` is not one whole well-formed set.
pub fn matches_any(
    filter: &[u8],
    block: BlockHash,
    scripts: &[ScriptBuf],
) -> Result<bool, GcsError> {
    let (elements, codes) = read_count(filter)?;
    let query = hash_scripts(block, scripts, elements);
    let mut wanted = query.iter().copied();
    let mut next = wanted.next();
    let mut found = false;
    for value in Values::new(elements, codes) {
        let value = value?;
        while next.is_some_and(|script| script < value) {
            next = wanted.next();
        }
        found |= next == Some(value);
    }
    Ok(found)
}

/// Why a filter can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GcsError {
    /// There is no element count, or it is not in its shortest form.
    #[error("the filter has no proper element count")]
    Count,
    /// The count is larger than the rest of the filter can hold.
    #[error("the filter counts {count} elements but has {bytes} bytes")]
    CountTooLarge {
        /// The elements that it claims.
        count: u64,
        /// The bytes that follow the count.
        bytes: usize,
    },
    /// A code runs over the end of the filter.
    #[error("the filter ends in the middle of an element")]
    Truncated,
    /// An element lies outside the range that the count gives.
    #[error("the filter has an element beyond its range")]
    OutOfRange,
    /// Something follows the last element.
    #[error("the filter goes on after its last element")]
    Trailing,
}

/// The bits of a remainder (BIP158, "Block Filters").
const P: u32 = 19;
/// The inverse of the false positive rate.
const M: u64 = 784_931;

/// Splits off the element count and checks it against what follows: an element takes at least
/// one unary bit and `P` more.
fn read_count(filter: &[u8]) -> Result<(u64, &[u8]), GcsError> {
    let mut codes = filter;
    let VarInt(count) = VarInt::consensus_decode(&mut codes).map_err(|_| GcsError::Count)?;
    let bits = codes.len() as u64 * 8;
    if count > bits / u64::from(P + 1) {
        return Err(GcsError::CountTooLarge { count, bytes: codes.len() });
    }
    Ok((count, codes))
}

/// The scripts as sorted values in the range of a filter with `elements` elements.
fn hash_scripts(block: BlockHash, scripts: &[ScriptBuf], elements: u64) -> Vec<u64> {
    let range = u128::from(elements * M);
    let (k0, k1) = filter_key(block);
    let mut values: Vec<u64> = scripts
        .iter()
        .map(|script| {
            let hash = siphash24::Hash::hash_to_u64_with_keys(k0, k1, script.as_bytes());
            // `hash * range / 2^64` is less than `range`, which is a `u64`.
            u64::try_from((u128::from(hash) * range) >> 64).expect("a 64-bit range")
        })
        .collect();
    values.sort_unstable();
    values
}

/// The `SipHash` key: the first 16 bytes of the block hash, in its internal order.
fn filter_key(block: BlockHash) -> (u64, u64) {
    let hash = u128::from_le_bytes(block.to_byte_array()[..16].try_into().expect("16 of 32 bytes"));
    let low = u64::try_from(hash & u128::from(u64::MAX)).expect("masked to 64 bits");
    let high = u64::try_from(hash >> 64).expect("128 bits less 64");
    (low, high)
}

/// The elements in rising order, then an error if anything is left over.
struct Values<'a> {
    bits: BitReader<'a>,
    left: u64,
    last: u64,
    range: u64,
    checked: bool,
}

impl<'a> Values<'a> {
    fn new(elements: u64, codes: &'a [u8]) -> Self {
        let range = elements * M;
        Self { bits: BitReader::new(codes), left: elements, last: 0, range, checked: false }
    }

    fn read(&mut self) -> Result<u64, GcsError> {
        let quotient = self.bits.unary()?;
        let remainder = self.bits.bits(P)?;
        // The quotient counts bits of one message, so the shift can't overflow.
        let value = self.last + (quotient << P) + remainder;
        if value >= self.range {
            return Err(GcsError::OutOfRange);
        }
        self.last = value;
        Ok(value)
    }
}

impl Iterator for Values<'_> {
    type Item = Result<u64, GcsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left > 0 {
            self.left -= 1;
            let value = self.read();
            if value.is_err() {
                self.left = 0;
                self.checked = true;
            }
            return Some(value);
        }
        if self.checked {
            return None;
        }
        self.checked = true;
        self.bits.only_padding_is_left().err().map(Err)
    }
}

/// Bits, the most significant of each byte first, taken from a 64-bit window.
struct BitReader<'a> {
    rest: &'a [u8],
    /// The next bits, from the top; zeros below them.
    window: u64,
    /// How many bits of `window` are there.
    held: u32,
}

impl<'a> BitReader<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, window: 0, held: 0 }
    }

    /// Fills the window to more than 56 bits, or with all that is left.
    fn refill(&mut self) {
        if self.held == 0
            && let Some((word, rest)) = self.rest.split_first_chunk::<8>()
        {
            self.window = u64::from_be_bytes(*word);
            self.held = 64;
            self.rest = rest;
            return;
        }
        while self.held <= 56
            && let Some((byte, rest)) = self.rest.split_first()
        {
            self.window |= u64::from(*byte) << (56 - self.held);
            self.held += 8;
            self.rest = rest;
        }
    }

    /// The number of ones before the next zero.
    fn unary(&mut self) -> Result<u64, GcsError> {
        let mut ones = 0;
        loop {
            self.refill();
            let run = self.window.leading_ones();
            if run < self.held {
                self.skip(run + 1);
                return Ok(ones + u64::from(run));
            }
            if self.held == 0 {
                return Err(GcsError::Truncated);
            }
            ones += u64::from(self.held);
            self.skip(self.held);
        }
    }

    /// The next `count` bits, at most 56, as a number.
    fn bits(&mut self, count: u32) -> Result<u64, GcsError> {
        if self.held < count {
            self.refill();
        }
        if self.held < count {
            return Err(GcsError::Truncated);
        }
        let value = self.window >> (64 - count);
        self.skip(count);
        Ok(value)
    }

    fn skip(&mut self, count: u32) {
        self.window = self.window.checked_shl(count).unwrap_or(0);
        self.held -= count;
    }

    /// The last byte is filled up with zeros; nothing else may follow.
    fn only_padding_is_left(&self) -> Result<(), GcsError> {
        let padding = self.held < 8 && self.window == 0 && self.rest.is_empty();
        if padding { Ok(()) } else { Err(GcsError::Trailing) }
    }
}

#[cfg(test)]
mod tests;
