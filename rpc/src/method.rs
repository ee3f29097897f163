//! Owns `Method`, one call that is answered, and the table of all: checks, help, the page of what
//! is the same as in Bitcoin Core, and completion come from this one place.
//!
//! Refuses transport: a method sees its arguments and the node, nothing else.

mod address;
mod balance;
mod chain;
mod coin;
mod control;
mod description;
mod estimate;
mod raw_transaction;
mod block;
mod filter;
mod descriptor_activity;
mod pruned_funds;
mod grouping;
mod history;
mod message;
mod multisig;
mod network;
mod mempool;
mod openrpc;
mod ban;
mod own_transaction;
mod payment;
mod peer;
mod passphrase;
mod psbt;
mod psbt_analysis;
mod received;
mod refusal;
mod relay;
mod rescan;
mod signer;
mod script;
mod send;
mod settling;
mod signing;
mod raw_signing;
mod described_psbt;
mod simulation;
mod solver;
mod preselected;
mod funding;
mod sending;
mod tip;
mod waiting;
mod wallet;
mod own_address;
mod wallet_list;
mod wallet_backup;
mod descriptor_list;
mod wallet_flag;
mod import;
mod new_descriptor;
mod billfold;

use std::sync::Arc;

use billfold_wallet_core::face::BoxFuture;
use bitcoin::Network;
use serde_json::value::RawValue;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::Answer;
use crate::node::{Endpoint, Node};
use crate::parameter::Parameter;
use crate::results;
use crate::shape::{Misfit, Results};

pub use refusal::{REFUSALS, Refusal};

/// A method that is answered.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub category: Category,
    /// Its arguments.
    pub parameters: &'static [Parameter],
    /// What it does, for people.
    pub about: &'static str,
    /// How its answer compares with Bitcoin Core's.
    pub standing: Standing,
    /// Its work.
    pub run: Run,
}

/// What a method is about; as in Core's `help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// The chain.
    Blockchain,
    /// The daemon.
    Control,
    /// Peers.
    Network,
    /// Transactions and PSBTs by themselves.
    Rawtransactions,
    /// Signing devices.
    Signer,
    /// What needs no wallet.
    Util,
    /// A wallet.
    Wallet,
    /// What only tests need.
    Hidden,
    /// What Bitcoin Core has not.
    Billfold,
}

/// How a method's answer compares with Bitcoin Core's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The same shape, texts and codes.
    Same,
    /// It differs, in this.
    Differs(&'static str),
    /// Bitcoin Core has no such method.
    Ours,
}

/// How a method comes to its answer.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// From its arguments alone.
    Pure(fn(Network, &Arguments) -> Outcome),
    /// From what the node knows.
    Node(for<'a> fn(&'a Node, &'a Arguments) -> BoxFuture<'a, Outcome>),
    /// From what the node knows, and those of its open wallets that the caller may ask.
    Wallets(for<'a> fn(&'a Node, &'a [Arc<Desk>], &'a Arguments) -> BoxFuture<'a, Outcome>),
    /// From what the node knows, changing which wallets are there or open: carried to its end even
    /// if nobody waits for the answer.
    Open(for<'a> fn(&'a Node, &'a Endpoint, &'a Arguments) -> BoxFuture<'a, Outcome>),
    /// From one wallet, changing nothing.
    Wallet(for<'a> fn(&'a Node, &'a Desk, &'a Arguments) -> BoxFuture<'a, Outcome>),
    /// From one wallet, changing it: carried to its end even if nobody waits for the answer.
    Change(for<'a> fn(&'a Node, &'a Desk, &'a Arguments) -> BoxFuture<'a, Outcome>),
    /// The same, where the wallet knows itself what makes two calls with a key the same one
    /// (`identify`), so that a call is known again that was made by another way.
    Pay {
        /// What the call stands for.
        identify: fn(&Node, &Arguments) -> Result<[u8; 32], RpcError>,
        /// The way to the answer.
        work: for<'a> fn(&'a Node, &'a Desk, &'a Arguments) -> BoxFuture<'a, Outcome>,
    },
}

/// What comes of a call.
pub type Outcome = Result<Answer, RpcError>;

