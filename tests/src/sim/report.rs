//! Owns what is told of worlds: what happened in one, and in all of them together.
//!
//! Refuses to judge.

use std::fmt;
use std::time::Duration;

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
    /// Reorganisations of the network.
    pub reorgs: u64,
    /// Nodes with a vice.
    pub vices: u64,
    /// Payments that were signed.
    pub payments: u64,
    /// A fingerprint of all that was sent and answered, in order: the same for the same seed.
    pub trace: u64,
}

/// What happened in several worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    worlds: u64,
    all: Report,
}

impl Sum {
    /// Counts a world.
    pub fn add(&mut self, one: &Report) {
        self.worlds += 1;
        self.all.steps += one.steps;
        self.all.time += one.time;
        self.all.deaths += one.deaths;
        self.all.torn += one.torn;
        self.all.reorgs += one.reorgs;
        self.all.vices += one.vices;
        self.all.payments += one.payments;
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worlds, all } = self;
        let hours = all.time.as_secs() / 3_600;
        write!(f, "{worlds} worlds, {hours} simulated hours, {} steps: ", all.steps)?;
        write!(f, "{} deaths ({} in a commit), ", all.deaths, all.torn)?;
        write!(f, "{} reorganisations, {} nodes with a vice, ", all.reorgs, all.vices)?;
        write!(f, "{} payments", all.payments)
    }
}
