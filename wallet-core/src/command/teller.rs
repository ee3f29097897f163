//! Owns what a wallet keeps for programs that pay and are paid by it: payments by their keys,
//! invoices, tokens, limits and the audit log.
//!
//! Refuses to print the secret of a token.

use std::fmt;
use std::str::FromStr;

use bitcoin::hex::{DisplayHex as _, FromHex as _};
use bitcoin::{Amount, Txid};
use zeroize::Zeroizing;

use crate::wallet_name::WalletName;

use super::{Invoice, InvoiceQuery, JournalEntry, Limit, NewInvoice, Payment};

/// What a program may ask of what is kept for it.
#[derive(Debug, Clone, PartialEq)]
pub enum TellerCommand {
    /// Only to read.
    Read(TellerReading),
    /// Make an invoice.
    AddInvoice(Box<NewInvoice>),
    /// Take an invoice back.
    CancelInvoice(u64),
    /// Keep a new token.
    AddToken(Box<NewToken>),
    /// Take a token back for good.
    RevokeToken(TokenId),
    /// Set the limits of every order.
    SetPolicy(Vec<Limit>),
}

/// What a program may read of what is kept for it.
#[derive(Debug, Clone, PartialEq)]
pub enum TellerReading {
    /// Payments that were signed here, each with its replacements.
    Payments(PaymentQuery),
    /// Invoices.
    Invoices(InvoiceQuery),
    /// All tokens, without their secrets.
    Tokens,
    /// A token with its secret.
    Token(TokenId),
    /// The limits of every order.
    Policy,
    /// What happened to the wallet.
    Journal {
        /// Only what has a number above this one.
        after: u64,
        /// At most this many.
        limit: u32,
    },
    /// The audit log.
    Audit {
        /// Only entries above this number.
        after: u64,
        /// At most this many.
        limit: u32,
    },
}

/// The answer to a [`TellerCommand`].
#[derive(Debug, Clone, PartialEq)]
pub enum TellerReply {
    /// To `Payments`.
    Payments(Vec<PaymentRecord>),
    /// To `AddInvoice` and `CancelInvoice`.
    Invoice(Box<Invoice>),
    /// To `Invoices`.
    Invoices(Vec<Invoice>),
    /// To `Tokens`.
    Tokens(Vec<TokenRecord>),
    /// To `Token`.
    Token(Option<Box<TokenSecret>>),
    /// To `Policy`.
    Policy(Vec<Limit>),
    /// To `Journal`.
    Journal(Vec<JournalEntry>),
    /// To `Audit`.
    Audit(Vec<AuditEntry>),
    /// To `AddToken`, `RevokeToken` and `SetPolicy`.
    Done,
}

/// Which payments are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentQuery {
    /// That of this number.
    Id(u64),
    /// That of the call with this key.
    Key(String),
    /// That of which this transaction is a part.
    Txid(Txid),
    /// All, in the order of their numbers.
    Page {
        /// Only those above this number.
        after: u64,
        /// At most this many.
        limit: u32,
    },
}

/// A payment with all that was signed for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentRecord {
    /// Its number, which stays when it is replaced.
    pub id: u64,
    /// The key of the call that made it.
    pub key: Option<String>,
    /// What was signed, oldest first.
    pub attempts: Vec<Attempt>,
}

/// One transaction of a payment.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// What it was for.
    pub purpose: AttemptPurpose,
    /// The transaction, as it is now.
    pub payment: Payment,
}

/// What a transaction of a payment was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptPurpose {
    /// To pay.
    Payment,
    /// To pay sooner, in the place of the one before.
    Replacement,
    /// To take the payment back.
    Cancellation,
    /// To pay for the one before (CPFP).
    Child,
}

impl AttemptPurpose {
    /// The name that JSON uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Replacement => "replacement",
            Self::Cancellation => "cancellation",
            Self::Child => "child",
        }
    }
}

/// The number of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub [u8; 8]);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hex())
    }
}

impl FromStr for TokenId {
    type Err = ParseTokenIdError;

    fn from_str(text: &str) -> Result<Self, ParseTokenIdError> {
        <[u8; 8]>::from_hex(text).map(Self).map_err(|_| ParseTokenIdError)
    }
}

/// The text is not the number of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the number of a token is 16 hexadecimal digits")]
pub struct ParseTokenIdError;

/// What a token's signature is made with.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenKey(pub Zeroizing<[u8; 32]>);

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(..)")
    }
}

/// A token that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its number.
    pub id: TokenId,
    /// Its secret.
    pub key: TokenKey,
    /// What it is for, in the owner's words.
    pub label: String,
    /// What it was made for, as the token itself says it.
    pub caveats: Vec<String>,
    /// The wallets that it is for; none: the one that keeps it.
    pub wallets: Vec<WalletName>,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its number.
    pub id: TokenId,
    /// What it is for.
    pub label: String,
    /// What it was made for.
    pub caveats: Vec<String>,
    /// When it was made, in Unix seconds.
    pub created: u64,
    /// Since when it is good for nothing.
    pub revoked: Option<u64>,
    /// The wallets that it is for; none: the one that keeps it.
    pub wallets: Vec<WalletName>,
}

/// A token with its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSecret {
    /// Its secret.
    pub key: TokenKey,
    /// Whether it was taken back.
    pub is_revoked: bool,
    /// What it was made for: whoever has it can only have added more.
    pub caveats: Vec<String>,
    /// The wallets that it is for; none: the one that keeps it.
    pub wallets: Vec<WalletName>,
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number; they have no gaps.
    pub number: u64,
    /// When, in Unix seconds.
    pub at: u64,
    /// Who asked.
    pub asker: String,
    /// By which method.
    pub method: String,
    /// The key of the call.
    pub key: Option<String>,
    /// The transaction that was signed.
    pub txid: Option<Txid>,
    /// What left the wallet by it, fee included.
    pub amount: Option<Amount>,
    /// `done`, or the stable name of why it was refused: of the limit's rule, if it was one.
    pub outcome: String,
}

impl TellerCommand {
    /// Whether it changes something.
    #[must_use]
    pub const fn changes(&self) -> bool {
        !matches!(self, Self::Read(_))
    }
}
