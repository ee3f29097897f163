//! Owns `Framing`: where a message begins and ends in a stream of bytes (RFC 8949).
//!
//! A message is a map whose keys are texts. Bytes that can't begin one are dropped without a word:
//! what probes a serial port sends `AT`, which is valid CBOR and no map. A message that stops
//! halfway is forgotten. Refuses indefinite lengths, which no host sends, and more depth or
//! length than a request may have.

use alloc::vec::Vec;

use crate::limits::{MESSAGE_DEPTH, REQUEST_BYTES, STALE_MESSAGE};
use crate::time::Time;

/// Cuts a stream of bytes into messages.
#[derive(Default)]
pub struct Framing {
    buffer: Vec<u8>,
    scan: Scan,
    last: Time,
}

/// What the stream held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A whole message.
    Message(Vec<u8>),
    /// A message longer than [`REQUEST_BYTES`], which was read past and not kept.
    TooLong,
}

impl Framing {
    /// Takes bytes that came at `now`, and gives what became whole, in order.
    pub fn push(&mut self, bytes: &[u8], now: Time) -> Vec<Frame> {
        if now.since(self.last) >= STALE_MESSAGE {
            self.clear();
        }
        self.last = now;
        let mut frames = Vec::new();
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            let (taken, state) = if self.scan.in_text() {
                let taken = self.scan.pass(rest.len());
                (taken, self.scan.state())
            } else {
                (1, self.scan.take(byte))
            };
            match state {
                State::Broken if self.buffer.is_empty() => {
                    self.scan = Scan::default();
                    rest = after;
                    continue;
                }
                // The byte that breaks a message may begin the next.
                State::Broken => {
                    self.clear();
                    continue;
                }
                State::More | State::Whole => self.keep(&rest[..taken]),
            }
            if state == State::Whole {
                frames.push(self.whole());
            }
            rest = &rest[taken..];
        }
        frames
    }

    /// Forgets a message that stopped halfway.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.scan = Scan::default();
    }

    fn keep(&mut self, bytes: &[u8]) {
        // One byte more than a request may have tells that it is too long.
        let room = (REQUEST_BYTES + 1).saturating_sub(self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn whole(&mut self) -> Frame {
        let message = core::mem::take(&mut self.buffer);
        self.clear();
        if message.len() > REQUEST_BYTES { Frame::TooLong } else { Frame::Message(message) }
    }
}

/// Walks over one item of CBOR as its bytes come, and keeps nothing of it but its shape.
#[derive(Default)]
struct Scan {
    /// Maps and arrays that are open, the outermost first.
    open: Vec<Open>,
    /// The first byte of the item at hand and what came of its argument.
    head: Option<Head>,
    /// Bytes that are left of a text or of bytes.
    text: usize,
    whole: bool,
}

struct Open {
    /// Items to come: two for each entry of a map.
    left: u64,
    map: bool,
}

struct Head {
    major: u8,
    argument: u64,
    bytes_left: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    More,
    Whole,
    Broken,
}

impl Scan {
    fn in_text(&self) -> bool {
        self.text > 0
    }

    fn state(&self) -> State {
        if self.whole { State::Whole } else { State::More }
    }

    /// Goes over at most `bytes` of a text; tells how many.
    fn pass(&mut self, bytes: usize) -> usize {
        let taken = bytes.min(self.text);
        self.text -= taken;
        if self.text == 0 {
            self.end_item();
        }
        taken
    }

    fn take(&mut self, byte: u8) -> State {
        let head = match self.head.take() {
            Some(head) => Head {
                argument: head.argument << 8 | u64::from(byte),
                bytes_left: head.bytes_left - 1,
                ..head
            },
            None => match self.begin(byte) {
                Some(head) => head,
                None => return State::Broken,
            },
        };
        if head.bytes_left > 0 {
            self.head = Some(head);
            return State::More;
        }
        self.item(&head)
    }

    /// Begins an item; `None` if no message may hold it there.
    fn begin(&self, byte: u8) -> Option<Head> {
        let (major, low) = (byte >> 5, byte & 0x1f);
        let fits = match self.open.last() {
            None => major == MAP,
            Some(open) => !open.map || open.left % 2 == 1 || major == TEXT,
        };
        let (argument, bytes_left) = match low {
            0..=23 => (u64::from(low), 0),
            24..=27 => (0, 1 << (low - 24)),
            _ => return None,
        };
        fits.then_some(Head { major, argument, bytes_left })
    }

    fn item(&mut self, head: &Head) -> State {
        match head.major {
            BYTES | TEXT => match usize::try_from(head.argument) {
                Ok(length) if length <= LONGEST => self.text = length,
                _ => return State::Broken,
            },
            ARRAY | MAP if head.argument > 0 => {
                let map = head.major == MAP;
                // An item has a byte at least.
                if self.open.len() == MESSAGE_DEPTH || head.argument > LONGEST as u64 {
                    return State::Broken;
                }
                let left = if map { 2 * head.argument } else { head.argument };
                self.open.push(Open { left, map });
                return State::More;
            }
            TAG => return State::Broken,
            _ => {}
        }
        if self.text == 0 {
            self.end_item();
        }
        self.state()
    }

    fn end_item(&mut self) {
        while let Some(open) = self.open.last_mut() {
            open.left -= 1;
            if open.left > 0 {
                return;
            }
            self.open.pop();
        }
        self.whole = true;
    }
}

/// Major types (RFC 8949, section 3.1).
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// A text longer than this is noise, and is not waited for.
const LONGEST: usize = 16 * REQUEST_BYTES;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// `{"id": "1", "method": "ping"}`.
    const PING: &[u8] = b"\xa2\x62id\x611\x66method\x64ping";

    fn at(milliseconds: u64) -> Time {
        Time::from_millis(milliseconds)
    }

    fn message(bytes: &[u8]) -> Frame {
        Frame::Message(bytes.to_vec())
    }

    #[test]
    fn a_message_comes_in_any_pieces() {
        for piece in 1..PING.len() {
            let mut framing = Framing::default();
            let frames: Vec<Frame> = [PING, PING]
                .concat()
                .chunks(piece)
                .flat_map(|bytes| framing.push(bytes, at(0)))
                .collect();
            assert_eq!(frames, [message(PING), message(PING)], "{piece}");
        }
    }

    #[test]
    fn what_probes_the_port_is_dropped() {
        for noise in [&b"AT\r"[..], b"AT+GCAP\r", b"\x00\xff\xfe", b"\x7e\x00\x78\xf0", b"\xc1"] {
            let mut framing = Framing::default();
            let stream = [noise, PING].concat();
            assert_eq!(framing.push(&stream, at(0)), [message(PING)], "{noise:02x?}");
        }
    }

    #[test]
    fn a_message_after_a_broken_one_is_found() {
        for broken in [&b"\xa2"[..], b"\xa2\x62id", b"\xbf", b"\xa1\x61x\xa1", b"\xa1\x61x\x5f"] {
            let mut framing = Framing::default();
            let stream = [broken, b"\xff", PING].concat();
            let frames = framing.push(&stream, at(0));
            assert_eq!(frames.last(), Some(&message(PING)), "{broken:02x?}");
        }
    }

    #[test]
    fn a_message_that_stopped_is_forgotten_after_two_seconds() {
        let mut framing = Framing::default();
        assert_eq!(framing.push(&PING[..5], at(0)), []);
        assert_eq!(framing.push(&PING[5..7], at(1_999)), []);
        assert_eq!(framing.push(PING, at(4_000)), [message(PING)]);
    }

    #[test]
    fn a_slow_message_is_waited_for() {
        let mut framing = Framing::default();
        let mut now = 0;
        let mut frames = Vec::new();
        for byte in PING {
            now += 1_500;
            frames.extend(framing.push(&[*byte], at(now)));
        }
        assert_eq!(frames, [message(PING)]);
    }

    #[test]
    fn a_long_message_is_read_past_and_not_kept() {
        let mut framing = Framing::default();
        let length = u32::try_from(REQUEST_BYTES).unwrap();
        let mut long = b"\xa1\x61x\x5a".to_vec();
        long.extend(length.to_be_bytes());
        // Bytes that would be messages if they were looked at.
        long.extend(PING.iter().cycle().take(REQUEST_BYTES));
        let mut frames = Vec::new();
        for piece in long.chunks(1_000) {
            frames.extend(framing.push(piece, at(0)));
            assert!(framing.buffer.len() <= REQUEST_BYTES + 1);
        }
        frames.extend(framing.push(PING, at(0)));
        assert_eq!(frames, [Frame::TooLong, message(PING)]);
    }

    #[test]
    fn the_longest_request_is_kept() {
        let mut framing = Framing::default();
        let text = REQUEST_BYTES - 8;
        let mut longest = b"\xa1\x61x\x5a".to_vec();
        longest.extend(u32::try_from(text).unwrap().to_be_bytes());
        longest.resize(REQUEST_BYTES, 0xa1);
        assert_eq!(framing.push(&longest, at(0)), [message(&longest)]);
    }

    #[test]
    fn depth_and_length_have_an_end() {
        let mut framing = Framing::default();
        let deep = [b"\xa1\x61x".repeat(MESSAGE_DEPTH + 1), vec![0]].concat();
        let frames = framing.push(&deep, at(0));
        assert!(frames.iter().all(|frame| *frame != message(&deep)), "{frames:?}");
        let mut framing = Framing::default();
        let endless = b"\xa1\x61x\x5b\xff\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(framing.push(&[endless, PING].concat(), at(0)), [message(PING)]);
        let crowded = b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff";
        let mut framing = Framing::default();
        assert_eq!(framing.push(&[crowded, PING].concat(), at(0)), [message(PING)]);
    }
}
