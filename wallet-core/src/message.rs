//! Owns signed messages: BIP322 in its three forms, and the older form of BIP137.
//!
//! Refuses to call a signature good when it can't read the script behind the address. A good
//! signature says that whoever made it could sign for the address at some time: not who they are,
//! nor that they have money there.

mod legacy;
mod bip322;

use bitcoin::absolute::LockTime;
use bitcoin::{Address, OutPoint, Sequence};

use crate::command::MessageForm;

pub use bip322::{is_asked_for, to_be_signed, written};
pub(crate) use legacy::{digest, written as written_legacy};

use crate::limits::{MESSAGE_BYTES, MESSAGE_SIGNATURE_BYTES};

/// What can be said of a signature (BIP322, "Verification").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Valid(Signed),
    /// Nothing can be said.
    Inconclusive(Doubt),
    /// It does not hold.
    Invalid(Flaw),
}

/// What a good signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// How the message is signed.
    pub form: MessageForm,
    /// The signer could have spent from this lock time on.
    pub lock_time: LockTime,
    /// The signer could have spent after this age of the coin; zero if at once.
    pub sequence: Sequence,
    /// Outputs that the signer could spend too, if they exist: nobody looked whether they do.
    pub funds: Vec<OutPoint>,
}

/// Why nothing can be said of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The address stands for a script that is not read here.
    #[error("the script behind the address is of a kind that is not understood here")]
    Script,
    /// The signed transaction has a version that may come to mean something.
    #[error("the signature uses a version that may come to mean something else")]
    Version,
}

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Longer than any that is read.
    #[error("the signature or the message is too long")]
    TooLong,
    /// Not base64, or not what its prefix says.
    #[error(
        "the signature is not whole: check that it was copied from its first letter to its last"
    )]
    Malformed,
    /// It signs another message, or with another key.
    #[error("the signature is not one of this address and this message")]
    Mismatch,
    /// It leaves part of what it signs open.
    #[error("the signature does not cover all that it should")]
    SighashType,
    /// The old form, for an address that it is not made for.
    #[error("a signature of the old form says nothing of this kind of address")]
    AddressType,
}

/// Verifies a signature of a message.
#[must_use]
pub fn verify(address: &Address, message: &str, signature: &str) -> Verdict {
    let signature = signature.trim();
    if message.len() > MESSAGE_BYTES || signature.len() > MESSAGE_SIGNATURE_BYTES {
        return Verdict::Invalid(Flaw::TooLong);
    }
    legacy::verify(address, message, signature)
        .unwrap_or_else(|| bip322::verify(address, message, signature))
}

#[cfg(test)]
mod tests;
