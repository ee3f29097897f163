//! Owns why a command was not carried out: the one list of errors that the command line, the
//! screens and JSON-RPC share, with their stable names.
//!
//! Refuses to format for one face, and to hold a secret.

use bitcoin::{Amount, OutPoint, Txid, Weight};

use super::{
    AbandonProblem, AccountProblem, BumpProblem, InvoiceState, OperationId, Overrun,
    RecipientsProblem, SigningProblem, StoreProblem, TokenId,
};
use crate::failure::Kind;
use crate::keychain::AccountName;
use crate::light_client::height::Height;
use crate::limits::MESSAGE_BYTES;
use crate::wallet_name::WalletName;

/// Why a command was not carried out. Each says what to do. Names and codes are stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Fewer coins than needed.
    #[error("not enough money: {needed} needed with the fee, {available} can be spent")]
    InsufficientFunds {
        /// What is needed, fee included.
        needed: Amount,
        /// What can be spent now.
        available: Amount,
    },
    /// What could be spent stands on as much that no block holds as nodes keep.
    #[error(
        "{most} payments stand on each other that no block holds, and nodes keep no more: wait for the \
         next block, or spend coins that are in one"
    )]
    LineTooLong {
        /// How many may.
        most: usize,
    },
    /// An output is so small that peers would not relay it.
    #[error("{amount} is dust: the least for this address is {least}")]
    Dust {
        /// What was asked.
        amount: Amount,
        /// The least that works.
        least: Amount,
    },
    /// No recipient, the same twice, or `max` beside others.
    #[error("the list of recipients is not good: {0}")]
    BadRecipients(RecipientsProblem),
    /// A named coin is not an unspent output of this wallet.
    #[error("{0} is not an unspent coin of this wallet")]
    NoSuchCoin(OutPoint),
    /// A named coin is frozen.
    #[error("{0} is frozen: unfreeze it first")]
    CoinFrozen(OutPoint),
    /// A named coin is held by a draft.
    #[error("{0} is reserved by another draft: wait or drop that draft")]
    CoinReserved(OutPoint),
    /// A named coin is too young.
    #[error("{0} is mined and younger than 100 blocks: wait")]
    CoinImmature(OutPoint),
    /// A named coin is of an account that this wallet may spend from only after a wait, or in no block
    /// where one is needed (BIP431).
    #[error(
        "{0} can't be spent yet: wait for its block, or as long as billfold account list tells"
    )]
    CoinWaits(OutPoint),
    /// The wallet has no such account.
    #[error("this wallet has no account {0}: see billfold account list")]
    NoSuchAccount(AccountName),
    /// The fee rate is below what any peer relays or above any reason.
    #[error(
        "a fee rate of {}.{:03} sat/vB is out of range: between 0.1 and 10,000 sat/vB works",
        .0 / 250, .0 % 250 * 4
    )]
    FeeRateOutOfRange(u64),
    /// The fee would be more than a quarter of what is paid, and more than 10,000 sat.
    #[error(
        "the fee of {fee} is out of proportion to the {paid} paid: give a lower fee rate, or name \
         the most that it may be with --max-fee"
    )]
    FeeTooHigh {
        /// The fee.
        fee: Amount,
        /// What is paid.
        paid: Amount,
    },
    /// The fee is above the most that was named, or what any payment costs where none was.
    #[error(
        "a fee of {fee} is refused: {most} is the most; give a lower fee rate, or another --max-fee"
    )]
    FeeAboveLimit {
        /// The fee.
        fee: Amount,
        /// The most that works.
        most: Amount,
    },
    /// There is no estimate for this time.
    #[error(
        "nothing is known yet of what it takes to be in one of the next {target} blocks: give a \
         fee rate instead"
    )]
    FeeUnknown {
        /// The time, in blocks.
        target: u16,
    },
    /// A replacement must pay more than what it replaces and for its own relay (BIP125).
    #[error("a fee of {fee} replaces nothing: nodes ask for at least {least}")]
    FeeTooLow {
        /// The fee.
        fee: Amount,
        /// The least that works.
        least: Amount,
    },
    /// The transaction can't be sped up or taken back.
    #[error("{txid} can't be bumped or cancelled: {why}")]
    CannotBump {
        /// Which.
        txid: Txid,
        /// Why not, and what to do.
        why: BumpProblem,
    },
    /// The transaction can't be given up.
    #[error("{txid} can't be given up: {why}")]
    CannotAbandon {
        /// Which.
        txid: Txid,
        /// Why not.
        why: AbandonProblem,
    },
    /// No coin that can be spent has the label.
    #[error("no coin of this wallet has the label {0:?}")]
    NoSuchLabel(String),
    /// No node would relay the transaction, and its coins would wait for ever.
    #[error(
        "the payment takes {} weight units, and nodes relay {}: pay in parts, or name fewer coins",
        weight.to_wu(),
        most.to_wu()
    )]
    TooLarge {
        /// What it weighs.
        weight: Weight,
        /// The most that works.
        most: Weight,
    },
    /// With all that it spends from, a PSBT would fill the memory.
    #[error(
        "the transactions that this spends from take more than {} MB: spend fewer coins at a time",
        most / 1_000_000
    )]
    ParentsTooLarge {
        /// The most that they may take, in bytes.
        most: usize,
    },
    /// The draft is unknown or dropped, or something else spent its coins.
    #[error("draft {0} is no longer there: draft the payment again")]
    NoSuchDraft(u64),
    /// The draft is out of date, and holds its coins no longer.
    #[error("draft {0} is out of date: draft the payment again")]
    DraftExpired(u64),
    /// The idempotency key belongs to another request.
    #[error("this idempotency key was used for another payment: take a new key")]
    KeyReused,
    /// A limit of whoever asks does not let this through.
    #[error("the payment is more than the limits allow: {0}")]
    OverLimit(Overrun),
    /// There is no such invoice.
    #[error("there is no invoice {0}: see billfold.invoice.list")]
    NoSuchInvoice(u64),
    /// The invoice was paid, so it can't be taken back.
    #[error("invoice {id} is {}: only one that is not paid can be taken back", .state.name())]
    InvoiceSettled {
        /// Which.
        id: u64,
        /// How far it is.
        state: InvoiceState,
    },
    /// There is no such token, or it was taken back.
    #[error("there is no token {0} that works: see billfold.token.list")]
    NoSuchToken(TokenId),
    /// There is no such operation.
    #[error("this wallet has no operation {0}")]
    NoSuchOperation(u64),
    /// Another rescan goes on.
    #[error("operation {} is rescanning: wait for its end or cancel it", .0.0)]
    Rescanning(OperationId),
    /// No more tokens are kept.
    #[error("there are too many tokens: revoke some first")]
    TooManyTokens,
    /// The wallet has no account yet.
    #[error("this wallet has no account: import a descriptor first")]
    NoAccounts,
    /// The key layer is sealed.
    #[error("the wallet is locked: unlock it with its password")]
    Locked,
    /// There is no key in the wallet.
    #[error("this wallet only watches: sign the payment's PSBT where its keys are")]
    WatchOnly,
    /// The height is above the tip.
    #[error("height {asked} is above the tip, which is {tip}")]
    HeightAboveTip {
        /// What was asked.
        asked: Height,
        /// Where the chain ends.
        tip: Height,
    },
    /// The wallet has no such transaction.
    #[error("{0} is not a transaction of this wallet")]
    NoSuchTransaction(Txid),
    /// The transaction is in no block of the best chain.
    #[error("{0} is in no block yet: wait until it is confirmed")]
    NotConfirmed(Txid),
    /// The chain is not followed.
    #[error("the wallet is offline, and this takes the chain: go online")]
    Offline,
    /// No more addresses can be derived.
    #[error("this account has no addresses left: use another account")]
    AddressesExhausted,
    /// A PSBT has nothing that this wallet could sign.
    #[error("nothing in this PSBT is for this wallet to sign, or it has signed already")]
    NothingToSign,
    /// A PSBT is the signature of a message in disguise.
    #[error("this PSBT signs a message and pays nothing: use billfold message sign")]
    NotAPayment,
    /// A PSBT neither pays nor spends anything of this wallet.
    #[error("nothing in this PSBT pays or spends from this wallet: its own wallet announces it")]
    ForeignPayment,
    /// No signature can be made for an address.
    #[error("{0} is not an address that this wallet has given out or looks after")]
    NotOurAddress(String),
    /// No coin of other keys that is worth its fee.
    #[error("nothing was found that is worth its fee: {left} are left where they are")]
    NothingToSweep {
        /// What was found and can't be taken now.
        left: Amount,
    },
    /// The message is longer than any that is signed.
    #[error("the message has {0} bytes, and {MESSAGE_BYTES} are the most: sign its hash")]
    MessageTooLong(usize),
    /// The signer failed or its result did not match the draft.
    #[error("signing failed: {0}")]
    Signing(SigningProblem),
    /// An account was not added.
    #[error(transparent)]
    Account(#[from] AccountProblem),
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreProblem),
    /// The wallet is open already.
    #[error("the wallet {0} is loaded already")]
    Loaded(WalletName),
    /// No such wallet is open.
    #[error("the wallet {0} is not loaded: load it first")]
    NotLoaded(WalletName),
    /// Too many commands are unanswered.
    #[error("too many commands at once: wait for an answer")]
    Busy,
    /// The engine has stopped.
    #[error("the wallet is closing: start again")]
    Closing,
    /// The daemon that was asked went away. Whether it did what was asked is not known.
    #[error(
        "the daemon ended before it answered: whether it did what was asked is not known, so look \
         before you ask again"
    )]
    DaemonLost,
}

