//! Owns `Question`, what a screen waits for: the answer to what it asked last.

use billfold_wallet_core::command::Reply;

use crate::effect::{Answer, Delivery, Outbox, Ticket};

/// A question that may be under way.
#[derive(Default)]
pub struct Question(Option<Ticket>);

impl Question {
    /// None is under way.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Whether none is under way.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.0.is_none()
    }

    /// One is under way; the answer to the one before does not count any more.
    pub fn put(&mut self, ticket: Ticket) {
        self.0 = Some(ticket);
    }

    /// The answer is not waited for any more.
    pub fn forget(&mut self) {
        self.0 = None;
    }

    /// What came of it, if this is the answer to it.
    pub fn answer(&mut self, delivery: &mut Delivery) -> Option<Answer> {
        self.0.take_if(|asked| delivery.is_to(*asked))?;
        delivery.take()
    }

    /// What the wallet replied, if this is the answer to it. Why it was refused is told.
    pub fn replied(&mut self, delivery: &mut Delivery, out: &mut Outbox) -> Option<Reply> {
        match self.answer(delivery)? {
            Answer::Reply(Ok(reply)) => return Some(reply),
            Answer::Reply(Err(error)) => out.problem(error),
            _ => {}
        }
        None
    }
}
