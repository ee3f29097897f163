//! Owns how a PSBT is written down: as bytes, in base64 or in hex, in version 0 or 2.
//!
//! Refuses anything that is longer than a PSBT that nodes would relay needs to be.

use bitcoin::base64::Engine as _;
use bitcoin::base64::engine::GeneralPurpose;
use bitcoin::base64::engine::general_purpose::STANDARD;
use bitcoin::hex::FromHex;
use bitcoin::psbt::Psbt;

use super::malformed::{MAGIC, ParsePsbtError};
use super::{spent, v2};
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
    let psbt = v2::parse(&decoded)?;
    match spent::without_its_output(&psbt) {
        Some(input) => Err(ParsePsbtError::OtherParent(input)),
        None => Ok(psbt),
    }
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
