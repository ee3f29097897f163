//! Streams cut anywhere, and hostile ones.

use proptest::prelude::*;

use super::*;
use crate::codec::tests::{conversation, version};

const MAGIC: Magic = Magic::REGTEST;

fn read_all(decoder: &mut Stream) -> Result<Vec<Message>, Fault> {
    let mut messages = Vec::new();
    while let Some(message) = decoder.next_message()? {
        messages.push(message);
    }
    Ok(messages)
}

proptest! {
    #[test]
    fn a_stream_is_read_alike_however_it_is_cut(cuts in prop::collection::vec(1_usize..700, 1..60)) {
        let (sent, expected): (Vec<_>, Vec<_>) = conversation().into_iter().unzip();
        let stream: Vec<u8> =
            sent.into_iter().flat_map(|message| encode(MAGIC, message)).collect();
        let mut decoder = Stream::new(MAGIC);
        let mut messages = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts.iter().cycle() {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            decoder.feed(piece.to_vec());
            messages.extend(read_all(&mut decoder).expect("an honest stream"));
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(messages, expected.into_iter().flatten().collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), magic in any::<bool>()) {
        let mut decoder = Stream::new(MAGIC);
        if magic {
            decoder.feed(MAGIC.to_bytes().to_vec());
        }
        decoder.feed(bytes);
        let _ = read_all(&mut decoder);
    }

    #[test]
    fn a_bent_byte_never_passes_for_another_message(
        pick in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let mut conversation = conversation();
        let (message, expected) = conversation.swap_remove(pick.index(conversation.len()));
        let mut bytes = encode(MAGIC, message);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let mut decoder = Stream::new(MAGIC);
        decoder.feed(bytes);
        match read_all(&mut decoder) {
            Err(_) => {}
            // Whether a filter is the right one shows when it is hashed.
            Ok(messages) if matches!((&expected, &messages[..]),
                (Some(Message::Filter(_)), [Message::Filter(_)])) => prop_assert!(at >= 20),
            // A bent name makes it a message of no interest; a bent length one that goes on.
            Ok(messages) => prop_assert!(messages.is_empty() || (4..16).contains(&at)
                && messages != expected.into_iter().collect::<Vec<_>>()),
        }
    }
}

/// A frame around any payload.
fn frame(command: &str, payload: &[u8]) -> Vec<u8> {
    let mut name = [0; 12];
    name[..command.len()].copy_from_slice(command.as_bytes());
    let length = u32::try_from(payload.len()).expect("short").to_le_bytes();
    let checksum = sha256d::Hash::hash(payload);
    [&MAGIC.to_bytes(), &name[..], &length, &checksum.as_byte_array()[..4], payload].concat()
}

fn read(bytes: &[u8]) -> Result<Vec<Message>, Fault> {
    let mut decoder = Stream::new(MAGIC);
    decoder.feed(bytes.to_vec());
    read_all(&mut decoder)
}

#[test]
fn counts_beyond_their_limits_are_refused() {
    let count = |count: u16| [&[0xfd][..], &count.to_le_bytes()].concat();
    let list = |n: u16, item: &[u8]| [count(n), item.repeat(n.into())].concat();
    let headers = read(&frame("headers", &list(2000, &[0; 81]))).expect("as many as allowed");
    assert!(matches!(&headers[..], [Message::Headers(headers)] if headers.len() == 2000));
    assert_eq!(read(&frame("headers", &list(2001, &[0; 81]))), Err(Fault::Oversized));
    assert_eq!(read(&frame("inv", &list(50_001, &[0; 36]))), Err(Fault::Oversized));
    // A count that promises more than there is.
    assert_eq!(read(&frame("headers", &list(5, &[0; 81])[..100])), Err(Fault::Malformed));
    assert_eq!(read(&frame("headers", &[0xfe, 0, 0, 0, 1])), Err(Fault::Oversized));
    assert_eq!(read(&frame("inv", &[0xff; 9])), Err(Fault::Oversized));
    // A header with transactions, a byte too many, a filter of another type.
    let with_transactions = [vec![1], vec![0; 80], vec![1]].concat();
    assert_eq!(read(&frame("headers", &with_transactions)), Err(Fault::Malformed));
    assert_eq!(read(&frame("pong", &[0; 9])), Err(Fault::Oversized));
    assert_eq!(read(&frame("pong", &[0; 7])), Err(Fault::Malformed));
    assert_eq!(read(&frame("cfilter", &[1; 40])), Err(Fault::Unsolicited));
    let long_name = [vec![0; 80], vec![0xfd, 1, 1], vec![b'x'; 257], vec![0; 5]].concat();
    assert_eq!(read(&frame("version", &long_name)), Err(Fault::Oversized));
}

#[test]
fn a_version_of_a_later_protocol_is_read() {
    let payload = [serialize(&version()), vec![1, 2, 3]].concat();
    let read = read(&frame("version", &payload)).expect("what is appended is skipped");
    assert!(matches!(&read[..], [Message::Version(version)] if version.start_height == 123));
}

#[test]
fn large_messages_of_no_use_are_not_kept() {
    let mut decoder = Stream::new(MAGIC);
    let bytes = frame("merkleblock", &vec![7; 3_000_000]);
    for piece in bytes.chunks(65_536) {
        decoder.feed(piece.to_vec());
        assert_eq!(decoder.next_message(), Ok(None));
        assert!(decoder.buffer.capacity() <= 4 * 65_536);
    }
    decoder.feed(encode(MAGIC, NetworkMessage::Ping(1)));
    assert_eq!(decoder.next_message(), Ok(Some(Message::Ping(1))));
}
