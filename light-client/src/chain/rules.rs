//! Owns the consensus rules of one header in its place, and their order.
//!
//! Refuses to store: it says yes or why not.

use bitcoin::BlockHash;
use bitcoin::block::Header;

use crate::chain::anchor::Anchor;
use crate::chain::work::{Ancestor, median_time_past, required_bits};
use crate::limits::{MAX_FUTURE, MAX_TIME_WARP};
use crate::params::Params;
use crate::time::WallTime;

/// Why a header is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The header before it is not known.
    #[error("the header's parent is not known")]
    UnknownParent,
    /// It does not carry the bits that its branch requires.
    #[error("the header's bits are {found:#x} and must be {required:#x}")]
    Bits {
        /// What it carries.
        found: u32,
        /// What it must carry.
        required: u32,
    },
    /// Its hash is above its target.
    #[error("the header's hash does not meet its target")]
    ProofOfWork,
    /// Its time is not after the median of the eleven before it.
    #[error("the header's time is not after the median time past")]
    TooOld,
    /// As the first of a period, it is over ten minutes earlier than its parent (BIP94).
    #[error("the header's time warps its period")]
    TimeWarp,
    /// Its version is one that its height forbids (BIP34, BIP65, BIP66).
    #[error("the header's version is too low for its height")]
    Version,
    /// Its time is over two hours ahead of the wall clock.
    #[error(
        "the header's time is too far in the future; it counts from {from} on, in Unix seconds"
    )]
    TooNew {
        /// When it is no more.
        from: WallTime,
    },
    /// The block's body was found to be invalid.
    #[error("the header's block is invalid")]
    Refused,
    /// Somebody takes its block for invalid.
    #[error("the header's block is doubted")]
    Doubted,
    /// Too many branches with more work are held already.
    #[error("too many competing headers are known")]
    Crowded,
}

/// Checks every rule of a header on top of the line of its ancestors (newest first, down to the
/// anchor; the anchor itself only if its time is known).
///
/// `TooNew` comes last: such a header breaks no other rule.
///
/// # Errors
/// The first rule that `header` breaks.
pub fn check<I: Iterator<Item = Ancestor>>(
    params: &Params,
    anchor: &Anchor,
    header: &Header,
    hash: BlockHash,
    line: impl Fn() -> I,
    now: WallTime,
) -> Result<(), HeaderError> {
    let base = anchor.block.height;
    let untimed = Ancestor { height: base, time: 0, bits: anchor.next_bits };
    let parent = line().next().unwrap_or(untimed);
    let required = if parent.height == base {
        anchor.next_bits
    } else {
        required_bits(params, parent, line(), header.time)
    };
    if header.bits != required {
        let (found, required) = (header.bits.to_consensus(), required.to_consensus());
        return Err(HeaderError::Bits { found, required });
    }
    if !header.target().is_met_by(hash) {
        return Err(HeaderError::ProofOfWork);
    }
    if median_time_past(line()).is_some_and(|median| header.time <= median) {
        return Err(HeaderError::TooOld);
    }
    check_warp_and_version(params, header, parent)?;
    let from = WallTime::new(header.time.into()).before(MAX_FUTURE);
    if from > now { Err(HeaderError::TooNew { from }) } else { Ok(()) }
}

fn check_warp_and_version(
    params: &Params,
    header: &Header,
    parent: Ancestor,
) -> Result<(), HeaderError> {
    let height = parent.height.next();
    let starts_period = height.to_u32().is_multiple_of(params.retarget_interval);
    let earliest = WallTime::new(parent.time.into()).before(MAX_TIME_WARP);
    if params.bip94 && starts_period && WallTime::new(header.time.into()) < earliest {
        return Err(HeaderError::TimeWarp);
    }
    let version = header.version.to_consensus();
    if (version < 2 && height >= params.bip34_height)
        || (version < 3 && height >= params.bip66_height)
        || (version < 4 && height >= params.bip65_height)
    {
        return Err(HeaderError::Version);
    }
    Ok(())
}
