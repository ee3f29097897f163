//! Owns what follows from the state after an input: what to ask, what to tell, when to wake up.
//!
//! Refuses to look at inputs: the same state gives the same next steps however it came about.

use crate::change_set::ChangeSet;
use crate::client::pace::Mark;
use crate::client::{Level, LightClient};
use crate::height::Height;
use crate::input::ScanStart;
use crate::output::{ChainEvent, Output};
use crate::peer_id::PeerId;
use crate::peers::clocks;
use crate::peers::peer::Peer;
use crate::sync::filter_headers::Standing;
use crate::sync::headers::Moved;
use crate::time::{MonoTime, Now};
use crate::timers::Timer;

impl LightClient {
    /// Brings every conversation up to the state.
    pub(super) fn progress(&mut self, now: Now) {
        self.dial_due(now);
        self.headers.drive(now, &self.tree, &mut self.outbox);
        if self.is_believed() {
            self.tell_tip(now.mono);
            self.follow_filter_headers(now.mono);
            self.follow_scan(now.mono);
            self.tell_synced(now.mono);
        }
        self.note_pace(now.mono);
        self.announce_due(now);
        self.mempool.drive(now.mono, &mut self.outbox);
        self.compare_clocks(now);
        self.dial_due(now);
        self.staged.peers.merge(self.roster.take_changes());
        self.set_timers(now);
    }

    /// The best branch changed: everything above the fork is void.
    pub(super) fn on_best_branch_moved(&mut self, moved: Moved) {
        let Moved { fork, old_tip } = moved;
        if fork != old_tip {
            self.stage_cut(fork.height);
            self.commitments.truncate_above(fork.height);
            self.fees.truncate_above(fork.height);
            self.filter_headers.on_reorganised(fork.height);
            self.filters.on_reorganised(fork.height);
            self.asked.on_reorganised(fork.height);
            let below = self.backfill.on_reorganised(fork.height, &mut self.matching);
            if self.scan.on_reorganised(fork, &mut self.matching) || below {
                self.told_cursor = Some(fork);
                self.tell(ChainEvent::Reorganised { fork, old_tip });
            }
        }
        self.stage_headers(fork.height);
    }

    /// Forgets what peers said of filters from where a scan begins, and what was asked on the
    /// strength of it. Below, nothing is matched again, so what was matched there must stay known:
    /// else a lie that was read would look like the truth.
    pub(super) fn forget_commitments(&mut self, start: ScanStart) {
        let base = self.tree.base().height;
        let kept = match start {
            ScanStart::Height(first) => first.down(1).max(base),
            // Below its birthday nothing matters to a wallet.
            ScanStart::Time(_) => base,
        };
        self.commitments.forget_above(kept);
        self.filter_headers.restart();
        self.asked.recheck();
        self.stage_cut(kept);
        self.stage_headers(kept);
    }

    /// Below the least work that a chain of this network has, nothing is told and nothing asked
    /// but more headers.
    pub(super) fn is_believed(&self) -> bool {
        self.tree.tip_work() >= self.tree.params().minimum_chain_work
    }

    /// The ready peers, each with the height up to which it has the best branch.
    pub(super) fn peers_with_blocks(&self) -> Vec<(PeerId, Height)> {
        let ready = self.peers.iter().filter(|(_, peer)| peer.negotiated().is_some());
        ready.filter_map(|(id, _)| Some((*id, self.headers.common(*id)?))).collect()
    }

    fn note_pace(&mut self, now: MonoTime) {
        if let Some(cursor) = self.scan.cursor() {
            self.pace.note(Mark {
                at: now,
                filters: self.matching.matched(),
                bytes: self.bytes_received,
                cursor: cursor.height,
            });
        }
    }

    fn tell_tip(&mut self, now: MonoTime) {
        let tip = self.tree.tip();
        if tip != self.told_tip {
            self.told_tip = tip;
            self.tip_since = now;
            self.fees.forget_below(tip.height);
            self.synced = false;
            self.tell(ChainEvent::Tip { tip });
        }
    }

    fn follow_filter_headers(&mut self, now: MonoTime) {
        let peers = self.peers_with_blocks();
        let is_loading = self.headers.is_loading();
        let told = peers.iter().filter(|(peer, _)| self.headers.has_told(*peer));
        let told: Vec<_> = told.copied().collect();
        let standing = Standing { peers: &peers, told: &told, tree: &self.tree, is_loading };
        self.filter_headers.drive(now, standing, &mut self.commitments, &mut self.outbox);
        self.stage_filter_hashes();
    }

