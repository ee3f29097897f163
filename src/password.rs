//! Owns where a password comes from: a file, standard input, or the terminal without echo.
//!
//! Refuses the command line and the environment, which other users of the machine can read, and a
//! blank password. What it held is wiped.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::thread;

use billfold_wallet_core::config::Settings;
use billfold_wallet_core::service::{self, OpenError};
use billfold_wallet_core::vault::Password;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::settings::Run;
use crate::terminal::Terminal;

/// Asks for the wallet's password and lets `work` try it. A person who mistypes it is asked again;
/// after too many wrong ones, here or before, it waits as long as it must.
///
/// # Errors
/// `no_such_wallet`, `no_terminal`, `bad_password`, `wrong_password`, `interrupted`, or why the
/// wallet did not open otherwise.
pub(crate) async fn tried<T: Send>(
    context: &mut Context,
    work: impl Fn(&Settings, &Password) -> Result<T, OpenError> + Sync,
) -> Result<T, Failure> {
    tried_by(context, async |settings: &Settings, password: &Password| {
        // On a thread of its own, since a wallet may not be opened inside a runtime; and waited
        // for to its very end, since SQLCipher's library must not be left while a thread that
        // used it still ends.
        let outcome = thread::scope(|scope| scope.spawn(|| work(settings, password)).join());
        outcome.map_err(|_panicked| Failure::bug())
    })
    .await
}

/// The same where somebody else tries it, who may not answer.
///
/// # Errors
/// As [`tried`], and those of `work`.
pub(crate) async fn tried_by<T>(
    context: &mut Context,
    work: impl AsyncFnMut(&Settings, &Password) -> Result<Result<T, OpenError>, Failure>,
) -> Result<T, Failure> {
    let settings = &context.run.settings;
    let existing = service::wallets(settings)?;
    if !existing.contains(&settings.wallet) {
        return Err(OpenError::NoSuchWallet { name: settings.wallet.clone(), existing }.into());
    }
    let secret = Secret {
        file: context.run.password_file.clone(),
        what: "the password",
        question: format!("Password of wallet {}: ", settings.wallet),
        wrong: "wrong password",
        advice: ADVICE,
    };
    secret.tried_by(context, work).await
}

/// The same with the passphrase that the keys of the wallet have of their own.
///
/// # Errors
/// `no_terminal`, `bad_password`, `wrong_password`, `interrupted`, and those of `work`.
pub(crate) async fn keys_tried_by<T>(
    context: &mut Context,
    work: impl AsyncFnMut(&Settings, &Password) -> Result<Result<T, OpenError>, Failure>,
) -> Result<T, Failure> {
    let secret = Secret {
        file: context.run.keys_passphrase_file.clone(),
        what: "the passphrase of the keys",
        question: format!("Passphrase of the keys of wallet {}: ", context.run.settings.wallet),
        wrong: "wrong passphrase: the keys stay locked",
        advice: "give the passphrase of the keys with --keys-passphrase-file FILE, or - for \
                 standard input",
    };
    secret.tried_by(context, work).await
}

/// What opens something that exists.
struct Secret {
    /// Where it stands; `None`: a person knows it.
    file: Option<PathBuf>,
    /// What stands there.
    what: &'static str,
    /// What they are asked.
    question: String,
    /// What is said when it is another one.
    wrong: &'static str,
    /// What is said when nobody can be asked.
    advice: &'static str,
}

impl Secret {
    /// Lets `work` try it. A person who mistypes it is asked again; after too many wrong ones, here
    /// or before, it waits as long as it must.
    async fn tried_by<T>(
        self,
        context: &mut Context,
        mut work: impl AsyncFnMut(&Settings, &Password) -> Result<Result<T, OpenError>, Failure>,
    ) -> Result<T, Failure> {
        let settings = context.run.settings.clone();
        let mut tries = if self.file.is_some() { 1 } else { TRIES };
        let mut given = self.read(&context.run)?;
        loop {
            match context.interrupt.or(work(&settings, &given)).await?? {
                Err(OpenError::TooSoon { wait }) => {
                    let seconds = wait.as_secs();
                    context.output.say(&format!("Too many wrong passwords: waiting {seconds} s."));
                    context.interrupt.or(tokio::time::sleep(wait)).await?;
                }
                Err(OpenError::WrongPassword) if tries > 1 => {
                    tries -= 1;
                    context.output.warn(self.wrong);
                    given = self.read(&context.run)?;
                }
                Err(OpenError::WrongPassword) => {
                    return Err(Failure::new(Kind::WrongPassword, self.wrong));
                }
                opened => return Ok(opened?),
            }
        }
    }

    fn read(&self, run: &Run) -> Result<Password, Failure> {
        match &self.file {
            Some(path) => Ok(Password::from_bytes(&first_line(path, self.what)?)?),
            None => asked(run, &self.question, self.advice),
        }
    }
}

/// The password of something that exists, asked for with this question.
///
/// # Errors
/// `no_terminal`, `bad_password`, `io`, `interrupted`.
pub(crate) fn of(run: &Run, question: &str) -> Result<Password, Failure> {
    match &run.password_file {
        Some(path) => Ok(Password::from_bytes(&first_line(path, "the password")?)?),
        None => asked(run, question, ADVICE),
    }
}

fn asked(run: &Run, question: &str, advice: &str) -> Result<Password, Failure> {
    let terminal = Terminal::open(run.style.plain, advice)?;
    Ok(Password::new(&terminal.ask_hidden(question)?)?)
}

/// The password of a new wallet; a person types it twice.
///
/// # Errors
/// `no_terminal`, `bad_password` also when what is typed is blank or differs each time, `io`,
/// `interrupted`.
pub(crate) fn new(run: &Run) -> Result<Password, Failure> {
    let question = format!("New password for wallet {}: ", run.settings.wallet);
    chosen(run, run.password_file.as_deref(), &question, ADVICE)
}

/// A password that is chosen now: from a file, or typed twice.
///
/// # Errors
/// As [`new`]; `advice` is told where there is no terminal.
pub(crate) fn chosen(
    run: &Run,
    file: Option<&Path>,
    question: &str,
    advice: &str,
) -> Result<Password, Failure> {
    if let Some(path) = file {
        return Ok(Password::from_bytes(&first_line(path, "the password")?)?);
    }
    let terminal = Terminal::open(run.style.plain, advice)?;
    for _ in 0..TRIES {
        let first = terminal.ask_hidden(question)?;
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
    Err(Failure::new(Kind::BadPassword, "no password was chosen: nothing was changed"))
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

/// How often a person may type a password.
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
