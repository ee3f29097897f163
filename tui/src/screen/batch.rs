//! Owns paying everybody that a file names: its path and the fee rate; it ends in a review.
//!
//! Refuses the whole file for one bad line, as the command does.

use billfold_wallet_core::batch;
use billfold_wallet_core::command::PayRequest;

use crate::action::{Action, Move};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, dim, text};
use crate::effect::{Answer, Delivery, Outbox, Question};
use crate::field::Field;
use crate::screen::review::{Drafting, Request};
use crate::screen::send::fee_of;
use crate::screen::{Screen, Step};

/// A file of payments that is asked for.
pub(crate) struct Batch {
    path: Field,
    fee: Field,
    at_fee: bool,
    reading: Question,
    drafting: Drafting,
}

impl Batch {
    /// Nothing is written yet.
    pub(crate) fn new() -> Self {
        Self {
            path: Field::new(),
            fee: Field::new(),
            at_fee: false,
            reading: Question::none(),
            drafting: Drafting::default(),
        }
    }

    fn draft(&mut self, bytes: Vec<u8>, book: &Book, out: &mut Outbox) {
        let Ok(text) = String::from_utf8(bytes) else {
            return out.problem("the file is not text: write ADDRESS,AMOUNT to a line");
        };
        let recipients = match batch::parse(&text, book.network) {
            Ok(recipients) => recipients,
            Err(error) => return out.problem(error),
        };
        let Some(fee) = fee_of(&self.fee, out) else { return self.at_fee = true };
        let request = PayRequest { recipients, fee, ..PayRequest::default() };
        self.drafting.ask(Request::Pay(Box::new(request)), book, out);
    }
}

impl Screen for Batch {
    fn title(&self) -> &'static str {
        "Pay from a file"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Balance, Page::Status]
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, _book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(edit) if self.at_fee => self.fee.edit(edit),
            Action::Edit(edit) => self.path.edit(edit),
            Action::Move(Move::Next | Move::Down | Move::Previous | Move::Up) => {
                self.at_fee = !self.at_fee;
            }
            Action::Enter if self.path.text().trim().is_empty() => {
                out.problem("which file? Write its path");
            }
            Action::Enter if self.reading.is_free() && self.drafting.is_free() => {
                self.reading.put(out.read(self.path.text().trim(), MOST_BYTES));
            }
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            Action::Enter | Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        match self.reading.answer(delivery) {
            Some(Answer::Read(Ok(bytes))) => self.draft(bytes, book, out),
            Some(Answer::Read(Err(told))) => {
                out.problem(format!("the file can't be read: {told}"));
            }
            _ => return self.drafting.reviewed(delivery, out),
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        if let Some(balance) = &book.balance {
            let spendable = book.look.amount(balance.spendable);
            canvas.line(0, &[dim("There is  "), text(spendable)]);
        }
        self.path.draw(canvas, 2, "File", !self.at_fee);
        self.fee.draw(canvas, 3, "Fee rate", self.at_fee);
        let is_free = self.reading.is_free() && self.drafting.is_free();
        let told = if is_free { ABOUT } else { "Drafting…" };
        canvas.below(5).hint(0, told, dim("").1);
    }
}

const ABOUT: &str = "A line for each payment: ADDRESS,AMOUNT or ADDRESS,AMOUNT,NOTE, as spreadsheets write CSV. One \
                     bad line refuses the whole file. Fee rate in sat/vB; empty: an estimate. Enter: review.";

/// A transaction has no room for the payments of more.
const MOST_BYTES: usize = 1 << 20;
