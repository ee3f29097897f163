//! Owns the packets of version 2 after the handshake: bytes of the stream in, contents out, and
//! the other way round.
//!
//! Refuses a packet that is longer than any message before it is read, and one that does not
//! authenticate. Decoys are dropped.

use std::io;

use bip324::{InboundCipher, NUM_LENGTH_BYTES, OutboundCipher, PacketType};

use crate::light_client::codec::v2::MAX_CONTENTS;
use crate::limits::READ_BYTES;

/// Opens packets that the peer sealed.
pub(super) struct Opener {
    cipher: InboundCipher,
    /// Bytes of the stream; those before `used` are opened.
    buffer: Vec<u8>,
    used: usize,
    /// The bytes of the packet at the front behind its length, once that is deciphered.
    length: Option<usize>,
}

impl Opener {
    /// Opens with `cipher` what follows in the stream, which begins with `buffer`.
    pub(super) const fn new(cipher: InboundCipher, buffer: Vec<u8>) -> Self {
        Self { cipher, buffer, used: 0, length: None }
    }

    /// The contents of the next packet that is no decoy, if all of it is here.
    ///
    /// # Errors
    /// `InvalidData`, after which the stream can't be followed.
    pub(super) fn open_next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let front = &mut self.buffer[self.used..];
            let Some((length, rest)) = front.split_first_chunk_mut::<NUM_LENGTH_BYTES>() else {
                return Ok(None);
            };
            let length =
                *self.length.get_or_insert_with(|| self.cipher.decrypt_packet_len(*length));
            if length > MAX_CONTENTS + AROUND_CONTENTS {
                return Err(invalid("a packet is too long"));
            }
            let Some(packet) = rest.get_mut(..length) else { return Ok(None) };
            let opened = self.cipher.decrypt_in_place(packet, None);
            let (_, plain) = opened.map_err(|_| invalid("a packet does not authenticate"))?;
            let (header, contents) = plain.split_first().expect("a packet has a header");
            let contents = (header & DECOY == 0).then(|| contents.to_vec());
            self.used += NUM_LENGTH_BYTES + length;
            self.length = None;
            if contents.is_some() {
                return Ok(contents);
            }
        }
    }

    /// Where to put what is read next: there is room for [`READ_BYTES`] at the least. A long packet
    /// leaves no long buffer behind.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        self.buffer.drain(..self.used);
        self.used = 0;
        if self.buffer.len() < READ_BYTES {
            self.buffer.shrink_to(2 * READ_BYTES);
        }
        self.buffer.reserve(READ_BYTES);
        &mut self.buffer
    }
}

/// Seals packets for the peer.
pub(super) struct Sealer(OutboundCipher);

impl Sealer {
    /// Seals with `cipher`.
    pub(super) const fn new(cipher: OutboundCipher) -> Self {
        Self(cipher)
    }

    /// The packet with these contents.
    pub(super) fn seal(&mut self, contents: &[u8]) -> Vec<u8> {
        self.0.encrypt_to_vec(contents, PacketType::Genuine, None)
    }
}

pub(super) fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The header before the contents and the tag behind them.
pub(super) const AROUND_CONTENTS: usize = 1 + 16;

/// The bit of the header that says to ignore the packet; the others have no meaning yet.
const DECOY: u8 = 0x80;
