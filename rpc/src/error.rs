//! Owns `RpcError`: the `{code, message}` of a call that failed, with Bitcoin Core's codes
//! (`src/rpc/protocol.h`).
//!
//! Refuses codes of its own where Core has one that says the same; ours are -1000 to -1099, and
//! come with `data`.

use billfold_wallet_core::command::{CommandError, Overrun, RecipientsProblem};
use serde::Serialize;

/// Why a call failed, as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    /// Core's number for it.
    pub code: i32,
    /// What a person reads.
    pub message: String,
    /// What a program may do about it; only with codes of our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Advice>,
}

/// What a program may do about an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Its stable name, as in `docs/errors.md`.
    pub reason: &'static str,
    /// Whether the same call may work later.
    pub retryable: bool,
    /// What to do.
    pub hint: &'static str,
}

impl RpcError {
    /// The error of this code.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code as i32, message: message.into(), data: None }
    }

    /// The same with what a program may do about it.
    #[must_use]
    pub fn advising(self, reason: &'static str, retryable: bool, hint: &'static str) -> Self {
        Self { data: Some(Advice { reason, retryable, hint }), ..self }
    }

    /// No method of this name, or none that can be answered, with the reason.
    #[must_use]
    pub fn no_method(message: impl Into<String>) -> Self {
        Self::new(Code::MethodNotFound, message)
    }

    /// A parameter of the right type with a wrong value.
    #[must_use]
    pub fn parameter(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameter, message)
    }

    /// A parameter of the wrong type.
    #[must_use]
    pub fn wrong_type(message: impl Into<String>) -> Self {
        Self::new(Code::Type, message)
    }

    /// An address, key or transaction that is none, or is not known.
    #[must_use]
    pub fn address_or_key(message: impl Into<String>) -> Self {
        Self::new(Code::AddressOrKey, message)
    }

    /// The two floors disagree about what answers what.
    #[must_use]
    pub fn bug() -> Self {
        Self::new(Code::Internal, "Internal bug detected: the wallet answered something else")
    }
}

/// The codes of Bitcoin Core that are used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Not a request object.
    InvalidRequest = -32600,
    /// Arguments that exclude each other.
    InvalidParams = -32602,
    /// No such method.
    MethodNotFound = -32601,
    /// A fault of ours.
    Internal = -32603,
    /// Not JSON.
    Parse = -32700,
    /// Anything else, and usage.
    Misc = -1,
    /// A parameter of the wrong type.
    Type = -3,
    /// Wallet trouble of no other code.
    Wallet = -4,
    /// No such address or key, or transaction.
    AddressOrKey = -5,
    /// Not enough money.
    InsufficientFunds = -6,
    /// A parameter that is wrong.
    InvalidParameter = -8,
    /// No peer is connected.
    NotConnected = -9,
    /// Still looking for the first time at what is in the chain.
    InInitialDownload = -10,
    /// A label that can't be.
    InvalidLabelName = -11,
    /// No addresses left.
    KeypoolRanOut = -12,
    /// The keys are locked.
    UnlockNeeded = -13,
    /// Wrong passphrase.
    PassphraseIncorrect = -14,
    /// The wallet has no passphrase, or has one already.
    WrongEncryptionState = -15,
    /// The wallet can't be encrypted.
    EncryptionFailed = -16,
    /// No such wallet is open.
    WalletNotFound = -18,
    /// Several wallets are open, and none was named.
    WalletNotSpecified = -19,
    /// A file that can't be read or written, or is damaged.
    Database = -20,
    /// Bytes that can't be read.
    Deserialization = -22,
    /// A peer or a ban that is there already.
    NodeAlreadyAdded = -23,
    /// A peer that was not added.
    NodeNotAdded = -24,
    /// A peer that is not connected.
    NodeNotConnected = -29,
    /// No address of IP, and no part of the network.
    InvalidIpOrSubnet = -30,
    /// No more connections of that kind.
    NodeCapacityReached = -34,
    /// A transaction that others would not take.
    Verify = -25,
    /// A transaction that our policy refuses.
    VerifyRejected = -26,
    /// A transaction that a block holds already.
    VerifyAlreadyInChain = -27,
    /// The wallet is open already.
    WalletAlreadyLoaded = -35,
    /// There is a wallet of that name.
    WalletAlreadyExists = -36,
    /// A limit does not let the payment through.
    PolicyRefused = -1000,
    /// The key of the call was used for another one.
    KeyConflict = -1001,
    /// More calls in a minute than the token is good for.
    RateLimited = -1007,
}

