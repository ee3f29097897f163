//! Owns the jobs: heavy, pure work that leaves the client and comes back as a value.
//!
//! A driver runs [`run`] on any thread; a simulation runs it in place. Refuses state and order:
//! the result depends on the job alone.

use std::sync::Arc;

use bitcoin::BlockHash;
use bitcoin::hash_types::FilterHash;
use bitcoin::hashes::Hash as _;
use sha2::{Digest as _, Sha256};

use crate::filter::matcher::Matcher;
use crate::filter::packed_scripts::PackedScripts;

/// Does a job. Pure and heavy: run it on any thread, any number at once.
#[must_use]
pub fn run(job: &Job) -> JobResult {
    match job {
        Job::MatchFilters { filters, scripts } => {
            let mut matcher = Matcher::new();
            let verdicts = filters.iter().map(|filter| match_filter(&mut matcher, filter, scripts));
            JobResult::MatchFilters(verdicts.collect())
        }
    }
}

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
    /// Hash each filter, compare the hash with the expected one, and match the filter for scripts.
    MatchFilters {
        /// The filters, in rising height.
        filters: Vec<FilterToMatch>,
        /// The scripts to look for. Shared, never changed.
        scripts: Arc<PackedScripts>,
    },
}

/// One filter of a [`Job::MatchFilters`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterToMatch {
    /// The block that the filter is of; keys its hash function (BIP158).
    pub block: BlockHash,
    /// What the filter must hash to (BIP157).
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
    /// It doesn't hash to what was committed.
    Invalid,
    /// It is what was committed, but no filter: whoever committed to it lied, and what the block
    /// holds is unknown.
    Undecodable,
}

fn match_filter(
    matcher: &mut Matcher,
    filter: &FilterToMatch,
    scripts: &PackedScripts,
) -> FilterVerdict {
    if hash(&filter.bytes) != filter.expected {
        return FilterVerdict::Invalid;
    }
    match matcher.matches_any(&filter.bytes, filter.block, scripts) {
        Ok(true) => FilterVerdict::Match,
        Ok(false) => FilterVerdict::NoMatch,
        Err(_) => FilterVerdict::Undecodable,
    }
}

/// The hash of a filter (BIP157): SHA256 of its SHA256.
fn hash(filter: &[u8]) -> FilterHash {
    FilterHash::from_byte_array(Sha256::digest(Sha256::digest(filter)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filters_hash_is_the_same_by_either_library() {
        let bytes: Vec<u8> = (0..=199).collect();
        for length in 0..bytes.len() {
            let filter = &bytes[..length];
            assert_eq!(hash(filter), FilterHash::hash(filter), "{length} bytes");
        }
    }
}
