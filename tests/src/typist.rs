//! Owns a person at a terminal: the program runs in a pseudo-terminal of its own, which it
//! controls; what it writes is read, as lines or as the screen that it makes, and what the person
//! types is sent key by key.
//!
//! Refuses to guess when to type: it waits for what is shown, and for the echo to be off before it
//! types a secret.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::display::Display;

/// A person who has started a command.
pub struct Typist {
    process: Box<dyn Child + Send + Sync>,
    terminal: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    display: Display,
    shown: String,
    /// Up to here the person has read.
    read: usize,
}

/// Keys that are no characters, as terminals send them.
pub const ENTER: &str = "\r";
/// Escape; what comes at once after it would be one key with it.
pub const ESC: &str = "\x1b";
/// Tab.
pub const TAB: &str = "\t";
/// Down.
pub const DOWN: &str = "\x1b[B";

/// How it ended.
#[derive(Debug)]
pub struct Ending {
    /// The exit code.
    pub code: u32,
    /// All that was shown, with the terminal's control sequences.
    pub shown: String,
}

impl Typist {
    /// Starts a command in a terminal of 80 columns and 24 lines.
    ///
    /// # Errors
    /// What the system said.
    pub fn start(command: CommandBuilder) -> Result<Self> {
        let (rows, columns) = SIZE;
        let pair = native_pty_system().openpty(size(rows, columns))?;
        let process = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader()?;
        let keyboard = pair.master.take_writer()?;
        let (sender, written) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The end of the program is an error here, not an end.
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            process,
            terminal: pair.master,
            keyboard,
            output: written,
            display: Display::new(rows, columns)?,
            shown: String::new(),
            read: 0,
        })
    }

    /// Starts a command with the arguments and the environment that it names, and no other.
    ///
    /// # Errors
    /// What the system said.
    pub fn at_terminal(command: &Command) -> Result<Self> {
        let mut same = CommandBuilder::new(command.get_program());
        same.args(command.get_args());
        same.cwd(command.get_current_dir().unwrap_or(Path::new(".")));
        same.env_clear();
        for (name, value) in command.get_envs() {
            same.env(name, value.unwrap_or_default());
        }
        Self::start(same)
    }

    /// The program's process, while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.process_id()
    }

    /// Reads on until a text is shown; all that was read on the way, the text included.
    ///
    /// # Errors
    /// That the program ended, or was waited for too long, without it.
    pub fn read_until(&mut self, wanted: &str) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown[self.read..].find(wanted) {
                let end = self.read + at + wanted.len();
                let found = self.shown[self.read..end].to_owned();
                self.read = end;
                return Ok(found);
            }
            if self.listen(deadline).is_err() {
                bail!("\"{wanted}\" was never shown, but:\n{:?}", self.shown);
            }
        }
    }

    /// Waits until a text stands on the screen; the rows of it then.
    ///
    /// # Errors
    /// That the program ended, or was waited for too long, without it.
    pub fn see(&mut self, wanted: &str) -> Result<String> {
        let seen = self.look(|display| Some(display.text()).filter(|text| text.contains(wanted)));
        seen.with_context(|| format!("\"{wanted}\" is not there"))
    }

    /// Waits until something is found on the screen.
    ///
    /// # Errors
    /// That the program ended, or was waited for too long, without it.
    pub fn look<T>(&mut self, find: impl Fn(&Display) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = find(&self.display) {
                return Ok(found);
            }
            if self.listen(deadline).is_err() {
                bail!("what was looked for is not on the screen:\n{}", self.display.text());
            }
        }
    }

    /// What is on the screen now.
    #[must_use]
    pub const fn display(&self) -> &Display {
        &self.display
    }

    /// All that was written until now.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Makes the terminal larger or smaller.
    ///
    /// # Errors
    /// What the system said.
    pub fn resize(&mut self, rows: u16, columns: u16) -> Result<()> {
        self.display.resize(rows, columns)?;
        self.terminal.resize(size(rows, columns))
    }

    /// Pastes a text, as a terminal tells of it.
    ///
    /// # Errors
    /// What the system said.
    pub fn paste(&mut self, text: &str) -> Result<()> {
        self.press(&format!("\x1b[200~{text}\x1b[201~"))
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.process_id()
    }

    /// Takes the next that the program writes.
    fn listen(&mut self, deadline: Instant) -> Result<(), RecvTimeoutError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let bytes = self.output.recv_timeout(left)?;
        self.display.take(&bytes);
        self.shown.push_str(&String::from_utf8_lossy(&bytes));
        Ok(())
    }

    /// Types a line and Enter.
    ///
    /// # Errors
    /// What the system said.
    pub fn enter(&mut self, line: &str) -> Result<()> {
        self.press(&format!("{line}\r"))
    }

    /// Types a line and Enter at a question that must not show it.
    ///
    /// # Errors
    /// That the terminal goes on showing what is typed, or what the system said.
    pub fn enter_hidden(&mut self, line: &str) -> Result<()> {
        self.await_echo(false)?;
        self.enter(line)
    }

    /// Types these keys.
    ///
    /// # Errors
    /// What the system said.
    pub fn press(&mut self, keys: &str) -> Result<()> {
        self.keyboard.write_all(keys.as_bytes())?;
        Ok(self.keyboard.flush()?)
    }

    /// Waits until what is typed is shown, or is not.
    ///
    /// # Errors
    /// That it never is so.
    pub fn await_echo(&self, wanted: bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.echoes()? != wanted {
            ensure!(Instant::now() < deadline, "the echo is never {wanted}: {:?}", self.shown);
            thread::yield_now();
        }
        Ok(())
    }

    /// Waits for the end of the program. The terminal must be as it was found.
    ///
    /// # Errors
    /// That it did not end in time, or left the terminal without echo or on another screen.
    pub fn finish(mut self) -> Result<Ending> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.listen(deadline) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.process.kill()?;
                    bail!("it did not end within {PATIENCE:?}: {:?}", self.shown);
                }
            }
        }
        let code = self.process.wait()?.exit_code();
        ensure!(self.echoes()?, "the terminal is left without echo: {:?}", self.shown);
        ensure!(self.display.is_as_found(), "the terminal is left changed: {:?}", self.shown);
        Ok(Ending { code, shown: std::mem::take(&mut self.shown) })
    }

    /// Whether the terminal shows what is typed.
    fn echoes(&self) -> Result<bool> {
        let settings = self.terminal.get_termios().context("the terminal has no settings")?;
        Ok(settings.local_flags.bits() & ECHO != 0)
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell.
        let _ = self.process.kill();
    }
}

const fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// Lines and columns of a terminal.
const SIZE: (u16, u16) = (24, 80);

/// The bit of POSIX's `c_lflag` that lets a terminal show what is typed; the same everywhere.
const ECHO: u32 = 0o10;

/// No question of a test takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(180);
