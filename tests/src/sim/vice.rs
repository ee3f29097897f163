//! Owns what a node does wrong: between an honest node's answers and the wallet stands a vice, which
//! changes, holds back or adds.
//!
//! Refuses lies that cost their teller nothing to keep: filter headers fit the filters.

use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use bitcoin::p2p::message_blockdata::Inventory;
use bitcoin::p2p::message_filter::{CFHeaders, CFilter};
use bitcoin::p2p::{Magic, ServiceFlags};
use bitcoin::{Block, Script, Witness, Wtxid};

use super::ledger::Ledger;
use crate::draw::Draw;

/// What a node does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vice {
    /// Nothing.
    None,
    /// Never sends this.
    Mutes(&'static str),
    /// Leaves after so many messages of a connection.
    Leaves(u64),
    /// Answers nothing more after so many messages of a connection, and stays.
    FallsSilent(u64),
    /// Says everything late, so many seconds after the last thing.
    Drips(u64),
    /// Leaves scripts of the wallet out of filters, with filter headers that fit.
    LeavesScriptsOut,
    /// Commits to right filters and sends others.
    BendsFilters,
    /// Sends blocks without witnesses.
    StripsWitnesses,
    /// Sends blocks with another list of transactions.
    BendsBlocks,
    /// Sends the last transactions of a block twice (CVE-2012-2459).
    DuplicatesTransactions,
    /// Sends headers that are not worth their bits.
    BendsHeaders,
    /// Sends bytes that are no message, once in so many messages.
    Garbles(u64),
    /// Announces what nobody has, a lot of it.
    Floods,
    /// Says things that nobody asked for.
    Chatters,
    /// Serves no filters, and says so.
    HasNoFilters,
}

/// What is said in the place of a message.
#[derive(Debug)]
pub(super) enum Said {
    /// These messages.
    Messages(Vec<NetworkMessage>),
    /// Bytes that are no message.
    Bytes(Vec<u8>),
    /// Nothing, and the connection is closed.
    Closes,
}

impl Vice {
    /// Any vice.
    pub(super) fn draw(draw: &mut Draw) -> Self {
        match draw.below(16) {
            0 => Self::Mutes("cfilter"),
            1 => Self::Mutes("cfheaders"),
            2 => Self::Mutes("headers"),
            3 => Self::Mutes("block"),
            4 => Self::Leaves(draw.between(4, 300)),
            5 => Self::FallsSilent(draw.between(4, 300)),
            6 => Self::Drips(draw.between(1, 20)),
            7 => Self::BendsFilters,
            8 => Self::StripsWitnesses,
            9 => Self::BendsBlocks,
            10 => Self::DuplicatesTransactions,
            11 => Self::BendsHeaders,
            12 => Self::Garbles(draw.between(5, 100)),
            13 => *draw.one_of(&[Self::Floods, Self::Chatters, Self::HasNoFilters]),
            _ => Self::LeavesScriptsOut,
        }
    }

    /// What is said in the place of `message`, the `count`th of its connection.
    pub(super) fn say(self, message: NetworkMessage, count: u64, place: &mut Place) -> Said {
        let one = |message| Said::Messages(vec![message]);
        match (self, message) {
            (Self::Mutes(what), message) if message.cmd() == what => Said::Messages(Vec::new()),
            (Self::Leaves(after), _) if count >= after => Said::Closes,
            (Self::FallsSilent(after), _) if count >= after => Said::Messages(Vec::new()),
            (Self::Garbles(every), _) if count > 4 && place.draw.once_in(every) => {
                let length = place.draw.between(1, 400);
                Said::Bytes((0..length).map(|_| place.draw.any().to_le_bytes()[0]).collect())
            }
            (Self::LeavesScriptsOut, NetworkMessage::CFilter(told)) => one(place.left_out(told)),
            (Self::LeavesScriptsOut, NetworkMessage::CFHeaders(told)) => one(place.fitting(told)),
            (Self::BendsFilters, NetworkMessage::CFilter(mut told)) => {
                if let Some(last) = told.filter.last_mut() {
                    *last ^= 1 << place.draw.below(8);
                }
                one(NetworkMessage::CFilter(told))
            }
            (Self::StripsWitnesses, NetworkMessage::Block(mut block)) => {
                let inputs = block.txdata.iter_mut().flat_map(|tx| &mut tx.input);
                inputs.for_each(|input| input.witness = Witness::new());
                one(NetworkMessage::Block(block))
            }
            (Self::BendsBlocks, NetworkMessage::Block(mut block)) => {
                let twice = block.txdata[0].clone();
                block.txdata.push(twice);
                one(NetworkMessage::Block(block))
            }
            (Self::DuplicatesTransactions, NetworkMessage::Block(block)) => {
                one(NetworkMessage::Block(duplicated(block)))
            }
            (Self::BendsHeaders, NetworkMessage::Headers(mut headers)) => {
                if let Some(last) = headers.last_mut() {
                    last.time ^= 1;
                }
                one(NetworkMessage::Headers(headers))
            }
            (Self::Floods, message) if count > 4 => {
                let made_up =
                    (0..2_000).map(|_| Inventory::WTx(Wtxid::from_byte_array(place.draw.seed())));
                Said::Messages(vec![message, NetworkMessage::Inv(made_up.collect())])
            }
            (Self::Chatters, message) if count > 4 && place.draw.once_in(8) => {
                Said::Messages(vec![message.clone(), message])
            }
            (Self::HasNoFilters, NetworkMessage::Version(mut version)) => {
                version.services.remove(ServiceFlags::COMPACT_FILTERS);
                one(NetworkMessage::Version(version))
            }
            (_, message) => one(message),
        }
    }
}

/// What a vice has at hand.
pub(super) struct Place<'a> {
    /// Chance.
    pub(super) draw: &'a mut Draw,
    /// All blocks.
    pub(super) ledger: &'a Ledger,
    /// What a liar would hide.
    pub(super) hides: &'a dyn Fn(&Script) -> bool,
}

impl Place<'_> {
    fn left_out(&self, mut told: CFilter) -> NetworkMessage {
        if let Some(block) = self.ledger.block(told.block_hash) {
            told.filter = self.ledger.false_filter(block, self.hides);
        }
        NetworkMessage::CFilter(told)
    }

    fn fitting(&self, mut told: CFHeaders) -> NetworkMessage {
        let headers = self.ledger.false_headers(told.stop_hash, self.hides);
        let first = headers.len().checked_sub(told.filter_hashes.len());
        if let Some(first) = first {
            told.filter_hashes = headers[first..].iter().map(|(_, hash, _)| *hash).collect();
            if let Some(below) = first.checked_sub(1) {
                told.previous_filter_header = headers[below].2;
            }
        }
        NetworkMessage::CFHeaders(told)
    }
}

/// A message on the wire of version 1.
#[must_use]
pub(super) fn framed(message: NetworkMessage) -> Vec<u8> {
    serialize(&RawNetworkMessage::new(Magic::REGTEST, message))
}

/// The block with its last transactions twice, which has the same merkle root.
fn duplicated(mut block: Block) -> Block {
    let count = block.txdata.len();
    let doubled = 1_usize << count.trailing_zeros();
    if count > 1 && doubled < count {
        let again = block.txdata[count - doubled..].to_vec();
        block.txdata.extend(again);
    }
    block
}
