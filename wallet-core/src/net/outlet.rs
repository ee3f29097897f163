//! Owns the way from the engine's thread to who listens and who asked: unread events, questions
//! without an answer, and whether more will come.
//!
//! Refuses to make the engine wait for a slow listener: see [`Backlog`] for what is dropped
//! instead.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, oneshot};

use crate::command::{CommandError, Reply};
use crate::engine::Applied;
use crate::event::{CommandId, News};
use crate::face::backlog::Backlog;
use crate::face::{BoxFuture, Listener};
use crate::light_client::height::{BlockId, Height};
use crate::limits::PENDING_COMMANDS;
use crate::wallet_name::WalletName;

/// What a question comes to.
pub type Answer = Result<Reply, CommandError>;

/// Events and answers on their way.
#[derive(Debug)]
pub struct Outlet {
    state: Mutex<State>,
    ended: Notify,
    tip: AtomicU32,
    applied: Mutex<Applied>,
}

#[derive(Debug)]
struct State {
    /// Of the first listener, until it comes: what happens before is for it.
    first: Option<Arc<Queue>>,
    listeners: Vec<Weak<Queue>>,
    asked: HashMap<CommandId, oneshot::Sender<Answer>>,
    last_id: CommandId,
    ended: bool,
    /// Why the engine ended, if not because it was told to.
    failed: Option<CommandError>,
}

impl State {
    fn closing(&self) -> CommandError {
        self.failed.clone().unwrap_or(CommandError::Closing)
    }
}

impl Default for Outlet {
    fn default() -> Self {
        let first = Arc::new(Queue::default());
        let listeners = vec![Arc::downgrade(&first)];
        let state = State {
            first: Some(first),
            listeners,
            asked: HashMap::new(),
            last_id: CommandId(0),
            ended: false,
            failed: None,
        };
        Self {
            state: Mutex::new(state),
            ended: Notify::new(),
            tip: AtomicU32::new(0),
            applied: Mutex::default(),
        }
    }
}

impl Outlet {
    /// A number for a question, and where its answer comes.
    ///
    /// # Errors
    /// [`CommandError::Busy`], or why nothing is answered any more.
    pub fn ask(&self) -> Result<(CommandId, oneshot::Receiver<Answer>), CommandError> {
        let mut state = self.state();
        if state.ended || state.failed.is_some() {
            return Err(state.closing());
        }
        if state.asked.len() >= PENDING_COMMANDS {
            return Err(CommandError::Busy);
        }
        let id = CommandId(state.last_id.0 + 1);
        state.last_id = id;
        let (answer, waiting) = oneshot::channel();
        state.asked.insert(id, answer);
        Ok((id, waiting))
    }

    /// Says why the engine ended: whoever asks from now on is told.
    pub fn fail(&self, why: CommandError) {
        self.state().failed = Some(why);
    }

    /// Why nothing is answered any more.
    #[must_use]
    pub fn closing(&self) -> CommandError {
        self.state().closing()
    }

    /// Says how high the chain is by now.
    pub fn note_tip(&self, tip: Height) {
        self.tip.store(tip.to_u32(), Ordering::Release);
    }

    /// The highest block of the chain, after the engine's last step.
    #[must_use]
    pub fn tip(&self) -> Height {
        Height::new(self.tip.load(Ordering::Acquire))
    }

    /// Says up to which block each wallet has seen the chain, all of which is committed.
    pub fn note_applied(&self, applied: &Applied) {
        let mut known = self.known();
        if *known != *applied {
            known.clone_from(applied);
        }
    }

    /// The block up to which a wallet has seen the chain, by the last commit.
    #[must_use]
    pub fn applied(&self, wallet: &WalletName) -> Option<BlockId> {
        self.known().get(wallet).copied().flatten()
    }

    /// Tells what happened to all who listen.
    pub fn push(&self, news: &News) {
        let mut state = self.state();
        state.listeners.retain(|listener| {
            let listener = listener.upgrade();
            listener.as_ref().inspect(|queue| queue.push(news.clone())).is_some()
        });
    }

    /// Answers a question; nobody may be there to hear it any more.
    pub fn answer(&self, id: CommandId, answer: Answer) {
        let waiting = self.state().asked.remove(&id);
        if let Some(waiting) = waiting {
            let _ = waiting.send(answer);
        }
    }

    /// Says that nothing more will come. Whoever still waits for an answer gets none.
    pub fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        state.asked.clear();
        for listener in state.listeners.iter().filter_map(Weak::upgrade) {
            listener.end();
        }
        self.ended.notify_waiters();
    }

    /// Listens from here on; the first listener, from the beginning.
    #[must_use]
    pub fn listen(&self) -> Box<dyn Listener> {
        let mut state = self.state();
        let queue = state.first.take().unwrap_or_else(|| {
            let queue = Arc::new(Queue::default());
            state.listeners.push(Arc::downgrade(&queue));
            queue
        });
        if state.ended {
            queue.end();
        }
        Box::new(Ear(queue))
    }

    /// Waits until nothing more will come; what came can still be heard.
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

    /// As [`state`](Self::state).
    fn known(&self) -> MutexGuard<'_, Applied> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No code panics while it holds the lock, so a poisoned one holds whole values.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one listener has not heard yet.
#[derive(Debug, Default)]
struct Queue {
    unheard: Mutex<Unheard>,
    pushed: Notify,
}

#[derive(Debug, Default)]
struct Unheard {
    backlog: Backlog,
    ended: bool,
}

impl Queue {
    fn push(&self, news: News) {
        self.unheard().backlog.push(news);
        self.pushed.notify_one();
    }

    fn end(&self) {
        self.unheard().ended = true;
        self.pushed.notify_one();
    }

    async fn next(&self) -> Option<News> {
        loop {
            let pushed = self.pushed.notified();
            {
                let mut unheard = self.unheard();
                let news = unheard.backlog.pop();
                if news.is_some() || unheard.ended {
                    return news;
                }
            }
            pushed.await;
        }
    }

    /// As [`Outlet::state`].
    fn unheard(&self) -> MutexGuard<'_, Unheard> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One listener.
struct Ear(Arc<Queue>);

impl Listener for Ear {
    fn next(&mut self) -> BoxFuture<'_, Option<News>> {
        Box::pin(self.0.next())
    }
}
