//! Owns the label of one thing: what it is for, in a line.
//!
//! Refuses to lose a label by leaving: only Enter changes it.

use billfold_wallet_core::command::{Command, Reference, Reply};

use crate::action::Action;
use crate::book::Book;
use crate::canvas::{Canvas, dim, text};
use crate::effect::{Delivery, Outbox, Question};
use crate::field::Field;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A label that is being written.
pub(crate) struct Label {
    reference: Reference,
    field: Field,
    asked: Question,
}

impl Label {
    /// The label of a thing, beginning with what it is now.
    pub(crate) fn new(reference: Reference, label: Option<&str>) -> Self {
        Self {
            reference,
            field: Field::with(label.unwrap_or_default()),
            asked: Question::default(),
        }
    }
}

impl Screen for Label {
    fn title(&self) -> &'static str {
        "Label"
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(edit) => self.field.edit(edit),
            Action::Enter if self.asked.is_free() => {
                let label = self.field.text().trim();
                let label = (!label.is_empty()).then(|| label.to_owned());
                let command = Command::Label { reference: self.reference.clone(), label };
                self.asked.put(out.ask(&book.wallet, command));
            }
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            Action::Enter | Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        let Some(Reply::Labels(_)) = self.asked.replied(delivery, out) else {
            return Step::Stay;
        };
        out.done("The label is kept.");
        Step::Back
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        let kind = match &self.reference {
            Reference::Transaction(_) => "Transaction",
            Reference::Address(_) => "Address",
            Reference::Input(_) | Reference::Output(_) => "Output",
            Reference::PublicKey(_) | Reference::Xpub(_) => "Key",
        };
        canvas.line(0, &[dim(format!("{kind}  ")), text(self.reference.to_string())]);
        self.field.draw(canvas, 2, "Label", true);
        canvas.hint(4, "Enter keeps it; empty removes it; Esc leaves it as it is.", Role::Dim);
    }
}
