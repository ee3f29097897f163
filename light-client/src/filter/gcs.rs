//! Owns the Golomb-coded set of a basic filter (BIP158): reading it strictly, whole.
//!
//! Refuses to guess: a filter that is not exactly what its length and its count say is an error,
//! never a panic and never a shorter set. Refuses to build filters; a light client can't.

#![expect(clippy::inline_always, reason = "what is dispatched by processor must be inlined whole")]

mod bits;

use bitcoin::consensus::{Decodable as _, encode::VarInt};

use bits::Bits;

/// Puts the elements of `filter` into `elements`, in rising order, in place of what was there.
/// Returns their range: all are less.
///
/// Inlined into the code for one kind of processor, see [`Matcher`](super::matcher::Matcher).
///
/// # Errors
/// [`GcsError`] when `filter` is not one whole well-formed set; then `elements` means nothing.
#[inline(always)]
pub(crate) fn read(filter: &[u8], elements: &mut Vec<u64>) -> Result<u64, GcsError> {
    let (count, codes) = read_count(filter)?;
    // It fits: there are at least `P + 1` bits in `codes` for each.
    let range = count as u64 * M;
    elements.resize(count, 0);
    let mut bits = Bits::new(codes);
    bits.read_sums(elements)?;
    bits.only_padding_is_left()?;
    if elements.last().is_some_and(|last| *last >= range) {
        return Err(GcsError::OutOfRange);
    }
    Ok(range)
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
pub(crate) const M: u64 = 784_931;

/// Splits off the element count and checks it against what follows: an element takes at least
/// one unary bit and `P` more.
fn read_count(filter: &[u8]) -> Result<(usize, &[u8]), GcsError> {
    let mut codes = filter;
    let VarInt(count) = VarInt::consensus_decode(&mut codes).map_err(|_| GcsError::Count)?;
    let bytes = codes.len();
    let most = bytes.saturating_mul(8) / (P as usize + 1);
    match usize::try_from(count) {
        Ok(elements) if elements <= most => Ok((elements, codes)),
        _ => Err(GcsError::CountTooLarge { count, bytes }),
    }
}

#[cfg(test)]
mod tests;
