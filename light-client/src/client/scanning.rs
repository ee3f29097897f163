//! Owns how scan, backfill, the filters at hand and the conversations about filters and blocks work
//! together.
//!
//! Refuses to match or fetch anything itself.

use bitcoin::{BlockHash, ScriptBuf};

use crate::client::LightClient;
use crate::fault::Fault;
use crate::height::{BlockId, Height};
use crate::input::ScanStart;
use crate::io::Io;
use crate::job::{FilterVerdict, JobId, JobResult};
use crate::limits::MAX_ASKED_BYTES;
use crate::output::{ChainEvent, Output};
use crate::peer_id::PeerId;
use crate::sync::blocks::{BlockPeer, Purpose, WantedBlock};
use crate::sync::filters::{Circumstances, ScanNeed};
use crate::time::{MonoTime, WallTime};

impl LightClient {
    pub(super) fn begin_scan(&mut self, start: ScanStart) {
        self.scan.begin(start, self.tree.base().height);
        self.backfill.clear();
        self.matching.clear();
        self.blocks.set_wanted(Purpose::Scan, std::iter::empty());
        self.told_cursor = None;
    }

    /// Watches scripts that may have been paid since a block or a time; `folded` is the height of
    /// a block that was read for them already.
    pub(super) fn watch(
        &mut self,
        scripts: Vec<ScriptBuf>,
        since: Option<ScanStart>,
        folded: Option<Height>,
    ) {
        let (known, scripts): (Vec<_>, Vec<_>) =
            scripts.into_iter().partition(|script| self.matching.watches(script));
        let new = self.matching.watch(scripts);
        if !new.is_empty() {
            self.commitments.reconsider();
            self.scan.grow(&new, &mut self.matching);
        }
        let Some(since) = since else { return };
        // Who watches a script already may not have looked for it there.
        let again = self.matching.watch_again(known);
        if new.start < again.end {
            self.commitments.reconsider();
            // Its end is told like reaching the tip.
            (self.synced, self.told_synced) = (false, false);
            self.backfill.search(since, new.start..again.end);
            self.place_searches(folded);
        }
    }

    pub(super) fn on_folded(
        &mut self,
        block: BlockHash,
        grown: Vec<ScriptBuf>,
        since: Option<ScanStart>,
        found: Vec<ScriptBuf>,
    ) {
        let (commitments, matching) = (&mut self.commitments, &mut self.matching);
        if self.scan.on_folded(block, commitments, matching) {
            let at = self.scan.cursor().map(|cursor| cursor.height);
            self.watch(grown, since, at);
            return;
        }
        let at = self.backfill.on_folded(block, commitments, matching);
        self.watch(grown, since, at);
        if let Some((at, cursor)) = at.zip(self.scan.cursor())
            && !found.is_empty()
        {
            let again = self.matching.watch_again(found);
            self.backfill.follow(at, cursor, &again);
        }
    }

    pub(super) fn on_job_done(&mut self, now: MonoTime, id: JobId, result: &JobResult) {
        let JobResult::MatchFilters(verdicts) = result;
        let outcomes = self.matching.on_verdicts(id, verdicts);
        let served = outcomes.iter().filter(|outcome| {
            matches!(outcome.verdict, FilterVerdict::NoMatch | FilterVerdict::Match)
        });
        // What a peer sends for others makes up for nothing that the wallet waits for.
        for peer in served.filter_map(|outcome| outcome.from) {
            self.on_served(peer);
        }
        let asked = self.asked.on_verdicts(now, id, verdicts);
        for outcome in outcomes.iter().chain(&asked) {
            let (block, hash) = (outcome.id.block, outcome.id.hash);
            let liars: Vec<PeerId> = match outcome.verdict {
                FilterVerdict::NoMatch => Vec::new(),
                FilterVerdict::Match => {
                    self.on_match(block, hash);
                    Vec::new()
                }
                FilterVerdict::Undecodable => {
                    // What the block pays is unknown, so it is fetched. Nobody who looked at it
                    // would stand for it.
                    self.on_match(block, hash);
                    self.commitments.committers(block.height, hash).collect()
                }
                FilterVerdict::Invalid => outcome.from.into_iter().collect(),
            };
            for liar in liars {
                self.close(liar, Some(Fault::InvalidFilter));
            }
        }
        let heights = outcomes.iter().map(|outcome| outcome.id.block.height);
        self.backfill.advance(heights, &mut self.commitments, &mut self.matching);
    }

    /// A peer came, went or was set aside: the versions that count may be others now.
    pub(super) fn recheck_versions(&mut self) {
        self.backfill.recheck(&mut self.commitments, &mut self.matching);
        self.asked.recheck();
    }

