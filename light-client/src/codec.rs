//! Owns the framing of version 1 of the peer-to-peer protocol, and the messages we understand.
//!
//! Refuses before it allocates: a message longer than its kind may be, a count longer than its
//! limit, a wrong checksum, a byte too many. Messages of no use to a light client are skipped as
//! they come, without keeping them.

use std::sync::Arc;

use bitcoin::block::Header;
use bitcoin::consensus::encode::VarInt;
use bitcoin::consensus::{Decodable, deserialize, serialize};
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::p2p::Magic;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{Block, BlockHash, FilterHash, FilterHeader};

use crate::fault::Fault;
use crate::limits::{
    MAX_FILTER_HEADERS, MAX_HEADERS, MAX_INVENTORY, MAX_MESSAGE, MAX_USER_AGENT, MAX_VERSION,
};

/// A message that a peer sent and that we act on.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// `version`
    Version(Version),
    /// `verack`
    Verack,
    /// `wtxidrelay` (BIP339)
    WtxidRelay,
    /// `ping` (BIP31)
    Ping(u64),
    /// `pong` (BIP31)
    Pong(u64),
    /// `headers` (BIP130)
    Headers(Vec<Header>),
    /// `inv`
    Inv(Vec<Inventory>),
    /// `getdata`
    GetData(Vec<Inventory>),
    /// `notfound`
    NotFound(Vec<Inventory>),
    /// `block`
    Block(Box<Block>),
    /// `cfheaders` (BIP157)
    FilterHeaders(FilterHeaders),
    /// `cfilter` (BIP157)
    Filter(Filter),
}

/// What a peer says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The newest protocol that it speaks.
    pub version: u32,
    /// What it serves.
    pub services: u64,
    /// Its own version's nonce; ours, when we talk to ourselves.
    pub nonce: u64,
    /// Its program, raw.
    pub user_agent: Vec<u8>,
    /// The height of its chain when it sent this.
    pub start_height: i32,
}

/// A `cfheaders` message for basic filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterHeaders {
    /// The last block of the range.
    pub stop: BlockHash,
    /// The filter header before the range.
    pub previous: FilterHeader,
    /// The hashes of the range's filters.
    pub hashes: Vec<FilterHash>,
}

/// A `cfilter` message with a basic filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The block that it is of.
    pub block: BlockHash,
    /// The filter.
    pub bytes: Arc<[u8]>,
}

/// Frames a message to send.
#[must_use]
pub fn encode(magic: Magic, message: NetworkMessage) -> Vec<u8> {
    serialize(&RawNetworkMessage::new(magic, message))
}

/// Cuts one peer's stream into messages. Holds at most one unfinished message.
#[derive(Debug, Clone)]
pub struct Decoder {
    magic: Magic,
    buffer: Vec<u8>,
    /// Everything before this place in `buffer` is used up.
    used: usize,
    /// Bytes to come of a message that is skipped.
    to_skip: usize,
}

impl Decoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub const fn new(magic: Magic) -> Self {
        Self { magic, buffer: Vec::new(), used: 0, to_skip: 0 }
    }

    /// Takes bytes from the stream; call `next` until it has no more.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.used);
        self.used = 0;
        let skipped = self.to_skip.min(bytes.len());
        self.to_skip -= skipped;
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
            if !frame.is_understood() {
                let here = frame.length.min(rest.len());
                self.to_skip = frame.length - here;
                self.used += HEADER + here;
                continue;
            }
            let Some(payload) = rest.get(..frame.length) else { return Ok(None) };
            let message = frame.parse(payload)?;
            self.used += HEADER + frame.length;
            return Ok(Some(message));
        }
    }

    /// Whether a block is under way: its beginning is here, its end is not.
    #[must_use]
    pub fn is_inside_block(&self) -> bool {
        self.buffer.get(self.used + 4..self.used + 16) == Some(b"block\0\0\0\0\0\0\0")
    }
}

/// Bytes before every payload: magic, command, length, checksum.
const HEADER: usize = 24;

/// The header of one message.
struct Frame {
    command: [u8; 12],
    length: usize,
    checksum: [u8; 4],
}

impl Frame {
    fn read(header: &[u8; HEADER]) -> Result<Self, Fault> {
        let (_, rest) = header.split_at(4);
        let (command, rest) = rest.split_at(12);
        let (length, checksum) = rest.split_at(4);
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        let frame = Self {
            command: command.try_into().expect("twelve bytes"),
            length: usize::try_from(length).map_err(|_| Fault::Oversized)?,
            checksum: checksum.try_into().expect("four bytes"),
        };
        if frame.command[frame.name().len()..].iter().any(|padding| *padding != 0) {
            return Err(Fault::Malformed);
        }
        if frame.length > frame.longest() { Err(Fault::Oversized) } else { Ok(frame) }
    }

    fn name(&self) -> &[u8] {
        let end = self.command.iter().position(|byte| *byte == 0).unwrap_or(12);
        &self.command[..end]
    }

    fn is_understood(&self) -> bool {
        matches!(
            self.name(),
            b"version"
                | b"verack"
                | b"wtxidrelay"
                | b"ping"
                | b"pong"
                | b"headers"
                | b"inv"
                | b"getdata"
                | b"notfound"
                | b"block"
                | b"cfheaders"
                | b"cfilter"
        )
    }

