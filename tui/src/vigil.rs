//! Owns `Vigil`, the watch over open keys: the wallet is told that somebody is there, so that it does not
//! lock under who only looks, the last seconds before it does are counted where they are seen, and a person
//! may lock it at once.
//!
//! Refuses a clock of its own: the wallet knows when it locks itself. Refuses to say that keys are locked
//! before they are.

use std::time::Duration;

use billfold_wallet_core::command::{Command, Reply};

use crate::book::Book;
use crate::effect::{Answer, Delivery, Outbox, Question};

/// The watch over open keys.
#[derive(Default)]
pub(crate) struct Vigil {
    /// That somebody is there.
    told: Question,
    /// How long is left.
    asked: Question,
    /// Until it is asked again.
    rest: Question,
    /// To be locked.
    locking: Question,
}

impl Vigil {
    /// Somebody is there.
    pub(crate) fn seen(&mut self, book: &Book, out: &mut Outbox) {
        if !book.locked && self.told.is_free() {
            self.told.put(out.ask(&book.wallet, Command::Present));
        }
    }

    /// Locks the keys.
    pub(crate) fn lock(&mut self, book: &Book, out: &mut Outbox) {
        self.locking.put(out.ask(&book.wallet, Command::Lock));
    }

    /// Takes an answer to what it asked; whether it was one.
    pub(crate) fn answered(
        &mut self,
        delivery: &mut Delivery,
        book: &mut Book,
        out: &mut Outbox,
    ) -> bool {
        if self.told.answer(delivery).is_some() {
            // While it rests nothing is shown, and it asks when it wakes.
            if book.locks_in.is_some() || self.rest.is_free() {
                self.ask(book, out);
            }
        } else if let Some(answer) = self.asked.answer(delivery) {
            self.learned(&answer, book, out);
        } else if self.rest.answer(delivery).is_some() {
            self.ask(book, out);
        } else if let Some(answer) = self.locking.answer(delivery) {
            match answer {
                Answer::Reply(Err(error)) => out.problem(error),
                _ => out.done("The keys are locked."),
            }
        } else {
            return false;
        }
        true
    }

    fn ask(&mut self, book: &Book, out: &mut Outbox) {
        if !book.locked {
            self.asked.put(out.ask(&book.wallet, Command::KeyLayer));
        }
    }

    fn learned(&mut self, answer: &Answer, book: &mut Book, out: &mut Outbox) {
        let left = match answer {
            Answer::Reply(Ok(Reply::KeyLayer(layer))) => layer.locks_in,
            _ => None,
        };
        book.locks_in = left.filter(|left| *left <= COUNTED);
        match left {
            Some(left) => self.rest.put(out.wake(left.saturating_sub(COUNTED).max(SECOND))),
            None => self.rest.forget(),
        }
    }
}

/// The end that is counted: long enough to be seen and to press a key.
const COUNTED: Duration = Duration::from_secs(30);

const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use billfold_wallet_core::command::CommandError;
    use billfold_wallet_core::wallet_name::WalletName;
    use bitcoin::Network;

    use super::*;
    use crate::effect::{Effect, Notice, Ticket};

    /// Who walks away from a terminal that says so must be right.
    #[test]
    fn keys_are_told_as_locked_once_they_are() {
        let mut book = Book::new(WalletName::default(), Network::Regtest);
        for (answer, told) in [(Ok(Reply::Done), true), (Err(CommandError::Closing), false)] {
            let (mut vigil, mut out) = (Vigil::default(), Outbox::default());
            vigil.lock(&book, &mut out);
            assert!(out.take_notice().is_none(), "nothing is locked yet");
            let ticket: Vec<Ticket> = out
                .take()
                .into_iter()
                .filter_map(|effect| match effect {
                    Effect::Ask { ticket, .. } => Some(ticket),
                    _ => None,
                })
                .collect();
            let mut delivery = Delivery::new(ticket[0], Answer::Reply(answer));
            assert!(vigil.answered(&mut delivery, &mut book, &mut out));
            let notice = out.take_notice();
            assert_eq!(matches!(notice, Some(Notice::Done(_))), told, "{notice:?}");
        }
    }
}
