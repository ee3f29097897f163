//! Owns how filters that somebody asks for come from the store, from peers and to whoever asked.
//!
//! Refuses to hold up the scan: what it wants is asked for first.

use bitcoin::FilterHeader;

use crate::client::LightClient;
use crate::height::BlockId;
use crate::io::Io;
use crate::kept::{FilterRange, KeptFilter, ReadId};
use crate::output::Output;
use crate::sync::asked_filters::FilterAnswer;
use crate::time::MonoTime;

impl LightClient {
    /// The filter header of a block of the best chain (BIP157). `None` where it is not known: the
    /// block is not on it or below its base, peers commit to several versions of a filter up to it,
    /// or none has committed to its own yet.
    pub fn filter_header(&mut self, at: BlockId) -> Option<FilterHeader> {
        if self.tree.block_at(at.height) != Some(at) || self.is_contested(at.height) {
            return None;
        }
        self.commitments.keep_links(at.height);
        self.commitments.front_header(at.height)
    }

    /// Wants the filters of neighbouring blocks, as far as there is room.
    pub(super) fn ask_filters(&mut self, range: FilterRange) {
        if !self.asked.ask(range) {
            self.outbox.push(Output::Filters { range, filters: None });
        }
    }

    /// The store answered, whoever asked it.
    pub(super) fn on_filters_read(&mut self, id: ReadId, filters: Vec<KeptFilter>) {
        for gone in self.asked.on_read(id, &filters) {
            self.matching.forget_kept(gone.block.height);
        }
        self.matching.on_read(id, filters);
    }

    /// Gathers filters, and tells what is here by now.
    pub(super) fn follow_asked_filters(&mut self, now: MonoTime) {
        loop {
            self.asked.follow(&self.tree, &self.commitments, &self.matching);
            match self.asked.next_answer(now, &self.tree, &self.commitments) {
                Some(FilterAnswer { range, filters }) => {
                    self.outbox.push(Output::Filters { range, filters });
                }
                None if self.asked.is_stale() => {}
                None => break,
            }
        }
        while let Some((id, filters)) = self.asked.next_read() {
            self.outbox.push(Output::Io(Io::ReadFilters { id, filters }));
        }
        while let Some((id, job)) = self.asked.next_job() {
            self.outbox.push(Output::Io(Io::Job { id, job }));
        }
    }
}
