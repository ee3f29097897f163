//! Owns where a PSBT comes from: a file, standard input, or the command line itself.
//!
//! Refuses to read more than a PSBT can be.

use std::fs::File;
use std::io::{self, Read};

use billfold_wallet_core::limits::PSBT_BYTES;
use billfold_wallet_core::psbt::{self, ParsePsbtError};
use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Psbt, Transaction};

use crate::failure::{Failure, Kind};

/// A payment as it is handed over.
#[derive(Debug)]
pub(super) enum Handed {
    /// As a PSBT.
    Psbt(Psbt),
    /// As a signed transaction.
    Transaction(Box<Transaction>),
}

/// Reads the PSBT that an argument names or is.
///
/// # Errors
/// `bad_psbt`, `io`.
pub(super) fn read(argument: &str) -> Result<Psbt, Failure> {
    match psbt::read(argument.as_bytes()) {
        // No file is called like the beginning of a PSBT.
        Err(ParsePsbtError::NotAPsbt) => Ok(psbt::read(&content(argument)?)?),
        read => Ok(read?),
    }
}

/// Reads the PSBT or the signed transaction (its bytes in hex) that an argument names or is.
///
/// # Errors
/// As [`read`].
pub(super) fn read_signed(argument: &str) -> Result<Handed, Failure> {
    if let Some(transaction) = transaction(argument.as_bytes()) {
        return Ok(Handed::Transaction(Box::new(transaction)));
    }
    match psbt::read(argument.as_bytes()) {
        Err(ParsePsbtError::NotAPsbt) => {}
        read => return Ok(Handed::Psbt(read?)),
    }
    let content = content(argument)?;
    Ok(match transaction(&content) {
        Some(transaction) => Handed::Transaction(Box::new(transaction)),
        None => Handed::Psbt(psbt::read(&content)?),
    })
}

/// The transaction that a text is in hex; none if it is anything else.
fn transaction(text: &[u8]) -> Option<Transaction> {
    let text = str::from_utf8(text).ok()?.trim();
    (text.len() <= 2 * PSBT_BYTES).then(|| deserialize_hex(text).ok()).flatten()
}

fn content(argument: &str) -> Result<Vec<u8>, Failure> {
    bytes(argument).map_err(|error| {
        let message = format!("{argument} is neither a PSBT nor a file that can be read: {error}");
        Failure::new(Kind::Io, message).with("path", argument)
    })
}

fn bytes(path: &str) -> io::Result<Vec<u8>> {
    // One byte more than is read as a PSBT tells that it is too long.
    let most = 2 * PSBT_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
