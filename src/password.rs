//! Owns where a password comes from: a file, standard input, or the terminal without echo.
//!
//! Refuses the command line and the environment, which other users of the machine can read, and a
//! blank password. What it held is wiped.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use billfold_wallet_core::vault::Password;
use zeroize::Zeroizing;

use crate::failure::{Failure, Kind};
use crate::settings::Run;
use crate::terminal::Terminal;

/// The password of a wallet that exists.
///
/// # Errors
/// `no_terminal`, `bad_password`, `io`, `interrupted`.
pub(crate) fn existing(run: &Run) -> Result<Password, Failure> {
    if let Some(path) = &run.password_file {
        return Ok(Password::from_bytes(&first_line(path, "the password")?)?);
    }
    let mut terminal = Terminal::open(run.style.plain, ADVICE)?;
    let question = format!("Password of wallet {}: ", run.settings.wallet);
    Ok(Password::new(&terminal.ask_hidden(&question)?)?)
}

/// The password of a new wallet; a person types it twice.
///
/// # Errors
/// As [`existing`]; `bad_password` also when what is typed is blank or differs each time.
pub(crate) fn new(run: &Run) -> Result<Password, Failure> {
    if let Some(path) = &run.password_file {
        return Ok(Password::from_bytes(&first_line(path, "the password")?)?);
    }
    let mut terminal = Terminal::open(run.style.plain, ADVICE)?;
    let question = format!("New password for wallet {}: ", run.settings.wallet);
    for _ in 0..TRIES {
        let first = terminal.ask_hidden(&question)?;
        let password = match Password::new(&first) {
            Ok(password) => password,
            Err(problem) => {
                terminal.show(&problem.to_string())?;
                continue;
            }
        };
        if *terminal.ask_hidden("The same again: ")? == *first {
            return Ok(password);
        }
        terminal.show("that was not the same")?;
    }
    Err(Failure::new(Kind::BadPassword, "no password was chosen: nothing was created"))
}

/// The first line of a file, or the next one of standard input for `-`, without its end. When
/// standard input is a terminal, the line is asked for there.
///
/// # Errors
/// `io`, naming the file and `what` was to be read from it; `interrupted`.
pub(crate) fn first_line(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if path == Path::new("-") && io::stdin().is_terminal() {
        let typed = Terminal::open(true, ADVICE)?.ask_hidden(&format!("Type {what}: "))?;
        return Ok(Zeroizing::new(typed.as_bytes().to_vec()));
    }
    let line = if path == Path::new("-") {
        standard_input().and_then(line_of)
    } else {
        File::open(path).and_then(line_of)
    };
    line.map_err(|error| unreadable(path, what, &error))
}

/// A file with a secret that can't be read.
pub(crate) fn unreadable(path: &Path, what: &str, error: &io::Error) -> Failure {
    let path = path.display().to_string();
    Failure::new(Kind::Io, format!("{what} can't be read from {path}: {error}")).with("path", path)
}

/// Standard input without the library's buffer, which can't be wiped.
#[cfg(unix)]
fn standard_input() -> io::Result<File> {
    use std::os::fd::AsFd;
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn standard_input() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

/// Reads byte by byte into a buffer of its final size: no copy is left behind by a reader or by
/// growing, and what follows the line stays for the next who reads.
fn line_of(mut input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_LINE));
    let mut byte = Zeroizing::new([0]);
    while line.len() < LONGEST_LINE {
        match input.read(&mut *byte) {
            Ok(0) => return Ok(line),
            Ok(_) if byte[0] == b'\n' => {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("the first line is too long"))
}

/// No line that is read as a secret is as long as this, in bytes.
const LONGEST_LINE: usize = 4_096;

/// How often a person may mistype a new password.
const TRIES: usize = 3;

const ADVICE: &str = "give the password with --password-file FILE, or - for standard input";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_line_counts_and_its_end_does_not() {
        for text in ["a b\n", "a b\r\n", "a b", "a b\nmore\n"] {
            assert_eq!(**line_of(text.as_bytes()).expect("a line"), *b"a b", "{text:?}");
        }
        assert_eq!(**line_of(" x \n".as_bytes()).expect("a line"), *b" x ", "spaces are kept");
    }

    #[test]
    fn a_line_without_end_is_refused_instead_of_cut() {
        assert!(line_of(vec![b'a'; LONGEST_LINE].as_slice()).is_err());
        assert!(line_of(vec![b'a'; LONGEST_LINE - 1].as_slice()).is_ok());
    }
}
