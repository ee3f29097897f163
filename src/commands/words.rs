//! Owns `words`: a wallet's words shown once more, and typed back.
//!
//! Refuses to show words anywhere but on a terminal or in a new file that only the user can read.
//! Whether words are right is told by their places, never by the words.

use billfold_wallet_core::backup::Backup;
use billfold_wallet_core::command::{Command, CommandError, Reply, WalletDescription};
use billfold_wallet_core::seed::Words;
use billfold_wallet_core::service::{Access, Reach, Strongbox};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::keeping::{WordsCheckArgs, WordsCommand, WordsShowArgs};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report, figures};
use crate::session::{Session, attached, unexpected};
use crate::strongbox;
use crate::terminal::Terminal;
use crate::words::{reading, sheet};

/// Carries out one of the two.
///
/// # Errors
/// As [`show`] and [`check`].
pub(super) async fn run(command: &WordsCommand, context: &mut Context) -> Result<(), Failure> {
    match command {
        WordsCommand::Show(options) => show(options, context).await,
        WordsCommand::Check(options) => check(options, context).await,
    }
}

/// Shows the words, or writes them.
///
/// # Errors
/// `no_terminal`, `file_exists`, `io`, or why the wallet did not open.
async fn show(options: &WordsShowArgs, context: &mut Context) -> Result<(), Failure> {
    let terminal = match options.words_out.as_deref() {
        Some(path) if path.symlink_metadata().is_ok() => return Err(sheet::exists(path)),
        Some(_) => None,
        None => Some(Terminal::open(
            context.run.style.plain,
            "write the words to a file with --words-out FILE",
        )?),
    };
    let (backup, _strongbox) = opened(context).await?;
    if backup.seed.is_none() && backup.has_keys() {
        return Err(Failure::new(Kind::WatchOnly, NO_WORDS));
    }
    let imported_keys = backup.held.len();
    let seed = backup.seed.ok_or(CommandError::WatchOnly)?;
    match (terminal, options.words_out.as_deref()) {
        (Some(terminal), _) => {
            let _screen = terminal.second_screen()?;
            terminal.show(&sheet::grid(&seed.words()))?;
            terminal.ask("\nPress Enter to hide them again. ", &mut context.interrupt).await?;
        }
        (None, Some(path)) => sheet::write(path, &seed.words())?,
        (None, None) => {}
    }
    context.output.result(&ShowReport {
        fingerprint: seed.fingerprint().to_string(),
        words: seed.words().iter().count(),
        passphrase: seed.has_passphrase(),
        imported_keys,
    })
}

/// Compares what is typed with the wallet's words.
///
/// # Errors
/// `words_differ`, `bad_words` if they are not text, `no_terminal`, `interrupted`, or why the
/// wallet did not open.
async fn check(options: &WordsCheckArgs, context: &mut Context) -> Result<(), Failure> {
    let typed = reading::text(options.words_file.as_deref(), context).await?;
    let passphrase = options.passphrase_file.as_deref().map(reading::passphrase).transpose()?;
    let (backup, strongbox) = opened(context).await?;
    let seed = backup.seed.ok_or(CommandError::WatchOnly)?;
    compare(&typed, &seed.words())?;
    if seed.has_passphrase() || passphrase.is_some() {
        let passphrase = match passphrase {
            Some(passphrase) => passphrase,
            None => ask_passphrase(context.run.style.plain)?,
        };
        if !seed.is_of(&seed.words(), &passphrase) {
            return Err(Failure::new(Kind::WordsDiffer, PASSPHRASE_DIFFERS));
        }
    }
    let description = match strongbox {
        Some(mut strongbox) => {
            strongbox.note_words_checked()?;
            strongbox.description()?
        }
        None => note_words_checked(context).await?,
    };
    context.output.result(&CheckReport {
        fingerprint: figures::fingerprint(description.fingerprint),
        words_checked: description.words_checked,
        passphrase: seed.has_passphrase(),
    })
}

/// What belongs to the wallet, its words too, from the daemon that has it, or from the wallet that is opened
/// here and stays so.
async fn opened(context: &mut Context) -> Result<(Backup, Option<Strongbox>), Failure> {
    if let Some(backup) = attached::backup(context).await? {
        return Ok((backup, None));
    }
    let strongbox = strongbox::open_keys(context).await?;
    Ok((strongbox.backup(true)?, Some(strongbox)))
}