    pub(super) fn tell_cursor(&mut self) {
        let cursor = self.scan.cursor();
        if cursor == self.told_cursor {
            return;
        }
        // The time of an anchor is not known; the wallet hears of the first block above it.
        if let Some(cursor) = cursor
            && let Some(time) = self.tree.time_at(cursor.height)
        {
            self.told_cursor = Some(cursor);
            self.tell(ChainEvent::Scanned { cursor, time });
        }
    }

    fn tell_synced(&mut self, now: MonoTime) {
        let tip = self.tree.tip();
        let at_tip = self.is_scanned();
        let is_read = self.commitments.is_read();
        // A claim to have more makes it doubtful; that it came to nothing is no news.
        let has_ended = self.headers.has_ended() && !self.is_left_behind();
        self.told_synced &= at_tip && is_read && has_ended;
        // Who comes later makes it doubtful by what it says, not by coming.
        let all_heard = self.filter_headers.is_settled(now, &self.commitments)
            && self.next_introduction(now).is_none();
        let is_settled = self.headers.is_settled() && !self.is_left_behind();
        let synced = at_tip && is_read && is_settled && (all_heard || self.told_synced);
        if synced && !self.told_synced {
            self.told_synced = true;
            self.mempool.begin();
            self.tell(ChainEvent::Synced { tip });
        }
        self.synced = synced;
        let is_level = self.scan.cursor() == Some(tip) && self.backfill.is_level() && is_read;
        let was_level = self.level != Level::No && is_level && has_ended;
        self.level = match (is_level && is_settled && (all_heard || was_level), was_level) {
            (true, _) => Level::Yes,
            (false, true) => Level::Doubted,
            (false, false) => Level::No,
        };
    }

    /// Whether new blocks are held back for their times, and the peers' clocks say that it is ours
    /// that is wrong. Without that, a block from the future is one.
    pub(super) fn is_left_behind(&self) -> bool {
        self.headers.holds_too_new() && self.clock.is_some_and(|offset| offset.seconds() > 0)
    }

    /// When the wait ends for a peer that is being dialled or introduces itself.
    pub(super) fn next_introduction(&self, now: MonoTime) -> Option<MonoTime> {
        let ends = self.peers.values().filter_map(Peer::introduction_ends);
        ends.filter(|end| *end > now).min()
    }

    /// A clock that is far off makes new blocks look invalid, or old ones new.
    fn compare_clocks(&mut self, now: Now) {
        let clocks = self.peers.values().filter(|peer| peer.negotiated().is_some());
        let offset = clocks::offset(now, clocks.filter_map(|peer| peer.clock));
        if let Some(offset) = offset.filter(|_| self.clock.is_none()) {
            self.outbox.push(Output::Clock(offset));
        }
        self.clock = offset;
    }

    fn set_timers(&mut self, now: Now) {
        self.timers.set(Timer::Headers, self.headers.next_due(now));
        let now = now.mono;
        let believed = self.is_believed();
        let due = |due: Option<MonoTime>| due.filter(|_| believed);
        self.timers.set(Timer::FilterHeaders, due(self.filter_headers.next_due(now)));
        self.timers.set(Timer::Filters, due(self.filters.next_due(now)));
        let versions = self.conduct.next_due(now).into_iter();
        let versions = versions.chain(self.next_introduction(now)).chain(self.asked.next_due(now));
        self.timers.set(Timer::Versions, due(versions.min()));
        self.timers.set(Timer::Blocks, due(self.blocks.next_due(now)));
        self.timers.set(Timer::Announce, self.broadcast.next_due(now));
        self.timers.set(Timer::Mempool, self.mempool.next_due(now));
    }

    /// The store drops everything above `height`.
    fn stage_cut(&mut self, height: Height) {
        let cut = ChangeSet { truncate_above: Some(height), ..Default::default() };
        self.staged.merge(cut);
    }

    /// The store gets the best branch above `height`.
    fn stage_headers(&mut self, height: Height) {
        for above in height.next().to_u32()..=self.tree.tip().height.to_u32() {
            let above = Height::new(above);
            if let Some(header) = self.tree.header_at(above) {
                self.staged.headers.insert(above, *header);
            }
        }
    }

    /// The store gets the filter hashes that it does not have.
    fn stage_filter_hashes(&mut self) {
        let hashes = self.commitments.take_unstaged();
        if hashes.contains_key(&self.tree.base().height.next()) {
            self.staged.base_filter_header = self.commitments.base_header();
        }
        self.staged.filter_hashes.extend(hashes);
    }
}
