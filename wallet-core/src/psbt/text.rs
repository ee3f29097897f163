//! Owns how a PSBT is written down: as bytes, in base64 or in hex, in version 0 or 2.
//!
//! Refuses anything that is longer than a PSBT that nodes would relay needs to be.

use bitcoin::base64::Engine as _;
use bitcoin::base64::engine::GeneralPurpose;
use bitcoin::base64::engine::general_purpose::STANDARD;
use bitcoin::hex::FromHex;
use bitcoin::psbt::Psbt;

use super::v2;
use crate::limits::PSBT_BYTES;

/// How a PSBT is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PsbtForm {
    /// As bytes: what a `.psbt` file holds (BIP174).
    Binary,
    /// In base64: what is pasted.
    Base64,
    /// In hex.
    Hex,
}

/// Reads a PSBT of version 0 (BIP174) or 2 (BIP370), in whichever form it stands. White space in
/// text is of no meaning.
///
/// # Errors
/// See [`ParsePsbtError`].
pub fn read(bytes: &[u8]) -> Result<Psbt, ParsePsbtError> {
    if bytes.len() > 2 * PSBT_BYTES {
        return Err(ParsePsbtError::TooLong);
    }
    let decoded = if bytes.starts_with(MAGIC) { bytes.to_vec() } else { from_text(bytes)? };
    if decoded.len() > PSBT_BYTES {
        return Err(ParsePsbtError::TooLong);
    }
    v2::parse(&decoded)
}

/// Writes a PSBT of version 0; text has no line end.
#[must_use]
pub fn write(psbt: &Psbt, form: PsbtForm) -> Vec<u8> {
    match form {
        PsbtForm::Binary => psbt.serialize(),
        PsbtForm::Base64 => psbt.to_string().into_bytes(),
        PsbtForm::Hex => psbt.serialize_hex().into_bytes(),
    }
}

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
    /// A field of a wrong length.
    #[error("field {0:#04x} of the PSBT is of a wrong length: ask its maker for a good one")]
    Field(u8),
    /// Lock times that are none, or that no transaction can have at once.
    #[error("the lock times that the PSBT requires can't be met at once: ask its maker")]
    LockTime,
    /// Anything else that BIP174 and BIP371 refuse.
    #[error("the PSBT is malformed ({0}): check that it was copied whole")]
    Malformed(String),
}

/// What every PSBT begins with.
pub(super) const MAGIC: &[u8] = b"psbt\xff";

fn from_text(bytes: &[u8]) -> Result<Vec<u8>, ParsePsbtError> {
    let text: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let text = str::from_utf8(&text).map_err(|_| ParsePsbtError::NotAPsbt)?;
    let hex =
        text.get(..HEX_MAGIC.len()).is_some_and(|start| start.eq_ignore_ascii_case(HEX_MAGIC));
    if hex {
        return Vec::from_hex(text).map_err(|_| ParsePsbtError::CutOff);
    }
    if !text.starts_with(BASE64_MAGIC) {
        return Err(ParsePsbtError::NotAPsbt);
    }
    let engine: &GeneralPurpose = &STANDARD;
    engine.decode(text).map_err(|_| ParsePsbtError::CutOff)
}

/// The magic bytes in hex.
const HEX_MAGIC: &str = "70736274ff";

/// As much of base64 as the magic bytes alone decide.
const BASE64_MAGIC: &str = "cHNidP";

#[cfg(test)]
mod tests;
