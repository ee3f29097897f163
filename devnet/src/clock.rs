//! Owns the one reading of the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix seconds; a clock beyond what a header can hold reads as the last second that it can.
pub(crate) fn unix_time() -> u32 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(elapsed.as_secs()).unwrap_or(u32::MAX)
}
