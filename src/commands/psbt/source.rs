//! Owns where a PSBT comes from: a file, standard input, or the command line itself.
//!
//! Refuses to read more than a PSBT can be.

use std::fs::File;
use std::io::{self, Read};

use billfold_wallet_core::limits::PSBT_BYTES;
use billfold_wallet_core::psbt::{self, ParsePsbtError};
use bitcoin::Psbt;

use crate::failure::{Failure, Kind};

/// Reads the PSBT that an argument names or is.
///
/// # Errors
/// `bad_psbt`, `io`.
pub(super) fn read(argument: &str) -> Result<Psbt, Failure> {
    match psbt::read(argument.as_bytes()) {
        // No file is called like the beginning of a PSBT.
        Err(ParsePsbtError::NotAPsbt) => {}
        read => return Ok(read?),
    }
    let bytes = bytes(argument).map_err(|error| {
        let message = format!("{argument} is neither a PSBT nor a file that can be read: {error}");
        Failure::new(Kind::Io, message).with("path", argument)
    })?;
    Ok(psbt::read(&bytes)?)
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