impl From<CommandError> for RpcError {
    fn from(error: CommandError) -> Self {
        if matches!(error, CommandError::InsufficientFunds { .. }) {
            return Self::new(Code::InsufficientFunds, NO_FUNDS);
        }
        if matches!(error, CommandError::LineTooLong { .. }) {
            return Self::new(Code::InsufficientFunds, LINE_TOO_LONG);
        }
        if matches!(error, CommandError::Locked) {
            return Self::new(Code::UnlockNeeded, UNLOCK_NEEDED);
        }
        let told = Self::new(code(&error), error.to_string());
        match &error {
            CommandError::OverLimit(why) => told.advising(why.rule(), is_budget(why), ASK_OWNER),
            CommandError::KeyReused => told.advising(error.name(), false, TAKE_NEW_KEY),
            _ => told,
        }
    }
}

/// In Core's words.
pub const NO_FUNDS: &str = "Insufficient funds";

/// In Core's words.
pub const LINE_TOO_LONG: &str = "Unconfirmed UTXOs are available, but spending them creates a chain of \
                                 transactions that will be rejected by the mempool";

fn code(error: &CommandError) -> Code {
    match error {
        CommandError::InsufficientFunds { .. }
        | CommandError::LineTooLong { .. }
        | CommandError::NothingToSweep { .. } => Code::InsufficientFunds,
        CommandError::Locked => Code::UnlockNeeded,
        CommandError::BadRecipients(
            RecipientsProblem::Empty
            | RecipientsProblem::Twice
            | RecipientsProblem::MaxBesideOthers,
        )
        | CommandError::NoSuchCoin(_)
        | CommandError::NoSuchAccount(_)
        | CommandError::NoSuchLabel(_)
        | CommandError::NoSuchToken(_)
        | CommandError::FeeRateOutOfRange(_)
        | CommandError::HeightAboveTip { .. }
        | CommandError::NoSuchOperation(_)
        | CommandError::MessageTooLong(_)
        | CommandError::InvoiceSettled { .. }
        | CommandError::NotAPayment => Code::InvalidParameter,
        CommandError::KeyReused => Code::KeyConflict,
        CommandError::OverLimit(_) => Code::PolicyRefused,
        CommandError::NoSuchTransaction(_)
        | CommandError::NotOurAddress(_)
        | CommandError::NoSuchInvoice(_) => Code::AddressOrKey,
        CommandError::NotLoaded(_) => Code::WalletNotFound,
        CommandError::AddressesExhausted => Code::KeypoolRanOut,
        CommandError::Offline => Code::NotConnected,
        CommandError::FeeTooLow { .. } => Code::VerifyRejected,
        CommandError::Store(_) => Code::Database,
        CommandError::Busy | CommandError::Closing | CommandError::DaemonLost => Code::Misc,
        _ => Code::Wallet,
    }
}

/// A budget is free again with time.
const fn is_budget(why: &Overrun) -> bool {
    matches!(why, Overrun::Budget { .. })
}

const ASK_OWNER: &str = "pay less, wait if it is a budget, or ask the owner for another token";
const TAKE_NEW_KEY: &str =
    "repeat a call only with the arguments that it had, and take a new key for a new payment";
/// What Core says of keys that are locked.
pub(crate) const UNLOCK_NEEDED: &str =
    "Error: Please enter the wallet passphrase with walletpassphrase first.";

#[cfg(test)]
mod tests {
    use billfold_wallet_core::command::StoreProblem;

    use super::*;

    #[test]
    fn scripts_see_the_codes_they_know() {
        let code = |error: CommandError| RpcError::from(error).code;
        assert_eq!(code(CommandError::Locked), -13);
        let (needed, available) = (bitcoin::Amount::ONE_BTC, bitcoin::Amount::ZERO);
        assert_eq!(code(CommandError::InsufficientFunds { needed, available }), -6);
        assert_eq!(code(CommandError::AddressesExhausted), -12);
        assert_eq!(code(CommandError::Store(StoreProblem::Full)), -20);
        assert_eq!(code(CommandError::FeeRateOutOfRange(0)), -8);
    }
}