impl CommandError {
    /// Which of the failures that have a stable name and code.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::InsufficientFunds { .. } => Kind::InsufficientFunds,
            Self::LineTooLong { .. } => Kind::LineTooLong,
            Self::Dust { .. } => Kind::Dust,
            Self::BadRecipients(_) => Kind::BadRecipients,
            Self::NoSuchCoin(_) => Kind::NoSuchCoin,
            Self::CoinFrozen(_) => Kind::CoinFrozen,
            Self::CoinReserved(_) => Kind::CoinReserved,
            Self::CoinWaits(_) => Kind::CoinWaits,
            Self::CoinImmature(_) => Kind::CoinImmature,
            Self::NoSuchAccount(_) => Kind::NoSuchAccount,
            Self::FeeRateOutOfRange(_) => Kind::FeeRateOutOfRange,
            Self::FeeTooHigh { .. } => Kind::FeeTooHigh,
            Self::FeeAboveLimit { .. } => Kind::FeeAboveLimit,
            Self::FeeUnknown { .. } => Kind::FeeUnknown,
            Self::FeeTooLow { .. } => Kind::FeeTooLow,
            Self::CannotBump { .. } => Kind::CannotBump,
            Self::CannotAbandon { .. } => Kind::CannotAbandon,
            Self::NoSuchLabel(_) => Kind::NoSuchLabel,
            Self::TooLarge { .. } | Self::ParentsTooLarge { .. } => Kind::TooLarge,
            Self::NoSuchDraft(_) => Kind::NoSuchDraft,
            Self::DraftExpired(_) => Kind::DraftExpired,
            Self::KeyReused => Kind::KeyReused,
            Self::OverLimit(_) => Kind::PolicyRefused,
            Self::NoSuchInvoice(_) => Kind::NoSuchInvoice,
            Self::InvoiceSettled { .. } => Kind::InvoiceSettled,
            Self::NoSuchToken(_) => Kind::NoSuchToken,
            Self::TooManyTokens => Kind::TooManyTokens,
            Self::NoSuchOperation(_) => Kind::NoSuchOperation,
            Self::Rescanning(_) => Kind::Rescanning,
            Self::NoAccounts => Kind::BadAccounts,
            Self::Locked => Kind::Locked,
            Self::WatchOnly => Kind::WatchOnly,
            Self::HeightAboveTip { .. } => Kind::HeightAboveTip,
            Self::NoSuchTransaction(_) => Kind::NoSuchTransaction,
            Self::NotConfirmed(_) => Kind::NotConfirmed,
            Self::Offline => Kind::Offline,
            Self::AddressesExhausted => Kind::AddressesExhausted,
            Self::NothingToSign => Kind::NothingToSign,
            Self::NotAPayment => Kind::NotAPayment,
            Self::ForeignPayment => Kind::ForeignPayment,
            Self::NotOurAddress(_) => Kind::NotOurAddress,
            Self::NothingToSweep { .. } => Kind::NothingToSweep,
            Self::MessageTooLong(_) => Kind::MessageTooLong,
            Self::Signing(_) => Kind::SigningFailed,
            Self::Loaded(_) => Kind::WalletLoaded,
            Self::NotLoaded(_) => Kind::WalletNotLoaded,
            Self::Busy => Kind::Busy,
            Self::Closing => Kind::Closing,
            Self::DaemonLost => Kind::DaemonLost,
            Self::Account(problem) => problem.kind(),
            Self::Store(problem) => problem.kind(),
        }
    }

    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.kind().name()
    }
}
