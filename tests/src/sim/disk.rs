//! Owns when the disk of a world goes bad, and how: in the middle of a step, of a start, or of the
//! keeping of filters, at any operation of the program on its files.
//!
//! It takes a process that was started with a library before the system's ([`doom`](crate::doom));
//! without one, as on other systems than Linux, disks are good.

use anyhow::{Context, Result};

use crate::doom::{Blow, Fate, Struck};

use crate::draw::Draw;

/// A disk.
#[derive(Debug)]
pub(super) struct Disk {
    fate: Option<Fate>,
    draw: Draw,
    /// Steps until it goes bad.
    good_for: u64,
    /// What will befall it.
    coming: Option<Blow>,
}

impl Disk {
    /// The disk of the world of a seed, which is good.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn of(seed: u64) -> Result<Self> {
        let mut draw = Draw::of(seed, 2);
        let good_for = draw.between(1, GOOD_FOR);
        let disk = Self {
            fate: Fate::of_this_process().context("bad disks")?,
            draw,
            good_for,
            coming: None,
        };
        disk.lift()?;
        Ok(disk)
    }

    /// It stays good.
    pub(super) fn spare(&mut self) {
        self.fate = None;
    }

    /// A step begins.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn step(&mut self) -> Result<()> {
        self.good_for = self.good_for.saturating_sub(1);
        if self.good_for == 0 && self.coming.is_none() { self.go_bad(IN_STEPS) } else { Ok(()) }
    }

    /// A start begins, which uses the disk more than a step.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn start(&mut self) -> Result<()> {
        if self.draw.once_in(3) { self.go_bad(IN_A_START) } else { Ok(()) }
    }

    /// What befell it, if it did.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn struck(&self) -> Result<Option<(Blow, Struck)>> {
        let Some(fate) = &self.fate else { return Ok(None) };
        Ok(self.coming.zip(fate.struck()?))
    }

    /// It is good again, for a while.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn heal(&mut self) -> Result<()> {
        self.good_for = self.draw.between(1, GOOD_FOR);
        self.coming = None;
        self.lift()
    }

    fn go_bad(&mut self, most: u64) -> Result<()> {
        let share = u8::try_from(self.draw.below(256))?;
        let blow = *self.draw.one_of(&[
            Blow::Power(0),
            Blow::Power(share),
            Blow::ShortWrite,
            Blow::FailedSync,
            Blow::Full,
        ]);
        self.coming = Some(blow);
        let at = self.draw.between(1, most);
        self.fate.as_ref().map_or(Ok(()), |fate| fate.set(at, blow))
    }

    fn lift(&self) -> Result<()> {
        self.fate.as_ref().map_or(Ok(()), Fate::lift)
    }
}

/// Steps between two bad times, at most.
const GOOD_FOR: u64 = 900;

/// Operations on files in a few steps that commit.
const IN_STEPS: u64 = 24;

/// Operations on files in a start.
const IN_A_START: u64 = 48;
