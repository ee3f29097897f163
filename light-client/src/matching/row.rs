//! Owns `Row`: one block with the versions of its filter that are to be matched.
//!
//! Refuses to forget a match: once a version matched, the block itself is wanted and no filter is.

use std::ops::Range;

use bitcoin::FilterHash;

use crate::height::BlockId;
use crate::kept::FilterId;

use super::Matching;

/// A block whose filters are to be matched.
#[derive(Debug)]
pub(crate) struct Row {
    block: BlockId,
    versions: Vec<FilterHash>,
    /// The places in the watch list of the scripts to match.
    scripts: Range<usize>,
    matched: Option<FilterHash>,
}

impl Row {
    /// Wants every version of a block's filter, for the scripts at these places.
    pub(crate) fn new(
        block: BlockId,
        versions: Vec<FilterHash>,
        scripts: Range<usize>,
        matching: &mut Matching,
    ) -> Self {
        let row = Self { block, versions, scripts, matched: None };
        row.ids().for_each(|id| matching.want(id, row.scripts.clone()));
        row
    }

    pub(crate) const fn block(&self) -> BlockId {
        self.block
    }

    pub(crate) fn versions(&self) -> &[FilterHash] {
        &self.versions
    }

    /// Whether the filters are matched for every script that was watched when it was wanted, or
    /// had grown last.
    pub(crate) const fn is_for_all(&self) -> bool {
        self.scripts.start == 0
    }

    /// The version that matched, so that the block is wanted.
    pub(crate) const fn matched(&self) -> Option<FilterHash> {
        self.matched
    }

    /// The filters are to be matched for more scripts.
    pub(crate) fn grow(&mut self, scripts: &Range<usize>, matching: &mut Matching) {
        if self.matched.is_none() {
            self.ids().for_each(|id| matching.want(id, scripts.clone()));
            let Range { start, end } = self.scripts;
            self.scripts = start.min(scripts.start)..end.max(scripts.end);
        }
    }

    /// From here on these are the versions; what is new among them is wanted.
    pub(crate) fn set_versions(&mut self, versions: Vec<FilterHash>, matching: &mut Matching) {
        if self.matched.is_some() || self.versions == versions {
            return;
        }
        let gone = self.ids().filter(|id| !versions.contains(&id.hash));
        gone.collect::<Vec<_>>().iter().for_each(|id| matching.drop_filter(id));
        let new = versions.iter().filter(|hash| !self.versions.contains(hash));
        for hash in new {
            matching.want(FilterId { block: self.block, hash: *hash }, self.scripts.clone());
        }
        self.versions = versions;
    }

    /// One more version is to be matched.
    pub(crate) fn add(&mut self, hash: FilterHash, matching: &mut Matching) {
        if !self.versions.contains(&hash) {
            matching.want(FilterId { block: self.block, hash }, self.scripts.clone());
            self.versions.push(hash);
        }
    }

    /// A version needs no matching any more.
    pub(crate) fn remove(&mut self, hash: FilterHash, matching: &mut Matching) {
        matching.drop_filter(&FilterId { block: self.block, hash });
        self.versions.retain(|version| *version != hash);
    }

    /// A version matched. The filters that are here stay: the block may prove some of them false.
    pub(crate) fn on_match(&mut self, hash: FilterHash) {
        self.matched = self.matched.or(Some(hash));
    }

    /// The versions that are matched, and those that are not.
    pub(crate) fn done(&self, matching: &Matching) -> (Vec<FilterHash>, Vec<FilterHash>) {
        let is_done =
            |hash: &FilterHash| matching.is_done(&FilterId { block: self.block, hash: *hash });
        self.versions.iter().partition(|hash| is_done(hash))
    }

    /// The filters are of no more use.
    pub(crate) fn drop_filters(&self, matching: &mut Matching) {
        self.ids().for_each(|id| matching.drop_filter(&id));
    }

    fn ids(&self) -> impl Iterator<Item = FilterId> + '_ {
        self.versions.iter().map(|hash| FilterId { block: self.block, hash: *hash })
    }
}