    /// Brings scan and backfill up to the state.
    pub(super) fn follow_scan(&mut self, now: MonoTime) {
        if let Some(cursor) = self.scan.resolve(&self.tree, self.headers.has_ended()) {
            self.filters.restart(cursor.height);
            self.asked.miss_again();
            self.commitments.begin(cursor.height);
            self.synced = false;
            self.place_searches(None);
        }
        let (commitments, matching) = (&mut self.commitments, &mut self.matching);
        self.scan.extend(&self.tree, commitments, matching);
        let left = self.scan.advance(commitments, matching);
        if commitments.take_returned() {
            self.backfill.recheck(commitments, matching);
        }
        for (height, hash) in commitments.take_reopened() {
            self.backfill.reopen(height, hash, commitments, matching);
        }
        let idle = self.scan.cursor() == Some(self.tree.tip());
        self.backfill.extend(&self.tree, commitments, matching, idle);
        for id in left.iter().filter(|id| !self.backfill.matches(id)) {
            matching.drop_filter(id);
        }
        self.follow_fetches();
        self.follow_asked_filters(now);
        self.fold_blocks();
        while let Some((id, job)) = self.matching.next_job() {
            self.outbox.push(Output::Io(Io::Job { id, job }));
        }
        while let Some((id, filters)) = self.matching.next_read() {
            self.outbox.push(Output::Io(Io::ReadFilters { id, filters }));
        }
        let good = self.matching.take_good();
        if !good.is_empty() {
            self.outbox.push(Output::Io(Io::KeepFilters(good)));
        }
        self.tell_cursor();
        self.ask_for_blocks(now);
        self.ask_for_filters(now);
        self.follow_disputes(now);
    }

    /// Whether everything that was to be matched is matched, and what matched is folded.
    pub(super) fn is_scanned(&self) -> bool {
        self.scan.cursor() == Some(self.tree.tip()) && self.backfill.is_done()
    }

    fn on_match(&mut self, block: BlockId, hash: bitcoin::FilterHash) {
        self.scan.on_match(block, hash);
        self.backfill.on_match(block, hash);
    }

    fn place_searches(&mut self, folded: Option<Height>) {
        if let Some(cursor) = self.scan.cursor() {
            self.backfill.resolve(cursor, folded, &self.tree);
        }
    }

    /// Gives the wallet what is here: the block right above the cursor, and what is below.
    fn fold_blocks(&mut self) {
        let wanted = self.scan.wanted_blocks().chain(self.backfill.wanted_blocks());
        let wanted: Vec<_> = wanted
            .map(|(block, hash)| WantedBlock { block, avoid: self.to_avoid(block, hash) })
            .collect();
        self.blocks.set_wanted(Purpose::Scan, wanted.into_iter());
        if let Some(block) = self.scan.next_to_fold()
            && let Some(body) = self.blocks.take(Purpose::Scan, block)
        {
            self.tell_cursor();
            self.scan.fold(block);
            self.tell_block(block, body);
        }
        let ready = self.backfill.ready_to_fold();
        let here =
            ready.into_iter().find_map(|at| Some((at, self.blocks.take(Purpose::Scan, at)?)));
        if let Some((block, body)) = here {
            self.backfill.fold(block);
            self.tell_block(block, body);
        }
    }

    fn tell_block(&mut self, at: BlockId, block: Box<bitcoin::Block>) {
        self.audit(at, &block);
        self.mempool.on_block(&block);
        self.fees.add(self.tree.params().network, at.height, &block);
        let time = WallTime::new(block.header.time.into());
        self.tell(ChainEvent::Block { at, time, block });
    }

    fn ask_for_blocks(&mut self, now: MonoTime) {
        let peers = self.peers_with_blocks().into_iter();
        let able = |(peer, common)| BlockPeer { peer, common, busy: self.filters.busy(now, peer) };
        let peers: Vec<BlockPeer> = peers.map(able).collect();
        for peer in self.blocks.drive(now, &peers, &mut self.outbox) {
            self.close(peer, Some(Fault::Stalled));
        }
    }

    fn ask_for_filters(&mut self, now: MonoTime) {
        for id in self.matching.take_dropped().into_iter().chain(self.asked.take_dropped()) {
            if !self.matching.lacks(&id) && !self.asked.lacks(&id) {
                self.filters.unwant((id.block.height, id.hash));
            }
        }
        for id in self.matching.take_missing().into_iter().chain(self.asked.take_missing()) {
            self.filters.want((id.block.height, id.hash), &self.commitments);
        }
        // Before there is a scan, only what somebody asks for is downloaded.
        let asked = (!self.asked.is_empty()).then(|| self.tree.tip());
        let Some(cursor) = self.scan.cursor().or(asked) else { return };
        // Headers would wait behind filters, and all other peers for headers.
        let mut peers = self.peers_with_blocks();
        let leader = self.headers.leader().filter(|_| peers.len() > 1);
        peers.retain(|(peer, _)| Some(*peer) != leader);
        let held = self.matching.held_bytes() + self.asked.held_bytes().min(MAX_ASKED_BYTES);
        let with = Circumstances {
            now,
            peers: &peers,
            need: ScanNeed { cursor: cursor.height, held },
            commitments: &self.commitments,
            tree: &self.tree,
        };
        for peer in self.filters.drive(with, &mut self.outbox) {
            self.close(peer, Some(Fault::Stalled));
        }
        for peer in self.filters.take_unserving() {
            self.close(peer, Some(Fault::NotServing));
        }
    }
}