    /// The bytes that the payload of such a message has at most.
    fn longest(&self) -> usize {
        match self.name() {
            b"version" => MAX_VERSION,
            b"verack" | b"wtxidrelay" => 0,
            b"ping" | b"pong" => 8,
            b"headers" => COUNT + MAX_HEADERS * 81,
            b"inv" | b"getdata" | b"notfound" => COUNT + MAX_INVENTORY * 36,
            b"cfheaders" => 1 + 64 + COUNT + MAX_FILTER_HEADERS * 32,
            _ => MAX_MESSAGE,
        }
    }

    fn parse(&self, payload: &[u8]) -> Result<Message, Fault> {
        if sha256d::Hash::hash(payload).as_byte_array()[..4] != self.checksum {
            return Err(Fault::Malformed);
        }
        let mut rest = payload;
        let message = match self.name() {
            b"version" => return parse_version(payload).map(Message::Version),
            b"verack" => Message::Verack,
            b"wtxidrelay" => Message::WtxidRelay,
            b"ping" => Message::Ping(take(&mut rest)?),
            b"pong" => Message::Pong(take(&mut rest)?),
            b"headers" => Message::Headers(take_list(&mut rest, MAX_HEADERS, take_header)?),
            b"inv" => Message::Inv(take_list(&mut rest, MAX_INVENTORY, take)?),
            b"getdata" => Message::GetData(take_list(&mut rest, MAX_INVENTORY, take)?),
            b"notfound" => Message::NotFound(take_list(&mut rest, MAX_INVENTORY, take)?),
            b"block" => {
                let block = deserialize(payload).map_err(|_| Fault::Malformed)?;
                return Ok(Message::Block(Box::new(block)));
            }
            b"cfheaders" => Message::FilterHeaders(take_filter_headers(&mut rest)?),
            _ => Message::Filter(take_filter(&mut rest)?),
        };
        if rest.is_empty() { Ok(message) } else { Err(Fault::Malformed) }
    }
}

/// The longest count in front of a list that we accept.
const COUNT: usize = 3;

/// The number of basic filters (BIP158).
const BASIC: u8 = 0;

fn take<T: Decodable>(rest: &mut &[u8]) -> Result<T, Fault> {
    T::consensus_decode(rest).map_err(|_| Fault::Malformed)
}

fn take_list<T>(
    rest: &mut &[u8],
    limit: usize,
    item: impl Fn(&mut &[u8]) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let VarInt(count) = take(rest)?;
    let count = usize::try_from(count).map_err(|_| Fault::Oversized)?;
    if count > limit {
        return Err(Fault::Oversized);
    }
    (0..count).map(|_| item(rest)).collect()
}

/// A header in a `headers` message is a block without transactions.
fn take_header(rest: &mut &[u8]) -> Result<Header, Fault> {
    let header = take(rest)?;
    let VarInt(transactions) = take(rest)?;
    if transactions == 0 { Ok(header) } else { Err(Fault::Malformed) }
}

fn take_bytes<'a>(rest: &mut &'a [u8], limit: usize) -> Result<&'a [u8], Fault> {
    let VarInt(length) = take(rest)?;
    let length = usize::try_from(length).map_err(|_| Fault::Oversized)?;
    if length > limit {
        return Err(Fault::Oversized);
    }
    let (bytes, after) = rest.split_at_checked(length).ok_or(Fault::Malformed)?;
    *rest = after;
    Ok(bytes)
}

fn take_basic(rest: &mut &[u8]) -> Result<(), Fault> {
    if take::<u8>(rest)? == BASIC { Ok(()) } else { Err(Fault::Unsolicited) }
}

fn take_filter_headers(rest: &mut &[u8]) -> Result<FilterHeaders, Fault> {
    take_basic(rest)?;
    Ok(FilterHeaders {
        stop: take(rest)?,
        previous: take(rest)?,
        hashes: take_list(rest, MAX_FILTER_HEADERS, take)?,
    })
}

fn take_filter(rest: &mut &[u8]) -> Result<Filter, Fault> {
    take_basic(rest)?;
    Ok(Filter { block: take(rest)?, bytes: take_bytes(rest, MAX_MESSAGE)?.into() })
}

/// Reads up to the start height; relay and what later protocols append does not matter to us.
fn parse_version(payload: &[u8]) -> Result<Version, Fault> {
    let mut rest = payload;
    let (version, services) = (take(&mut rest)?, take(&mut rest)?);
    let _time: i64 = take(&mut rest)?;
    let _addresses: [[u8; 26]; 2] = [take_array(&mut rest)?, take_array(&mut rest)?];
    Ok(Version {
        version,
        services,
        nonce: take(&mut rest)?,
        user_agent: take_bytes(&mut rest, MAX_USER_AGENT)?.to_vec(),
        start_height: take(&mut rest)?,
    })
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Fault> {
    let (bytes, after) = rest.split_first_chunk().ok_or(Fault::Malformed)?;
    *rest = after;
    Ok(*bytes)
}

#[cfg(test)]
mod tests;
