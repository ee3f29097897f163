//! Owns the fuzz bodies: bytes in, no panic out. The targets in `fuzz/` are one line each, and the
//! crate's tests replay the corpora in `fixtures/corpus` through the same functions.
//!
//! Refuses to be part of a product: compiled for tests and with the feature `fuzz` only.

#[cfg(test)]
#[path = "../../fuzz/corpora.rs"]
mod corpora;

mod book;
mod branch;
mod life;

use bitcoin::bip158::BlockFilter;
use bitcoin::consensus::deserialize;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::Magic;
use bitcoin::p2p::address::AddrV2Message;
use bitcoin::{BlockHash, ScriptBuf};

use crate::codec::Message;
use crate::codec::v1::Stream;
use crate::codec::v2::{self, Packets};
use crate::filter::matcher::Matcher;
use crate::filter::plain;

/// A target's name, which is the directory of its corpus, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 6] = [
    ("addresses", addresses),
    ("book", book),
    ("client", client),
    ("filter", filter),
    ("packet", packet),
    ("wire", wire),
];

/// The payload of an `addrv2` message (BIP155).
///
/// # Panics
/// When what was read is not what it says of itself, by the library's reader.
pub fn addresses(payload: &[u8]) {
    let mut stream = Stream::new(Magic::REGTEST);
    stream.feed(life::framed(b"addrv2", payload));
    let Ok(Some(Message::Addresses(told))) = stream.next_message() else { return };
    // Theirs refuses a message for one IPv4 address in the clothes of IPv6; we leave it out.
    let Ok(theirs) = deserialize::<Vec<AddrV2Message>>(payload) else { return };
    assert!(told.len() <= theirs.len());
    for rumour in told {
        let port = rumour.address.port();
        assert!(theirs.iter().any(|entry| entry.port == port
            && entry.services.to_u64() == rumour.services
            && u64::from(entry.time) == rumour.seen.to_unix()));
        assert!(port == 0 || rumour.address.to_string().parse() == Ok(rumour.address));
    }
}

/// What happens to an address book. See `fuzz/book.rs`.
pub fn book(bytes: &[u8]) {
    book::live(bytes);
}

/// A peer's stream, fed in pieces whose lengths the first bytes say.
///
/// # Panics
/// When it is read otherwise than in one piece.
pub fn wire(bytes: &[u8]) {
    let (lengths, stream) = bytes.split_at(bytes.len().min(8));
    let mut decoder = Stream::new(Magic::REGTEST);
    let mut messages = Vec::new();
    let mut rest = stream;
    for length in lengths.iter().chain(std::iter::repeat(&u8::MAX)) {
        let (piece, after) = rest.split_at(rest.len().min(usize::from(*length) + 1));
        decoder.feed(piece.to_vec());
        rest = after;
        while let Ok(Some(message)) = decoder.next_message() {
            messages.push(message);
        }
        if rest.is_empty() {
            break;
        }
    }
    let mut whole = Stream::new(Magic::REGTEST);
    whole.feed(stream.to_vec());
    for message in messages {
        assert_eq!(whole.next_message(), Ok(Some(message)));
    }
}

/// The contents of a packet of version 2.
///
/// # Panics
/// When the same message is read otherwise over version 1.
pub fn packet(contents: &[u8]) {
    let mut packets = Packets::new();
    packets.feed(contents.to_vec());
    let read = packets.next_message();
    if let Ok((command, payload)) = v2::split(contents) {
        let mut stream = Stream::new(Magic::REGTEST);
        stream.feed(life::framed(command, payload));
        assert_eq!(stream.next_message(), read);
    }
}

/// A filter: 32 bytes of block hash, then the filter. Scripts that are looked for: those bytes, and
/// the ends of the filter's bytes of every length up to 40.
///
/// # Panics
/// When the matcher differs from its model, or from the library where that can read the filter.
pub fn filter(bytes: &[u8]) {
    let Some((hash, filter)) = bytes.split_first_chunk::<32>() else { return };
    let block = BlockHash::from_byte_array(*hash);
    let lengths = 1..=filter.len().min(40);
    let ends = lengths.map(|length| filter[filter.len() - length..].to_vec());
    let scripts: Vec<_> = ends.chain([hash.to_vec()]).map(ScriptBuf::from_bytes).collect();
    let packed = scripts.iter().collect();
    let found = Matcher::new().matches_any(filter, block, &packed);
    for (kind, mut matcher) in Matcher::of_each_kind() {
        assert_eq!(found, matcher.matches_any(filter, block, &packed), "{kind}");
    }
    assert_eq!(found.ok(), plain::matches_any(filter, block, &scripts));
    if let Ok(found) = found {
        let query = scripts.iter().map(|script| script.as_bytes());
        let theirs = BlockFilter::new(filter).match_any(&block, query).expect("it is well formed");
        assert_eq!(found, theirs);
    }
}

/// The life of a client: each byte is an operation that takes its arguments from the bytes after
/// it. See `fuzz/life.rs` for what they mean.
pub fn client(bytes: &[u8]) {
    life::live(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TARGETS, corpora, life};

    const SYNC: &[u8] = include_bytes!("../fixtures/corpus/client/sync");
    const REORG: &[u8] = include_bytes!("../fixtures/corpus/client/reorg");

    #[test]
    fn the_corpora_hold() {
        corpora::replay(env!("CARGO_MANIFEST_DIR"), &TARGETS);
    }

    #[test]
    fn the_corpus_reaches_far() {
        assert!(life::live(SYNC).synced, "a whole sync");
        assert!(life::live(REORG).reorganised, "a reorg below the cursor");
    }

    proptest! {
        #[test]
        fn no_life_ends_in_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            super::client(&bytes);
        }

        #[test]
        fn no_packet_ends_in_a_panic(contents in any::<Vec<u8>>()) {
            super::packet(&contents);
        }

        #[test]
        fn no_stream_ends_in_a_panic(bytes in any::<Vec<u8>>()) {
            super::wire(&bytes);
        }
    }
}
