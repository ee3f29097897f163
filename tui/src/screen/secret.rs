//! Owns a password that is chosen now: typed twice.
//!
//! Refuses a blank one, and one that differs the second time.

use billfold_wallet_core::vault::Password;

use crate::action::Edit;
use crate::canvas::{Canvas, dim};
use crate::effect::Outbox;
use crate::field::Field;

/// A password that is being chosen.
pub(super) struct Secret {
    first: Field,
    again: Field,
    twice: bool,
}

impl Secret {
    /// Nothing is typed yet.
    pub(super) fn new() -> Self {
        Self { first: Field::hidden(), again: Field::hidden(), twice: false }
    }

    /// Writes.
    pub(super) fn edit(&mut self, edit: &Edit) {
        if self.twice { self.again.edit(edit) } else { self.first.edit(edit) }
    }

    /// Goes on; the password once it was typed twice.
    pub(super) fn enter(&mut self, out: &mut Outbox) -> Option<Password> {
        match Password::new(self.first.text()) {
            Err(error) => out.problem(error),
            Ok(_) if !self.twice => self.twice = true,
            Ok(password) if self.again.text() == self.first.text() => return Some(password),
            Ok(_) => {
                out.problem("that was not the same: type it anew");
                *self = Self::new();
            }
        }
        None
    }

    /// Draws it.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>) {
        self.first.draw(canvas, 0, "Password", !self.twice);
        if self.twice {
            self.again.draw(canvas, 1, "Again", true);
        }
        canvas.below(3).hint(0, ABOUT, dim("").1);
    }
}

const ABOUT: &str = "It protects the wallet's file on this machine. Several words that nobody else puts \
                     together are better than one with signs in it. Nobody can reset it; the words \
                     that follow bring the money back without it.";
