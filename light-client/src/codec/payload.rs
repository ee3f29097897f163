//! Owns the payloads of messages: which kinds we read, how long each may be, what is in it.
//!
//! Refuses a list longer than its limit before it allocates, and bytes left over.

use bitcoin::block::Header;
use bitcoin::consensus::deserialize;
use bitcoin::consensus::encode::VarInt;

use crate::codec::read::{take, take_array, take_bytes, take_list};
use crate::codec::{Filter, FilterCheckpoints, FilterHeaders, Message, Version, addresses};
use crate::fault::Fault;
use crate::limits::{
    MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_FILTER, MAX_FILTER_CHECKPOINTS, MAX_FILTER_HEADERS,
    MAX_HEADERS, MAX_INVENTORY, MAX_MESSAGE, MAX_USER_AGENT, MAX_VERSION,
};

/// A kind of message that we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Version,
    Verack,
    WtxidRelay,
    Ping,
    Pong,
    Headers,
    Inv,
    GetData,
    NotFound,
    Block,
    Tx,
    FeeFilter,
    FilterHeaders,
    FilterCheckpoints,
    Filter,
    Addr,
    AddrV2,
}

impl Kind {
    /// The kind with this command, of at most twelve bytes without their padding; `None` if it is
    /// of no use to us.
    pub(super) fn of(command: &[u8]) -> Option<Self> {
        Some(match command {
            b"version" => Self::Version,
            b"verack" => Self::Verack,
            b"wtxidrelay" => Self::WtxidRelay,
            b"ping" => Self::Ping,
            b"pong" => Self::Pong,
            b"headers" => Self::Headers,
            b"inv" => Self::Inv,
            b"getdata" => Self::GetData,
            b"notfound" => Self::NotFound,
            b"block" => Self::Block,
            b"tx" => Self::Tx,
            b"feefilter" => Self::FeeFilter,
            b"cfheaders" => Self::FilterHeaders,
            b"cfcheckpt" => Self::FilterCheckpoints,
            b"cfilter" => Self::Filter,
            b"addr" => Self::Addr,
            b"addrv2" => Self::AddrV2,
            _ => return None,
        })
    }

    /// The bytes that the payload of such a message has at most.
    pub(super) const fn longest(self) -> usize {
        match self {
            Self::Version => MAX_VERSION,
            Self::Verack | Self::WtxidRelay => 0,
            Self::Ping | Self::Pong | Self::FeeFilter => 8,
            Self::Headers => COUNT + MAX_HEADERS * 81,
            Self::Inv | Self::GetData | Self::NotFound => COUNT + MAX_INVENTORY * 36,
            Self::FilterHeaders => 1 + 64 + COUNT + MAX_FILTER_HEADERS * 32,
            Self::Addr => COUNT + MAX_ADDRESSES * 30,
            Self::AddrV2 => COUNT + MAX_ADDRESSES * (4 + 9 + 1 + COUNT + MAX_ADDRESS_BYTES + 2),
            Self::FilterCheckpoints => 1 + 32 + COUNT + MAX_FILTER_CHECKPOINTS * 32,
            Self::Filter => 1 + 32 + COUNT + 2 + MAX_FILTER,
            Self::Block | Self::Tx => MAX_MESSAGE,
        }
    }

    /// Reads a payload that is not longer than [`longest`](Self::longest).
    pub(super) fn parse(self, payload: &[u8]) -> Result<Message, Fault> {
        let mut rest = payload;
        let message = match self {
            Self::Version => return parse_version(payload).map(Message::Version),
            Self::Verack => Message::Verack,
            Self::WtxidRelay => Message::WtxidRelay,
            Self::Ping => Message::Ping(take(&mut rest)?),
            Self::Pong => Message::Pong(take(&mut rest)?),
            Self::Headers => Message::Headers(take_list(&mut rest, MAX_HEADERS, take_header)?),
            Self::Inv => Message::Inv(take_list(&mut rest, MAX_INVENTORY, take)?),
            Self::GetData => Message::GetData(take_list(&mut rest, MAX_INVENTORY, take)?),
            Self::NotFound => Message::NotFound(take_list(&mut rest, MAX_INVENTORY, take)?),
            Self::Block => {
                let block = deserialize(payload).map_err(|_| Fault::Malformed)?;
                return Ok(Message::Block(Box::new(block)));
            }
            Self::Tx => {
                let transaction = deserialize(payload).map_err(|_| Fault::Malformed)?;
                return Ok(Message::Tx(Box::new(transaction)));
            }
            Self::FeeFilter => Message::FeeFilter(take(&mut rest)?),
            Self::FilterHeaders => Message::FilterHeaders(take_filter_headers(&mut rest)?),
            Self::FilterCheckpoints => {
                Message::FilterCheckpoints(take_filter_checkpoints(&mut rest)?)
            }
            Self::Filter => Message::Filter(take_filter(&mut rest)?),
            Self::Addr | Self::AddrV2 => {
                let take = if self == Self::Addr { addresses::take_v1 } else { addresses::take_v2 };
                let told = take_list(&mut rest, MAX_ADDRESSES, take)?;
                Message::Addresses(told.into_iter().flatten().collect())
            }
        };
        if rest.is_empty() { Ok(message) } else { Err(Fault::Malformed) }
    }
}

/// The longest count in front of a list that we accept.
const COUNT: usize = 3;

/// The number of basic filters (BIP158).
const BASIC: u8 = 0;

/// A header in a `headers` message is a block without transactions.
fn take_header(rest: &mut &[u8]) -> Result<Header, Fault> {
    let header = take(rest)?;
    let VarInt(transactions) = take(rest)?;
    if transactions == 0 { Ok(header) } else { Err(Fault::Malformed) }
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

fn take_filter_checkpoints(rest: &mut &[u8]) -> Result<FilterCheckpoints, Fault> {
    take_basic(rest)?;
    let stop = take(rest)?;
    Ok(FilterCheckpoints { stop, headers: take_list(rest, MAX_FILTER_CHECKPOINTS, take)? })
}

fn take_filter(rest: &mut &[u8]) -> Result<Filter, Fault> {
    take_basic(rest)?;
    Ok(Filter { block: take(rest)?, bytes: take_bytes(rest, MAX_FILTER)?.into() })
}

/// Reads up to the start height; relay and what later protocols append does not matter to us.
fn parse_version(payload: &[u8]) -> Result<Version, Fault> {
    let mut rest = payload;
    let (version, services) = (take(&mut rest)?, take(&mut rest)?);
    let time = take(&mut rest)?;
    let _addresses: [[u8; 26]; 2] = [take_array(&mut rest)?, take_array(&mut rest)?];
    Ok(Version {
        version,
        services,
        time,
        nonce: take(&mut rest)?,
        user_agent: take_bytes(&mut rest, MAX_USER_AGENT)?.to_vec(),
        start_height: take(&mut rest)?,
    })
}
