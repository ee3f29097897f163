//! Owns where words and passphrases come from: a file, standard input, the terminal.
//!
//! Refuses files that hold more than words.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use billfold_wallet_core::seed::Words;
use zeroize::Zeroizing;

use super::typing;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::password;
use crate::terminal::Terminal;

/// Words from a file, from standard input or typed on the terminal.
///
/// # Errors
/// `bad_words`, `wrong_checksum`, `no_terminal`, `io`, `interrupted`.
pub(crate) async fn words(file: Option<&Path>, context: &mut Context) -> Result<Words, Failure> {
    match file {
        None => {
            let mut terminal = Terminal::open(context.run.style.plain, ADVICE)?;
            typing::ask_words(&mut terminal, &mut context.interrupt).await
        }
        Some(path) => Ok(Words::parse(&from_file(path)?)?),
    }
}

/// The same as text, whose checksum may be wrong: to be compared with words that are known.
///
/// # Errors
/// `bad_words` if it is not text, `no_terminal`, `io`, `interrupted`.
pub(crate) async fn text(
    file: Option<&Path>,
    context: &mut Context,
) -> Result<Zeroizing<String>, Failure> {
    match file {
        None => {
            let mut terminal = Terminal::open(context.run.style.plain, ADVICE)?;
            typing::ask_text(&mut terminal, &mut context.interrupt).await
        }
        Some(path) => from_file(path),
    }
}

/// A passphrase from the first line of a file.
///
/// # Errors
/// `bad_words` if it is not text, `io`.
pub(crate) fn passphrase(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = password::first_line(path, "the passphrase")?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::new(Kind::BadWords, "the passphrase is not UTF-8 text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = if path == Path::new("-") {
        password::first_line(path, WORDS)?
    } else {
        whole(path).map_err(|error| password::unreadable(path, WORDS, &error))?
    };
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::new(Kind::BadWords, "the words are not text: check the file"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A whole file, which holds one word to a line or all on one.
fn whole(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_WORDS));
    let limit = u64::try_from(LONGEST_WORDS).unwrap_or(u64::MAX);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() == LONGEST_WORDS {
        return Err(io::Error::other("the file is too long to hold words only"));
    }
    Ok(bytes)
}

/// More than any file of words holds, in bytes.
const LONGEST_WORDS: usize = 4_096;

const WORDS: &str = "the words";

const ADVICE: &str = "give the words with --words-file FILE, or - for standard input";
