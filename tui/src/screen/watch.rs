//! Owns where the accounts of a wallet that only watches come from: a text that is pasted, or a file.
//!
//! Refuses to guess what an xpub is for: the person says it.

use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::import::{Import, ImportError};
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::limits::IMPORT_BYTES;
use billfold_wallet_core::search_plan::earliest;

use crate::action::Action;
use crate::book::Book;
use crate::canvas::{Canvas, dim, text};
use crate::effect::{Answer, Delivery, Outbox, Question};
use crate::field::Field;
use crate::list::List;
use crate::screen::watching::Watching;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// What is to be watched is asked for.
pub(crate) struct Watch {
    source: Field,
    /// A text that does not say which addresses it is for.
    untyped: Option<String>,
    kinds: List,
    reading: Question,
}

impl Watch {
    /// Nothing is given yet.
    pub(crate) fn new() -> Self {
        let source = Field::of_at_most(IMPORT_BYTES);
        Self { source, untyped: None, kinds: List::default(), reading: Question::none() }
    }

    /// Takes the accounts of a text. One line that says nothing known is the name of a file.
    fn take(&mut self, text: &str, is_file: bool, book: &Book, out: &mut Outbox) -> Step {
        let kind = self.untyped.as_ref().and_then(|_| self.kinds.chosen(ScriptType::ALL.len()));
        let kind = kind.map(|at| ScriptType::ALL[at]);
        match Import::read(text, kind, book.network) {
            Ok(import) => {
                let height = import.height.map(Height::new);
                let accounts = Import::named(import.accounts, None);
                let height =
                    height.unwrap_or_else(|| earliest::of_accounts(&accounts, book.network));
                let watching = Watching::new(accounts, Birthday::Height(height), book);
                return Step::Open(Box::new(watching));
            }
            Err(ImportError::NeedsType) => self.untyped = Some(text.to_owned()),
            Err(ImportError::Unknown) if !is_file && !text.trim().is_empty() => {
                self.reading.put(out.read(text.trim(), IMPORT_BYTES));
            }
            Err(error) => out.problem(error),
        }
        Step::Stay
    }
}

impl Screen for Watch {
    fn title(&self) -> &'static str {
        "Watch"
    }

    fn is_typing(&self) -> bool {
        self.untyped.is_none()
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match (action, &self.untyped) {
            (Action::Edit(edit), None) => self.source.edit(edit),
            (Action::Move(to), Some(_)) => self.kinds.step(*to, ScriptType::ALL.len()),
            (Action::Enter, Some(text)) => {
                let text = text.clone();
                return self.take(&text, true, book, out);
            }
            (Action::Enter, None) if self.reading.is_free() => {
                let text = self.source.text().to_owned();
                return self.take(&text, false, book, out);
            }
            (Action::Back, Some(_)) => self.untyped = None,
            (Action::Back, None) => return Step::Back,
            (Action::Verb(_), _) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        match self.reading.answer(delivery) {
            Some(Answer::Read(Ok(bytes))) => match String::from_utf8(bytes) {
                Ok(text) => return self.take(&text, true, book, out),
                Err(_) => out.problem("the file is not text: export the accounts again"),
            },
            Some(Answer::Read(Err(told))) => {
                out.problem(format!("that is neither accounts nor a file: {told}"));
            }
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        if self.untyped.is_some() {
            canvas.hint(0, UNTYPED, Role::Normal);
            self.kinds.draw(canvas, 3, ScriptType::ALL.len(), |at| {
                vec![text(format!(" {}", ScriptType::ALL[at].name()))]
            });
            return;
        }
        self.source.draw(canvas, 0, "Accounts", true);
        let told = if self.reading.is_free() { ABOUT } else { "Reading the file…" };
        canvas.below(2).hint(0, told, dim("").1);
    }
}

const UNTYPED: &str =
    "An extended key does not say which addresses it is for. Which did the wallet give out?";

const ABOUT: &str = "Paste a descriptor, an xpub or an export, or write the path of a file: Sparrow, Specter, \
                     Coldcard, Bitcoin Core, BSMS. No key that spends is taken.";
