//! Owns what is asked for and told on the way of a payment: request, draft, payment.
//!
//! Refuses to judge a request: the wallet does.

use bitcoin::{Address, Amount, FeeRate, OutPoint, Transaction, Txid};

use crate::keychain::{AccountName, DerivationIndex, KeychainId};
use crate::light_client::fees::Confidence;
use crate::light_client::height::BlockId;

use super::{Coin, CoinChoice, InputTerms, Layout};

/// A stable number for a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(pub u64);

/// What to pay and how.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PayRequest {
    /// Whom; at least one, no address twice.
    pub recipients: Vec<Recipient>,
    /// The fee.
    pub fee: FeeChoice,
    /// The most that may be paid, in the place of the guards against a fee that nobody means.
    pub most_fee: Option<Amount>,
    /// Spend exactly these coins; empty: choose.
    pub coins: Vec<OutPoint>,
    /// What is said of some of these, one by one.
    pub terms: Vec<InputTerms>,
    /// Among which coins to choose.
    pub choice: CoinChoice,
    /// The form of the transaction.
    pub layout: Layout,
    /// Choose only among coins with one of these labels; empty: among all.
    pub labels: Vec<String>,
    /// The account to pay from; `None`: the preferred one if it has enough, else another that
    /// has, else several with a warning.
    pub account: Option<AccountName>,
    /// What it is for; kept as the transaction's label.
    pub note: Option<String>,
    /// The caller's key: the same key and request is the same payment, whatever happened between.
    pub idempotency_key: Option<String>,
    /// How long the draft holds its coins.
    pub hold: Hold,
    /// Build the review only: reserve nothing, store nothing.
    pub dry_run: bool,
}

/// How a fee is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeeChoice {
    /// The estimate for a usual time if there is one, else a fixed rate; the review says which.
    #[default]
    Default,
    /// This rate.
    Rate(FeeRate),
    /// This much, whatever the payment weighs.
    Total(Amount),
    /// The estimate for a time in blocks.
    Target(u16),
}

/// How long a draft holds its coins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hold {
    /// For [`DRAFT_LIFETIME`](crate::limits::DRAFT_LIFETIME): it is signed here at once or never.
    #[default]
    Briefly,
    /// Until it is signed or dropped: its PSBT goes to signers elsewhere.
    UntilDropped,
    /// Not at all: only the address of its change is given out, and nobody can sign it here by its
    /// number. Whoever signs its PSBT may find a coin spent by then.
    Not,
}

/// Which waiting transaction to speed up or to take back, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct BumpRequest {
    /// Which.
    pub txid: Txid,
    /// By which of the ways.
    pub way: BumpWay,
    /// The fee: of the replacement, or of parents and child together when it is a rate.
    pub fee: FeeChoice,
    /// As in a [`PayRequest`].
    pub most_fee: Option<Amount>,
    /// How long the draft holds its coins.
    pub hold: Hold,
    /// Build the review only: reserve nothing, store nothing.
    pub dry_run: bool,
}

/// How to speed up a transaction, or to take it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BumpWay {
    /// A replacement of an own payment on which no other stands, else a child.
    #[default]
    Best,
    /// The same payment again with a higher fee (BIP125). Payments that stand on it fall with it.
    Replace,
    /// A payment to ourselves out of it that pays for both (CPFP).
    Child,
    /// Its coins back to ourselves, with a higher fee (BIP125).
    Cancel,
}

/// One output of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Whom; already checked to be of the wallet's network.
    pub address: Address,
    /// How much.
    pub amount: PayAmount,
    /// What it is for, if not the same as the whole payment; kept as the output's label.
    pub note: Option<String>,
}

/// How much to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayAmount {
    /// This much.
    Exactly(Amount),
    /// This much, less an equal share of the fee.
    LessFee(Amount),
    /// All that the chosen coins hold, less the fee; only for a single recipient.
    Max,
    /// An equal share of all that the chosen coins hold, less the fee and what the others get.
    Share,
}

/// A payment before it is signed: what a careful person reviews.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its number; 0 for a dry run, which is not kept.
    pub id: DraftId,
    /// What it is for.
    pub purpose: Purpose,
    /// Until when it holds its coins, in Unix seconds; `None`: until it is dropped.
    pub expires: Option<u64>,
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
    /// Where the fee comes from.
    pub fee_basis: FeeBasis,
    /// What it is for, in the user's words.
    pub note: Option<String>,
    /// What to tell the person before they agree.
    pub warnings: Vec<Warning>,
}

