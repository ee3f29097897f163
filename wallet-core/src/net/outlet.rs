//! Owns the way from the engine's thread to the face: unread events, and whether more will come.
//!
//! Refuses to make the engine wait for a slow face: see [`Backlog`] for what is dropped instead.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::event::Event;
use crate::face::backlog::Backlog;

/// Events on their way, to one reader.
#[derive(Debug, Default)]
pub struct Outlet {
    state: Mutex<State>,
    pushed: Notify,
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    backlog: Backlog,
    ended: bool,
}

impl Outlet {
    /// Adds an event.
    pub fn push(&self, event: Event) {
        self.state().backlog.push(event);
        self.pushed.notify_one();
    }

    /// Says that nothing more will come.
    pub fn end(&self) {
        self.state().ended = true;
        self.pushed.notify_one();
        self.ended.notify_waiters();
    }

    /// The next event, when there is one; `None` after the last.
    pub async fn next(&self) -> Option<Event> {
        loop {
            let pushed = self.pushed.notified();
            {
                let mut state = self.state();
                let event = state.backlog.pop();
                if event.is_some() || state.ended {
                    return event;
                }
            }
            pushed.await;
        }
    }

    /// Waits until nothing more will come; what came can still be read.
    pub async fn until_ended(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.state().ended {
                return;
            }
            ended.await;
        }
    }

    /// No code panics while it holds the lock, so a poisoned one holds whole values.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
