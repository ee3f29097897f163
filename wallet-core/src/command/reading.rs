//! Owns `Reading`: the commands that what is committed answers, and nothing else.
//!
//! Refuses those that change anything, and those that ask what the chain client knows now.

use bitcoin::ScriptBuf;

use crate::command::{
    AddressQuery, Command, HistoryQuery, LabelQuery, TellerCommand, TellerReading,
};

/// A command that only reads a wallet's file; as the [`Command`] of the same name.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// What there is to spend.
    Balance,
    /// Transactions, newest first.
    History(HistoryQuery),
    /// All owned unspent outputs.
    Coins,
    /// What there is, counted by confirmations.
    Holdings {
        /// As in the command.
        least_depth: u32,
    },
    /// What scripts were paid.
    Received(Vec<ScriptBuf>),
    /// The wallet's addresses.
    Addresses(AddressQuery),
    /// What is said of things.
    Labels(LabelQuery),
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
            Self::Coins => Reading::Coins,
            Self::Holdings { least_depth } => Reading::Holdings { least_depth: *least_depth },
            Self::Received(scripts) => Reading::Received(scripts.clone()),
            Self::Addresses(query) => Reading::Addresses(*query),
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
