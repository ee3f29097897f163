//! Owns the bits of a Golomb–Rice coded sequence (BIP158): the most significant of each byte
//! first, a quotient in unary (ones, then a zero), then a remainder of `P` bits.
//!
//! Refuses to read past the end: the fast way stops before it, and the slow way checks.

#![expect(clippy::inline_always, reason = "what is dispatched by processor must be inlined whole")]

use super::{GcsError, P};

/// Codes, and how far they are read.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The byte to read next.
    at: usize,
    /// How many bits of that byte are read.
    skip: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, skip: 0 }
    }

    /// Fills `sums` with the running sums of the next codes.
    ///
    /// They can't overflow: a quotient counts bits of one message.
    #[inline(always)]
    pub(super) fn read_sums(&mut self, sums: &mut [u64]) -> Result<(), GcsError> {
        let mut sum = 0;
        let mut done = 0;
        loop {
            done += self.read_pairs(&mut sum, &mut sums[done..]);
            let Some(next) = sums.get_mut(done) else { return Ok(()) };
            sum += self.code()?;
            *next = sum;
            done += 1;
        }
    }

    /// Reads two codes at a time until they don't fit into one word, or the end is near. Returns
    /// how many it read.
    ///
    /// The time goes into a chain: where a code begins is known when the one before it is read.
    /// So the chain holds as little as possible: two shifts and two counts of zeros for two
    /// codes. The word for the next two is loaded before it is known where they begin, from where
    /// they begin at the earliest: two codes take 40 bits or more. Words are inverted, so that the
    /// unary ones are leading zeros, which are counted in one step.
    #[inline(always)]
    fn read_pairs(&mut self, sum: &mut u64, sums: &mut [u64]) -> usize {
        let (mut at, mut skip) = (self.at, self.skip);
        // It begins at the byte `at`, and the next code after `skip` bits of it.
        let Some(mut word) = self.inverted_word(at) else { return 0 };
        let mut done = 0;
        for pair in sums.chunks_exact_mut(2) {
            let next_at = at + (2 * LEAST / 8 + skip / 8) as usize;
            let Some(next) = self.inverted_word(next_at) else { break };
            // A place beyond the word is noticed below: shifts wrap, but the sum of lengths grows.
            let first = word.wrapping_shl(skip);
            let ones = first.leading_zeros();
            let first = first.wrapping_shl(ones);
            let second = first << LEAST;
            let more_ones = second.leading_zeros();
            let second = second.wrapping_shl(more_ones);
            let length = 2 * LEAST + ones + more_ones;
            if skip + length > u64::BITS {
                break;
            }
            let middle = *sum + value(ones, first);
            *sum = middle + value(more_ones, second);
            pair.copy_from_slice(&[middle, *sum]);
            done += 2;
            skip = skip % 8 + length - 2 * LEAST;
            (at, word) = (next_at, next);
        }
        (self.at, self.skip) = (at, 0);
        self.pass(skip);
        done
    }

    /// Eight bytes from `at` on with every bit inverted, unless the end is nearer.
    #[inline(always)]
    fn inverted_word(&self, at: usize) -> Option<u64> {
        let word = self.bytes.get(at..at + 8)?.first_chunk()?;
        Some(!u64::from_be_bytes(*word))
    }

    /// Reads one code of any length, anywhere.
    fn code(&mut self) -> Result<u64, GcsError> {
        let mut quotient = 0;
        loop {
            let (word, held) = self.word();
            let ones = word.leading_ones().min(held);
            quotient += u64::from(ones);
            self.pass(ones);
            if ones < held {
                break;
            }
            if held < SURE {
                return Err(GcsError::Truncated);
            }
        }
        // The zero that ends the quotient.
        self.pass(1);
        let (word, held) = self.word();
        if held < P {
            return Err(GcsError::Truncated);
        }
        self.pass(P);
        Ok((quotient << P) + (word >> (u64::BITS - P)))
    }

    /// The next bits from the top, zeros below them, and how many there are: `SURE`, or fewer at
    /// the end.
    fn word(&self) -> (u64, u32) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let mut word = [0; 8];
        let here = rest.len().min(word.len());
        word[..here].copy_from_slice(&rest[..here]);
        let bits = u32::try_from(here * 8).expect("at most 64");
        (u64::from_be_bytes(word) << self.skip, bits.saturating_sub(self.skip).min(SURE))
    }

    fn pass(&mut self, bits: u32) {
        self.skip += bits;
        self.at += (self.skip / 8) as usize;
        self.skip %= 8;
    }

    /// The last byte is filled up with zeros; nothing else may follow.
    pub(super) fn only_padding_is_left(&self) -> Result<(), GcsError> {
        let (word, held) = self.word();
        if held < 8 && word == 0 { Ok(()) } else { Err(GcsError::Trailing) }
    }
}

/// The value of a code: its quotient, and an inverted word that begins with the end of the
/// quotient, a one here, and the remainder.
#[inline(always)]
fn value(quotient: u32, word: u64) -> u64 {
    let remainder = !(word >> (u64::BITS - LEAST)) & ((1 << P) - 1);
    (u64::from(quotient) << P) + remainder
}

/// Bits of the shortest code.
const LEAST: u32 = P + 1;

/// Bits that a word holds wherever in its first byte it begins.
const SURE: u32 = u64::BITS - 7;
