//! Owns a wallet that comes back: its words, the passphrase with the fingerprint that it makes, where
//! to begin the search, and the password.
//!
//! Refuses to repeat a word that is wrong: its place is told.

use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::founding::{Founding, NewWallet};
use billfold_wallet_core::keychain::{ScriptType, StandardAccount};
use billfold_wallet_core::search_plan::earliest;
use billfold_wallet_core::seed::{Seed, Words, completions};
use billfold_wallet_core::vault::Password;
use bitcoin::Network;
use bitcoin::bip32::Fingerprint;
use zeroize::Zeroizing;

use crate::action::{Action, Edit, Move};
use crate::birthday::BirthdayArg;
use crate::book::Book;
use crate::canvas::{Canvas, dim, strong, text};
use crate::effect::{Answer, Delivery, Outbox, Question};
use crate::field::Field;
use crate::screen::secret::Secret;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A wallet that is being restored.
pub(crate) struct Restore {
    stage: Stage,
    words: Field,
    passphrase: Field,
    birthday: Field,
    fingerprint: Option<Fingerprint>,
    password: Option<Password>,
    asked: Question,
}

/// Where the person is.
enum Stage {
    Words,
    Passphrase,
    Birthday,
    Password(Secret),
    Founding,
    Opening,
}

impl Restore {
    /// Nothing is typed yet.
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::Words,
            words: Field::new(),
            passphrase: Field::new(),
            birthday: Field::new(),
            fingerprint: None,
            password: None,
            asked: Question::none(),
        }
    }

    fn edit(&mut self, edit: &Edit) {
        match &mut self.stage {
            Stage::Words => self.words.edit(edit),
            Stage::Passphrase => {
                self.passphrase.edit(edit);
                self.fingerprint = self.seed().map(|seed| seed.fingerprint());
            }
            Stage::Birthday => self.birthday.edit(edit),
            Stage::Password(secret) => secret.edit(edit),
            Stage::Founding | Stage::Opening => {}
        }
    }

    /// Completes the word that is being written, if only one begins so.
    fn complete(&mut self) {
        let rest = {
            let part = self.words.text().rsplit(' ').next().unwrap_or_default();
            let mut fitting = completions(part);
            match (part.is_empty(), fitting.next(), fitting.next()) {
                (false, Some(word), None) => word.get(part.len()..).unwrap_or_default(),
                _ => return,
            }
        };
        let rest = Zeroizing::new(format!("{rest} "));
        self.words.edit(&Edit::Paste(rest));
    }

    fn enter(&mut self, book: &Book, out: &mut Outbox) {
        match &mut self.stage {
            Stage::Words => match Words::parse(self.words.text()) {
                Ok(words) => {
                    self.fingerprint =
                        Some(Seed::new(&words, self.passphrase.text()).fingerprint());
                    self.stage = Stage::Passphrase;
                }
                Err(error) => out.problem(error),
            },
            Stage::Passphrase => self.stage = Stage::Birthday,
            Stage::Birthday => match self.start(book.network) {
                Ok(_) => self.stage = Stage::Password(Secret::new()),
                Err(error) => out.problem(error),
            },
            Stage::Password(secret) => {
                if let Some(password) = secret.enter(out) {
                    self.found(password, book, out);
                }
            }
            Stage::Founding | Stage::Opening => {}
        }
    }

    fn back(&mut self) -> Step {
        match self.stage {
            Stage::Words => return Step::Back,
            Stage::Passphrase => self.stage = Stage::Words,
            Stage::Birthday => self.stage = Stage::Passphrase,
            Stage::Password(_) => self.stage = Stage::Birthday,
            Stage::Founding | Stage::Opening => {}
        }
        Step::Stay
    }

    fn seed(&self) -> Option<Seed> {
        let words = Words::parse(self.words.text()).ok()?;
        Some(Seed::new(&words, self.passphrase.text()))
    }

    /// Where the search begins; whoever is not sure begins where such accounts can first be.
    fn start(&self, network: Network) -> Result<Birthday, crate::birthday::ParseBirthdayError> {
        match self.birthday.text().trim() {
            "" => Ok(Birthday::Height(earliest::of_types(&ScriptType::ALL, network))),
            written => written.parse().map(|BirthdayArg(birthday)| birthday),
        }
    }

    fn found(&mut self, password: Password, book: &Book, out: &mut Outbox) {
        let (Some(seed), Ok(birthday)) = (self.seed(), self.start(book.network)) else { return };
        let founding = Founding::Keys(NewWallet {
            seed,
            accounts: StandardAccount::of_each(&ScriptType::ALL, ACCOUNTS),
            birthday,
            look_ahead: LookAhead::RESTORED,
            password: password.clone(),
            words_checked: None,
            key_passphrase: None,
            avoids_reuse: false,
        });
        self.password = Some(password);
        self.words.clear();
        self.passphrase.clear();
        // They were just read from where they are kept.
        self.asked.put(out.found(&book.wallet, founding, true));
        self.stage = Stage::Founding;
    }
}

