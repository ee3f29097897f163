//! Owns the messages of the peer-to-peer protocol that we understand, over either transport.
//!
//! Refuses before it allocates: a message longer than its kind may be, a count longer than its
//! limit, a byte too many. Messages of no use to a light client are skipped, without keeping them.

mod read;
mod addresses;
mod payload;
pub mod v1;
pub mod v2;

use std::sync::Arc;

use bitcoin::block::Header;
use bitcoin::p2p::Magic;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::{Block, BlockHash, FilterHash, FilterHeader, Transaction};

use crate::dial::Wire;
use crate::fault::Fault;
use crate::tally::Tally;

pub use addresses::Rumour;

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
    /// `tx`
    Tx(Box<Transaction>),
    /// `feefilter`, in satoshi per 1000 virtual bytes (BIP133)
    FeeFilter(u64),
    /// `cfheaders` (BIP157)
    FilterHeaders(FilterHeaders),
    /// `cfcheckpt` (BIP157)
    FilterCheckpoints(FilterCheckpoints),
    /// `cfilter` (BIP157)
    Filter(Filter),
    /// `addr` or `addrv2` (BIP155): what can be dialled of it
    Addresses(Vec<Rumour>),
}

/// What a peer says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The newest protocol that it speaks.
    pub version: u32,
    /// What it serves.
    pub services: u64,
    /// Its clock, Unix seconds.
    pub time: i64,
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

/// A `cfcheckpt` message for basic filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterCheckpoints {
    /// The last block that they are about.
    pub stop: BlockHash,
    /// The filter header at every multiple of a thousand above 0.
    pub headers: Vec<FilterHeader>,
}

/// A `cfilter` message with a basic filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The block that it is of.
    pub block: BlockHash,
    /// The filter.
    pub bytes: Arc<[u8]>,
}

/// A message as it is sent over `wire`: a frame of version 1, or the contents of a packet.
#[must_use]
pub fn encode(wire: Wire, magic: Magic, message: NetworkMessage) -> Vec<u8> {
    match wire {
        Wire::V1 => v1::encode(magic, message),
        Wire::V2 => v2::encode(&message),
    }
}

/// Reads what one peer sends. Holds at most one unfinished message.
#[derive(Debug, Clone)]
pub enum Decoder {
    /// A stream.
    V1(v1::Stream),
    /// Packets.
    V2(v2::Packets),
}

impl Decoder {
    /// A decoder at the start of a connection.
    #[must_use]
    pub const fn new(wire: Wire, magic: Magic) -> Self {
        match wire {
            Wire::V1 => Self::V1(v1::Stream::new(magic)),
            Wire::V2 => Self::V2(v2::Packets::new()),
        }
    }

    /// Takes what `Input::Received` brought; call `next_message` until it has no more.
    pub fn feed(&mut self, bytes: Vec<u8>) {
        match self {
            Self::V1(stream) => stream.feed(bytes),
            Self::V2(packets) => packets.feed(bytes),
        }
    }

    /// The next whole message.
    ///
    /// # Errors
    /// The fault that ends the connection; what follows can't be read after it.
    pub fn next_message(&mut self) -> Result<Option<Message>, Fault> {
        match self {
            Self::V1(stream) => stream.next_message(),
            Self::V2(packets) => packets.next_message(),
        }
    }

    /// What came, by the types of the messages.
    pub(crate) const fn tally(&self) -> &Tally {
        match self {
            Self::V1(stream) => stream.tally(),
            Self::V2(packets) => packets.tally(),
        }
    }

    /// Whether the beginning of a message is known to be here and its end is not.
    #[must_use]
    pub const fn is_inside_message(&self) -> bool {
        match self {
            Self::V1(stream) => stream.is_inside_message(),
            Self::V2(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
