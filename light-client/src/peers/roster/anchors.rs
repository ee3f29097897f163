//! Owns `Anchors`: the good peers of last time, to be dialled first after a restart.
//!
//! Whoever wants to be alone with us would have to make us restart and miss them both. Refuses to
//! keep one that was proved to lie.

use std::collections::VecDeque;

use crate::limits::MAX_ANCHORS;
use crate::peer_id::PeerAddress;

/// A few peers that gave blocks or filters.
#[derive(Debug)]
pub(super) struct Anchors {
    kept: Vec<PeerAddress>,
    unsaved: bool,
    /// Those of the last time that were not dialled yet.
    to_dial: VecDeque<PeerAddress>,
}

impl Anchors {
    pub(super) fn restored(mut stored: Vec<PeerAddress>) -> Self {
        stored.truncate(MAX_ANCHORS);
        Self { to_dial: stored.iter().cloned().collect(), kept: stored, unsaved: false }
    }

    /// The next one to dial.
    pub(super) fn pop(&mut self) -> Option<PeerAddress> {
        self.to_dial.pop_front()
    }

    /// The best peers of now, the best first; where they are few, earlier ones stay.
    pub(super) fn on_merit(&mut self, best: Vec<PeerAddress>) {
        let mut kept = best;
        for known in &self.kept {
            if !kept.contains(known) {
                kept.push(known.clone());
            }
        }
        kept.truncate(MAX_ANCHORS);
        if kept != self.kept {
            self.kept = kept;
            self.unsaved = true;
        }
    }

    /// One was proved to lie.
    pub(super) fn forget(&mut self, address: &PeerAddress) {
        let before = self.kept.len();
        self.kept.retain(|anchor| anchor != address);
        self.unsaved |= self.kept.len() < before;
    }

    /// What a store does not know yet.
    pub(super) fn take_changes(&mut self) -> Option<Vec<PeerAddress>> {
        std::mem::take(&mut self.unsaved).then(|| self.kept.clone())
    }
}
