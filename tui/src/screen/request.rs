//! Owns what a payment request says, while it is written: how much, and what it is for.

use billfold_wallet_core::amount::{ParseAmountError, parse_amount};
use billfold_wallet_core::command::Command;

use crate::action::{Action, Move};
use crate::canvas::{Canvas, dim};
use crate::field::Field;

/// A request that is being written.
pub(super) struct Request {
    fields: [Field; 2],
    current: usize,
}

impl Request {
    /// An empty one, with the cursor in the amount or in the note.
    pub(super) fn new(in_note: bool) -> Self {
        Self { fields: [Field::new(), Field::new()], current: usize::from(in_note) }
    }

    /// Writes, or moves between the fields.
    pub(super) fn act(&mut self, action: &Action) {
        match action {
            Action::Edit(edit) => self.fields[self.current].edit(edit),
            Action::Move(Move::Next | Move::Previous | Move::Up | Move::Down) => {
                self.current = 1 - self.current;
            }
            _ => {}
        }
    }

    /// What is to be asked for.
    ///
    /// # Errors
    /// If the amount is none.
    pub(super) fn command(&self) -> Result<Command, ParseAmountError> {
        let [amount, note] = self.fields.each_ref().map(|field| field.text().trim());
        let amount = if amount.is_empty() { None } else { Some(parse_amount(amount)?) };
        let note = (!note.is_empty()).then(|| note.to_owned());
        Ok(Command::Receive { amount, note, expires: None, fresh: false })
    }

    /// Draws it.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>) {
        for ((row, name), field) in [(0, "Amount"), (1, "For")].into_iter().zip(&self.fields) {
            field.draw(canvas, row, name, usize::from(row) == self.current);
        }
        let about = "25k, 25000sat, 0.001btc; empty: any amount. Enter shows the address.";
        canvas.below(3).hint(0, about, dim("").1);
    }
}
