//! Owns opening the key layer for a while, so that payments are signed without the password.

use billfold_wallet_core::vault::Password;

use crate::action::Action;
use crate::book::Book;
use crate::canvas::{Canvas, dim};
use crate::effect::{Answer, Delivery, Outbox, Question};
use crate::field::Field;
use crate::screen::{Screen, Step};

/// The password of the keys is asked for.
pub(crate) struct Unlock {
    password: Field,
    trying: Question,
}

impl Unlock {
    /// Nothing is typed yet.
    pub(crate) fn new() -> Self {
        Self { password: Field::hidden(), trying: Question::none() }
    }
}

impl Screen for Unlock {
    fn title(&self) -> &'static str {
        "Unlock"
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(edit) => self.password.edit(edit),
            Action::Enter if self.trying.is_free() => {
                match Password::new(self.password.text()) {
                    Ok(password) => self.trying.put(out.unlock(&book.wallet, password)),
                    Err(error) => out.problem(error),
                }
                self.password.clear();
            }
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            Action::Enter | Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        match self.trying.answer(delivery) {
            Some(Answer::Opened(Ok(()))) => {
                out.done("The keys are open until they are locked.");
                return Step::Unlocked;
            }
            Some(Answer::Opened(Err(error))) => out.problem(error),
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        self.password.draw(canvas, 0, "Password", true);
        let told = if self.trying.is_free() { ABOUT } else { "Opening…" };
        canvas.below(2).hint(0, told, dim("").1);
    }
}

const ABOUT: &str = "Payments are then signed after their review without it. Lock with L; they are \
                     locked by themselves when nobody is there for a while.";
