//! Owns the jobs: heavy, pure work that leaves the client and comes back as a value.
//!
//! A driver runs [`run`] on any thread; a simulation runs it in place. Refuses state and order:
//! the result depends on the job alone.

use std::sync::Arc;

use bitcoin::hash_types::FilterHash;
use bitcoin::{BlockHash, ScriptBuf};

/// Ties a job to its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

impl JobId {
    /// The id with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

/// Work to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Hash filters, compare each hash with what is expected, and match them for scripts.
    MatchFilters {
        /// The filters, in rising height.
        filters: Vec<FilterToMatch>,
        /// The scripts to look for. Shared, never changed.
        scripts: Arc<[ScriptBuf]>,
    },
}

/// One filter of a [`Job::MatchFilters`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterToMatch {
    /// The block that the filter is of; keys its hash function (BIP158).
    pub block: BlockHash,
    /// What the filter must hash to.
    pub expected: FilterHash,
    /// The filter as it came from the wire. Shared, never changed.
    pub bytes: Arc<[u8]>,
}

/// What a job found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobResult {
    /// One verdict for each filter of a [`Job::MatchFilters`], in its order.
    MatchFilters(Vec<FilterVerdict>),
}

/// What is known of one filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterVerdict {
    /// None of the scripts is in it.
    NoMatch,
    /// At least one of the scripts is in it, or collides with one that is.
    Match,
    /// It doesn't hash to what was committed, or can't be decoded.
    Invalid,
}