/// What a draft is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A payment.
    Payment,
    /// The same payment again with a higher fee (BIP125).
    Replacement(Replacement),
    /// Its coins back to ourselves (BIP125).
    Cancellation(Replacement),
    /// A payment to ourselves that pays for those before it (CPFP).
    Child(Package),
}

/// What a replacement replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The transaction.
    pub of: Txid,
    /// Its fee.
    pub fee_before: Amount,
    /// What stands on it and falls with it, as far as it is known here.
    pub evicted: Vec<Txid>,
}

/// A transaction together with its ancestors that are in no block: miners weigh them as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The transaction that is sped up.
    pub of: Txid,
    /// How many transactions there are with the child.
    pub transactions: usize,
    /// What all of them pay, as far as it is known.
    pub fee: Amount,
    /// The rate of that: what all of them pay at the least.
    pub fee_rate: FeeRate,
    /// Whether the fees of all are known: a stranger's is not.
    pub fee_is_whole: bool,
}

/// Where a draft's fee comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeBasis {
    /// It was asked for.
    Asked,
    /// An estimate.
    Estimate {
        /// For a time, in blocks.
        target: u16,
        /// How far to trust it.
        confidence: Confidence,
    },
    /// Nothing is known and nothing was asked, so a fixed rate was taken.
    Fallback,
    /// The least with which nodes accept a replacement.
    LeastToReplace,
}

/// The output that comes back to the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where to.
    pub address: Address,
    /// How much.
    pub amount: Amount,
    /// Its account.
    pub account: AccountName,
    /// Its chain of addresses.
    pub keychain: KeychainId,
    /// Its place in that chain.
    pub index: DerivationIndex,
    /// Its place among the outputs.
    pub vout: u32,
}

/// Something to tell before a payment is agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// Coins of several accounts are spent together, which links them.
    MixesAccounts(Vec<AccountName>),
    /// The fee is above 5 % of what is paid.
    HighFee {
        /// The fee.
        fee: Amount,
        /// What is paid.
        paid: Amount,
    },
    /// The fee rate is more than ten times the usual one.
    HighFeeRate {
        /// The rate.
        rate: FeeRate,
        /// The usual one.
        usual: FeeRate,
    },
    /// The recipient's address was paid before, or received here before.
    AddressReused(Address),
    /// Nothing was ever paid to this address from this wallet.
    FirstPayment(Address),
    /// The recipient's address begins and ends like another that this wallet knows: somebody may
    /// have made it so that the two are confused.
    LooksAlike {
        /// The recipient's.
        address: Address,
        /// The one that is known.
        known: Address,
    },
    /// Coins with these labels are spent together for the first time, which links them.
    JoinsLabels(Vec<String>),
    /// Unconfirmed coins are spent.
    SpendsUnconfirmed,
    /// No fee rate was given, so this default was taken.
    DefaultFeeRate(FeeRate),
    /// What stands on the replaced payment falls with it, and is not paid.
    Evicts(Vec<Txid>),
    /// The recipient of a payment of everything gets less than before, by this much.
    PaysLess(Amount),
    /// A payment can be taken back only as long as no block holds it.
    MayStillConfirm(Txid),
}

impl Warning {
    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MixesAccounts(_) => "mixes_accounts",
            Self::HighFee { .. } => "high_fee",
            Self::HighFeeRate { .. } => "high_fee_rate",
            Self::AddressReused(_) => "address_reused",
            Self::FirstPayment(_) => "first_payment",
            Self::LooksAlike { .. } => "looks_alike",
            Self::JoinsLabels(_) => "joins_labels",
            Self::SpendsUnconfirmed => "spends_unconfirmed",
            Self::DefaultFeeRate(_) => "default_fee_rate",
            Self::Evicts(_) => "evicts",
            Self::PaysLess(_) => "pays_less",
            Self::MayStillConfirm(_) => "may_still_confirm",
        }
    }
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
    /// Whether it is, or may come to be, in the chain: its coins are spent by it.
    #[must_use]
    pub const fn counts(self) -> bool {
        !matches!(self, Self::Replaced | Self::Evicted)
    }

    /// The block that holds it.
    #[must_use]
    pub const fn block(self) -> Option<BlockId> {
        match self {
            Self::Confirmed(block) => Some(block),
            _ => None,
        }
    }

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
