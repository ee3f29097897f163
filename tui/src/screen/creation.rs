//! Owns a new wallet: its name and kind, its password, its words and the proof that they were
//! written down.
//!
//! Refuses to show the words anywhere but here, to copy them, and to make a wallet before somebody
//! saw them.

use billfold_wallet_core::command::{Birthday, WalletDescription};
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::founding::{Founding, NewWallet};
use billfold_wallet_core::keychain::{ScriptType, StandardAccount};
use billfold_wallet_core::seed::{Seed, WordCount, quiz};
use billfold_wallet_core::vault::Password;
use billfold_wallet_core::wallet_name::WalletName;

use crate::action::{Action, Edit, Verb};
use crate::book::Book;
use crate::canvas::{Canvas, Piece, dim, strong, text};
use crate::effect::{Answer, Delivery, Fresh, Outbox, Question};
use crate::field::Field;
use crate::format;
use crate::list::List;
use crate::screen::secret::Secret;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A wallet that is being made.
pub(crate) struct Creation {
    stage: Stage,
    name: Field,
    kinds: List,
    password: Option<Password>,
    count: WordCount,
    fresh: Option<Fresh>,
    asked: Question,
}

/// Where the person is.
enum Stage {
    Name,
    Kind,
    Password(Secret),
    Words,
    Quiz(Quiz),
    Founding,
    Card(Box<WalletDescription>),
    Opening,
}

/// Words that are typed back, one after the other.
struct Quiz {
    at: usize,
    field: Field,
}

impl Creation {
    /// Nothing is chosen yet.
    pub(crate) fn new(book: &Book) -> Self {
        Self {
            stage: Stage::Name,
            name: Field::with(book.wallet.as_str()),
            kinds: List::default(),
            password: None,
            count: WordCount::Twelve,
            fresh: None,
            asked: Question::none(),
        }
    }

    fn edit(&mut self, edit: &Edit, out: &mut Outbox) {
        match (&mut self.stage, edit) {
            (Stage::Name, edit) => self.name.edit(edit),
            (Stage::Password(secret), edit) => secret.edit(edit),
            (Stage::Words, Edit::Type('m')) if self.asked.is_free() => {
                self.count = match self.count {
                    WordCount::Twelve => WordCount::TwentyFour,
                    WordCount::TwentyFour => WordCount::Twelve,
                };
                self.asked.put(out.words(self.count));
            }
            (Stage::Quiz(_), Edit::Paste(_)) => {
                out.problem("type the word from your paper: a paste shows nothing");
            }
            (Stage::Quiz(quiz), edit) => quiz.field.edit(edit),
            _ => {}
        }
    }

    fn enter(&mut self, out: &mut Outbox) {
        match &mut self.stage {
            Stage::Name => match self.name.text().trim().parse::<WalletName>() {
                Ok(_) => self.stage = Stage::Kind,
                Err(error) => out.problem(error),
            },
            Stage::Kind => self.stage = Stage::Password(Secret::new()),
            Stage::Password(secret) => {
                if let Some(password) = secret.enter(out) {
                    self.password = Some(password);
                    self.asked.put(out.words(self.count));
                    self.stage = Stage::Words;
                }
            }
            Stage::Words if self.fresh.is_some() => {
                self.stage = Stage::Quiz(Quiz { at: 0, field: Field::new() });
            }
            Stage::Quiz(_) => self.check(out, true),
            Stage::Card(_) => {
                let wallet = self.name.text().trim().parse();
                if let (Some(password), Ok(wallet)) = (self.password.clone(), wallet) {
                    self.asked.put(out.load(&wallet, password));
                    self.stage = Stage::Opening;
                }
            }
            Stage::Words | Stage::Founding | Stage::Opening => {}
        }
    }

    fn back(&mut self) -> Step {
        match self.stage {
            Stage::Kind => self.stage = Stage::Name,
            Stage::Password(_) => self.stage = Stage::Kind,
            Stage::Quiz(_) => self.stage = Stage::Words,
            // The words that were shown are nobody's.
            Stage::Name | Stage::Words => return Step::Back,
            Stage::Founding | Stage::Card(_) | Stage::Opening => {}
        }
        Step::Stay
    }

    /// Compares the word that is asked for. The whole word goes on by itself, so that none of its
    /// letters lands in the next one; four letters take Enter (`done`). Who presses it after a whole
    /// word too meets an empty field, which is no answer.
    fn check(&mut self, out: &mut Outbox, done: bool) {
        let (Stage::Quiz(asked), Some(fresh)) = (&mut self.stage, &self.fresh) else { return };
        let place = fresh.places.get(asked.at).copied().unwrap_or_default();
        let word = fresh.words.iter().nth(place).unwrap_or_default();
        let typed = asked.field.text().trim();
        if quiz::is_word(typed, word) && (done || typed.len() == word.len()) {
            asked.at += 1;
            asked.field.clear();
            if asked.at == fresh.places.len() {
                self.found(true, out);
            }
        } else if done && !typed.is_empty() {
            out.problem("that is not the word: look at your paper, or Esc shows them again");
            asked.field.clear();
        }
    }

    /// Makes the wallet; `checked`: the words were typed back.
    fn found(&mut self, checked: bool, out: &mut Outbox) {
        let (Some(fresh), Some(password)) = (&self.fresh, &self.password) else { return };
        let Ok(wallet) = self.name.text().trim().parse() else { return };
        let kind = self.kinds.chosen(KINDS.len()).and_then(|at| KINDS.get(at));
        let kind = kind.map_or(ScriptType::Taproot, |(kind, _)| *kind);
        let founding = Founding::Keys(NewWallet {
            seed: Seed::new(&fresh.words, ""),
            accounts: vec![StandardAccount::first(kind)],
            birthday: Birthday::Time(fresh.made.to_unix()),
            look_ahead: LookAhead::NEW,
            password: password.clone(),
            words_checked: None,
            key_passphrase: None,
            avoids_reuse: false,
        });
        self.asked.put(out.found(&wallet, founding, checked));
        self.stage = Stage::Founding;
    }
}

