//! Owns the serial port as a `Link`: 115200 8N1, RTS and DTR low, since boards restart by them.
//!
//! Refuses to share it: two programs that talk to one device hear each other's answers.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serialport::{ClearBuffer, ErrorKind, SerialPort};

use super::{Link, not_opened, some_or_nothing};
use crate::limits::AT_ONCE;
use crate::place::Place;
use crate::problem::DeviceError;

/// Opens a port. What was left in it from before is dropped.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Link>, DeviceError> {
    let place = || Place::Serial(path.to_owned());
    let name = path.to_string_lossy();
    let opened = serialport::new(name, BAUD).timeout(AT_ONCE).dtr_on_open(false).open();
    let mut port = opened.map_err(|error| match error.kind() {
        // What the library makes of a port that is open elsewhere (EBUSY).
        ErrorKind::NoDevice if path.exists() => DeviceError::Busy(place()),
        ErrorKind::NoDevice => DeviceError::NotThere(place()),
        ErrorKind::Io(kind) => not_opened(&io::Error::new(kind, error.to_string()), place()),
        ErrorKind::InvalidInput | ErrorKind::Unknown => {
            DeviceError::Io { place: place(), what: error.to_string() }
        }
    })?;
    // Ports without these lines, or without a buffer, work all the same.
    let _ = port.write_request_to_send(false);
    let _ = port.write_data_terminal_ready(false);
    let _ = port.clear(ClearBuffer::All);
    Ok(Box::new(Serial { port, opened: Instant::now() }))
}

struct Serial {
    port: Box<dyn SerialPort>,
    opened: Instant,
}

impl Link for Serial {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.port.set_timeout(AT_ONCE)?;
        self.port.write_all(bytes)?;
        self.port.flush()
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.port.set_timeout(wait)?;
        some_or_nothing(self.port.read(buffer))
    }

    fn age(&self) -> Duration {
        self.opened.elapsed()
    }
}

const BAUD: u32 = 115_200;
