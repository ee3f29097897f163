//! Owns `Talk`: the questions about filter headers to one peer, and its checkpoints.
//!
//! Refuses to punish silence: a peer whose index is behind its tip says nothing.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_filter::{GetCFCheckpt, GetCFHeaders};
use bitcoin::{BlockHash, FilterHeader};

use crate::chain::header_tree::HeaderTree;
use crate::fault::Fault;
use crate::height::{BlockId, Height};
use crate::height_ranges::HeightRanges;
use crate::limits::{
    CHECKPOINT_SPACING, COMPARISON_PATIENCE, HEARING_PATIENCE, MAX_FILTER_HEADER_ASKS,
    QUIET_PATIENCE, TIP_RANGE, TIP_REPLY_TIMEOUT,
};
use crate::outbox::Outbox;
use crate::peer_id::PeerId;
use crate::retry::Retry;
use crate::sync::filter_headers::{FULL_RANGE, interval_of};
use crate::time::MonoTime;

/// One peer.
#[derive(Debug, Default)]
pub(super) struct Talk {
    asks: Vec<Ask>,
    /// Questions that were never answered, forgotten ones included: for ranges, for checkpoints.
    unanswered: [u32; 2],
    /// Its filter header at every multiple of [`CHECKPOINT_SPACING`] above 0.
    pub(super) checkpoints: Vec<FilterHeader>,
    /// Where intervals begin whose checkpoints what we know does not connect.
    pub(super) missed: BTreeSet<Height>,
    /// Since when it has not said what it commits to.
    pub(super) behind_since: Option<MonoTime>,
    /// Whether it has said what headers it has.
    pub(super) told: bool,
    /// When something came from it last.
    pub(super) progress: MonoTime,
    pub(super) retry: Retry,
}

/// What a peer has not said.
#[derive(Debug)]
pub(super) struct Missing<'a> {
    /// Where it is to be asked.
    pub(super) range: RangeInclusive<Height>,
    /// Where it has said it.
    pub(super) compared: &'a HeightRanges,
    /// The last block on the best branch that it has.
    pub(super) tip: BlockId,
}

/// One question.
#[derive(Debug, Clone, Copy)]
struct Ask {
    what: What,
    stop: BlockId,
    at: MonoTime,
    /// The answer did not come in time; it is still welcome.
    late: bool,
}

/// What is asked for, each up to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// `getcfheaders` from this height on.
    Range(Height),
    /// `getcfcheckpt`.
    Checkpoints,
}

impl Talk {
    /// The peer's filter header at a height, if it is one of its checkpoints.
    pub(super) fn checkpoint(&self, height: Height) -> Option<FilterHeader> {
        let height = height.to_u32();
        if !height.is_multiple_of(CHECKPOINT_SPACING) {
            return None;
        }
        let index = (height / CHECKPOINT_SPACING).checked_sub(1)?;
        self.checkpoints.get(index as usize).copied()
    }

    /// The peer's filter headers right below an interval and at its end.
    pub(super) fn checkpoints_of(
        &self,
        interval: &RangeInclusive<Height>,
    ) -> Option<(FilterHeader, FilterHeader)> {
        Some((self.checkpoint(interval.start().prev()?)?, self.checkpoint(*interval.end())?))
    }

    pub(super) fn on_reorganised(&mut self, fork: Height) {
        let above = self.asks.iter_mut().filter(|ask| ask.stop.height > fork);
        above.for_each(|ask| ask.late = true);
        self.checkpoints.truncate((fork.to_u32() / CHECKPOINT_SPACING) as usize);
        self.missed.retain(|start| interval_of(*start).end() <= &fork);
    }

    pub(super) fn restart(&mut self) {
        self.asks.iter_mut().for_each(|ask| ask.late = true);
        self.missed.clear();
    }

    /// An answer came: where the range begins that it is about, and its last block; `None` if that
    /// was forgotten.
    pub(super) fn take_range(
        &mut self,
        stop: BlockHash,
        count: usize,
    ) -> Result<Option<(Height, BlockId)>, Fault> {
        let fits = |ask: &Ask| ask.count() == count && matches!(ask.what, What::Range(_));
        Ok(self.take(stop, 0, fits)?.and_then(|ask| match ask.what {
            What::Range(start) => Some((start, ask.stop)),
            What::Checkpoints => None,
        }))
    }

    /// Checkpoints came; the block up to which.
    pub(super) fn take_checkpoints(
        &mut self,
        stop: BlockHash,
        count: usize,
    ) -> Result<Option<BlockId>, Fault> {
        let fits = |ask: &Ask| ask.count() == count && ask.what == What::Checkpoints;
        Ok(self.take(stop, 1, fits)?.map(|ask| ask.stop))
    }

    /// An answer came to a question; `None` if that was forgotten.
    fn take(
        &mut self,
        stop: BlockHash,
        kind: usize,
        fits: impl Fn(&Ask) -> bool,
    ) -> Result<Option<Ask>, Fault> {
        let left = self.unanswered[kind].checked_sub(1).ok_or(Fault::Unsolicited)?;
        self.unanswered[kind] = left;
        let about = |ask: &&Ask| ask.stop.hash == stop && ask.kind() == kind;
        if let Some(i) = self.asks.iter().position(|ask| about(&ask) && fits(ask)) {
            self.retry.answered();
            return Ok(Some(self.asks.remove(i)));
        }
        let is_other = self.asks.iter().any(|ask| about(&ask));
        if is_other { Err(Fault::InvalidFilterHeaders) } else { Ok(None) }
    }

