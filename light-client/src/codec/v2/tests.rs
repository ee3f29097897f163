//! Contents of packets, good and bad.

use super::*;
use crate::codec::tests::conversation;

#[test]
fn what_is_said_is_read() {
    for (message, expected) in conversation() {
        let mut packets = Packets::new();
        packets.feed(encode(message));
        assert_eq!(packets.next_message(), Ok(expected));
        assert_eq!(packets.next_message(), Ok(None));
    }
}
