//! Owns the history as it is told: page by page, newest first, with what a person should know of
//! each transaction.
//!
//! Refuses to compute what the tables hold: it reads them and names what it finds.

use std::cmp::Reverse;

use bitcoin::{Amount, Script, SignedAmount};

use crate::command::{
    CommandError, Direction, HistoryQuery, HistoryRow, Mark, Moment, PaymentState, StoreProblem,
};
use crate::light_client::time::WallTime;
use crate::store::wallet::{HistoryEntry, HistoryPart, Place, Standing, Told};

use super::Wallet;

impl Wallet {
    /// All transactions, newest first.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn history(&self) -> Result<Vec<HistoryRow>, CommandError> {
        self.history_page(&HistoryQuery::default())
    }

    /// Some transactions, newest first: those that wait, then those in blocks, and among these, where
    /// it became known, what fell. Or those in blocks, oldest first.
    ///
    /// # Errors
    /// [`CommandError::NoSuchTransaction`] to go on after, also where it is in no block and only
    /// those in blocks are told; or what the disk refused.
    pub fn history_page(&self, query: &HistoryQuery) -> Result<Vec<HistoryRow>, CommandError> {
        let entries: Vec<HistoryEntry> = self.part_of_history(query)?;
        Ok(entries.into_iter().map(|entry| self.history_row(entry)).collect::<Result<_, _>>()?)
    }

    /// The same, read as something else.
    pub(super) fn part_of_history<T: Told>(
        &self,
        query: &HistoryQuery,
    ) -> Result<Vec<T>, CommandError> {
        let mut part = part(query);
        let after = match query.after {
            None => None,
            Some(txid) => {
                let standing = self.file.standing_of(txid)?.filter(|standing| {
                    matches!(standing, Standing::Placed(_)) || !query.oldest_first
                });
                Some(standing.ok_or(CommandError::NoSuchTransaction(txid))?)
            }
        };
        let mut entries: Vec<T> = Vec::new();
        let tells_waiting = !query.oldest_first && part.below_height.is_none();
        if tells_waiting && after.is_none_or(|standing| standing == Standing::Waits) {
            entries = self.file.waiting_history(&part)?;
            if let Some(after) = query.after {
                let read = entries.iter().position(|entry| entry.txid() == after);
                entries.drain(..read.map_or(0, |place| place + 1));
            }
        }
        if let Some(limit) = query.limit {
            entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let left = usize::try_from(limit).unwrap_or(usize::MAX) - entries.len();
            part.limit = Some(u32::try_from(left).unwrap_or(u32::MAX));
        }
        if part.limit != Some(0) {
            let settled = self.settled_history(&part, after.and_then(Standing::place))?;
            entries.extend(settled.into_iter().map(|(_, entry)| entry));
        }
        Ok(entries)
    }

    /// Transactions that wait for nothing, from a place on: those in blocks, with what fell among
    /// them unless only blocks are asked for.
    pub(super) fn settled_history<T: Told>(
        &self,
        part: &HistoryPart,
        after: Option<Place>,
    ) -> Result<Vec<(Place, T)>, StoreProblem> {
        let placed = self.file.placed_history(part, after)?;
        if part.oldest_first || part.below_height.is_some() {
            return Ok(placed);
        }
        let fallen = self.file.fallen_history(part, after)?;
        if fallen.is_empty() {
            return Ok(placed);
        }
        let mut all = placed;
        all.extend(fallen);
        all.sort_by_key(|(place, _)| Reverse(*place));
        all.truncate(part.limit.map_or(usize::MAX, |limit| limit.try_into().unwrap_or(usize::MAX)));
        Ok(all)
    }

    /// Which amounts are dust; zero: none.
    #[must_use]
    pub fn dust_limit(&self) -> Amount {
        self.dust_limit
    }

    /// Sets which amounts from outside are dust: what is below, to an address that was paid
    /// before, is frozen when it comes.
    pub fn set_dust_limit(&mut self, limit: Amount) {
        self.dust_limit = limit;
    }

    fn history_row(&self, entry: HistoryEntry) -> Result<HistoryRow, StoreProblem> {
        let state = match entry.block {
            Some(block) => PaymentState::Confirmed(block),
            None if !entry.canonical && !entry.standing => PaymentState::Evicted,
            None if !entry.canonical => PaymentState::Replaced,
            None if !entry.signed_here => PaymentState::Pending,
            None if entry.announced => PaymentState::Announced,
            None => PaymentState::Signed,
        };
        Ok(HistoryRow {
            txid: entry.txid,
            net: entry.net,
            fee: entry.fee,
            state,
            replaces: entry.replaces,
            replaced_by: entry.replaced_by,
            seen_by: entry.seen_by,
            time: entry.time.to_unix(),
            marks: self.transaction_marks(&entry)?,
            note: entry.note,
        })
    }

    fn transaction_marks(&self, entry: &HistoryEntry) -> Result<Vec<Mark>, StoreProblem> {
        let mut marks = Vec::new();
        if let Some((imitation, known)) = &entry.imitation {
            marks.push(self.likeness(imitation, known)?);
        }
        let from_outside = entry.fee.is_none() && !entry.net.is_negative();
        if from_outside && entry.net.unsigned_abs() < self.dust_limit {
            marks.push(Mark::Dust);
        }
        if entry.reuses && entry.net > SignedAmount::ZERO {
            marks.push(Mark::Reused);
        }
        Ok(marks)
    }

    fn likeness(&self, imitation: &Script, known: &Script) -> Result<Mark, StoreProblem> {
        let (imitation, known) = (self.address_of(imitation)?, self.address_of(known)?);
        Ok(Mark::LooksLike { imitation, known })
    }
}

fn part(query: &HistoryQuery) -> HistoryPart {
    let HistoryQuery { limit, oldest_first, .. } = *query;
    let mut part = HistoryPart { oldest_first, limit, ..HistoryPart::default() };
    match query.since {
        Some(Moment::Height(height)) => part.least_height = Some(height),
        Some(Moment::Time(time)) => part.least_time = Some(WallTime::new(time)),
        None => {}
    }
    match query.until {
        Some(Moment::Height(height)) => part.below_height = Some(height),
        Some(Moment::Time(time)) => part.before_time = Some(WallTime::new(time)),
        None => {}
    }
    part.sign = query.direction.map(|direction| match direction {
        Direction::Received => 1,
        Direction::Sent => -1,
    });
    part
}
