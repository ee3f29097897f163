//! Owns messages: signed with the key of an address, and checked.
//!
//! Refuses to call a signature good or bad that it can't judge.

use billfold_wallet_core::command::{Command, CommandError, Reply};
use billfold_wallet_core::message::{Verdict, verify};
use billfold_wallet_core::recipient::Payee;

use crate::action::{Action, Move, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, dim};
use crate::effect::{Answer, Delivery, Effect, Outbox, Question};
use crate::field::Field;
use crate::screen::unlock::Unlock;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A message, with an address and maybe a signature.
pub(crate) struct Message {
    /// Address, text and signature.
    fields: [Field; 3],
    current: usize,
    asked: Question,
    /// The signature that was made.
    signed: Option<String>,
}

impl Message {
    /// By the key of this address, if it is chosen already.
    pub(crate) fn new(address: Option<&str>) -> Self {
        let fields = [Field::with(address.unwrap_or_default()), Field::new(), Field::new()];
        let current = usize::from(address.is_some());
        Self { fields, current, asked: Question::none(), signed: None }
    }

    /// Signs, or checks the signature where one is given.
    fn go_on(&mut self, book: &Book, out: &mut Outbox) {
        let [address, message, signature] = &self.fields;
        let address = match Payee::parse(address.text(), book.network) {
            Ok(payee) => payee.address,
            Err(error) => {
                self.current = 0;
                return out.problem(error);
            }
        };
        let message = message.text().to_owned();
        if signature.text().trim().is_empty() {
            let command = Command::SignMessage { address, message, newer: false };
            return self.asked.put(out.ask(&book.wallet, command));
        }
        match verify(&address, &message, signature.text()) {
            Verdict::Valid(signed)
                if signed.lock_time.to_consensus_u32() != 0
                    || signed.sequence.to_consensus_u32() != 0 =>
            {
                out.done(
                    "Valid, but the address has a time lock: the signer could not spend at once.",
                );
            }
            Verdict::Valid(_) => {
                out.done("Valid: whoever can sign for the address signed exactly this message.");
            }
            Verdict::Inconclusive(doubt) => {
                out.problem(format!("nothing can be said: {doubt}"));
            }
            Verdict::Invalid(flaw) => out.problem(flaw),
        }
    }
}

impl Screen for Message {
    fn title(&self) -> &'static str {
        "Message"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        if self.signed.is_some() { &[Verb::Copy] } else { &[] }
    }

    fn is_typing(&self) -> bool {
        self.signed.is_none()
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        if let Some(signature) = &self.signed {
            match action {
                Action::Verb(Verb::Copy) => out.put(Effect::Copy(signature.clone())),
                Action::Back => self.signed = None,
                Action::Verb(_) => return Step::Pass,
                _ => {}
            }
            return Step::Stay;
        }
        match action {
            Action::Edit(edit) => self.fields[self.current].edit(edit),
            Action::Move(Move::Next | Move::Down) => self.current = (self.current + 1) % 3,
            Action::Move(Move::Previous | Move::Up) => self.current = (self.current + 2) % 3,
            Action::Enter if self.asked.is_free() => self.go_on(book, out),
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            Action::Enter | Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        match self.asked.answer(delivery) {
            Some(Answer::Reply(Ok(Reply::Message(message)))) => {
                self.signed = Some(message.signature);
            }
            Some(Answer::Reply(Err(CommandError::Locked))) => {
                out.problem("the keys are locked: give the password, then press Enter again");
                return Step::Open(Box::new(Unlock::new()));
            }
            Some(Answer::Reply(Err(error))) => out.problem(error),
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        if let Some(signature) = &self.signed {
            let shown: Vec<char> = signature.chars().collect();
            let room = usize::from(canvas.width()).max(1);
            let below = canvas.hint(0, "The signature:", Role::Dim);
            let mut row = below;
            for line in shown.chunks(room) {
                row = canvas.wrapped(row, &line.iter().collect::<String>(), Role::Strong);
            }
            canvas.below(row + 1).hint(0, SIGNED, Role::Dim);
            return;
        }
        for (row, name) in (0..).zip(["Address", "Message", "Signature"]) {
            let at = usize::from(row);
            self.fields[at].draw(canvas, row, name, self.current == at);
        }
        let told = if self.asked.is_free() { ABOUT } else { "Signing…" };
        canvas.below(4).hint(0, told, dim("").1);
    }
}

const ABOUT: &str = "Enter signs the message with the key of the address, which must be this wallet's. With a signature, Enter \
                     checks it instead, for any address.";

const SIGNED: &str = "Give it away with the address and the message. y copies it; Esc goes back.";
