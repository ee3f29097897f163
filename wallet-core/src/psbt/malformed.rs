//! Owns what every PSBT begins with, and why bytes are none.
//!
//! Refuses to guess what was meant.

use crate::limits::PSBT_BYTES;

/// What every PSBT begins with.
pub(super) const MAGIC: &[u8] = b"psbt\xff";

/// Why bytes are no PSBT.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePsbtError {
    /// More bytes than a payment that can be relayed has.
    #[error("this is too long for a PSBT: {PSBT_BYTES} bytes are the most")]
    TooLong,
    /// Neither bytes, nor base64, nor hex of a PSBT.
    #[error("this is not a PSBT: give a file of one, or its base64 or hex")]
    NotAPsbt,
    /// It ends in the middle.
    #[error("the PSBT is cut off: check that it was copied whole")]
    CutOff,
    /// Something follows it.
    #[error("something follows the PSBT: check that it was copied alone")]
    Trailing,
    /// A version that is neither 0 nor 2.
    #[error("the PSBT is of version {0}, and 0 and 2 are understood: ask for one of those")]
    Version(u32),
    /// A field that its version requires is not there.
    #[error("the PSBT lacks field {0:#04x}: ask its maker for a whole one")]
    Missing(u8),
    /// A field that its version forbids.
    #[error("the PSBT has field {0:#04x}, which its version forbids: ask its maker for a good one")]
    Forbidden(u8),
    /// A field of a wrong length, or with key data that it has not.
    #[error("field {0:#04x} of the PSBT is of a wrong form: ask its maker for a good one")]
    Field(u8),
    /// Lock times that are none, or that no transaction can have at once.
    #[error("the lock times that the PSBT requires can't be met at once: ask its maker")]
    LockTime,
    /// An input, counted from 0, brings a transaction that has no such output as it spends.
    #[error("input {0} of the PSBT comes with a transaction that it can't spend: ask its maker")]
    OtherParent(usize),
    /// Anything else that BIP174 and BIP371 refuse.
    #[error("the PSBT is malformed ({0}): check that it was copied whole")]
    Malformed(String),
}
