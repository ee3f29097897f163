//! Owns `new`: fresh words, shown or written before the wallet exists, so that no wallet is ever
//! without its words.
//!
//! Refuses to show words anywhere but on a terminal or in a new file that only the user can read.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use billfold_wallet_core::command::{Birthday, WalletDescription};
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::founding::{Founding, NewWallet};
use billfold_wallet_core::keychain::{ScriptType, StandardAccount};
use billfold_wallet_core::net::clock::Clock;
use billfold_wallet_core::seed::{DiceError, Seed, WordCount, Words};
use billfold_wallet_core::service;
use bitcoin::bip32::Fingerprint;
use serde::Serialize;
use zeroize::Zeroizing;

use super::account_form::BirthdayForm;
use crate::cli::setup::NewArgs;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::interrupt::Interrupt;
use crate::output::{Canvas, Report, figures};
use crate::password;
use crate::session::birthplace::Birthplace;
use crate::terminal::Terminal;
use crate::words::passphrase::{self, Asked};
use crate::words::quiz::{self, Answer};
use crate::words::sheet;

/// Creates a wallet.
///
/// # Errors
/// `no_terminal`, `file_exists`, `wallet_exists` and the other reasons why it could not be made.
pub(super) async fn run(options: &NewArgs, context: &mut Context) -> Result<(), Failure> {
    let plain = context.run.style.plain;
    let mut backup = Backup::choose(options.words_out.as_deref(), plain)?;
    let place = Birthplace::find(context).await?;
    let count = if options.words == "24" { WordCount::TwentyFour } else { WordCount::Twelve };
    let password = password::new(&context.run)?;
    let words = if options.dice {
        roll(count, plain, &mut context.interrupt).await?
    } else {
        Words::generate(count).map_err(|error| Failure::new(Kind::NoEntropy, error.to_string()))?
    };
    let asked = Asked { terminal: options.passphrase, file: options.passphrase_file.as_deref() };
    let passphrase = passphrase::chosen(asked, context)?;
    let words_checked = backup.keep(&words, &mut context.interrupt).await?;
    let script_type =
        if options.script_type == "segwit" { ScriptType::Segwit } else { ScriptType::Taproot };
    let wallet = NewWallet {
        seed: Seed::new(&words, &passphrase),
        accounts: vec![StandardAccount::first(script_type)],
        birthday: Birthday::Time(now()),
        look_ahead: LookAhead::NEW,
        password,
        words_checked: words_checked.then(|| Clock::start().now().wall),
        key_passphrase: None,
        avoids_reuse: false,
    };
    match place.found(Founding::Keys(wallet), context).await {
        Ok(description) => context.output.result(&NewReport::new(&description)),
        Err(error) => {
            let settings = &context.run.settings;
            let may_be_there = |names: Vec<_>| names.contains(&settings.wallet);
            if !service::wallets(settings).map_or(true, may_be_there) {
                backup.undo();
            }
            Err(error)
        }
    }
}

/// Where the words go.
enum Backup<'a> {
    /// To a person who writes them down.
    Shown(Terminal),
    /// Into a file.
    Written(&'a Path),
}

impl<'a> Backup<'a> {
    fn choose(words_out: Option<&'a Path>, plain: bool) -> Result<Self, Failure> {
        match words_out {
            Some(path) if path.symlink_metadata().is_ok() => Err(sheet::exists(path)),
            Some(path) => Ok(Self::Written(path)),
            None => Terminal::open(plain, "write the words to a file with --words-out FILE")
                .map(Self::Shown),
        }
    }

    /// Returns when the words are on paper or on disk: whether somebody has shown that they can
    /// read them there.
    async fn keep(&mut self, words: &Words, interrupt: &mut Interrupt) -> Result<bool, Failure> {
        let terminal = match self {
            Self::Shown(terminal) => terminal,
            Self::Written(path) => return sheet::write(path, words).map(|()| false),
        };
        loop {
            {
                let _screen = terminal.second_screen()?;
                terminal.show(&sheet::grid(words))?;
                terminal.ask(WRITTEN_DOWN, interrupt).await?;
            }
            match quiz::ask(terminal, words, interrupt).await? {
                Answer::Right => return Ok(true),
                Answer::Later => return Ok(false),
                Answer::Wrong => {
                    terminal.ask(NOT_THE_WORD, interrupt).await?;
                }
            }
        }
    }

    /// The wallet is not there, so its words are nobody's. When the disk refuses late, it may be
    /// there in spite of the error, and whoever opens it later needs them.
    fn undo(&self) {
        if let Self::Written(path) = self {
            // If this fails, the file holds words of a wallet that does not exist: harmless.
            let _ = fs::remove_file(path);
        }
    }
}

async fn roll(count: WordCount, plain: bool, interrupt: &mut Interrupt) -> Result<Words, Failure> {
    let terminal = Terminal::open(plain, "--dice takes the rolls from a terminal only")?;
    let _screen = terminal.second_screen()?;
    let needed = count.rolls();
    terminal.show(&format!("Roll a die {needed} times or more. Type the results, 1 to 6."))?;
    let mut rolls = Zeroizing::new(String::new());
    loop {
        let line = terminal.ask("Rolls: ", interrupt).await?;
        let longer = Zeroizing::new([rolls.as_str(), line.as_str()].concat());
        match Words::generate_with_dice(count, &longer) {
            Ok(words) => return Ok(words),
            Err(DiceError::TooFew { found, needed }) => {
                rolls = longer;
                terminal.show(&format!("{} more, please.", needed - found))?;
            }
            Err(DiceError::NotARoll { .. }) => {
                terminal.show("This line is not of digits from 1 to 6, and is left out.")?;
            }
            Err(error @ DiceError::Entropy(_)) => return Err(error.into()),
        }
    }
}

/// The birthday of a wallet that is made now. A clock that stands before 1970 is wrong, and the
/// scan then begins at genesis: slow, and nothing is missed.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What was created.
#[derive(Debug, Serialize)]
struct NewReport {
    fingerprint: Option<Fingerprint>,
    birthday: BirthdayForm,
    descriptors: Vec<String>,
    words_checked: bool,
    #[serde(skip)]
    name: String,
}

impl NewReport {
    fn new(wallet: &WalletDescription) -> Self {
        Self {
            fingerprint: wallet.fingerprint,
            birthday: BirthdayForm::new(wallet.birthday),
            descriptors: wallet.accounts.iter().map(|account| account.descriptor.clone()).collect(),
            words_checked: wallet.words_checked.is_some(),
            name: wallet.name.clone(),
        }
    }
}

impl Report for NewReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let checked = if self.words_checked { "" } else { NOT_CHECKED };
        format!(
            "Wallet {} is created. Note these beside the words:\n\
             Fingerprint  {}\nBirthday     {}\nDescriptor   {}\n{checked}\
             Next: billfold receive",
            self.name,
            figures::fingerprint(self.fingerprint),
            self.birthday.for_people(),
            self.descriptors.join("\n             "),
        )
    }
}

const NOT_CHECKED: &str =
    "NOT BACKED UP until somebody has typed the words back: billfold words check\n";

const NOT_THE_WORD: &str = "That is not the word. Press Enter to see them again. ";

const WRITTEN_DOWN: &str = "\nPress Enter when they are written down. ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_never_replaced() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("words.txt");
        fs::write(&path, "precious").expect("written");
        let refused = Backup::choose(Some(&path), false).map(drop).expect_err("it is there");
        assert_eq!(refused.kind(), Kind::FileExists);
        assert_eq!(fs::read_to_string(&path).expect("there"), "precious");
    }
}
