//! Owns `ChangeSet`, the durable delta of the chain, and `Restored`, what a start reads back.
//!
//! Refuses to write: the owner of the disk commits a change set before any output of the same
//! step leaves (persist, then speak).

use std::collections::BTreeMap;

use bitcoin::block::Header;
use bitcoin::hash_types::FilterHeader;

use crate::height::Height;

/// What changed on the best chain since the last `take_staged`.
///
/// To apply: delete every stored header and filter header above `truncate_above`, then write
/// `headers` and `filter_headers` over what is there. Heights are of the best chain; branches
/// that lost are not kept over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeSet {
    /// Delete everything above this height first. `None`: delete nothing.
    pub truncate_above: Option<Height>,
    /// Headers of the best chain by height.
    pub headers: BTreeMap<Height, Header>,
    /// Filter headers of the best chain by height.
    pub filter_headers: BTreeMap<Height, FilterHeader>,
}

impl ChangeSet {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.truncate_above.is_none() && self.headers.is_empty() && self.filter_headers.is_empty()
    }

    /// Adds a change set that came after this one, so that applying the sum equals applying both.
    pub fn merge(&mut self, later: Self) {
        if let Some(height) = later.truncate_above {
            self.headers.retain(|h, _| *h <= height);
            self.filter_headers.retain(|h, _| *h <= height);
            self.truncate_above =
                Some(self.truncate_above.map_or(height, |earlier| earlier.min(height)));
        }
        self.headers.extend(later.headers);
        self.filter_headers.extend(later.filter_headers);
    }
}

/// What the store kept: the best chain above the base, and its filter headers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restored {
    /// Headers from the height above the base (`Config::base`) upwards, without gaps.
    pub headers: Vec<Header>,
    /// The height of `filter_headers[0]`.
    pub filter_headers_from: Height,
    /// Filter headers without gaps; may be shorter than `headers`.
    pub filter_headers: Vec<FilterHeader>,
}
