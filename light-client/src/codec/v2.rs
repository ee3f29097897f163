//! Owns the contents of packets of version 2 of the transport: one message each, its type in one
//! byte or thirteen (BIP324, "v2 Bitcoin P2P message structure").
//!
//! Refuses to encrypt: keys and packets are the driver's.

use bitcoin::consensus::serialize;
use bitcoin::p2p::message::NetworkMessage;

use crate::codec::Message;
use crate::codec::payload::Kind;
use crate::fault::Fault;
use crate::limits::MAX_MESSAGE;
use crate::tally::Tally;

/// The most contents that a packet may have: a message of the longest kind under its long name.
pub const MAX_CONTENTS: usize = LONG_TYPE + MAX_MESSAGE;

/// The contents of the packet that carries a message.
#[must_use]
pub fn encode(message: &NetworkMessage) -> Vec<u8> {
    let command = message.cmd();
    let mut contents = match (1..).zip(SHORT_IDS).find(|(_, name)| *name == command) {
        Some((id, _)) => vec![id],
        None => [&[LONG][..], &serialize(&message.command())].concat(),
    };
    contents.extend(serialize(message));
    contents
}

/// Reads the packets of one peer. Holds at most one.
#[derive(Debug, Clone, Default)]
pub struct Packets {
    contents: Option<Vec<u8>>,
    tally: Tally,
}

impl Packets {
    /// Before the first packet.
    #[must_use]
    pub const fn new() -> Self {
        Self { contents: None, tally: Tally::new() }
    }

    /// Takes the contents of one packet, after `next_message` has taken the one before.
    pub fn feed(&mut self, contents: Vec<u8>) {
        self.contents = Some(contents);
    }

    /// The message of the packet, unless it is of no use to us.
    ///
    /// # Errors
    /// The fault that ends the connection.
    pub fn next_message(&mut self) -> Result<Option<Message>, Fault> {
        let Some(contents) = self.contents.take() else { return Ok(None) };
        let (name, _) = split(&contents)?;
        self.tally.count(name, contents.len());
        decode(&contents)
    }

    /// What came, by the types of the messages.
    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// The message in a packet's contents; `None` if it is of no use to us.
fn decode(contents: &[u8]) -> Result<Option<Message>, Fault> {
    let (name, payload) = split(contents)?;
    let Some(kind) = Kind::of(name) else { return Ok(None) };
    if payload.len() > kind.longest() {
        return Err(Fault::Oversized);
    }
    kind.parse(payload).map(Some)
}

/// The command of the message and its payload. An id that is not in the table, as later versions
/// may have, has an empty command.
pub(crate) fn split(contents: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let (id, rest) = contents.split_first().ok_or(Fault::Malformed)?;
    if *id != LONG {
        let name = SHORT_IDS.get(usize::from(*id) - 1).map_or("", |name| *name);
        return Ok((name.as_bytes(), rest));
    }
    let (command, payload) = rest.split_at_checked(LONG_TYPE - 1).ok_or(Fault::Malformed)?;
    let end = command.iter().position(|byte| *byte == 0).unwrap_or(command.len());
    let (name, padding) = command.split_at(end);
    if padding.iter().any(|byte| *byte != 0) {
        return Err(Fault::Malformed);
    }
    Ok((name, payload))
}

/// The first byte of a type that is written out.
const LONG: u8 = 0;

/// The bytes of a type that is written out.
const LONG_TYPE: usize = 1 + 12;

/// The types that have a number, from 1 up.
const SHORT_IDS: [&str; 28] = [
    "addr",
    "block",
    "blocktxn",
    "cmpctblock",
    "feefilter",
    "filteradd",
    "filterclear",
    "filterload",
    "getblocks",
    "getblocktxn",
    "getdata",
    "getheaders",
    "headers",
    "inv",
    "mempool",
    "merkleblock",
    "notfound",
    "ping",
    "pong",
    "sendcmpct",
    "tx",
    "getcfilters",
    "cfilter",
    "getcfheaders",
    "cfheaders",
    "getcfcheckpt",
    "cfcheckpt",
    "addrv2",
];

#[cfg(test)]
mod tests;
