//! Owns `Chunks`: a long result that a host fetches piece by piece (`get_extended_data`).
//!
//! The first piece goes out as the reply; each other one is asked for by its number. Refuses
//! anything but the next piece, or the last one again.

use alloc::vec::Vec;

use crate::limits::CHUNK_BYTES;
use crate::protocol::call::PieceRequest;
use crate::protocol::reply::Reply;
use crate::protocol::request::Id;

/// A result of which pieces are left to fetch.
#[derive(Debug)]
pub struct Chunks {
    origin: Id,
    method: &'static str,
    bytes: Vec<u8>,
    sent: u32,
}

impl Chunks {
    /// Cuts the result of the request of this id, and gives its first piece.
    #[must_use]
    pub fn begin(origin: Id, method: &'static str, bytes: Vec<u8>) -> (Self, Reply) {
        let chunks = Self { origin, method, bytes, sent: 1 };
        let first = chunks.piece(1);
        (chunks, first)
    }

    /// Whether no piece is left.
    #[must_use]
    pub fn done(&self) -> bool {
        self.sent == self.count()
    }

    /// The piece that was asked for.
    ///
    /// # Errors
    /// [`WrongChunk`] if it is not the next one, or the last one again, of this result.
    pub fn next(&mut self, asked: &PieceRequest) -> Result<Reply, WrongChunk> {
        let next = asked.number == self.sent + 1 || asked.number == self.sent;
        let this = asked.origin == self.origin.as_str() && asked.method == self.method;
        if !next || !this || asked.of != self.count() || asked.number > self.count() {
            return Err(WrongChunk);
        }
        self.sent = asked.number;
        Ok(self.piece(asked.number))
    }

    fn count(&self) -> u32 {
        u32::try_from(self.bytes.chunks(CHUNK_BYTES).len().max(1))
            .expect("a result is not much longer than a request")
    }

    fn piece(&self, number: u32) -> Reply {
        let bytes = self.bytes.chunks(CHUNK_BYTES).nth(number as usize - 1).unwrap_or_default();
        Reply::Part { number, of: self.count(), bytes: bytes.to_vec() }
    }
}

/// Not the piece that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such piece to fetch: send the request again")]
pub struct WrongChunk;

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;

    fn ask(number: u32, of: u32) -> PieceRequest {
        PieceRequest { origin: "5".to_string(), method: "sign_psbt".to_string(), number, of }
    }

    #[test]
    fn a_long_result_arrives_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(2 * CHUNK_BYTES + 1).collect();
        let (mut chunks, first) =
            Chunks::begin(Id::parse("5").unwrap(), "sign_psbt", bytes.clone());
        let mut replies = vec![first];
        for number in 2..=3 {
            assert!(!chunks.done());
            replies.push(chunks.next(&ask(number, 3)).unwrap());
        }
        assert!(chunks.done());
        let mut whole: Vec<u8> = Vec::new();
        for (expected, reply) in (1..).zip(&replies) {
            let Reply::Part { number, of: 3, bytes } = reply else { panic!("{reply:?}") };
            assert_eq!(*number, expected);
            assert!(bytes.len() <= CHUNK_BYTES);
            whole.extend(bytes);
        }
        assert_eq!(whole, bytes);
    }

    #[test]
    fn a_short_result_is_one_piece() {
        let (chunks, first) = Chunks::begin(Id::parse("5").unwrap(), "sign_psbt", vec![1]);
        assert!(chunks.done());
        assert_eq!(first, Reply::Part { number: 1, of: 1, bytes: vec![1] });
    }

    #[test]
    fn only_the_next_piece_is_given_or_the_same_again() {
        let bytes = vec![7; 3 * CHUNK_BYTES];
        let (mut chunks, _) = Chunks::begin(Id::parse("5").unwrap(), "sign_psbt", bytes);
        let again = chunks.next(&ask(2, 3)).unwrap();
        assert_eq!(chunks.next(&ask(2, 3)).unwrap(), again);
        for wrong in [ask(0, 3), ask(1, 3), ask(4, 3), ask(3, 4), ask(u32::MAX, 3)] {
            assert_eq!(chunks.next(&wrong), Err(WrongChunk), "{wrong:?}");
        }
        let other = PieceRequest { origin: "6".to_string(), ..ask(3, 3) };
        assert_eq!(chunks.next(&other), Err(WrongChunk));
        assert!(chunks.next(&ask(3, 3)).is_ok());
    }
}