impl Screen for Creation {
    fn title(&self) -> &'static str {
        "New wallet"
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn makes(&self) -> Option<&str> {
        Some(self.name.text().trim())
    }

    fn act(&mut self, action: &Action, _book: &Book, out: &mut Outbox) -> Step {
        match (action, &mut self.stage) {
            (Action::Edit(edit), _) => {
                self.edit(edit, out);
                self.check(out, false);
            }
            (Action::Move(to), Stage::Kind) => self.kinds.step(*to, KINDS.len()),
            (Action::Enter, _) => self.enter(out),
            (Action::Back, _) => return self.back(),
            (Action::Verb(Verb::Skip), Stage::Quiz(_)) => self.found(false, out),
            (Action::Verb(_), _) => return Step::Pass,
            (Action::Move(_), _) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        match self.asked.answer(delivery) {
            Some(Answer::Words(Ok(fresh))) => self.fresh = Some(fresh),
            Some(Answer::Words(Err(error))) => out.problem(error),
            Some(Answer::Founded(Ok(description))) => {
                self.fresh = None;
                self.stage = Stage::Card(description);
            }
            Some(Answer::Founded(Err(error))) => {
                out.problem(error);
                self.stage = Stage::Name;
            }
            Some(Answer::Opened(Ok(()))) => {
                let wallet = self.name.text().trim().parse();
                return wallet
                    .map_or(Step::Back, |wallet| Step::EnterNamed { wallet, is_new: true });
            }
            Some(Answer::Opened(Err(error))) => out.problem(error),
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        match &self.stage {
            Stage::Name => {
                self.name.draw(canvas, 0, "Name", true);
                canvas.hint(2, NAMING, Role::Dim);
            }
            Stage::Kind => self.draw_kinds(canvas),
            Stage::Password(secret) => secret.draw(canvas),
            Stage::Words => self.draw_words(canvas),
            Stage::Quiz(quiz) => self.draw_quiz(quiz, canvas),
            Stage::Founding => drop(canvas.line(0, &[dim("Making the wallet…")])),
            Stage::Opening => drop(canvas.line(0, &[dim("Opening…")])),
            Stage::Card(description) => {
                let row = canvas.lines(0, &card(description));
                canvas.hint(row, "Enter opens the wallet.", Role::Dim);
            }
        }
    }
}

impl Creation {
    fn draw_kinds(&self, canvas: &mut Canvas<'_>) {
        self.kinds.draw(canvas, 0, KINDS.len(), |at| {
            let (kind, about) = KINDS[at];
            vec![text(format!(" {:<9}", kind.name())), dim(about)]
        });
    }

    fn draw_words(&self, canvas: &mut Canvas<'_>) {
        let Some(fresh) = &self.fresh else {
            canvas.line(0, &[dim("Making words…")]);
            return;
        };
        let row = canvas.hint(0, WORDS, Role::Normal) + 1;
        let words: Vec<_> = fresh.words.iter().collect();
        let columns = match words.len() {
            _ if canvas.in_lines() => 1,
            13.. if canvas.width() >= 72 => 4,
            _ => 3,
        };
        let rows = words.len().div_ceil(columns);
        for (place, word) in words.iter().enumerate() {
            let (column, line) = (place / rows, place % rows);
            let column = u16::try_from(column * 18).unwrap_or_default();
            let line = row + u16::try_from(line).unwrap_or_default();
            canvas.at(column, line, &[dim(format!("{:>2}. ", place + 1)), strong(*word)]);
        }
        let row = row + u16::try_from(rows).unwrap_or_default() + 1;
        canvas.hint(row, WRITTEN, Role::Dim);
    }

    fn draw_quiz(&self, quiz: &Quiz, canvas: &mut Canvas<'_>) {
        let place = self.fresh.as_ref().and_then(|fresh| fresh.places.get(quiz.at));
        let number = place.map_or(0, |place| place + 1);
        quiz.field.draw(canvas, 0, &format!("Word {number}"), true);
        canvas.below(2).hint(0, QUIZ, dim("").1);
    }
}

fn card(description: &WalletDescription) -> Vec<Vec<Piece>> {
    let birthday = match description.birthday {
        Birthday::Time(time) => format::local_time(time),
        Birthday::Height(height) => format!("block {height}"),
    };
    let kinds: Vec<_> = description.accounts.iter().map(|one| one.name.to_string()).collect();
    vec![
        vec![strong("Note these beside the words:")],
        vec![],
        vec![dim("Fingerprint  "), text(format::fingerprint(description.fingerprint))],
        vec![dim("Birthday     "), text(birthday)],
        vec![dim("Accounts     "), text(kinds.join(", "))],
        vec![],
    ]
}

/// Kinds of accounts, the usual one first.
const KINDS: &[(ScriptType, &str)] = &[
    (ScriptType::Taproot, "the newest and cheapest; a few services can't pay to it yet"),
    (ScriptType::Segwit, "what nearly everybody can pay to"),
];

const WORDS: &str = "These words are the wallet. Who has them has the money; without them it is gone when \
                     this machine is. Write them down on paper, in this order.";

const NAMING: &str = "Enter goes on. Nothing is made before the words were seen.";

const WRITTEN: &str = "Enter when they are written down. m: 24 words, or 12 again.";

const QUIZ: &str = "Type this word from your paper, or four letters and Enter. Esc shows the words again, \
                    Ctrl-S leaves it for later: until then the wallet counts as not backed up.";
