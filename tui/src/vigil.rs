//! Owns `Vigil`, the watch over open keys: the wallet is told that somebody is there, so that it does not
//! lock under who only looks, and the last seconds before it does are counted where they are seen.
//!
//! Refuses a clock of its own: the wallet knows when it locks itself.

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
}

impl Vigil {
    /// Somebody is there.
    pub(crate) fn seen(&mut self, book: &Book, out: &mut Outbox) {
        if !book.locked && self.told.is_free() {
            self.told.put(out.ask(&book.wallet, Command::Present));
        }
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
