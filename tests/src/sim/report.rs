//! Owns what is told of worlds: what happened in one, and in all of them together.
//!
//! Refuses to judge.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::doom::{Blow, Struck};

/// What happened in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Steps of the engine.
    pub steps: u64,
    /// Virtual time.
    pub time: Duration,
    /// Sudden deaths of the program.
    pub deaths: u64,
    /// Of these, in the middle of a commit.
    pub torn: u64,
    /// Times that the power went between two operations on files.
    pub power_cuts: u64,
    /// Times that it went in the middle of a write, so that a page was torn.
    pub torn_pages: u64,
    /// Writes that came out in part.
    pub short_writes: u64,
    /// Syncs that failed.
    pub failed_syncs: u64,
    /// Times that the disk was full.
    pub full_disks: u64,
    /// Reorganisations of the network.
    pub reorgs: u64,
    /// Nodes with a vice.
    pub vices: u64,
    /// Payments that were signed.
    pub payments: u64,
    /// A fingerprint of all that was sent and answered, in order: the same for the same seed.
    pub trace: u64,
}

impl Report {
    /// Something befell the disk.
    pub(super) fn suffer(&mut self, blow: Blow, how: Struck) {
        let counted = match (blow, how) {
            (Blow::Kill, _) => &mut self.deaths,
            (Blow::Power(_), Struck::Between) => &mut self.power_cuts,
            (Blow::Power(_), Struck::InAWrite) => &mut self.torn_pages,
            (Blow::ShortWrite, _) => &mut self.short_writes,
            (Blow::FailedSync, _) => &mut self.failed_syncs,
            (Blow::Full, _) => &mut self.full_disks,
        };
        *counted += 1;
    }

    fn counts(&self) -> [(&'static str, u64); 11] {
        [
            ("steps", self.steps),
            ("deaths", self.deaths),
            ("of these torn commits", self.torn),
            ("power cuts", self.power_cuts),
            ("torn pages", self.torn_pages),
            ("short writes", self.short_writes),
            ("failed syncs", self.failed_syncs),
            ("full disks", self.full_disks),
            ("reorganisations", self.reorgs),
            ("nodes with a vice", self.vices),
            ("payments", self.payments),
        ]
    }
}

/// What happened in several worlds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sum {
    worlds: u64,
    time: Duration,
    counts: Vec<(&'static str, u64)>,
}

impl Sum {
    /// Counts a world.
    pub fn add(&mut self, one: &Report) {
        self.worlds += 1;
        self.time += one.time;
        if self.counts.is_empty() {
            self.counts = one.counts().to_vec();
            return;
        }
        for (sum, (_, more)) in self.counts.iter_mut().zip(one.counts()) {
            sum.1 += more;
        }
    }

    /// Everything that can happen did.
    ///
    /// # Errors
    /// What did not, so that nothing was shown of it.
    pub fn has_seen_all(&self) -> Result<()> {
        let unseen = self.counts.iter().find(|(_, count)| *count == 0);
        ensure!(self.worlds > 0 && unseen.is_none(), "{unseen:?} in {self}");
        Ok(())
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} worlds, {} simulated hours", self.worlds, self.time.as_secs() / 3_600)?;
        self.counts.iter().try_for_each(|(what, count)| write!(f, ", {count} {what}"))
    }
}
