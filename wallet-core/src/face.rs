//! Owns `Face`, what every face holds: commands in, events out, and `Conversation`, which asks one
//! question at a time.
//!
//! Plain data both ways, so that a wallet in this process and one behind a daemon's socket look
//! the same. Refuses callbacks and reply channels: a reply is an event with its command's id.

pub mod backlog;

use std::future::Future;
use std::pin::Pin;

use crate::command::{Command, CommandError, Reply};
use crate::event::{CommandId, Event};

use backlog::Backlog;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An open wallet as a face sees it.
pub trait Face: Send {
    /// Asks for something; the answer is an [`Event::Replied`] with the id returned here.
    ///
    /// # Errors
    /// [`CommandError::Busy`] when too many questions are unanswered, [`CommandError::Closing`]
    /// when the wallet is closed. Nothing was done then.
    fn submit(&mut self, command: Command) -> Result<CommandId, CommandError>;

    /// The next event, when there is one; `None` once the wallet is closed and all was told.
    /// Dropping the future loses no event.
    fn next_event(&mut self) -> BoxFuture<'_, Option<Event>>;

    /// Closes: what is known is committed, connections end, the directory is given free.
    /// Events of that time can be read afterwards.
    fn close(&mut self) -> BoxFuture<'_, ()>;
}

/// A face that waits for each answer and keeps the other events for later.
pub struct Conversation {
    face: Box<dyn Face>,
    kept: Backlog,
}

impl Conversation {
    /// Talks to `face`.
    #[must_use]
    pub fn new(face: impl Face + 'static) -> Self {
        Self { face: Box::new(face), kept: Backlog::default() }
    }

    /// Asks and waits for the answer. Events that come meanwhile are kept for
    /// [`next_event`](Self::next_event), as far as a [`Backlog`] keeps them.
    ///
    /// # Errors
    /// What the wallet answered, [`CommandError::Busy`] or [`CommandError::Closing`].
    pub async fn ask(&mut self, command: Command) -> Result<Reply, CommandError> {
        let asked = self.face.submit(command)?;
        while let Some(event) = self.face.next_event().await {
            match event {
                Event::Replied { id, result } if id == asked => return result,
                other => self.kept.push(other),
            }
        }
        Err(CommandError::Closing)
    }

    /// The next event, kept ones first; `None` once the wallet is closed and all was told.
    pub async fn next_event(&mut self) -> Option<Event> {
        match self.kept.pop() {
            Some(event) => Some(event),
            None => self.face.next_event().await,
        }
    }

    /// Closes the wallet, as [`Face::close`].
    pub async fn close(&mut self) {
        self.face.close().await;
    }
}
