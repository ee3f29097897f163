//! Owns what the wallet remembers of the filters that its scan was matched against, so that it sees
//! when it comes back whether others stand for the same blocks now.
//!
//! Which filter stands for a block is kept once for all wallets, and an honest peer's takes the place
//! of a liar's when the wallets that are open have matched it. One that was closed has not. A filter
//! header would say the same, but one lie below the wallet's first block changes all of them.
//! Refuses to say which filter is right: what was not matched is to be matched.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use bitcoin::FilterHash;
use bitcoin::hashes::{Hash, HashEngine, sha256};

use crate::command::{Birthday, StoreProblem};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::limits::MATCHED_RUN;
use crate::store::wallet::{MatchedRun, ScanState};

use super::Wallet;
use super::search_start::lower;

/// How what was matched stands to what is known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// Up to the cursor the filters are those that were matched.
    Same,
    /// From here on others are to be matched.
    Other(Height),
    /// It is not known yet which filters there are.
    Unknown,
}

/// The hashes of the filters that stand for a range of the best chain; `None` where not all are known.
pub(super) type FilterHashes<'a> = dyn Fn(RangeInclusive<Height>) -> Option<&'a [FilterHash]> + 'a;

impl Wallet {
    /// Compares what was matched, up to the cursor, with what is known now; while a rescan has not begun, what
    /// lies below it. What is being matched for others since some block is other, too: this wallet
    /// comes too late for that.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn compare_matched(
        &self,
        hashes: &FilterHashes<'_>,
        unread_since: &impl Fn(Height) -> Option<Height>,
    ) -> Result<Matched, StoreProblem> {
        let cursor = self.file.scan()?.cursor.map(|cursor| cursor.height);
        let runs = self.file.matched_runs()?;
        let mut next = None;
        for MatchedRun { first, last, digest } in runs {
            // Of a run that was cut off nothing can be told, nor of what lies between two.
            if let Some(missing) = next.filter(|next| *next != first) {
                return Ok(Matched::Other(missing));
            }
            if cursor.is_some_and(|cursor| last > cursor) {
                return Ok(Matched::Other(first));
            }
            match hashes(first..=last) {
                None => return Ok(Matched::Unknown),
                Some(hashes) if digest_of(hashes) != digest => return Ok(Matched::Other(first)),
                Some(_) => next = Some(last.next()),
            }
            if let Some(unread) = unread_since(first).filter(|unread| *unread <= last) {
                return Ok(Matched::Other(unread));
            }
        }
        let missing = next.filter(|next| cursor.is_some_and(|cursor| *next <= cursor));
        Ok(missing.map_or(Matched::Same, Matched::Other))
    }

    /// Notes which filters the scan has passed up to its cursor, above `base`; the hashes at `changed` are not
    /// those of before. To be called only once what was matched before was compared.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn note_matched(
        &mut self,
        base: Height,
        first_since: &impl Fn(WallTime) -> Height,
        changed: &[Height],
        hashes: &FilterHashes<'_>,
    ) -> Result<(), StoreProblem> {
        let scan = self.file.scan()?;
        let Some(cursor) = scan.cursor.map(|cursor| cursor.height) else { return Ok(()) };
        let ends = self.file.matched_ends()?;
        if changed.is_empty() && ends.is_some_and(|(_, last)| last == cursor) {
            return Ok(());
        }
        let begin = self.matched_begin(&scan, first_since).max(base.next());
        let first = ends.map_or(begin, |(first, _)| first.min(begin));
        // Above it all is to be written, and below it is as it was but for what changed.
        let mut fresh = begin;
        if let Some((lowest, last)) = ends.filter(|(lowest, _)| *lowest <= begin) {
            fresh = last.next().min(cursor).max(lowest);
        }
        self.file.delete_matched_from(cursor.next())?;
        let known = |height: &&Height| (first..=cursor).contains(*height);
        let mut runs: BTreeSet<u32> = changed.iter().filter(known).map(|at| run_of(*at)).collect();
        runs.extend(run_of(fresh)..=run_of(cursor));
        for run in runs {
            let start = Height::new(run * MATCHED_RUN);
            let (first, last) = (start.max(first), start.up(MATCHED_RUN - 1).min(cursor));
            if let Some(hashes) = hashes(first..=last).filter(|hashes| !hashes.is_empty()) {
                let digest = digest_of(hashes);
                self.file.put_matched_run(&MatchedRun { first, last, digest })?;
            }
        }
        Ok(())
    }

    /// The lowest block in which anything is searched for.
    fn matched_begin(&self, scan: &ScanState, first_since: &impl Fn(WallTime) -> Height) -> Height {
        let starts = self.searches.keys().map(|account| self.start(*account));
        match starts.fold(self.scan_begins(scan), |a, b| lower(a, b, first_since)) {
            Birthday::Height(height) => height,
            Birthday::Time(time) => first_since(WallTime::new(time)),
        }
    }
}

/// Which run a block is in.
const fn run_of(height: Height) -> u32 {
    height.to_u32() / MATCHED_RUN
}

fn digest_of(hashes: &[FilterHash]) -> [u8; 32] {
    let mut engine = sha256::Hash::engine();
    for hash in hashes {
        engine.input(hash.as_byte_array());
    }
    sha256::Hash::from_engine(engine).to_byte_array()
}
