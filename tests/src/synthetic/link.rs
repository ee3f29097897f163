//! Owns the speed of a connection: how long a question travels, and how many bytes a second come
//! back.
//!
//! Refuses to lose or reorder anything.

use std::io::{self, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// The speed of one connection.
#[derive(Debug, Clone, Copy, Default)]
pub struct Link {
    /// Bytes a second towards the client; `None`: as fast as the machine is.
    pub bandwidth: Option<u64>,
    /// From a question to the first byte of its answer, at the least: the round trip.
    pub latency: Duration,
}

/// The end of a link at which answers are written.
#[derive(Debug)]
pub struct Paced {
    stream: TcpStream,
    link: Link,
    /// When the link will have carried what was written.
    free: Instant,
}

impl Paced {
    /// Writes to `stream` at the speed of `link`.
    #[must_use]
    pub fn new(stream: TcpStream, link: Link) -> Self {
        Self { stream, link, free: Instant::now() }
    }

    /// Waits until the answer to a question that was read at `asked` may begin.
    pub fn travel(&self, asked: Instant) {
        thread::sleep((asked + self.link.latency).saturating_duration_since(Instant::now()));
    }

    /// Writes bytes at the link's speed.
    ///
    /// # Errors
    /// When the other side is gone.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(bandwidth) = self.link.bandwidth else { return self.stream.write_all(bytes) };
        let piece = usize::try_from((bandwidth / 200).clamp(64, 65_536)).unwrap_or(64);
        for piece in bytes.chunks(piece) {
            let carried = Duration::from_nanos(piece.len() as u64 * 1_000_000_000 / bandwidth);
            self.stream.write_all(piece)?;
            let now = Instant::now();
            // A thread that slept too long makes up for it; a link that was idle does not.
            self.free = self.free.max(now.checked_sub(OVERSLEPT).unwrap_or(now)) + carried;
            thread::sleep(self.free.saturating_duration_since(now));
        }
        Ok(())
    }

    /// From now on at most this many bytes a second.
    pub const fn slow_down(&mut self, bandwidth: u64) {
        self.link.bandwidth = Some(bandwidth);
    }
}

/// The longest that a sleeping thread is late.
const OVERSLEPT: Duration = Duration::from_millis(20);
