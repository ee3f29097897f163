//! Owns where a message ends in a stream of bytes, and what of the stream is none.
//!
//! Refuses messages longer than [`REPLY_BYTES`]; drops what is no map, as the lines that a starting
//! board prints.

use minicbor::Decoder;

use crate::limits::{REPLY_BYTES, STRAY_BYTES};
use crate::problem::DeviceError;

/// What has come and is not read yet.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    bytes: Vec<u8>,
    /// How much was thrown away since the last message that somebody waited for.
    stray: usize,
}

impl Inbound {
    /// Takes in what has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message; `None`: more must come.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, DeviceError> {
        loop {
            let start = self.bytes.iter().position(|byte| byte >> 5 == MAP);
            let start = start.unwrap_or(self.bytes.len());
            self.bytes.drain(..start);
            self.drop_stray(start)?;
            let mut decoder = Decoder::new(&self.bytes);
            match decoder.skip() {
                Ok(()) => {
                    let rest = self.bytes.split_off(decoder.position());
                    return Ok(Some(std::mem::replace(&mut self.bytes, rest)));
                }
                Err(error) if error.is_end_of_input() && self.bytes.len() <= REPLY_BYTES => {
                    return Ok(None);
                }
                Err(error) if error.is_end_of_input() => {
                    return Err(DeviceError::Protocol("a reply does not end"));
                }
                // No map after all.
                Err(_) => {
                    self.bytes.remove(0);
                    self.drop_stray(1)?;
                }
            }
        }
    }

    /// Forgets what is not read yet: it may be the rest of an answer to somebody who is gone, and hide
    /// what follows.
    pub(crate) fn forget(&mut self) {
        self.stray += self.bytes.len();
        self.bytes.clear();
    }

    /// The last message was no answer.
    pub(crate) fn drop_stray(&mut self, bytes: usize) -> Result<(), DeviceError> {
        self.stray += bytes;
        if self.stray > STRAY_BYTES {
            return Err(DeviceError::Protocol("it talks without being asked"));
        }
        Ok(())
    }

    /// The last message was the answer.
    pub(crate) fn answered(&mut self) {
        self.stray = 0;
    }

    /// Whether anything has come since the last answer.
    pub(crate) fn has_heard(&self) -> bool {
        self.stray > 0 || !self.bytes.is_empty()
    }
}

/// The major type of maps (RFC 8949, section 3.1).
const MAP: u8 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = &[0xa1, 0x61, b'a', 0x01];

    #[test]
    fn messages_are_found_however_they_arrive() {
        let mut inbound = Inbound::default();
        for byte in [b"AT\r".as_slice(), b"rst:0x1 boot\n", MESSAGE, MESSAGE, &[0xa1]].concat() {
            inbound.push(&[byte]);
        }
        assert_eq!(inbound.next(), Ok(Some(MESSAGE.to_vec())));
        assert_eq!(inbound.next(), Ok(Some(MESSAGE.to_vec())));
        assert_eq!(inbound.next(), Ok(None));
        inbound.push(&MESSAGE[1..]);
        assert_eq!(inbound.next(), Ok(Some(MESSAGE.to_vec())));
        assert_eq!(inbound.next(), Ok(None));
    }

    #[test]
    fn what_begins_as_a_map_and_is_none_is_dropped() {
        let mut inbound = Inbound::default();
        inbound.push(&[0xa1, 0x61, 0xff, 0x1c, 0xff]);
        inbound.push(MESSAGE);
        assert_eq!(inbound.next(), Ok(Some(MESSAGE.to_vec())));
    }

    #[test]
    fn a_device_can_fill_no_memory() {
        let mut endless = Inbound::default();
        endless.push(&[0xa1, 0x61, b'a', 0x5b, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff]);
        endless.push(&vec![0; REPLY_BYTES]);
        assert_eq!(endless.next(), Err(DeviceError::Protocol("a reply does not end")));
        let mut noisy = Inbound::default();
        noisy.push(&vec![b'x'; STRAY_BYTES + 1]);
        assert_eq!(noisy.next(), Err(DeviceError::Protocol("it talks without being asked")));
    }
}
