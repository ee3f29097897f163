//! Owns the last step of a payment: the password, or the word `pay` where the keys are open.
//!
//! Refuses to sign by Enter alone, and to leave keys open that were locked before.

use billfold_wallet_core::command::{Command, Draft, Reply};
use billfold_wallet_core::vault::Password;

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, dim, strong, text};
use crate::effect::{Answer, Delivery, Outbox, Ticket};
use crate::field::Field;
use crate::screen::handing::{Handed, Handing};
use crate::screen::standing;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A payment that was reviewed.
pub(crate) struct Sign {
    draft: Box<Draft>,
    handed: Handed,
    typed: Field,
    with_password: bool,
    stage: Stage,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Person,
    Keys(Ticket),
    Signature(Ticket),
}

impl Sign {
    /// The last step for a draft.
    pub(crate) fn new(draft: Box<Draft>, handed: Handed, locked: bool) -> Self {
        let typed = if locked { Field::hidden() } else { Field::new() };
        Self { draft, handed, typed, with_password: locked, stage: Stage::Person }
    }

    fn agreed(&mut self, book: &Book, out: &mut Outbox) {
        if !self.with_password {
            if self.typed.text().trim().eq_ignore_ascii_case(WORD) {
                self.sign(book, out);
            } else {
                out.problem(format!("type the word {WORD} to pay, or Esc to go back"));
            }
            return;
        }
        match Password::new(self.typed.text()) {
            Ok(password) => self.stage = Stage::Keys(out.unlock_once(&book.wallet, password)),
            Err(error) => out.problem(error),
        }
        self.typed.clear();
    }

    fn sign(&mut self, book: &Book, out: &mut Outbox) {
        self.stage = Stage::Signature(out.ask(&book.wallet, Command::Sign(self.draft.id)));
    }

    fn lock_again(&self, book: &Book, out: &mut Outbox) {
        if self.with_password {
            out.ask(&book.wallet, Command::Lock);
        }
    }

    fn signed(&mut self, answer: Option<Answer>, book: &Book, out: &mut Outbox) -> Step {
        match answer {
            Some(Answer::Reply(Ok(Reply::Payment(payment)))) => {
                out.done(standing::signed(&payment, book));
                Step::Home
            }
            Some(Answer::Reply(Ok(Reply::Psbt(review)))) => {
                out.done("Our part is signed; others must sign too.");
                self.stage = Stage::Person;
                self.handed.set();
                Step::Open(Box::new(Handing::psbt(review.psbt)))
            }
            Some(Answer::Reply(Err(error))) => {
                out.problem(error);
                self.stage = Stage::Person;
                Step::Stay
            }
            _ => Step::Stay,
        }
    }
}

impl Screen for Sign {
    fn title(&self) -> &'static str {
        "Sign"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Status]
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        if self.stage != Stage::Person {
            // It is carried to its end; leaving would not take it back.
            return match action {
                Action::Verb(Verb::Redraw) => Step::Pass,
                _ => Step::Stay,
            };
        }
        match action {
            Action::Edit(edit) => self.typed.edit(edit),
            Action::Enter => self.agreed(book, out),
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        match self.stage {
            Stage::Keys(asked) if delivery.is_to(asked) => match delivery.take() {
                Some(Answer::Opened(Ok(()))) => self.sign(book, out),
                Some(Answer::Opened(Err(error))) => {
                    out.problem(error);
                    self.stage = Stage::Person;
                }
                _ => self.stage = Stage::Person,
            },
            Stage::Signature(asked) if delivery.is_to(asked) => {
                self.lock_again(book, out);
                return self.signed(delivery.take(), book, out);
            }
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let paid = self.draft.outputs.iter().map(|(_, amount)| *amount).sum();
        let look = book.look.bare();
        canvas.line(0, &[dim("Pay       "), strong(look.amount(paid))]);
        canvas.line(1, &[dim("Fee       "), text(look.amount(self.draft.fee))]);
        let name = if self.with_password { "Password" } else { "Type pay" };
        self.typed.draw(canvas, 3, name, self.stage == Stage::Person);
        let told = match self.stage {
            Stage::Person => "Enter signs and sends. Esc goes back to the review.",
            Stage::Keys(_) => "Opening the keys…",
            Stage::Signature(_) => "Signing…",
        };
        canvas.hint(5, told, Role::Dim);
    }
}

/// What is typed where no password is.
const WORD: &str = "pay";
