//! Owns `Reading`: the commands that what is committed answers, and nothing else.
//!
//! Refuses those that change anything, and those that ask what the chain client knows now.

use bitcoin::{BlockHash, ScriptBuf, Txid};

use crate::command::{
    AddressQuery, CoinQuery, Command, HistoryQuery, LabelQuery, ReceivedQuery, TellerCommand,
    TellerReading,
};

/// A command that only reads a wallet's file; as the [`Command`] of the same name.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// What there is to spend.
    Balance,
    /// Transactions, newest first.
    History(HistoryQuery),
    /// Transactions of these ids, with all that is known of each.
    Transactions(Vec<Txid>),
    /// The same of a part of the history.
    Records(HistoryQuery),
    /// Transactions of the entries from a number on.
    Entries {
        /// As in the command.
        skip: u64,
        /// As in the command.
        count: u32,
    },
    /// Owned unspent outputs.
    Coins(CoinQuery),
    /// What there is, counted by confirmations.
    Holdings {
        /// As in the command.
        least_depth: u32,
    },
    /// What scripts were paid.
    Received(Vec<ScriptBuf>),
    /// The sum of what scripts were paid.
    ReceivedSum(ReceivedQuery),
    /// The wallet's addresses.
    Addresses(AddressQuery),
    /// Where in the wallet a script comes from.
    Owner(ScriptBuf),
    /// What is said of things.
    Labels(LabelQuery),
    /// What left the best chain with a block.
    Left(BlockHash),
    /// The block up to which the wallet has seen the chain.
    Applied,
    /// What the wallet is made of.
    Describe,
    /// What is kept for programs; not payments, which are told by the watch list.
    Teller(TellerReading),
}

impl Command {
    /// What is to be read, if it only reads.
    #[must_use]
    pub fn reading(&self) -> Option<Reading> {
        Some(match self {
            Self::Balance => Reading::Balance,
            Self::History(query) => Reading::History(*query),
            Self::Transactions(txids) => Reading::Transactions(txids.clone()),
            Self::Records(query) => Reading::Records(*query),
            Self::Entries { skip, count } => Reading::Entries { skip: *skip, count: *count },
            Self::Coins(query) => Reading::Coins(query.clone()),
            Self::Holdings { least_depth } => Reading::Holdings { least_depth: *least_depth },
            Self::Received(scripts) => Reading::Received(scripts.clone()),
            Self::ReceivedSum(query) => Reading::ReceivedSum(query.clone()),
            Self::Addresses(query) => Reading::Addresses(*query),
            Self::Owner(spk) => Reading::Owner(spk.clone()),
            Self::Left(block) => Reading::Left(*block),
            Self::Applied => Reading::Applied,
            Self::Labels(about) => Reading::Labels(about.clone()),
            Self::Describe => Reading::Describe,
            Self::Teller(command) => match &**command {
                TellerCommand::Read(TellerReading::Payments(_)) => return None,
                TellerCommand::Read(reading) => Reading::Teller(reading.clone()),
                _ => return None,
            },
            _ => return None,
        })
    }
}
