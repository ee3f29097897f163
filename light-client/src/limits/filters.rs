//! Owns the bounds of filters and their headers: how many are asked, held and doubted.
//!
//! Refuses what is not about filters.

use std::time::Duration;

/// Filter hashes in one `cfheaders`, so also the blocks of one `getcfheaders` (BIP157).
pub const MAX_FILTER_HEADERS: usize = 2000;

/// Blocks between the filter headers of one `cfcheckpt` (BIP157).
pub const CHECKPOINT_SPACING: u32 = 1000;

/// Filter headers in one `cfcheckpt`: enough for ten million blocks.
pub const MAX_FILTER_CHECKPOINTS: usize = 10_000;

/// How much longer for every filter that the peer sends meanwhile: ten in a second are waited for.
pub const OWING_PER_FILTER: Duration = Duration::from_millis(100);

/// Ranges of filter headers asked of one peer at a time.
pub const MAX_FILTER_HEADER_ASKS: usize = 4;

/// Ranges of filter headers asked or waiting for the one before them, over all peers.
pub const MAX_FILTER_HEADER_RANGES: u32 = 8;

/// Filters in one `getcfilters` (BIP157 allows one less than a thousand blocks between its ends).
pub const MAX_FILTERS_PER_ASK: u32 = 1000;

/// The least filters in a question, where there are so many to ask for, and room for them.
pub const MIN_FILTERS_PER_ASK: u32 = 50;

/// Open questions for filters to one peer.
pub const MAX_FILTER_ASKS: usize = 8;

/// How long a peer's link is to be kept full beyond a round trip: the longer, the more is in vain
/// when another takes over its work, or ends later than others.
pub const FILTER_HORIZON: Duration = Duration::from_millis(500);

/// How often a peer may leave out the same filter before it is asked for it no more.
pub const MAX_FILTER_TRIES: u32 = 3;

/// How far above the scan cursor filters are asked for, in blocks.
pub const MAX_FILTERS_AHEAD: u32 = 20_000;

/// Bytes of filters that are kept above the scan cursor or are under way.
pub const MAX_FILTER_BYTES: usize = 32 << 20;

/// Bytes of filters that are kept at the most, when they turn out larger than those before. What
/// comes beyond is asked for again, but for the filters that the scan cursor waits for.
pub const MAX_HELD_BYTES: usize = 2 * MAX_FILTER_BYTES;

/// Bytes of one filter: no block has a larger one. A block has at most a million bytes besides its
/// witnesses, and an output that adds an element takes ten, so there are no more than 100,000
/// elements; each takes 20 bits, and all their quotients together one and a half more.
pub const MAX_FILTER: usize = 300_000;

/// Blocks in one question for filters that somebody asks for by themselves. It is cut into questions
/// to peers like what the scan wants.
pub const MAX_ASKED_FILTERS: u32 = 200;

/// Such questions at a time.
pub const MAX_FILTER_QUESTIONS: usize = 64;

/// Blocks whose filters are gathered for them at a time.
pub const MAX_ASKED_ROWS: usize = 2 * MAX_ASKED_FILTERS as usize;

/// Bytes of filters that are held for them. Beyond, only those of each question's first block are
/// held, and what is whole is told.
pub const MAX_ASKED_BYTES: usize = 8 << 20;

/// Filters in one job.
pub const MAX_FILTERS_PER_JOB: usize = 100;

/// Kept filters that are read in one go.
pub const MAX_FILTERS_PER_READ: usize = 100;
