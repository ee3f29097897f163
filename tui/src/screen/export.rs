//! Owns writing the history into a file, for bookkeeping.
//!
//! Refuses to replace a file.

use std::path::Path;

use billfold_wallet_core::command::{Command, HistoryQuery, Reply};

use crate::action::Action;
use crate::book::{Book, Page};
use crate::bookkeeping::{self, Form};
use crate::canvas::{Canvas, dim};
use crate::effect::{Answer, Delivery, Outbox, Question};
use crate::field::Field;
use crate::format;
use crate::screen::{Screen, Step};

/// Where the history goes.
pub(crate) struct Export {
    path: Field,
    asked: Question,
    writing: Question,
    records: usize,
}

impl Export {
    /// Into a file that is named like this, unless the person names another.
    pub(crate) fn new() -> Self {
        let (asked, writing) = (Question::none(), Question::none());
        Self { path: Field::with(NAME), asked, writing, records: 0 }
    }
}

impl Screen for Export {
    fn title(&self) -> &'static str {
        "Export"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Status]
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(edit) => self.path.edit(edit),
            Action::Enter if self.path.text().trim().is_empty() => {
                out.problem("into which file? Write its path");
            }
            Action::Enter if self.asked.is_free() && self.writing.is_free() => {
                self.asked.put(out.ask(&book.wallet, Command::History(HistoryQuery::default())));
            }
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            Action::Enter | Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        if let Some(Reply::History(rows)) = self.asked.replied(delivery, out) {
            let path = self.path.text().trim();
            let records = bookkeeping::records(&rows);
            let text = bookkeeping::text(&records, Form::of(Path::new(path))) + "\n";
            self.records = records.len();
            self.writing.put(out.write(path, text.into_bytes()));
            return Step::Stay;
        }
        match self.writing.answer(delivery) {
            Some(Answer::Written(Ok(path))) => {
                let records = format::count(self.records as u64, "record");
                out.done(format!("{records} written to {path}"));
                return Step::Back;
            }
            Some(Answer::Written(Err(told))) => out.problem(told),
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        self.path.draw(canvas, 0, "File", true);
        let is_free = self.asked.is_free() && self.writing.is_free();
        let told = if is_free { ABOUT } else { "Writing…" };
        canvas.below(2).hint(0, told, dim("").1);
    }
}

const NAME: &str = "billfold-history.csv";

const ABOUT: &str = "All transactions that came about, oldest first: time, txid, state, height, net, amount, fee and note, in \
                     satoshi. A name that ends in .json makes it JSON. Whoever has the file sees what you own.";
