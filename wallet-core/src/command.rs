//! Owns `Command`, what a face may ask, `Reply`, what it gets, and through `error` why it does not.
//!
//! Plain data: no channels, no references, no secrets. Refuses to format for people.

mod error;
mod proof;

use bitcoin::{Address, Amount, BlockHash, FeeRate, OutPoint, SignedAmount, Transaction, Txid};

use crate::keychain::{AccountId, DerivationIndex, KeychainId, ScriptType};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::status::Status;

pub use error::{CommandError, RecipientsProblem, SigningProblem, StoreProblem};
pub use proof::Proof;

/// One thing that a face may ask of an open wallet.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// What there is to spend. Answered from the tables, without network.
    Balance,
    /// An address to be paid at. Without `fresh`, the same unused one is given until it is paid
    /// or a note or amount differs; every issued index is stored before it is told.
    Receive {
        /// What is asked for.
        amount: Option<Amount>,
        /// What it is for; kept as the address's label.
        note: Option<String>,
        /// Give the next unused one even if the last is still unpaid.
        fresh: bool,
    },
    /// Choose coins and build a payment. The reply is what a person reviews.
    Draft(PayRequest),
    /// Sign the draft, store the signed transaction, then announce it. Needs the key layer.
    Sign(DraftId),
    /// Give a draft's coins free again.
    Drop(DraftId),
    /// All transactions, newest first.
    History,
    /// All owned unspent outputs.
    Coins,
    /// What the chain client knows, its peers included.
    Status,
    /// Scan again from a height, or from the birthday.
    Rescan {
        /// The first block to scan; `None`: the wallet's birthday.
        from: Option<Height>,
    },
    /// What the wallet is made of.
    Describe,
    /// That a transaction is in a block of the chain. Needs a chain that is followed.
    Prove(Txid),
}

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

/// The answer to a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// To `Balance`.
    Balance(Balance),
    /// To `Receive`.
    Address(IssuedAddress),
    /// To `Draft`.
    Draft(Box<Draft>),
    /// To `Draft` with an idempotency key that was used before by the same request, and to
    /// `Sign`: the payment, stored and under way.
    Payment(Box<Payment>),
    /// To `History`.
    History(Vec<HistoryRow>),
    /// To `Coins`.
    Coins(Vec<Coin>),
    /// To `Status`.
    Status(Box<Status>),
    /// To `Describe`.
    Wallet(Box<WalletDescription>),
    /// To `Prove`.
    Proof(Box<Proof>),
    /// To `Drop` and `Rescan`.
    Done,
}

/// What there is, all accounts together, and by account. The four parts are disjoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balance {
    /// The sum over all accounts.
    pub total: BalanceParts,
    /// Each account that ever had a coin, or all new ones, in the order of their ids.
    pub accounts: Vec<(AccountId, BalanceParts)>,
}

/// The disjoint parts of a balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BalanceParts {
    /// In blocks, spendable, not frozen.
    pub confirmed: Amount,
    /// Not in a block yet: own change and payments seen.
    pub pending: Amount,
    /// Mined, but younger than 100 blocks.
    pub immature: Amount,
    /// Frozen by the user.
    pub frozen: Amount,
}

/// An address that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedAddress {
    /// The address.
    pub address: Address,
    /// A BIP321 URI with the amount and the note.
    pub uri: String,
    /// Its chain of addresses.
    pub keychain: KeychainId,
    /// Its place in that chain.
    pub index: DerivationIndex,
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

/// One transaction of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Its id.
    pub txid: Txid,
    /// What it changed in the wallet: received less spent.
    pub net: SignedAmount,
    /// The fee, when all inputs are ours.
    pub fee: Option<Amount>,
    /// How far it is.
    pub state: PaymentState,
    /// How many peers announced it while no block held it, as far as was heard.
    pub seen_by: u32,
    /// Unix seconds: the block's time, or when it was first seen here.
    pub time: u64,
    /// The label.
    pub note: Option<String>,
}

/// An unspent output of the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coin {
    /// Which output.
    pub outpoint: OutPoint,
    /// How much.
    pub amount: Amount,
    /// The address that holds it.
    pub address: Address,
    /// Its chain of addresses.
    pub keychain: KeychainId,
    /// Its place in that chain.
    pub index: DerivationIndex,
    /// Its block, if it has one.
    pub height: Option<Height>,
    /// Whether it comes from a coinbase that is younger than 100 blocks.
    pub immature: bool,
    /// Whether the user froze it.
    pub frozen: bool,
    /// Whether a draft holds it.
    pub reserved: bool,
    /// The label of its address.
    pub note: Option<String>,
}

/// What a wallet is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletDescription {
    /// The wallet's name.
    pub name: String,
    /// The fingerprint of its master key (BIP32).
    pub fingerprint: String,
    /// Its birthday in Unix seconds or as a height.
    pub birthday: Birthday,
    /// Its accounts.
    pub accounts: Vec<AccountDescription>,
}

/// Where the scan of a wallet begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Birthday {
    /// The first block that may hold a payment.
    Height(Height),
    /// The civil time, in Unix seconds, before which no payment was made.
    Time(u64),
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDescription {
    /// Which.
    pub id: AccountId,
    /// Its descriptor with both branches (BIP389) and its checksum (BIP380); no private key.
    pub descriptor: String,
}

/// A transaction in the wallet's own words for listeners: what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionChange {
    /// Which.
    pub txid: Txid,
    /// Received less spent.
    pub net: SignedAmount,
    /// How far it is now.
    pub state: PaymentState,
    /// How many peers announced it while no block held it, as far as was heard.
    pub seen_by: u32,
    /// Whether the wallet knew it before.
    pub known: bool,
    /// The block it left, if a reorganisation took it out of one.
    pub left: Option<BlockHash>,
}
