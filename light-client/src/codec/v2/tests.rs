//! Contents of packets, good and bad.

use bitcoin::BlockHash;
use bitcoin::hashes::Hash as _;
use bitcoin::p2p::message_blockdata::GetHeadersMessage;
use proptest::prelude::*;

use super::*;
use crate::codec::tests::conversation;

/// The ids are the table of BIP324, which a library that others use has too.
#[test]
fn messages_are_written_as_others_write_them() {
    let asked = GetHeadersMessage::new(vec![BlockHash::all_zeros()], BlockHash::all_zeros());
    let asked = [NetworkMessage::GetHeaders(asked), NetworkMessage::SendHeaders];
    let conversation = conversation().into_iter().map(|(message, _)| message);
    for message in conversation.chain(asked) {
        let expected = bip324::serde::serialize(message.clone());
        assert_eq!(encode(&message), expected);
    }
}

#[test]
fn what_can_not_be_a_message_is_refused() {
    let read = |contents: &[u8]| {
        let mut packets = Packets::new();
        packets.feed(contents.to_vec());
        packets.next_message()
    };
    assert_eq!(read(&[]), Err(Fault::Malformed));
    assert_eq!(read(b"\0version"), Err(Fault::Malformed), "a type that is cut short");
    assert_eq!(read(b"\0ping\0\0\0\0\0\0\0x12345678"), Err(Fault::Malformed), "bent padding");
    assert_eq!(read(b"\x1212345678"), read(b"\0ping\0\0\0\0\0\0\0\x0012345678"));
    assert_eq!(read(b"\x12123456789"), Err(Fault::Oversized));
    assert_eq!(read(b"\x12123"), Err(Fault::Malformed));
    // Ids and names that later versions may bring are skipped.
    assert_eq!(read(&[29, 1, 2, 3]), Ok(None));
    assert_eq!(read(&[0xff]), Ok(None));
    assert_eq!(read(b"\0later\0\0\0\0\0\0\x00123"), Ok(None));
}

proptest! {
    #[test]
    fn any_contents_are_read_or_refused(contents in any::<Vec<u8>>()) {
        let mut packets = Packets::new();
        packets.feed(contents);
        let _ = packets.next_message();
    }
}

#[test]
fn what_is_said_is_read() {
    for (message, expected) in conversation() {
        let mut packets = Packets::new();
        packets.feed(encode(&message));
        assert_eq!(packets.next_message(), Ok(expected));
        assert_eq!(packets.next_message(), Ok(None));
    }
}
