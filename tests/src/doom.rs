//! Owns sudden deaths of the real program between any two things that it does to files: a small
//! library is loaded before the system's, counts them, and kills at a number.
//!
//! Refuses to change the program: it is the one that users run. Linux only.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::program::{Outcome, Program, Running};
use crate::target;

/// The library that counts and kills.
#[derive(Debug)]
pub struct Doom {
    library: PathBuf,
    count: tempfile::NamedTempFile,
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
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let made = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status()
            .context("a C compiler is needed")?;
        ensure!(made.success(), "{} does not compile", source.display());
        let count = tempfile::NamedTempFile::new()?;
        Ok(Self { library, count, tried: Cell::new(0), died: Cell::new(0) })
    }

    /// Runs a command to its end, and tells how many things it did to files.
    ///
    /// # Errors
    /// What the system said.
    pub fn count(&self, program: &Program, arguments: &[&str]) -> Result<(Outcome, u64)> {
        let outcome = self.run(program, arguments, None)?;
        Ok((outcome, self.counted()?))
    }

    /// Runs a command that is killed before it does the thing of this number to files, if it gets
    /// so far.
    ///
    /// # Errors
    /// What the system said.
    pub fn kill(&self, program: &Program, arguments: &[&str], at: u64) -> Result<()> {
        let died = self.run(program, arguments, Some(at))?.code.is_none();
        self.note(died);
        Ok(())
    }

    /// A command that is counted, and killed when its [hour is set](Self::set_hour).
    ///
    /// # Errors
    /// What the system said.
    pub fn burden(&self, mut command: Command) -> Result<Command> {
        self.write_count(0)?;
        command.env("LD_PRELOAD", &self.library).env("DOOM_COUNT", self.count.path());
        command.env("DOOM_AT", HOUR.to_string());
        Ok(command)
    }

    /// Kills the running command before it does the thing of this number to files, counted from now.
    ///
    /// # Errors
    /// What the system said.
    pub fn set_hour(&self, number: u64) -> Result<()> {
        self.write_count(HOUR - number)
    }

    /// How many things the running command did to files while something was done.
    ///
    /// # Errors
    /// What the system said, or those of `work`.
    pub fn count_during(&self, work: impl FnOnce() -> Result<()>) -> Result<u64> {
        let before = self.counted()?;
        work()?;
        Ok(self.counted()? - before)
    }

    /// Notes how a command ended whose hour was set.
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

    fn run(&self, program: &Program, arguments: &[&str], at: Option<u64>) -> Result<Outcome> {
        self.write_count(0)?;
        let mut command = program.command(arguments);
        command.env("LD_PRELOAD", &self.library).env("DOOM_COUNT", self.count.path());
        if let Some(at) = at {
            command.env("DOOM_AT", at.to_string());
        }
        let running = Running::start(command)?;
        // What a killed program was about to say is no JSON.
        running
            .finish()
            .or_else(|error| if at.is_some() { Ok(Outcome::killed()) } else { Err(error) })
    }

    /// In place: who is counted has the file mapped.
    fn write_count(&self, count: u64) -> Result<()> {
        Ok(self.count.as_file().write_all_at(&count.to_ne_bytes(), 0)?)
    }

    fn counted(&self) -> Result<u64> {
        let bytes = fs::read(self.count.path())?;
        let bytes = bytes.try_into().ok().context("the count has eight bytes")?;
        Ok(u64::from_ne_bytes(bytes))
    }
}

/// So many things nobody does before the hour is set.
const HOUR: u64 = 1 << 40;

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
    std::env::var_os("BILLFOLD_EVERY_POINT").is_some()
}