impl Screen for Restore {
    fn title(&self) -> &'static str {
        "Restore"
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(edit) => {
                if matches!((edit, &self.stage), (Edit::Paste(_), Stage::Words)) {
                    out.problem(
                        "words that were in a clipboard may have been read by other programs",
                    );
                }
                self.edit(edit);
            }
            Action::Move(Move::Next) if matches!(self.stage, Stage::Words) => self.complete(),
            Action::Enter => self.enter(book, out),
            Action::Back => return self.back(),
            Action::Verb(_) => return Step::Pass,
            Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        match self.asked.answer(delivery) {
            Some(Answer::Founded(Ok(_))) => {
                if let Some(password) = self.password.take() {
                    self.asked.put(out.load(&book.wallet, password));
                    self.stage = Stage::Opening;
                }
            }
            Some(Answer::Founded(Err(error))) => {
                out.problem(error);
                self.stage = Stage::Words;
            }
            Some(Answer::Opened(Ok(()))) => return Step::Enter,
            Some(Answer::Opened(Err(error))) => out.problem(error),
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        match &self.stage {
            Stage::Words => self.draw_words(canvas),
            Stage::Passphrase => {
                self.passphrase.draw(canvas, 0, "Passphrase", true);
                let fingerprint = self.fingerprint.map(|fingerprint| fingerprint.to_string());
                let fingerprint = fingerprint.unwrap_or_default();
                canvas.line(2, &[dim("Fingerprint  "), strong(fingerprint)]);
                canvas.below(4).hint(0, PASSPHRASE, Role::Dim);
            }
            Stage::Birthday => {
                self.birthday.draw(canvas, 0, "Since", true);
                canvas.below(2).hint(0, BIRTHDAY, Role::Dim);
            }
            Stage::Password(secret) => secret.draw(canvas),
            Stage::Founding => drop(canvas.line(0, &[dim("Making the wallet…")])),
            Stage::Opening => drop(canvas.line(0, &[dim("Opening…")])),
        }
    }
}

impl Restore {
    fn draw_words(&self, canvas: &mut Canvas<'_>) {
        self.words.draw(canvas, 0, "Words", true);
        let typed = self.words.text();
        let count = typed.split_whitespace().count();
        let part = typed.rsplit(' ').next().unwrap_or_default();
        let fitting: Vec<_> = completions(part).take(MOST_FITTING).collect();
        let told = match (part.is_empty(), fitting.is_empty()) {
            (true, _) => format!("{count} written"),
            (false, true) => "! no word begins so".to_owned(),
            (false, false) => fitting.join("  "),
        };
        canvas.line(2, &[text(told)]);
        canvas.below(4).hint(0, WORDS, Role::Dim);
    }
}

/// Accounts of each type that are looked for.
const ACCOUNTS: u32 = 5;

/// Words that are shown of those that begin as what is written.
const MOST_FITTING: usize = 8;

const WORDS: &str = "12 to 24 words, with spaces between them. Tab completes a word. Of any program that \
                     knows BIP39; an Electrum seed is none.";

const PASSPHRASE: &str = "Leave it empty if you never chose one. Every passphrase makes another wallet: \
                          compare the fingerprint with what you noted before you press Enter.";

const BIRTHDAY: &str = "The month or the block in which the wallet was made: 2021-03 or 675000. Empty if \
                        you are not sure: all blocks in which such wallets can be paid are searched.";
