//! Owns the search through labels, ids, addresses and amounts.

use billfold_wallet_core::command::{Command, Finding, Reference, Reply};

use crate::action::Action;
use crate::book::Book;
use crate::canvas::{Canvas, Piece, dim, text};
use crate::effect::{Delivery, Outbox, Question};
use crate::field::Field;
use crate::list::List;
use crate::screen::label::Label;
use crate::screen::transaction::Transaction;
use crate::screen::{Screen, Step};

/// A search.
pub(crate) struct Find {
    field: Field,
    list: List,
    found: Option<Vec<Finding>>,
    asked: Question,
}

impl Find {
    /// Nothing is looked for yet.
    pub(crate) fn new() -> Self {
        Self { field: Field::new(), list: List::default(), found: None, asked: Question::default() }
    }

    /// The last text that was written is the one whose answer counts.
    fn look(&mut self, book: &Book, out: &mut Outbox) {
        let text = self.field.text().trim().to_owned();
        self.list = List::default();
        if text.is_empty() {
            self.found = None;
            self.asked.forget();
        } else {
            self.asked.put(out.ask(&book.wallet, Command::Search { text, limit: MOST }));
        }
    }
}

impl Screen for Find {
    fn title(&self) -> &'static str {
        "Find"
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn finds_rows(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let found = self.found.as_deref().unwrap_or_default();
        match action {
            Action::Edit(edit) => {
                self.field.edit(edit);
                self.look(book, out);
            }
            Action::Move(to) => self.list.step(*to, found.len()),
            Action::Enter => {
                let chosen = self.list.chosen(found.len()).and_then(|at| found.get(at));
                return match chosen {
                    None => Step::Stay,
                    Some(Finding { reference: Reference::Transaction(txid), .. }) => {
                        Step::Open(Box::new(Transaction::new(*txid)))
                    }
                    Some(Finding { reference, label, .. }) => {
                        Step::Open(Box::new(Label::new(reference.clone(), label.as_deref())))
                    }
                };
            }
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        if let Some(Reply::Found(found)) = self.asked.replied(delivery, out) {
            self.found = Some(found);
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        self.field.draw(canvas, 0, "Find", true);
        let Some(found) = &self.found else {
            canvas.line(2, &[dim("A part of a label, an id or an address, or an amount.")]);
            return;
        };
        if found.is_empty() {
            canvas.line(2, &[dim("Nothing has it.")]);
        }
        self.list.draw(canvas, 2, found.len(), |at| row(&found[at], book));
    }
}

fn row(finding: &Finding, book: &Book) -> Vec<Piece> {
    let amount = finding.amount.map_or_else(String::new, |amount| book.look.net(amount));
    let label = finding.label.clone().unwrap_or_default();
    vec![
        dim(format!("{:<7}", finding.reference.kind())),
        text(format!("{amount:>22}  ")),
        text(if label.is_empty() { String::new() } else { format!("{label}  ") }),
        dim(finding.reference.to_string()),
    ]
}

/// Findings that are shown.
const MOST: u32 = 100;
