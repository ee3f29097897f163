//! Owns the closed wallet: a password, and nothing else is shown, not even which wallet it is.
//!
//! Refuses to keep a password longer than it takes to try it.

use billfold_wallet_core::command::Command;
use billfold_wallet_core::open_error::OpenError;
use billfold_wallet_core::vault::Password;

use crate::action::{Action, Verb};
use crate::book::Book;
use crate::canvas::{Canvas, dim, strong};
use crate::effect::{Answer, Delivery, Outbox, Ticket};
use crate::field::Field;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// The password is asked for.
pub(crate) struct Closed {
    password: Field,
    stage: Stage,
    refused: Option<String>,
}

/// What is waited for.
enum Stage {
    Person,
    Opening(Ticket),
    /// It was open already, for others too: the password still has to be right.
    Checking(Ticket),
}

impl Closed {
    /// Nothing is typed yet.
    pub(crate) fn new() -> Self {
        Self { password: Field::hidden(), stage: Stage::Person, refused: None }
    }

    /// Whether it waits for the person.
    const fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Person)
    }
}

impl Screen for Closed {
    fn title(&self) -> &'static str {
        ""
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Quit]
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(edit) if self.is_waiting() => {
                self.refused = None;
                self.password.edit(edit);
            }
            Action::Enter if self.is_waiting() => match Password::new(self.password.text()) {
                Ok(password) => self.stage = Stage::Opening(out.load(&book.wallet, password)),
                Err(error) => self.refused = Some(error.to_string()),
            },
            Action::Back if self.is_waiting() && self.password.text().is_empty() => {
                return Step::Back;
            }
            Action::Back if self.is_waiting() => self.password.clear(),
            Action::Verb(Verb::Quit | Verb::Redraw | Verb::Help) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        let asked = match self.stage {
            Stage::Opening(asked) | Stage::Checking(asked) => asked,
            Stage::Person => return Step::Stay,
        };
        let Some(answer) = delivery.to(asked) else { return Step::Stay };
        let stage = std::mem::replace(&mut self.stage, Stage::Person);
        match (answer, stage) {
            (Answer::Opened(Ok(())), Stage::Checking(_)) => {
                out.ask(&book.wallet, Command::Lock);
                return Step::Enter;
            }
            (Answer::Opened(Ok(())), _) => return Step::Enter,
            (Answer::Opened(Err(OpenError::Loaded(_))), Stage::Opening(_)) => {
                if let Ok(password) = Password::new(self.password.text()) {
                    self.stage = Stage::Checking(out.unlock_once(&book.wallet, password));
                    return Step::Stay;
                }
            }
            (Answer::Opened(Err(error)), _) => self.refused = Some(error.to_string()),
            _ => {}
        }
        self.password.clear();
        Step::Stay
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        let row = canvas.height() / 3;
        canvas.line(row, &[strong("billfold")]);
        self.password.draw(canvas, row + 2, "Password", true);
        if !self.is_waiting() {
            canvas.line(row + 4, &[dim("Opening…")]);
        }
        if let Some(refused) = &self.refused {
            canvas.below(row + 4).wrapped(0, refused, Role::Error);
        }
    }
}
