//! Owns the bounds of headers: how many are held, of what age, and how long a peer may take.
//!
//! Refuses what is not about headers.

use std::time::Duration;

/// Headers kept on branches that lost, or have not won yet. At the difficulty of a network that
/// is worth money nobody makes more; where headers are cheap the branch with the least work goes.
pub const MAX_SIDE_HEADERS: usize = 50_000;

/// Blocks of which is remembered that they are invalid though their headers are not: blocks of a
/// signet that its signers did not sign.
pub const MAX_REFUSED: usize = 1_000;

/// How many blocks' work a branch may be behind the best one and still be kept at once (Bitcoin
/// Core's anti-DoS threshold): a day of blocks.
pub const NEAR_TIP: u32 = 144;

/// Headers per bit that is kept of a branch while only its work is known. About the square root of
/// [`PRESYNC_BUFFER`] times the length of the chain that is worth attacking; see Bitcoin Core's
/// `contrib/devtools/headerssync-params.py`.
pub const COMMITMENT_PERIOD: u32 = 600;

/// Headers of a branch that wait, the second time that they are sent, until bits further up have
/// proven them too: who wants other headers in the tree must guess 24 bits. 1.2 MB.
pub const PRESYNC_BUFFER: usize = 24 * 600;

/// Bits kept of one branch: 1 MB, more than any chain that keeps the rules of time has headers for.
pub const MAX_COMMITMENTS: usize = 8 << 20;

/// How long one peer may have its branch weighed while another waits for that.
pub const PRESYNC_TURN: Duration = Duration::from_secs(120);

/// How often in a row a peer may not stand by a branch that was weighed.
pub const MAX_BROKEN_PRESYNCS: u32 = 3;

/// Hashes in a block locator (Bitcoin Core disconnects above 101).
pub const MAX_LOCATOR: usize = 101;

/// How far a header's time may be ahead of the wall clock.
pub const MAX_FUTURE: Duration = Duration::from_secs(2 * 3600);

/// How far the median of the peers' clocks may be from ours before a person is told: with a clock
/// that far behind, new blocks look as if they came from the future (Bitcoin Core's old bound).
pub const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_secs(70 * 60);

/// Headers whose median time bounds the next header's time from below.
pub const MEDIAN_TIME_SPAN: usize = 11;

/// How much earlier than its parent the first block of a period may be under BIP94.
pub const MAX_TIME_WARP: Duration = Duration::from_secs(600);

/// Headers in one `headers` message.
pub const MAX_HEADERS: usize = 2000;

/// How often a peer may send headers whose parent we don't know (as in Bitcoin Core).
pub const MAX_UNCONNECTED: u32 = 10;

/// How many full batches of headers in a row may bring nothing new.
pub const MAX_IDLE_BATCHES: u32 = 3;

/// How long a peer may take to send a full batch of headers, however steadily: 1 kB/s.
pub const HEADERS_TIMEOUT: Duration = Duration::from_secs(180);
