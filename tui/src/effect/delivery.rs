//! Owns `Delivery`, an answer on its way to who asked, past those who did not.
//!
//! Refuses to be taken twice.

use crate::effect::{Answer, Ticket};

/// An answer on its way to who asked.
pub struct Delivery {
    ticket: Ticket,
    answer: Option<Answer>,
}

impl Delivery {
    /// The answer to what was asked with that ticket.
    #[must_use]
    pub const fn new(ticket: Ticket, answer: Answer) -> Self {
        Self { ticket, answer: Some(answer) }
    }

    /// What it answers.
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Whether it answers this.
    #[must_use]
    pub fn is_to(&self, asked: Ticket) -> bool {
        self.ticket == asked
    }

    /// What came, if it answers this.
    pub fn to(&mut self, asked: Ticket) -> Option<Answer> {
        if self.is_to(asked) { self.take() } else { None }
    }

    /// What came, for who knows that they asked.
    pub const fn take(&mut self) -> Option<Answer> {
        self.answer.take()
    }

    /// Whether who asked has it.
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        self.answer.is_none()
    }
}