impl Method {
    /// All of them, in the order of Core's `help`: by category, then by name.
    #[must_use]
    pub fn all() -> Vec<&'static Self> {
        let mut all: Vec<&Self> = TABLES.iter().copied().flatten().collect();
        all.sort_by_key(|method| (method.category, method.name));
        all
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().copied().flatten().find(|method| method.name == name)
    }

    /// Whether it must be carried to its end.
    #[must_use]
    pub const fn changes(&self) -> bool {
        matches!(self.run, Run::Change(_) | Run::Pay { .. } | Run::Open(_))
    }

    /// Whether it is bound by a time: it only reads, and does not wait for what may never happen.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        !self.changes() && !WAITING.contains(&self.name)
    }

    /// The line that shows how it is called.
    #[must_use]
    pub fn usage(&self) -> String {
        let mut usage = self.name.to_owned();
        let mut inside = false;
        for parameter in self.parameters {
            match (inside, parameter.optional) {
                (false, true) => usage += " (",
                (true, false) => usage += " )",
                _ => {}
            }
            inside = parameter.optional;
            usage += " ";
            usage += &parameter.in_usage();
        }
        if inside {
            usage += " )";
        }
        usage
    }

    /// What it answers.
    #[must_use]
    pub fn results(&self) -> Option<&'static Results> {
        results::of(self.name)
    }

    /// Whether an answer is of the shape that is told of it.
    ///
    /// # Errors
    /// Where it is not.
    pub fn check(&self, answer: &RawValue) -> Result<(), Misfit> {
        self.results().map_or(Ok(()), |results| results.check(answer))
    }

    /// What a person reads about it: usage, purpose, arguments, answer.
    #[must_use]
    pub fn help(&self) -> String {
        let mut lines = vec![self.usage(), String::new(), self.about.to_owned()];
        if !self.parameters.is_empty() {
            lines.extend([String::new(), "Arguments:".to_owned()]);
        }
        for (place, parameter) in self.parameters.iter().enumerate() {
            lines.push(format!("{}. {}", place + 1, parameter.in_help()));
            lines.extend(parameter.fields.iter().map(|field| format!("   {}", field.in_help())));
        }
        let mut text = lines.join("\n") + "\n";
        if let Some(results) = self.results() {
            text += &results.help();
        }
        if let Standing::Differs(how) = self.standing {
            text.extend(["\nUnlike Bitcoin Core: ", how, "\n"]);
        }
        text
    }
}

impl Category {
    /// As Core writes it over the list of its methods.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blockchain => "Blockchain",
            Self::Control => "Control",
            Self::Network => "Network",
            Self::Rawtransactions => "Rawtransactions",
            Self::Signer => "Signer",
            Self::Util => "Util",
            Self::Wallet => "Wallet",
            Self::Hidden => "Hidden",
            Self::Billfold => "Billfold",
        }
    }
}

/// What is asked to wait for what may take long, or never happen. `watch` tells tests of one that is left out.
const WAITING: [&str; 14] = [
    "billfold.op.wait",
    "billfold.signer.display",
    "billfold.signer.list",
    "createwalletdescriptor",
    "enumeratesigners",
    "getdescriptoractivity",
    "importdescriptors",
    "importprunedfunds",
    "rescanblockchain",
    "scanblocks",
    "waitforblock",
    "waitforblockheight",
    "waitfornewblock",
    "walletdisplayaddress",
];

const TABLES: &[&[Method]] = &[
    address::METHODS,
    own_address::METHODS,
    balance::METHODS,
    ban::METHODS,
    billfold::audit::METHODS,
    billfold::backup::METHODS,
    billfold::broadcast::METHODS,
    billfold::events::METHODS,
    billfold::overview::METHODS,
    billfold::invoice::METHODS,
    billfold::operation::METHODS,
    billfold::signer::METHODS,
    billfold::pay::METHODS,
    billfold::payments::METHODS,
    billfold::policy::METHODS,
    billfold::proof::METHODS,
    billfold::token::METHODS,
    billfold::utxos::METHODS,
    billfold::history::METHODS,
    block::METHODS,
    chain::METHODS,
    coin::METHODS,
    control::METHODS,
    description::METHODS,
    descriptor_activity::METHODS,
    described_psbt::METHODS,
    estimate::METHODS,
    filter::METHODS,
    funding::METHODS,
    grouping::METHODS,
    history::METHODS,
    import::METHODS,
    mempool::METHODS,
    new_descriptor::METHODS,
    descriptor_list::METHODS,
    message::METHODS,
    multisig::METHODS,
    network::METHODS,
    openrpc::METHODS,
    own_transaction::METHODS,
    passphrase::METHODS,
    peer::METHODS,
    pruned_funds::METHODS,
    psbt::METHODS,
    psbt_analysis::METHODS,
    received::METHODS,
    relay::METHODS,
    rescan::METHODS,
    signer::METHODS,
    raw_transaction::METHODS,
    raw_signing::METHODS,
    script::METHODS,
    send::METHODS,
    settling::METHODS,
    signing::METHODS,
    simulation::METHODS,
    sending::METHODS,
    tip::METHODS,
    waiting::METHODS,
    wallet::METHODS,
    wallet_backup::METHODS,
    wallet_flag::METHODS,
    wallet_list::METHODS,
];

#[cfg(test)]
mod tests;