    /// What did not come in time is waited for no longer.
    pub(super) fn give_up_waiting(&mut self, now: MonoTime) {
        let mut missed = false;
        for ask in self.asks.iter_mut().filter(|ask| !ask.late && ask.timeout(self.progress) <= now)
        {
            ask.late = true;
            missed = true;
        }
        if missed {
            self.retry.missed(now);
        }
    }

    /// Asks what this peer commits to, as far as that is not known or asked.
    pub(super) fn ask_next(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        missing: &Missing<'_>,
        tree: &HeaderTree,
        outbox: &mut Outbox,
    ) {
        let mut left = missing.compared.clone();
        for ask in self.asks.iter().filter(|ask| !ask.late) {
            if let What::Range(start) = ask.what {
                left.insert(start..=ask.stop.height);
            }
        }
        while self.openings(now).is_some()
            && let Some(gap) = left.gap(missing.range.clone())
        {
            let interval = interval_of(*gap.start());
            // Nobody sends a checkpoint at genesis.
            let is_whole = gap.start() == interval.start()
                && gap.end() >= interval.end()
                && *interval.start() > Height::GENESIS.next();
            let is_long = missing.tip.height.above(*gap.start()) >= FULL_RANGE;
            let may_be_told = is_long || self.awaits(What::Checkpoints);
            let end = if is_whole && self.checkpoints_of(&interval).is_some() {
                // Compared already, and different; or the next step compares it.
                if !self.missed.contains(interval.start()) {
                    left.insert(interval);
                    continue;
                }
                *interval.end()
            } else if is_whole && may_be_told {
                if !self.awaits(What::Checkpoints) {
                    self.ask(now, peer, What::Checkpoints, missing.tip, outbox);
                }
                left.insert(interval);
                continue;
            } else if is_long {
                *interval.end()
            } else {
                (*gap.end()).min(gap.start().up(FULL_RANGE - 1))
            };
            let Some(stop) = tree.block_at(end.min(*gap.end())) else { return };
            self.ask(now, peer, What::Range(*gap.start()), stop, outbox);
            left.insert(*gap.start()..=stop.height);
        }
    }

    /// How many questions are open; `None` if no more may be.
    pub(super) fn openings(&self, now: MonoTime) -> Option<usize> {
        let open = self.asks.iter().filter(|ask| !ask.late).count();
        (open < MAX_FILTER_HEADER_ASKS && self.retry.may_ask(now)).then_some(open)
    }

    /// The end of the range from `start`, if it is asked for, and since when.
    pub(super) fn underway(&self, start: Height) -> Option<(Height, MonoTime)> {
        let mut asks = self.asks.iter().filter(|ask| !ask.late);
        asks.find(|ask| ask.what == What::Range(start)).map(|ask| (ask.stop.height, ask.at))
    }

    /// Until when "at the tip" waits for it.
    pub(super) fn patience_ends(&self) -> Option<MonoTime> {
        let patience = if self.told { COMPARISON_PATIENCE } else { HEARING_PATIENCE };
        self.behind_since.map(|since| since.after(patience))
    }

    fn awaits(&self, what: What) -> bool {
        self.asks.iter().any(|ask| !ask.late && ask.what == what)
    }

    pub(super) fn next_dues(&self, now: MonoTime) -> impl Iterator<Item = MonoTime> + '_ {
        let open = self.asks.iter().filter(|ask| !ask.late);
        let timeouts = open.map(|ask| ask.timeout(self.progress));
        let impatient = self.patience_ends();
        let waits = [Some(self.retry.until()), impatient].into_iter().flatten();
        timeouts.chain(waits.filter(move |at| *at > now))
    }

    pub(super) fn ask(
        &mut self,
        now: MonoTime,
        peer: PeerId,
        what: What,
        stop: BlockId,
        outbox: &mut Outbox,
    ) {
        if self.asks.len() >= MAX_OPEN_ASKS {
            self.asks.remove(0);
        }
        let ask = Ask { what, stop, at: now, late: false };
        self.asks.push(ask);
        self.unanswered[ask.kind()] += 1;
        let (filter_type, stop_hash) = (0, stop.hash);
        let question = match what {
            What::Range(start) => NetworkMessage::GetCFHeaders(GetCFHeaders {
                filter_type,
                start_height: start.to_u32(),
                stop_hash,
            }),
            What::Checkpoints => {
                NetworkMessage::GetCFCheckpt(GetCFCheckpt { filter_type, stop_hash })
            }
        };
        outbox.send(peer, question);
    }
}

impl Ask {
    /// How many hashes or headers answer it.
    const fn count(&self) -> usize {
        match self.what {
            What::Range(start) => self.stop.height.above(start) as usize + 1,
            What::Checkpoints => (self.stop.height.to_u32() / CHECKPOINT_SPACING) as usize,
        }
    }

    /// The index of its kind in `unanswered`.
    const fn kind(&self) -> usize {
        match self.what {
            What::Range(_) => 0,
            What::Checkpoints => 1,
        }
    }

    /// When it is late: a few new blocks may not be in the peer's index yet; else when nothing at
    /// all comes from it, or in the end.
    fn timeout(&self, progress: MonoTime) -> MonoTime {
        let short = match self.what {
            What::Range(start) => self.stop.height.above(start) < TIP_RANGE,
            What::Checkpoints => false,
        };
        if short {
            return self.at.after(TIP_REPLY_TIMEOUT);
        }
        self.at.max(progress).after(QUIET_PATIENCE).min(self.at.after(COMPARISON_PATIENCE))
    }
}

/// Questions to one peer that we remember, late ones included.
const MAX_OPEN_ASKS: usize = 4 * MAX_FILTER_HEADER_ASKS;
