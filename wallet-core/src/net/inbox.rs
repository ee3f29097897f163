//! Owns the one way into the engine's thread.
//!
//! Each source bounds itself, so the whole is bounded: a peer by the permits of its connection, a
//! face by its unanswered commands, jobs by what the light client has under way.

use std::sync::mpsc::{self, Receiver, Sender};

use tokio::sync::OwnedSemaphorePermit;

use crate::engine::Input;
use crate::light_client::input::Input as ClientInput;

/// What comes in.
#[derive(Debug)]
pub enum Message {
    /// Something for the engine's step; the permit is given back once it is handled.
    Input(Input, Option<OwnedSemaphorePermit>),
    /// Commit and end.
    Stop,
}

/// Where to put messages; cheap to clone.
#[derive(Debug, Clone)]
pub struct Inbox(Sender<Message>);

impl Inbox {
    /// A new way in, and its end.
    #[must_use]
    pub fn new() -> (Self, Receiver<Message>) {
        let (sender, receiver) = mpsc::channel();
        (Self(sender), receiver)
    }

    /// Puts a message in; whether the engine is still there to take it.
    #[must_use]
    pub fn put(&self, message: Message) -> bool {
        self.0.send(message).is_ok()
    }

    /// Puts in what happened on the network; of no use, and dropped, once the engine has ended.
    pub fn happened(&self, input: ClientInput, permit: Option<OwnedSemaphorePermit>) {
        let _ = self.put(Message::Input(Input::Network(input), permit));
    }
}
