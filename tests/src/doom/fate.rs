//! Owns what a process and the library that is loaded before its system's tell each other: what is
//! to befall the disk and at which operation, how many there were, and whether it happened.
//!
//! Refuses to say when: tests and simulated worlds choose.

use std::env;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;

/// What befalls the disk, or who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// The process is killed.
    Kill,
    /// The power goes: nothing is done any more, of the first write so many of 256 parts.
    Power(u8),
    /// One write comes out in part, and the rest of it finds no room.
    ShortWrite,
    /// One sync fails.
    FailedSync,
    /// No write finds room.
    Full,
}

/// How a blow came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Struck {
    /// Between two operations, or as an error of one.
    Between,
    /// With a part of a write done.
    InAWrite,
}

/// What is to befall a process.
#[derive(Debug)]
pub struct Fate {
    file: File,
    /// So that it is there for as long.
    _named: Option<NamedTempFile>,
}

impl Fate {
    /// What is to befall a command and those that it starts: nothing yet.
    ///
    /// # Errors
    /// What the system said.
    pub fn of(command: &mut Command, library: &Path) -> Result<Self> {
        let named = NamedTempFile::new()?;
        let file = named.reopen()?;
        // What is mapped beyond a file's end is not in it.
        file.set_len(u64::try_from(FIELDS * size_of::<u64>())?)?;
        command.env("LD_PRELOAD", library).env(FATE, named.path());
        let fate = Self { file, _named: Some(named) };
        fate.lift()?;
        Ok(fate)
    }

    /// What is to befall this process, if it was started so.
    ///
    /// # Errors
    /// What the system said.
    pub fn of_this_process() -> Result<Option<Self>> {
        let Some(path) = env::var_os(FATE) else { return Ok(None) };
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Some(Self { file, _named: None }))
    }

    /// Something befalls it at the operation of this number, counted from now.
    ///
    /// # Errors
    /// What the system said.
    pub fn set(&self, at: u64, blow: Blow) -> Result<()> {
        let (what, share) = match blow {
            Blow::Kill => (0, 0),
            Blow::Power(share) => (1, share),
            Blow::ShortWrite => (2, 0),
            Blow::FailedSync => (3, 0),
            Blow::Full => (4, 0),
        };
        self.write([0, at, what, u64::from(share), 0])
    }

    /// Nothing befalls it any more; operations are counted from now.
    ///
    /// # Errors
    /// What the system said.
    pub fn lift(&self) -> Result<()> {
        self.write([0; SET])
    }

    /// How many operations there were.
    ///
    /// # Errors
    /// What the system said, or that a file got a name before its bytes were synced.
    pub fn count(&self) -> Result<u64> {
        Ok(self.read()?[0])
    }

    /// Whether it happened. Who is killed can't say so.
    ///
    /// # Errors
    /// As of [`count`](Self::count).
    pub fn struck(&self) -> Result<Option<Struck>> {
        Ok(match self.read()?[SET - 1] {
            0 => None,
            1 => Some(Struck::Between),
            _ => Some(Struck::InAWrite),
        })
    }

    /// In place: who is counted has the file mapped.
    fn write(&self, fields: [u64; SET]) -> Result<()> {
        let bytes = fields.map(u64::to_ne_bytes).concat();
        self.file.write_all_at(&bytes, 0).context("the fate of a process")
    }

    /// Whoever asks how it went is told of a name that was given too early.
    fn read(&self) -> Result<[u64; FIELDS]> {
        let mut bytes = [[0; 8]; FIELDS];
        self.file.read_exact_at(bytes.as_flattened_mut(), 0).context("the fate of a process")?;
        let fields = bytes.map(u64::from_ne_bytes);
        let hasty = fields[FIELDS - 1];
        ensure!(hasty == 0, "{hasty} files got their names before their bytes were synced");
        Ok(fields)
    }
}

/// As in `doom.c`: how many operations there were, at which, what, how much of it, whether it was.
const SET: usize = 5;

/// After these, which are set, how many files got a name before their bytes were synced.
const FIELDS: usize = SET + 1;

const FATE: &str = "DOOM_FATE";

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;
    use crate::doom::Doom;

    /// Lived once more with the library, in which it looks at itself.
    #[test]
    fn a_name_that_is_given_before_a_sync_is_told() -> Result<()> {
        let name = "doom::fate::tests::a_name_that_is_given_before_a_sync_is_told";
        let Some(fate) = Fate::of_this_process()? else {
            let again = Doom::build()?.again(&[name, "--exact"].map(str::to_owned))?;
            ensure!(again.success(), "{again}");
            return Ok(());
        };
        let folder = tempfile::tempdir()?;
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        for (synced, told) in [(true, false), (false, true)] {
            let mut file = File::create(&from)?;
            file.write_all(b"words")?;
            if synced {
                file.sync_all()?;
            }
            fs::rename(&from, &to)?;
            ensure!(fate.count().is_err() == told, "synced: {synced}");
        }
        Ok(())
    }
}
