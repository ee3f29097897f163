//! Owns how the signing device's program is run on a serial port: by the machine on its own, or out
//! here on the other side of a bridge.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::vector_wallet;

/// What it is told on a serial port, with its state and a file of words in these places.
#[must_use]
pub fn arguments<'a>(port: &'a str, state: &'a str, words: &'a str) -> [&'a str; 11] {
    [
        "--serial",
        port,
        "--state",
        state,
        "--mnemonic-file",
        words,
        "--auto-confirm",
        "--screen",
        "none",
        "--network",
        "test",
    ]
}

/// A device of this machine, with the words of [`vector_wallet`].
#[derive(Debug)]
pub struct Device {
    run: Child,
    _folder: TempDir,
}

impl Device {
    /// Starts it on a serial port.
    ///
    /// # Errors
    /// What the system said.
    pub fn start(program: &Path, port: &Path) -> Result<Self> {
        let folder = TempDir::with_prefix("billfold-device-")?;
        let (state, words) = (folder.path().join("state"), folder.path().join("words"));
        fs::create_dir(&state)?;
        fs::write(&words, vector_wallet::WORDS)?;
        let text = |path: &Path| path.to_str().map(str::to_owned).context("not text");
        let (port, state, words) = (text(port)?, text(&state)?, text(&words)?);
        let mut command = Command::new(program);
        command.args(arguments(&port, &state, &words)).stdin(Stdio::null());
        let run = command.spawn().with_context(|| program.display().to_string())?;
        Ok(Self { run, _folder: folder })
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell.
        let _ = self.run.kill();
        let _ = self.run.wait();
    }
}
