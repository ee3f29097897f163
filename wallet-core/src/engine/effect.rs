//! Owns `Effect`: what a step asks of the world, as plain data.
//!
//! Refuses to be carried out before the step's commit.

use crate::command::{CommandError, Reply};
use crate::event::{CommandId, News};
use crate::light_client::io::Io;

/// One thing to do, after the step's commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// What the light client wants done.
    Io(Io),
    /// Drop every connection and job: a new light client begins, and none of theirs is for it.
    Restart,
    /// Answer a question.
    Answer {
        /// Which.
        id: CommandId,
        /// The answer.
        result: Result<Reply, CommandError>,
    },
    /// Tell whoever listens.
    Tell(News),
}
