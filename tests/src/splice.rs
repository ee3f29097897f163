//! Owns the joining of two streams: what one says the other hears, until both have ended.
//!
//! Refuses to look at the bytes.

use std::io::{Read, Write, copy};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;

/// A stream of bytes both ways.
pub trait Stream: Read + Write + Send + Sized + 'static {
    /// A second handle to the same stream.
    ///
    /// # Errors
    /// What the system said.
    fn again(&self) -> std::io::Result<Self>;

    /// Says that nothing more will be written.
    fn end(&self);
}

impl Stream for TcpStream {
    fn again(&self) -> std::io::Result<Self> {
        self.try_clone()
    }

    fn end(&self) {
        // The other side may have ended it already.
        let _ = self.shutdown(Shutdown::Write);
    }
}

impl Stream for UnixStream {
    fn again(&self) -> std::io::Result<Self> {
        self.try_clone()
    }

    fn end(&self) {
        // The other side may have ended it already.
        let _ = self.shutdown(Shutdown::Write);
    }
}

/// Joins two streams, and returns when both have ended.
pub fn splice(one: impl Stream, other: impl Stream) {
    let (Ok(one_again), Ok(other_again)) = (one.again(), other.again()) else { return };
    let back = thread::spawn(move || pour(other_again, one_again));
    pour(one, other);
    // A copying thread has nothing to tell.
    let _ = back.join();
}

fn pour(mut from: impl Stream, mut to: impl Stream) {
    // However it ended: it is over.
    let _ = copy(&mut from, &mut to);
    to.end();
}
