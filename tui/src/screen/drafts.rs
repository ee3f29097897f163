//! Owns the list of drafts: payments that hold coins and are not signed yet, by us or by others.
//!
//! Refuses to drop one by Enter.

use billfold_wallet_core::command::{Command, Draft};
use bitcoin::Amount;

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, text};
use crate::effect::{Delivery, Outbox, Question};
use crate::format;
use crate::list::List;
use crate::screen::handing::Handing;
use crate::screen::returned::Returned;
use crate::screen::{Screen, Step};

/// All drafts.
#[derive(Default)]
pub(crate) struct Drafts {
    list: List,
    asked: Question,
}

impl Screen for Drafts {
    fn title(&self) -> &'static str {
        "Drafts"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Drafts, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Save, Verb::Cancel, Verb::New]
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let rows = book.drafts.as_deref().unwrap_or_default();
        let chosen = self.list.chosen(rows.len()).and_then(|at| rows.get(at));
        match (action, chosen) {
            (Action::Move(to), _) => self.list.step(*to, rows.len()),
            (Action::Enter | Action::Verb(Verb::Save), Some(draft)) => {
                return Step::Open(Box::new(Handing::draft(draft.id)));
            }
            (Action::Verb(Verb::Cancel), Some(draft)) if self.asked.is_free() => {
                self.asked.put(out.ask(&book.wallet, Command::Drop(draft.id)));
            }
            (Action::Verb(Verb::New), _) => return Step::Open(Box::new(Returned::new())),
            (Action::Back, _) => return Step::Back,
            (Action::Verb(_), _) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        if self.asked.replied(delivery, out).is_some() {
            out.done("The draft is dropped: its coins are free.");
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let keys = "p hands one to other signers, n takes what they signed, x drops one.";
        canvas.line(0, &[dim(keys)]);
        match &book.drafts {
            None => drop(canvas.line(2, &[dim("Reading the drafts…")])),
            Some(rows) if rows.is_empty() => {
                canvas.line(2, &[dim("Nothing waits for a signature.")]);
            }
            Some(rows) => self.list.draw(canvas, 2, rows.len(), |at| row(&rows[at], book)),
        }
    }
}

fn row(draft: &Draft, book: &Book) -> Vec<Piece> {
    let paid: Amount = draft.outputs.iter().map(|(_, amount)| *amount).sum();
    let until = match draft.expires {
        Some(time) => format!("until {}  ", format::local_time(time)),
        None => "handed out  ".to_owned(),
    };
    let whom = draft.outputs.first().map_or_else(String::new, |(address, _)| address.to_string());
    let what = draft.note.clone().unwrap_or(whom);
    vec![text(format!("{:>22}  ", book.look.amount(paid))), dim(until), text(what)]
}
