//! Owns the one state that all peers and all handles share, and the news of its changes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bitcoin::{Transaction, Txid};
use tokio::sync::broadcast::{self, error::TryRecvError};

use crate::chain_state::ChainState;
use crate::clock::Clock;
use crate::limits::MAX_PENDING_NEWS;
use crate::mempool::Rejected;

/// A peer's number, counted from the first connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PeerNumber(pub(crate) u64);

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// The best chain, and with it maybe the mempool.
    Chain,
    /// A transaction joined the mempool.
    Transaction {
        /// Which.
        txid: Txid,
        /// Who sent it; nobody but this process if there is no peer.
        from: Option<PeerNumber>,
    },
}

/// Where news come, in order.
pub(crate) type Listening = broadcast::Receiver<News>;

/// What came since the last time, if anything did.
pub(crate) fn next(listening: &mut Listening) -> Option<News> {
    match listening.try_recv() {
        Ok(news) => Some(news),
        // What is lost are announcements; the chain's is made up for.
        Err(TryRecvError::Lagged(_)) => Some(News::Chain),
        Err(TryRecvError::Empty | TryRecvError::Closed) => None,
    }
}

/// The state and who listens to its changes.
#[derive(Debug)]
pub(crate) struct Network {
    state: Mutex<ChainState>,
    news: broadcast::Sender<News>,
    numbered: AtomicU64,
    /// The clock of the miner and of what peers are told.
    pub(crate) clock: Clock,
}

impl Network {
    /// A network with nothing but the genesis block.
    pub(crate) fn new() -> Self {
        let clock = Clock::default();
        Self::of(ChainState::new(clock.clone()), clock)
    }

    /// A network of its own that begins as this one is now; both go by one clock.
    pub(crate) fn split(&self) -> Self {
        Self::of(self.state().clone(), self.clock.clone())
    }

    fn of(state: ChainState, clock: Clock) -> Self {
        let (news, _) = broadcast::channel(MAX_PENDING_NEWS);
        Self { state: Mutex::new(state), news, numbered: AtomicU64::new(0), clock }
    }

    /// A number for a peer that just connected.
    pub(crate) fn number(&self) -> PeerNumber {
        PeerNumber(self.numbered.fetch_add(1, Ordering::Relaxed))
    }

    /// The state. Its changes are told by this type's other methods only.
    pub(crate) fn state(&self) -> MutexGuard<'_, ChainState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the chain and tells it.
    pub(crate) fn change_chain<T>(&self, change: impl FnOnce(&mut ChainState) -> T) -> T {
        let result = change(&mut self.state());
        self.tell(News::Chain);
        result
    }

    /// Takes a transaction into the mempool and tells it.
    pub(crate) fn submit(
        &self,
        transaction: Transaction,
        from: Option<PeerNumber>,
    ) -> Result<Txid, Rejected> {
        self.submit_made(from, |_| Ok(transaction))
    }

    /// Makes a transaction and takes it into the mempool, with nothing in between, and tells it.
    pub(crate) fn submit_made<E: From<Rejected>>(
        &self,
        from: Option<PeerNumber>,
        make: impl FnOnce(&ChainState) -> Result<Transaction, E>,
    ) -> Result<Txid, E> {
        let mut state = self.state();
        let transaction = make(&state)?;
        let txid = state.submit(transaction)?;
        drop(state);
        self.tell(News::Transaction { txid, from });
        Ok(txid)
    }

    /// All news from now on.
    pub(crate) fn listen(&self) -> Listening {
        self.news.subscribe()
    }

    fn tell(&self, news: News) {
        // An error says that nobody listens, which is fine.
        let _ = self.news.send(news);
    }
}
