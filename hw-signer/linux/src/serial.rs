//! Owns the serial port: raw, 115200 8N1, opened again when the host's side was gone.
//!
//! Refuses to wait for a carrier: a gadget has none.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use rustix::termios::{OptionalActions, SpecialCodeIndex, speed, tcgetattr, tcsetattr};

use crate::event::Event;
use crate::link::{Link, split};
use crate::port::listen;

/// A serial port.
#[derive(Debug)]
pub struct Serial {
    path: PathBuf,
    file: File,
}

impl Serial {
    /// Opens a port and makes it raw.
    ///
    /// # Errors
    /// See [`OpenSerialError`].
    pub fn open(path: &Path) -> Result<Self, OpenSerialError> {
        let failed = |source| OpenSerialError { path: path.into(), source };
        let file = open_raw(path).map_err(failed)?;
        Ok(Self { path: path.into(), file })
    }

    /// Takes hosts from now on.
    pub fn start(self, events: SyncSender<Event>) {
        let Self { path, file } = self;
        thread::spawn(move || {
            let mut file = Some(file);
            loop {
                let opened = file.take().map_or_else(|| open_raw(&path), Ok).and_then(split);
                if let Ok((reader, writer)) = opened {
                    // Whatever ended it, the port is opened again.
                    drop(listen(reader, Link::new(writer), &events));
                }
                thread::sleep(REOPEN);
            }
        });
    }
}

/// A serial port can't be opened.
#[derive(Debug, thiserror::Error)]
#[error("can't open the serial port {}: {source}", path.display())]
pub struct OpenSerialError {
    path: PathBuf,
    source: io::Error,
}

fn open_raw(path: &Path) -> io::Result<File> {
    // Not the terminal of this program, and no waiting for a carrier.
    let flags = rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).expect("flags are small numbers");
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
    let mut termios = tcgetattr(&file)?;
    termios.make_raw();
    termios.set_speed(speed::B115200)?;
    termios.control_modes |=
        rustix::termios::ControlModes::CLOCAL | rustix::termios::ControlModes::CREAD;
    termios.control_modes -= rustix::termios::ControlModes::HUPCL;
    termios.special_codes[SpecialCodeIndex::VMIN] = 1;
    termios.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(&file, OptionalActions::Flush, &termios)?;
    let flags = rustix::fs::fcntl_getfl(&file)?;
    rustix::fs::fcntl_setfl(&file, flags - rustix::fs::OFlags::NONBLOCK)?;
    Ok(file)
}

/// How long to wait before a port that failed is tried again.
const REOPEN: Duration = Duration::from_millis(500);