async fn note_words_checked(context: &mut Context) -> Result<WalletDescription, Failure> {
    Session::with(context, Access::View, Reach::Offline, async |session, context| {
        session.ask(Command::WordsChecked, context).await?;
        match session.ask(Command::Describe, context).await? {
            Reply::Wallet(description) => Ok(*description),
            reply => Err(unexpected(&reply)),
        }
    })
    .await
}

/// Tells the places that differ: a slip of the pen seldom keeps the checksum, so words are taken
/// as they are.
fn compare(typed: &str, kept: &Words) -> Result<(), Failure> {
    let typed: Vec<&str> = typed.split_whitespace().collect();
    let expected = kept.iter().count();
    if typed.len() != expected {
        let found = typed.len();
        let message = format!("these are {found} words, and this wallet has {expected}");
        return Err(Failure::new(Kind::WordsDiffer, message).with("found", found));
    }
    let pairs = typed.iter().zip(kept.iter()).enumerate();
    let positions: Vec<usize> = pairs
        .filter(|(_, (typed, kept))| !typed.eq_ignore_ascii_case(kept))
        .map(|(place, _)| place + 1)
        .collect();
    let message = match positions.as_slice() {
        [] => return Ok(()),
        [one] => format!("word {one} is not the wallet's: correct what is written down"),
        some if some.len() > expected / 2 => "these are the words of another wallet".to_owned(),
        some => {
            let listed: Vec<_> = some.iter().map(ToString::to_string).collect();
            let listed = listed.join(", ");
            format!("words {listed} are not the wallet's: correct what is written down")
        }
    };
    Err(Failure::new(Kind::WordsDiffer, message).with("positions", positions))
}

fn ask_passphrase(plain: bool) -> Result<Zeroizing<String>, Failure> {
    let terminal = Terminal::open(plain, "give the passphrase with --passphrase-file FILE")?;
    terminal.ask_hidden("This wallet has a passphrase besides. Passphrase: ")
}

/// Whose words were shown.
#[derive(Debug, Serialize)]
struct ShowReport {
    fingerprint: String,
    words: usize,
    passphrase: bool,
    /// Private keys that the words do not bring back.
    imported_keys: usize,
}

impl Report for ShowReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let besides = if self.passphrase {
            "\nThis wallet has a passphrase besides, which is not kept here: the words alone are \
             another wallet."
        } else {
            ""
        };
        let imported = match self.imported_keys {
            0 => String::new(),
            keys => format!(
                "\nPrivate keys that were imported ({keys}) are not in the words: keep a billfold \
                 backup create --with-words."
            ),
        };
        format!("{} words of fingerprint {}.{besides}{imported}", self.words, self.fingerprint)
    }
}

/// That the words are written down.
#[derive(Debug, Serialize)]
struct CheckReport {
    fingerprint: String,
    words_checked: Option<u64>,
    passphrase: bool,
}

impl Report for CheckReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let what =
            if self.passphrase { "The words and the passphrase are" } else { "The words are" };
        format!("{what} right: they restore the wallet with fingerprint {}.", self.fingerprint)
    }
}

const NO_WORDS: &str = "this wallet has no words, since its keys are imported: keep a billfold backup \
                        create --with-words";
const PASSPHRASE_DIFFERS: &str =
    "the words are right, and with this passphrase they are another wallet";

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        Words::parse(text).expect("good words")
    }

    /// The first of BIP39's test vectors.
    const ABANDON: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                           abandon abandon about";

    #[test]
    fn a_slip_of_the_pen_is_named_by_its_place_and_by_no_word() {
        let kept = words(ABANDON);
        assert!(compare(ABANDON, &kept).is_ok());
        assert!(compare(&ABANDON.to_uppercase().replace(' ', "\n"), &kept).is_ok());
        let failure = compare(&ABANDON.replace("about", "abuot"), &kept).expect_err("a slip");
        assert_eq!(failure.kind(), Kind::WordsDiffer);
        assert_eq!(failure.message(), "word 12 is not the wallet's: correct what is written down");
        let swapped = ABANDON.replace("abandon about", "about abandon");
        let failure = compare(&swapped, &kept).expect_err("out of order");
        assert!(failure.message().starts_with("words 11, 12 are"), "{}", failure.message());
    }

    #[test]
    fn words_of_another_wallet_are_said_to_be_that() {
        let legal = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        let failure = compare(legal, &words(ABANDON)).expect_err("another wallet");
        assert_eq!(failure.message(), "these are the words of another wallet");
        let failure = compare("abandon", &words(ABANDON)).expect_err("too few");
        assert_eq!(failure.message(), "these are 1 words, and this wallet has 12");
    }
}
