//! Owns what is asked for and told on the way of a payment: request, draft, payment.
//!
//! Refuses to judge a request: the wallet does.

use bitcoin::{Address, Amount, FeeRate, OutPoint, Transaction};

use crate::keychain::{AccountId, DerivationIndex, KeychainId, ScriptType};
use crate::light_client::height::BlockId;

use super::Coin;

/// A stable number for a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(pub u64);

/// What to pay and how.
#[derive(Debug, Clone, PartialEq)]
pub struct PayRequest {
    /// Whom; at least one, no address twice.
    pub recipients: Vec<Recipient>,
    /// The fee rate; `None`: the wallet's default, stated in the review.
    pub fee_rate: Option<FeeRate>,
    /// Spend exactly these coins; empty: choose.
    pub coins: Vec<OutPoint>,
    /// The account to pay from; `None`: the preferred one if it has enough, else another that
    /// has, else several with a warning.
    pub account: Option<AccountId>,
    /// What it is for; kept as the transaction's label.
    pub note: Option<String>,
    /// The caller's key: the same key and request is the same payment, whatever happened between.
    pub idempotency_key: Option<String>,
    /// Build the review only: reserve nothing, store nothing.
    pub dry_run: bool,
}

/// One output of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Whom; already checked to be of the wallet's network.
    pub address: Address,
    /// How much.
    pub amount: PayAmount,
}

/// How much to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayAmount {
    /// This much.
    Exactly(Amount),
    /// All that the chosen coins hold, less the fee; only for a single recipient.
    Max,
}

/// A payment before it is signed: what a careful person reviews.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its number; 0 for a dry run, which is not kept.
    pub id: DraftId,
    /// The unsigned transaction's id; the signed one has the same if no input is legacy or nested.
    pub unsigned: Transaction,
    /// The PSBT (BIP174), base64.
    pub psbt: String,
    /// Recipients with the amounts that they get.
    pub outputs: Vec<(Address, Amount)>,
    /// What comes back.
    pub change: Option<Change>,
    /// The coins spent.
    pub inputs: Vec<Coin>,
    /// The fee.
    pub fee: Amount,
    /// The rate that the signed transaction will have, or a little more.
    pub fee_rate: FeeRate,
    /// What to tell the person before they agree.
    pub warnings: Vec<Warning>,
}

/// The output that comes back to the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where to.
    pub address: Address,
    /// How much.
    pub amount: Amount,
    /// Its chain of addresses.
    pub keychain: KeychainId,
    /// Its place in that chain.
    pub index: DerivationIndex,
}

/// Something to tell before a payment is agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// Coins of several script types are spent together, which links them.
    MixesScriptTypes(Vec<ScriptType>),
    /// The fee is above 5 % of what is paid.
    HighFee {
        /// The fee.
        fee: Amount,
        /// What is paid.
        paid: Amount,
    },
    /// The recipient's address was paid before, or received here before.
    AddressReused(Address),
    /// Unconfirmed coins are spent.
    SpendsUnconfirmed,
    /// No fee rate was given, so this default was taken.
    DefaultFeeRate(FeeRate),
}

/// A payment that is signed and stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Payment {
    /// The signed transaction.
    pub transaction: Transaction,
    /// The signed PSBT, base64.
    pub psbt: String,
    /// Recipients with what they get.
    pub outputs: Vec<(Address, Amount)>,
    /// What comes back.
    pub change: Option<Change>,
    /// The coins spent.
    pub inputs: Vec<OutPoint>,
    /// The fee.
    pub fee: Amount,
    /// The fee rate of the signed transaction.
    pub fee_rate: FeeRate,
    /// How far it is.
    pub state: PaymentState,
    /// Whether the same key and request had been paid before, so that nothing new was signed.
    pub repeated: bool,
}

/// How far a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentState {
    /// Signed and stored; no peer has fetched it yet.
    Signed,
    /// At least one peer has fetched it.
    Announced,
    /// In no block, and not signed here: peers announced it, or a block that holds it was left.
    /// Anybody can make up such a payment.
    Pending,
    /// In a block of the best chain.
    Confirmed(BlockId),
    /// Another transaction spends one of its coins, in a block or with more right to it.
    Replaced,
    /// Nobody spoke of it for too long, so it does not count any more.
    Evicted,
}

impl PaymentState {
    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Announced => "announced",
            Self::Pending => "pending",
            Self::Confirmed(_) => "confirmed",
            Self::Replaced => "replaced",
            Self::Evicted => "evicted",
        }
    }
}
