//! Owns the arithmetic of difficulty: retargeting, the bits that a header must carry, work, and
//! median time past.
//!
//! Refuses the tree: ancestors come in as an iterator, newest first.

use bitcoin::block::Header;
use bitcoin::pow::{CompactTarget, Target, Work};

use crate::height::Height;
use crate::limits::MEDIAN_TIME_SPAN;
use crate::params::Params;

/// What difficulty and time rules need to know of one header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ancestor {
    /// Its height.
    pub height: Height,
    /// Its time, Unix seconds.
    pub time: u32,
    /// Its bits.
    pub bits: CompactTarget,
}

/// The bits that a header with `time` on top of `ancestors` (newest first, never empty) must
/// carry: `GetNextWorkRequired` of Bitcoin Core, with BIP94.
#[must_use]
pub fn required_bits(
    params: &Params,
    parent: Ancestor,
    ancestors: impl Iterator<Item = Ancestor>,
    time: u32,
) -> CompactTarget {
    if !params.retargets {
        // Every block has the bits of genesis, so none of what follows could tell otherwise.
        return parent.bits;
    }
    let interval = params.retarget_interval;
    let height = parent.height.next().to_u32();
    if height.is_multiple_of(interval) {
        let first = ancestors.take_while(|a| a.height.to_u32() + interval >= height).last();
        return first.map_or(parent.bits, |first| retarget(params, first, parent));
    }
    if !params.min_difficulty_blocks {
        return parent.bits;
    }
    let limit = params.pow_limit.to_compact_lossy();
    if time > parent.time.saturating_add(2 * params.block_spacing) {
        return limit;
    }
    // The last block that was not mined under the exception above.
    ancestors
        .take_while(|a| a.height.next().to_u32() + interval > height)
        .find(|a| a.bits != limit || a.height.to_u32().is_multiple_of(interval))
        .map_or(limit, |a| a.bits)
}

/// The median time of the newest `MEDIAN_TIME_SPAN` ancestors, or of those there are; `None`
/// without any.
#[must_use]
pub fn median_time_past(ancestors: impl Iterator<Item = Ancestor>) -> Option<u32> {
    let mut times: Vec<u32> = ancestors.take(MEDIAN_TIME_SPAN).map(|a| a.time).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// Remembers the work of the last bits: neighbours share theirs, and a division costs more than
/// all the rest of adding a header.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkMemo(Option<(CompactTarget, Work)>);

impl WorkMemo {
    pub(crate) fn of(&mut self, header: &Header) -> Work {
        match self.0 {
            Some((bits, work)) if bits == header.bits => work,
            _ => {
                let work = header.work();
                self.0 = Some((header.bits, work));
                work
            }
        }
    }
}

/// The bits of the period that follows the one from `first` to `last`.
fn retarget(params: &Params, first: Ancestor, last: Ancestor) -> CompactTarget {
    let aim = params.retarget_interval * params.block_spacing;
    let took = i64::from(last.time) - i64::from(first.time);
    let took = u32::try_from(took.clamp(i64::from(aim / 4), i64::from(aim) * 4))
        .expect("clamped to positive 32 bits");
    let bits = if params.bip94 { first.bits } else { last.bits };
    let target = scale(Target::from_compact(bits), took, aim);
    target.min(params.pow_limit).to_compact_lossy()
}

/// `target * numerator / denominator`. No target on a chain reaches so far up that the product
/// leaves 256 bits: limits are below 2^255, and where retargets happen, below 2^225.
fn scale(target: Target, numerator: u32, denominator: u32) -> Target {
    let mut limbs = [0_u64; 9];
    let mut carry = 0;
    for (limb, bytes) in limbs.iter_mut().zip(target.to_le_bytes().chunks_exact(4)) {
        let word = u32::from_le_bytes(bytes.try_into().expect("chunks of four"));
        let product = u64::from(word) * u64::from(numerator) + carry;
        *limb = product & u64::from(u32::MAX);
        carry = product >> 32;
    }
    limbs[8] = carry;
    let mut quotient = [0; 32];
    let mut remainder = 0;
    for (place, limb) in limbs.iter().enumerate().rev() {
        let dividend = remainder << 32 | limb;
        let word = dividend / u64::from(denominator);
        remainder = dividend % u64::from(denominator);
        let Ok(word) = u32::try_from(word) else { return Target::from_le_bytes([0xff; 32]) };
        match quotient.get_mut(place * 4..place * 4 + 4) {
            Some(bytes) => bytes.copy_from_slice(&word.to_le_bytes()),
            None if word > 0 => return Target::from_le_bytes([0xff; 32]),
            None => {}
        }
    }
    Target::from_le_bytes(quotient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn retargets_like_the_bitcoin_crate(
            mantissa in 0x00_8000_u32..0x7f_ffff,
            size in 0x10_u32..0x1d,
            start in any::<u32>(),
            took in 0_u32..20_000_000,
        ) {
            let params = Params::mainnet();
            let bits = CompactTarget::from_consensus(size << 24 | mantissa);
            let point = |height, time| Ancestor { height: Height::new(height), time, bits };
            let end = start.saturating_add(took);
            prop_assert_eq!(
                retarget(&params, point(0, start), point(2015, end)),
                CompactTarget::from_next_work_required(bits, u64::from(end - start), params.network)
            );
        }
    }

    #[test]
    fn a_period_that_ends_before_it_began_counts_as_the_shortest() {
        let params = Params::mainnet();
        let bits = CompactTarget::from_consensus(0x1b04_04cb);
        let point = |height, time| Ancestor { height: Height::new(height), time, bits };
        assert_eq!(
            retarget(&params, point(0, 1000), point(2015, 10)),
            CompactTarget::from_next_work_required(bits, 0, params.network)
        );
    }
}
