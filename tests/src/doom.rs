//! Owns bad disks and sudden deaths of the real program between any two things that it does to
//! files: a small library is loaded before the system's, counts them, and strikes at a number.
//!
//! Refuses to change the program: it is the one that users run. Linux only.

mod fate;

use std::cell::Cell;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, ensure};

use crate::program::{Outcome, Program, Running};
use crate::target;

pub use fate::{Blow, Fate, Struck};

/// The library that counts and strikes.
#[derive(Debug)]
pub struct Doom {
    library: PathBuf,
    tried: Cell<u64>,
    died: Cell<u64>,
}

impl Doom {
    /// Compiles it, where it is not there yet.
    ///
    /// # Errors
    /// That there is no C compiler, or what it said.
    pub fn build() -> Result<Self> {
        let (tools, _lock) = target::tools()?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("doom/doom.c");
        let library = tools.join("doom.so");
        let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        // Under another name first: others may have the one that is there loaded.
        let fresh = tools.join("doom.new.so");
        let made = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([&fresh, &source])
            .arg("-ldl")
            .status()
            .context("a C compiler is needed")?;
        ensure!(made.success(), "{} does not compile", source.display());
        fs::rename(fresh, &library)?;
        Ok(Self { library, tried: Cell::new(0), died: Cell::new(0) })
    }

    /// Runs this program again with these arguments and the library, for bad disks of its own.
    ///
    /// # Errors
    /// What the system said.
    pub fn again(&self, arguments: &[String]) -> Result<ExitStatus> {
        let mut command = Command::new(env::current_exe()?);
        let _fate = Fate::of(command.args(arguments), &self.library)?;
        Ok(command.status()?)
    }

    /// Runs a command to its end, and tells how many things it did to files.
    ///
    /// # Errors
    /// What the system said.
    pub fn count(&self, program: &Program, arguments: &[&str]) -> Result<(Outcome, u64)> {
        let mut command = program.command(arguments);
        let fate = self.burden(&mut command)?;
        let outcome = Running::start(command)?.finish()?;
        Ok((outcome, fate.count()?))
    }

    /// Runs a command that is killed before it does the thing of this number to files, if it gets
    /// so far.
    ///
    /// # Errors
    /// What the system said.
    pub fn kill(&self, program: &Program, arguments: &[&str], at: u64) -> Result<()> {
        let mut command = program.command(arguments);
        let fate = self.burden(&mut command)?;
        fate.set(at, Blow::Kill)?;
        // What a killed program was about to say is no JSON.
        let ended = Running::start(command)?.finish();
        self.note(ended.map_or(true, |outcome| outcome.code.is_none()));
        Ok(())
    }

    /// Runs a command whose disk goes bad with the thing of this number that it does to files; how
    /// it ended, and whether the disk went bad.
    ///
    /// # Errors
    /// What the system said.
    pub fn strike(
        &self,
        program: &Program,
        arguments: &[&str],
        (at, blow): (u64, Blow),
    ) -> Result<(Outcome, bool)> {
        let mut command = program.command(arguments);
        let fate = self.burden(&mut command)?;
        fate.set(at, blow)?;
        let outcome = Running::start(command)?.finish()?;
        Ok((outcome, fate.struck()?.is_some()))
    }

    /// A command that is counted, and what is to befall it.
    ///
    /// # Errors
    /// What the system said.
    pub fn burden(&self, command: &mut Command) -> Result<Fate> {
        Fate::of(command, &self.library)
    }

    /// Notes how a command ended that was to be killed.
    pub fn note(&self, died: bool) {
        self.tried.set(self.tried.get() + 1);
        self.died.set(self.died.get() + u64::from(died));
    }

    /// Most runs that were to be killed were: two runs need not do the same number of things.
    ///
    /// # Errors
    /// That they were not, so that nothing was shown.
    pub fn has_struck(&self) -> Result<()> {
        let (tried, died) = (self.tried.get(), self.died.get());
        ensure!(tried > 0 && died * 4 >= tried * 3, "{died} of {tried} died");
        Ok(())
    }
}

/// Which of so many points are tried: all of them, or `most` that are spread evenly, with the last.
#[must_use]
pub fn points(count: u64, most: u64) -> Vec<u64> {
    let step = if every_point() { 1 } else { count.div_ceil(most).max(1) };
    let stride = usize::try_from(step).unwrap_or(usize::MAX);
    let mut points: Vec<u64> = (1..=count).rev().step_by(stride).collect();
    points.reverse();
    points
}

/// Whether `BILLFOLD_EVERY_POINT` asks for all of them.
fn every_point() -> bool {
    env::var_os("BILLFOLD_EVERY_POINT").is_some()
}
