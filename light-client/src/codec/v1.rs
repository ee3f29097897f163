//! Owns the framing of version 1 of the transport: magic, command, length, checksum.
//!
//! Refuses a message that is too long before it keeps any of it, and a wrong checksum, but for
//! filters: see `is_checked_by_content`.

use bitcoin::consensus::serialize;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::p2p::Magic;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};

use crate::codec::Message;
use crate::codec::payload::Kind;
use crate::fault::Fault;
use crate::limits::MAX_MESSAGE;
use crate::tally::Tally;

/// Frames a message to send.
#[must_use]
pub fn encode(magic: Magic, message: NetworkMessage) -> Vec<u8> {
    serialize(&RawNetworkMessage::new(magic, message))
}

/// Cuts one peer's stream into messages. Holds at most one unfinished message.
#[derive(Debug, Clone)]
pub struct Stream {
    magic: Magic,
    buffer: Vec<u8>,
    /// Everything before this place in `buffer` is used up.
    used: usize,
    /// Bytes to come of a message that is skipped.
    to_skip: usize,
    tally: Tally,
}

impl Stream {
    /// The start of a stream.
    #[must_use]
    pub const fn new(magic: Magic) -> Self {
        Self { magic, buffer: Vec::new(), used: 0, to_skip: 0, tally: Tally::new() }
    }

    /// Takes bytes from the stream; call `next_message` until it has no more.
    pub fn feed(&mut self, bytes: Vec<u8>) {
        let skipped = self.to_skip.min(bytes.len());
        self.to_skip -= skipped;
        if self.used == self.buffer.len() {
            (self.buffer, self.used) = (bytes, skipped);
            return;
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        self.buffer.extend_from_slice(&bytes[skipped..]);
    }

    /// The next whole message.
    ///
    /// # Errors
    /// The fault that ends the connection; the stream can't be followed after it.
    pub fn next_message(&mut self) -> Result<Option<Message>, Fault> {
        loop {
            let rest = &self.buffer[self.used..];
            let magic = self.magic.to_bytes();
            if rest.iter().zip(magic).any(|(found, expected)| *found != expected) {
                return Err(Fault::WrongMagic);
            }
            let Some((header, rest)) = rest.split_first_chunk::<HEADER>() else { return Ok(None) };
            let frame = Frame::read(header)?;
            let Some(kind) = frame.kind else {
                self.tally.count(command(header), HEADER + frame.length);
                let here = frame.length.min(rest.len());
                self.to_skip = frame.length - here;
                self.used += HEADER + here;
                continue;
            };
            let Some(payload) = rest.get(..frame.length) else { return Ok(None) };
            let message = frame.check(kind, payload)?;
            self.tally.count(command(header), HEADER + frame.length);
            self.used += HEADER + frame.length;
            return Ok(Some(message));
        }
    }

    /// What came, by the types of the messages.
    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whether the beginning of a message is here and its end is not.
    #[must_use]
    pub const fn is_inside_message(&self) -> bool {
        self.used < self.buffer.len()
    }
}

/// The name of the message's type.
fn command(header: &[u8; HEADER]) -> &[u8] {
    let name = &header[4..16];
    name.split(|byte| *byte == 0).next().unwrap_or(name)
}

/// Bytes before every payload: magic, command, length, checksum.
pub(super) const HEADER: usize = 24;

/// The header of one message.
struct Frame {
    kind: Option<Kind>,
    length: usize,
    checksum: [u8; 4],
}

impl Frame {
    fn read(header: &[u8; HEADER]) -> Result<Self, Fault> {
        let (_, rest) = header.split_at(4);
        let (command, rest) = rest.split_at(12);
        let (length, checksum) = rest.split_at(4);
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        let end = command.iter().position(|byte| *byte == 0).unwrap_or(command.len());
        let (name, padding) = command.split_at(end);
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Fault::Malformed);
        }
        let frame = Self {
            kind: Kind::of(name),
            length: usize::try_from(length).map_err(|_| Fault::Oversized)?,
            checksum: checksum.try_into().expect("four bytes"),
        };
        let longest = frame.kind.map_or(MAX_MESSAGE, Kind::longest);
        if frame.length > longest { Err(Fault::Oversized) } else { Ok(frame) }
    }

    fn check(&self, kind: Kind, payload: &[u8]) -> Result<Message, Fault> {
        if !is_checked_by_content(kind)
            && sha256d::Hash::hash(payload).as_byte_array()[..4] != self.checksum
        {
            return Err(Fault::Malformed);
        }
        kind.parse(payload)
    }
}

/// Whether a message is hashed for what it says anyway. A filter is used only if all of it hashes
/// to what the peer committed to, by the threads that match it; four bytes of the same hash,
/// which whoever changes a filter can compute as well, would cost the one thread that reads from
/// every peer more than all else it does for a filter.
const fn is_checked_by_content(kind: Kind) -> bool {
    matches!(kind, Kind::Filter)
}

#[cfg(test)]
mod tests;
