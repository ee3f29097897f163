//! Owns a payment that comes back from other signers: taken from a paste or a file, put together, looked
//! at, and sent.
//!
//! Refuses to send by Enter alone, and what is not signed whole.

use billfold_wallet_core::command::{Command, PsbtInput, PsbtOutput, PsbtReview, Reply};
use billfold_wallet_core::limits::PSBT_BYTES;
use billfold_wallet_core::psbt::{self, ParsePsbtError};
use bitcoin::Psbt;

use crate::action::Action;
use crate::book::Book;
use crate::canvas::{Canvas, Piece, dim, strong, text, wrap};
use crate::effect::{Answer, Delivery, Outbox, Question};
use crate::field::Field;
use crate::format;
use crate::screen::{Screen, Step};
use crate::theme::Role;
use crate::warning;

/// Parts of a payment that others signed.
pub(crate) struct Returned {
    source: Field,
    word: Field,
    review: Option<Box<PsbtReview>>,
    reading: Question,
    asked: Question,
}

impl Returned {
    /// Nothing came back yet.
    pub(crate) fn new() -> Self {
        let source = Field::of_at_most(LONGEST);
        let (word, asked) = (Field::new(), Question::default());
        Self { source, word, review: None, reading: Question::none(), asked }
    }

    fn is_complete(&self) -> bool {
        self.review.as_ref().is_some_and(|review| review.complete.is_some())
    }

    /// Takes a part; a text that is no PSBT is the name of a file.
    fn take(&mut self, bytes: &[u8], is_file: bool, book: &Book, out: &mut Outbox) {
        match psbt::read(bytes) {
            Ok(psbt) => self.add(psbt, book, out),
            Err(ParsePsbtError::NotAPsbt) if !is_file => {
                self.reading.put(out.read(self.source.text().trim(), 2 * PSBT_BYTES));
            }
            Err(error) => out.problem(error),
        }
    }

    fn add(&mut self, psbt: Psbt, book: &Book, out: &mut Outbox) {
        let before = self.review.as_ref().map(|review| review.psbt.clone());
        match psbt::combine(before.into_iter().chain([psbt]).collect()) {
            Ok(psbt) => {
                self.source.clear();
                self.asked.put(out.ask(&book.wallet, Command::ReviewPsbt(Box::new(psbt))));
            }
            Err(error) => out.problem(error),
        }
    }

    fn enter(&mut self, book: &Book, out: &mut Outbox) {
        if !self.asked.is_free() || !self.reading.is_free() {
            return;
        }
        match &self.review {
            Some(review) if review.complete.is_some() => {
                if self.word.text().trim().eq_ignore_ascii_case(WORD) {
                    let command = Command::AnnouncePsbt(Box::new(review.psbt.clone()));
                    self.asked.put(out.ask(&book.wallet, command));
                } else {
                    out.problem(format!("type the word {WORD} to send it, or Esc to go back"));
                }
            }
            _ if self.source.text().trim().is_empty() => {}
            _ => {
                let bytes = self.source.text().as_bytes().to_vec();
                self.take(&bytes, false, book, out);
            }
        }
    }
}

impl Screen for Returned {
    fn title(&self) -> &'static str {
        "Signed elsewhere"
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(edit) if self.is_complete() => self.word.edit(edit),
            Action::Edit(edit) => self.source.edit(edit),
            Action::Enter => self.enter(book, out),
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        if let Some(answer) = self.reading.answer(delivery) {
            match answer {
                Answer::Read(Ok(bytes)) => self.take(&bytes, true, book, out),
                Answer::Read(Err(told)) => {
                    out.problem(format!("that is neither a PSBT nor a file: {told}"));
                }
                _ => {}
            }
            return Step::Stay;
        }
        match self.asked.replied(delivery, out) {
            Some(Reply::Psbt(review)) => self.review = Some(review),
            Some(Reply::Payment(payment)) => {
                let txid = payment.transaction.compute_txid();
                out.done(format!("It is stored and on its way: {txid}"));
                return Step::Home;
            }
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let mut row = 0;
        if let Some(review) = &self.review {
            let width = canvas.width().into();
            row = canvas.lines(0, &lines(review, book, width)) + 1;
        }
        if self.is_complete() {
            self.word.draw(canvas, row, "Type send", true);
            return;
        }
        self.source.draw(canvas, row, "PSBT", true);
        canvas.below(row + 2).hint(0, ABOUT, dim("").1);
    }
}

/// What is known of it.
fn lines(review: &PsbtReview, book: &Book, width: usize) -> Vec<Vec<Piece>> {
    let (look, mut lines) = (book.look.bare(), Vec::new());
    for PsbtOutput { amount, address, owner, .. } in &review.outputs {
        let name = if owner.is_some() { "Back      " } else { "Pay       " };
        lines.push(vec![dim(name), strong(look.amount(*amount))]);
        if let (Some(address), None) = (address, owner) {
            for line in format::address_lines(address, GROUPS) {
                lines.push(vec![dim("          "), text(line)]);
            }
        }
    }
    let fee = review.fee.map_or_else(|| "not known".to_owned(), |fee| look.amount(fee));
    lines.push(vec![dim("Fee       "), text(fee)]);
    let of = |input: &&PsbtInput| input.finished || input.signatures > 0;
    let signed = if review.complete.is_some() {
        ("+ completely".to_owned(), Role::Received)
    } else {
        let inputs = format::count(review.inputs.len() as u64, "input");
        let signed = review.inputs.iter().filter(of).count();
        (format!("~ {signed} of {inputs} have signatures"), Role::Pending)
    };
    lines.push(vec![dim("Signed    "), signed]);
    for told in review.warnings.iter().map(warning::of_psbt) {
        for (at, line) in wrap(&told, width.saturating_sub(2)).into_iter().enumerate() {
            let sign = if at == 0 { "! " } else { "  " };
            lines.push(vec![(format!("{sign}{line}"), Role::Warning)]);
        }
    }
    lines
}

const ABOUT: &str = "Paste what a signer gave back, or write the path of its file; one after the other where several \
                     sign. What is signed whole can be sent.";

/// What is typed where no password is.
const WORD: &str = "send";

/// Bytes that are pasted; what is longer comes from a file.
const LONGEST: usize = 64 * 1024;

/// Groups of an address to a line.
const GROUPS: usize = 8;
