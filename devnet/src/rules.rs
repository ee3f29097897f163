//! Owns the rules of regtest that the miner follows: subsidy, maturity, sizes, difficulty, places
//! in the chain (BIP34, BIP113, BIP141).
//!
//! Refuses nothing: these are numbers; `verify` applies those that concern transactions.

use bitcoin::block::Version;
use bitcoin::{Amount, CompactTarget};

/// The only difficulty of regtest: every second hash meets it.
pub(crate) const BITS: u32 = 0x207f_ffff;
/// Blocks between halvings of the subsidy.
pub(crate) const HALVING_INTERVAL: u32 = 150;
/// A coinbase can be spent in the block that is this much higher.
pub(crate) const COINBASE_MATURITY: u32 = 100;
/// Weight units of one block.
pub(crate) const MAX_BLOCK_WEIGHT: u64 = 4_000_000;
/// Signature operations, weighted, in one block.
pub(crate) const MAX_BLOCK_SIGOPS: usize = 80_000;
/// Headers whose times give the median time past.
pub(crate) const MEDIAN_TIME_SPAN: usize = 11;

/// Where a block stands: what the rules for its transactions depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The block's height.
    pub(crate) height: u32,
    /// The median time past of the block's parent, which is the time of lock times (BIP113).
    pub(crate) median_time: u32,
}

/// What the coinbase at this height may create beside the fees.
pub(crate) fn subsidy(height: u32) -> Amount {
    let satoshi = Amount::from_int_btc(50).to_sat();
    Amount::from_sat(satoshi.checked_shr(height / HALVING_INTERVAL).unwrap_or(0))
}

/// The median of up to eleven block times.
pub(crate) fn median_time(mut times: Vec<u32>) -> u32 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(0)
}

/// The difficulty in the form of a header.
pub(crate) fn bits() -> CompactTarget {
    CompactTarget::from_consensus(BITS)
}

/// Signals CSV, segwit and taproot (BIP9, bits 0 to 2): Bitcoin Core has them active on regtest
/// from the start, others activate them by signals.
pub(crate) fn version() -> Version {
    Version::from_consensus(0x2000_0007)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsidy_halves_every_150_blocks_and_ends() {
        assert_eq!(subsidy(149).to_sat(), 5_000_000_000);
        assert_eq!(subsidy(150).to_sat(), 2_500_000_000);
        assert_eq!(subsidy(300).to_sat(), 1_250_000_000);
        assert_eq!(subsidy(150 * 32).to_sat(), 1);
        assert_eq!(subsidy(150 * 33).to_sat(), 0);
        assert_eq!(subsidy(150 * 64).to_sat(), 0);
        assert_eq!(subsidy(u32::MAX).to_sat(), 0);
    }

    #[test]
    fn median_of_few_times_is_the_upper_one() {
        assert_eq!(median_time(vec![5]), 5);
        assert_eq!(median_time(vec![9, 3]), 9);
        assert_eq!(median_time(vec![9, 3, 7]), 7);
    }
}
