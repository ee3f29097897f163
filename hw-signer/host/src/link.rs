//! Owns `Link`: a stream of bytes to a device, and time as it passes there.
//!
//! Refuses to know what the bytes mean.

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::limits::{AT_ONCE, DIAL};
use crate::place::Place;
use crate::problem::DeviceError;

mod serial;

pub(crate) use serial::open as open_serial;

/// A stream of bytes to a device.
pub(crate) trait Link: Send {
    /// Writes all of it.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Reads what has come; nothing, if nothing came for `wait`.
    ///
    /// An end of the stream is an error: [`io::ErrorKind::UnexpectedEof`].
    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize>;

    /// How long it has been open.
    fn age(&self) -> Duration;
}

/// Opens a stream to an emulator.
pub(crate) fn open_tcp(address: std::net::SocketAddr) -> Result<Box<dyn Link>, DeviceError> {
    let place = Place::Tcp(address);
    let opened = TcpStream::connect_timeout(&address, DIAL).and_then(|stream| {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(AT_ONCE))?;
        Ok(stream)
    });
    match opened {
        Ok(stream) => Ok(Box::new(Tcp { stream, opened: Instant::now() })),
        Err(error) => Err(not_opened(&error, place)),
    }
}

/// Why a place could not be opened.
fn not_opened(error: &io::Error, place: Place) -> DeviceError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => DeviceError::NoPermission(place),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::TimedOut => {
            DeviceError::NotThere(place)
        }
        io::ErrorKind::ResourceBusy => DeviceError::Busy(place),
        _ => DeviceError::Io { place, what: error.to_string() },
    }
}

struct Tcp {
    stream: TcpStream,
    opened: Instant,
}

impl Link for Tcp {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut self.stream, bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(wait))?;
        some_or_nothing(io::Read::read(&mut self.stream, buffer))
    }

    fn age(&self) -> Duration {
        self.opened.elapsed()
    }
}

/// A read that ended without bytes is either a wait that is over or the end of the stream.
fn some_or_nothing(read: io::Result<usize>) -> io::Result<usize> {
    match read {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(error) => match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => {
                Ok(0)
            }
            _ => Err(error),
        },
        read => read,
    }
}
