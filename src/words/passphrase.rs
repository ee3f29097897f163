//! Owns where a BIP39 passphrase comes from: the first line of a file, or the terminal.
//!
//! Refuses one that is typed differently the second time.

use std::path::Path;

use zeroize::Zeroizing;

use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::terminal::Terminal;

use super::reading;

/// How a passphrase was asked for on the command line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The person types it.
    pub(crate) terminal: bool,
    /// It stands in a file.
    pub(crate) file: Option<&'a Path>,
}

/// The passphrase; empty if none was asked for.
///
/// # Errors
/// `bad_words` if it is not text or was typed differently, `no_terminal`, `io`, `interrupted`.
pub(crate) fn chosen(asked: Asked<'_>, context: &Context) -> Result<Zeroizing<String>, Failure> {
    if let Some(path) = asked.file {
        return reading::passphrase(path);
    }
    if !asked.terminal {
        return Ok(Zeroizing::new(String::new()));
    }
    let terminal = Terminal::open(
        context.run.style.plain,
        "give the passphrase with --passphrase-file FILE, or - for standard input",
    )?;
    let first = terminal.ask_hidden("Passphrase of the words: ")?;
    if *terminal.ask_hidden("The same again: ")? == *first {
        return Ok(first);
    }
    let told = "the passphrase was typed differently each time: nothing was created";
    Err(Failure::new(Kind::BadWords, told))
}
