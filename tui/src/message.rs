//! Owns `Message`, what may happen to the screens, as a plain value: a test can make each of them.

use billfold_wallet_core::event::News;

use crate::action::Action;
use crate::effect::{Answer, Ticket};
use crate::key::Key;
use crate::play::Display;

/// What may happen to the screens.
pub enum Message {
    /// A key was pressed.
    Press(Key),
    /// A text was pasted.
    Paste(String),
    /// Something was done, by whatever means.
    Do(Action),
    /// Something happened to a wallet, the chain or a peer.
    Heard(News),
    /// What was asked is answered.
    Answered(Ticket, Answer),
    /// A text was copied, to where the words say.
    Copied(String),
    /// The signer of a demonstration shows something.
    Shown(Display),
}
