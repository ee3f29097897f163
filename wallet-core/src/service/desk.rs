//! Owns the desk at which the engine is asked, and what is done apart from it because it takes long.
//!
//! Refuses to wait for anything but the answer.

use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;

use crate::command::{ChainQuery, CommandError, Reply};
use crate::event::CommandId;
use crate::net::inbox::{Inbox, Message};
use crate::net::outlet::Outlet;

/// Where questions are put, and their answers come.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) inbox: Inbox,
    pub(super) outlet: Arc<Outlet>,
}

impl Desk {
    /// Asks the engine, and waits for its answer.
    pub(super) async fn answer(
        &self,
        message: impl FnOnce(CommandId) -> Message,
    ) -> Result<Reply, CommandError> {
        let (id, answer) = self.outlet.ask()?;
        if !self.inbox.put(message(id)) {
            return Err(self.outlet.closing());
        }
        answer.await.unwrap_or_else(|_| Err(self.outlet.closing()))
    }

    /// Asks of the chain. Once nobody waits for the answer, what only peers could give is given up.
    pub(super) async fn answer_of_chain(&self, query: ChainQuery) -> Result<Reply, CommandError> {
        let (id, answer) = self.outlet.ask()?;
        let mut waiting = Waiting { id, inbox: &self.inbox, ends: false };
        if !self.inbox.put(Message::AskChain(id, query)) {
            return Err(self.outlet.closing());
        }
        let answer = answer.await.unwrap_or_else(|_| Err(self.outlet.closing()));
        waiting.ends = true;
        answer
    }
}

/// Somebody who waits for an answer.
struct Waiting<'a> {
    id: CommandId,
    inbox: &'a Inbox,
    /// It came.
    ends: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.ends {
            let _ = self.inbox.put(Message::Leave(self.id));
        }
    }
}

/// Does what takes long on a thread of its own; `None` if there is none, or it panicked.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = oneshot::channel();
    let work = move || {
        let _ = done.send(work());
    };
    thread::Builder::new().name("billfold-keys".to_owned()).spawn(work).ok()?;
    result.await.ok()
}
