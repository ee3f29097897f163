//! Owns the daemon's log: a file beside the wallets, which begins anew when it is long, and is opened
//! again when it was moved away.
//!
//! Refuses to hold what is derived from the watch list: what the crates below log is of peers, files
//! and the chain, never of addresses, transactions or amounts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use billfold_wallet_core::config::Settings;
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt as _};

/// The file that is being written.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<Mutex<Pages>>);

impl Log {
    /// Opens the log of these settings, and begins to write what happens.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn begin(settings: &Settings, verbose: u8) -> io::Result<Self> {
        let log = Self::open(settings.paths().dir().join("billfold.log"), BYTES)?;
        let said = level(verbose);
        let writer = log.clone().with_max_level(Level::INFO);
        let writer = match said {
            Some(level) => BoxMakeWriter::new(writer.and(io::stderr.with_max_level(level))),
            None => BoxMakeWriter::new(writer),
        };
        let most = said.unwrap_or(Level::INFO).max(Level::INFO);
        let subscriber =
            tracing_subscriber::fmt().with_max_level(most).with_ansi(false).with_writer(writer);
        // Only a test that runs several in one process has one already.
        let _ = subscriber.try_init();
        Ok(log)
    }

    /// Goes on in the file of its name, whatever became of the one that was open.
    pub(crate) fn reopen(&self) {
        // What can't be opened leaves the old one: a full disk is no reason to end.
        if self.pages().reopen().is_ok() {
            tracing::info!("the log was opened again");
        }
    }

    fn open(path: PathBuf, bytes: u64) -> io::Result<Self> {
        let (file, written) = opened(&path)?;
        Ok(Self(Arc::new(Mutex::new(Pages { path, file, written, bytes }))))
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        // What a panic left is a file that can be written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is written to standard error when asked for.
pub(crate) const fn level(verbose: u8) -> Option<Level> {
    match verbose {
        0 => None,
        1 => Some(Level::INFO),
        2 => Some(Level::DEBUG),
        _ => Some(Level::TRACE),
    }
}

/// The file and those before it: `billfold.log`, `billfold.log.1` and so on.
#[derive(Debug)]
struct Pages {
    path: PathBuf,
    file: File,
    written: u64,
    bytes: u64,
}

impl Pages {
    fn reopen(&mut self) -> io::Result<()> {
        (self.file, self.written) = opened(&self.path)?;
        Ok(())
    }

    /// Moves each file to the name of the one before it, of which the oldest goes.
    fn turn(&mut self) -> io::Result<()> {
        for number in (1..FILES - 1).rev() {
            let from = numbered(&self.path, number);
            if from.exists() {
                fs::rename(from, numbered(&self.path, number + 1))?;
            }
        }
        fs::rename(&self.path, numbered(&self.path, 1))?;
        self.reopen()
    }
}

impl Write for Pages {
    /// Writes one line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.written > 0 && self.written.saturating_add(length) > self.bytes {
            // What can't be moved grows: lines are worth more than a bound.
            let _ = self.turn();
        }
        let written = self.file.write(line)?;
        self.written = self.written.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A line that is being written; no other comes between its parts.
pub(crate) struct Line<'a>(MutexGuard<'a, Pages>);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self.pages())
    }
}

/// Opens a file to go on at its end, and tells how long it is.
fn opened(path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    let written = file.metadata()?.len();
    Ok((file, written))
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// Bytes of one file.
const BYTES: u64 = 10_000_000;

/// Files, the one that is written among them.
const FILES: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn said(log: &Log, line: &str) {
        log.make_writer().write_all(line.as_bytes()).unwrap();
    }

    #[test]
    fn the_oldest_lines_go_and_the_newest_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("billfold.log");
        let log = Log::open(path.clone(), 10).unwrap();
        for number in 0..14 {
            said(&log, &format!("{number:02}..\n"));
        }
        drop(log);
        let read = |path: PathBuf| fs::read_to_string(path).unwrap();
        assert_eq!(read(path.clone()), "12..\n13..\n");
        assert_eq!(read(numbered(&path, 1)), "10..\n11..\n");
        assert_eq!(read(numbered(&path, 4)), "04..\n05..\n");
        assert!(!numbered(&path, 5).exists());

        // Who starts again goes on where the last one ended.
        said(&Log::open(path.clone(), 10).unwrap(), "14..\n");
        assert_eq!(
            (read(path.clone()), read(numbered(&path, 1))),
            ("14..\n".into(), "12..\n13..\n".into())
        );
    }

    #[test]
    fn a_log_that_was_moved_away_goes_on_under_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("billfold.log");
        let log = Log::open(path.clone(), BYTES).unwrap();
        said(&log, "one\n");
        fs::rename(&path, numbered(&path, 9)).unwrap();
        said(&log, "two\n");
        log.pages().reopen().unwrap();
        said(&log, "three\n");
        assert_eq!(fs::read_to_string(numbered(&path, 9)).unwrap(), "one\ntwo\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
    }
}
