//! Owns the step: light client, then wallet, then one commit, then what may be said.
//!
//! Persist, then speak: whatever depends on a change (replies, addresses, signed transactions,
//! news of the wallet) leaves a step only after that change is durable. Headers and the scan's
//! progress, on which nothing depends, are committed in batches. Refuses I/O but the store's, and
//! clocks: time comes in with each input.

mod start;
mod chain_side;
mod follow;
mod signing;
mod sweeping;
mod answer;

use std::collections::VecDeque;

use bitcoin::hashes::{Hash, HashEngine, sha256};

use crate::command::{Command, CommandError, Reply, StoreProblem};
use crate::event::{CommandId, Event};
use crate::light_client::dial::{LookupId, Purpose, Wire};
use crate::light_client::fault::Fault;
use crate::light_client::height::BlockId;
use crate::light_client::input::Input as ClientInput;
use crate::light_client::job::{Job, JobId};
use crate::light_client::kept::{FilterId, KeptFilter, ReadId};
use crate::light_client::peer_id::{PeerAddress, PeerId};
use crate::light_client::status::Status;
use crate::light_client::time::{MonoTime, Now};
use crate::limits::{PROGRESS_EVERY, UNCOMMITTED_TIME};
use crate::signers::key_layer::KeyLayer;
use crate::sweep::Sweep;
use crate::vault::SeedKey;
use crate::wallet::{Growth, Wallet, WatchList};

use chain_side::ChainSide;

pub use chain_side::Online;

/// One thing that happened.
#[derive(Debug)]
pub enum Input {
    /// Something for the light client: a connection, bytes, a job's result.
    Network(ClientInput),
    /// A face asks.
    Ask {
        /// The number that the reply carries.
        id: CommandId,
        /// What it asks.
        command: Command,
    },
    /// The owner's password opened the key layer.
    Unlock(SeedKey),
    /// The time that [`Engine::deadline`] named has come.
    Deadline,
}

/// One thing to do, after the step's commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Open a connection.
    Dial {
        /// The new connection's id.
        peer: PeerId,
        /// Where to.
        address: PeerAddress,
        /// Over which transport.
        wire: Wire,
        /// What it is for.
        purpose: Purpose,
    },
    /// Look a name up.
    Resolve {
        /// The id to answer with.
        id: LookupId,
        /// The name.
        name: String,
    },
    /// Write bytes to a connection.
    Send {
        /// Whose.
        peer: PeerId,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Close a connection.
    Close {
        /// Whose.
        peer: PeerId,
        /// Why, if the peer did something wrong.
        fault: Option<Fault>,
    },
    /// Run a job.
    Job {
        /// The id to answer with.
        id: JobId,
        /// The work.
        job: Job,
    },
    /// Keep filters, if the store does; nothing depends on it.
    KeepFilters(Vec<KeptFilter>),
    /// Read kept filters, after all that was to be kept before.
    ReadFilters {
        /// The id to answer with.
        id: ReadId,
        /// Which.
        filters: Vec<FilterId>,
    },
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
    Tell(Event),
}

/// The wallet and its chain, one step at a time.
///
/// After a step has failed, nothing of it was said and the engine is of no more use: what was said
/// before is on disk.
pub struct Engine {
    wallet: Wallet,
    keys: KeyLayer,
    chain: Chain,
    effects: Vec<Effect>,
    /// Whether one of the effects depends on what is not committed yet.
    speaks: bool,
    /// What the light client hears after the next commit.
    after_commit: VecDeque<ClientInput>,
    /// Whether the wallet may have other transactions to announce, or other scripts to watch.
    changed: bool,
    /// Since when something waits for a batch.
    uncommitted: Option<MonoTime>,
    /// Whether the last picture of the progress is out of date.
    moved: bool,
    last_progress: Option<MonoTime>,
    seed: [u8; 32],
    drawn: u64,
    /// A search for the coins of other keys.
    sweep: Option<Sweep>,
}

/// What the engine knows of the chain.
enum Chain {
    /// It is followed.
    Followed(Box<ChainSide>),
    /// It ended here when it was last followed.
    Stored(BlockId),
}

impl Chain {
    fn followed(&self) -> Option<&ChainSide> {
        match self {
            Self::Followed(chain) => Some(chain),
            Self::Stored(_) => None,
        }
    }

    fn followed_mut(&mut self) -> Option<&mut ChainSide> {
        match self {
            Self::Followed(chain) => Some(chain),
            Self::Stored(_) => None,
        }
    }

    fn tip(&self) -> BlockId {
        match self {
            Self::Followed(chain) => chain.client.tip(),
            Self::Stored(tip) => *tip,
        }
    }
}

impl Engine {
    /// An engine that answers from what is stored and follows nothing. `tip` is the stored tip;
    /// `seed` is entropy from the system.
    #[must_use]
    pub fn offline(wallet: Wallet, keys: KeyLayer, tip: BlockId, seed: [u8; 32]) -> Self {
        Self::new(wallet, keys, Chain::Stored(tip), seed)
    }

    /// An engine that follows the chain, and the first things to do.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn online(
        mut wallet: Wallet,
        keys: KeyLayer,
        online: Online,
        seed: [u8; 32],
        now: Now,
    ) -> Result<(Self, Vec<Effect>), StoreProblem> {
        let (chain, said) = ChainSide::start(&mut wallet, online, draw(&seed, 0), now)?;
        let mut engine = Self::new(wallet, keys, Chain::Followed(Box::new(chain)), seed);
        for event in said {
            engine.say(event);
        }
        engine.introduce(now)?;
        let effects = engine.settle(now)?;
        Ok((engine, effects))
    }

    /// Takes one input to its end: all that follows from it is done, what must be durable is
    /// committed, and what is to be done outside comes back in order.
    ///
    /// # Errors
    /// If the disk refuses. Nothing of this step may be said then but the problem itself.
    pub fn step(&mut self, now: Now, input: Input) -> Result<Vec<Effect>, StoreProblem> {
        if self.keys.lock_if_idle(now) {
            self.say(Event::Locked);
        }
        match input {
            Input::Unlock(key) => self.keys.unlock(key, now),
            Input::Network(input) => {
                self.moved = true;
                self.drive(now, input)?;
            }
            Input::Ask { id, command } => self.ask(now, id, command)?,
            Input::Deadline => {
                if self.client_deadline().is_some_and(|deadline| deadline <= now.mono) {
                    self.drive(now, ClientInput::Deadline)?;
                }
            }
        }
        self.settle(now)
    }

    /// When to call [`step`](Self::step) with [`Input::Deadline`].
    #[must_use]
    pub fn deadline(&self) -> Option<MonoTime> {
        let batch = self.uncommitted.map(|since| since.after(UNCOMMITTED_TIME));
        let due = [self.client_deadline(), batch, self.progress_due(), self.keys.locks_at()];
        due.into_iter().flatten().min()
    }

    /// Commits what waits for a batch; the last thing to do before the engine is dropped.
    ///
    /// # Errors
    /// If the disk refuses; nothing that was said is lost.
    pub fn finish(mut self) -> Result<(), StoreProblem> {
        self.commit()?;
        // What had to wait for the wallet's file.
        self.commit()
    }

    fn new(wallet: Wallet, keys: KeyLayer, chain: Chain, seed: [u8; 32]) -> Self {
        Self {
            wallet,
            keys,
            chain,
            effects: Vec::new(),
            speaks: false,
            after_commit: VecDeque::new(),
            changed: false,
            uncommitted: None,
            moved: false,
            last_progress: None,
            seed,
            drawn: 0,
            sweep: None,
        }
    }

    /// What a new light client must hear before anything else.
    fn introduce(&mut self, now: Now) -> Result<(), StoreProblem> {
        let first = self.drain(now)?;
        self.after_commit = first.into();
        self.after_commit.push_back(ClientInput::ScanFrom(self.wallet.scan_start()?));
        let WatchList { searched, unsearched } = self.wallet.watch_list()?;
        self.after_commit.push_back(ClientInput::Watch { scripts: searched, since: None });
        for Growth { scripts, since } in unsearched {
            self.after_commit.push_back(ClientInput::Watch { scripts, since });
        }
        self.watch_all_of_sweep();
        self.changed = true;
        Ok(())
    }

    fn ask(&mut self, now: Now, id: CommandId, command: Command) -> Result<(), StoreProblem> {
        let result = match self.answer(now, command) {
            Err(CommandError::Store(problem)) => return Err(problem),
            result => result,
        };
        self.speaks = true;
        self.effects.push(Effect::Answer { id, result });
        Ok(())
    }

    /// Queues an event that must not leave before all that is known is durable.
    fn say(&mut self, event: Event) {
        self.speaks = true;
        self.effects.push(Effect::Tell(event));
    }

    /// Ends a step: a commit if one is due, then what waited for it, until nothing is left.
    fn settle(&mut self, now: Now) -> Result<Vec<Effect>, StoreProblem> {
        self.commit_if_due(now)?;
        while let Some(input) = self.next_after_commit()? {
            self.drive(now, input)?;
            self.commit_if_due(now)?;
        }
        if self.progress_due().is_some_and(|due| due <= now.mono) {
            let status = Box::new(self.status()?);
            self.effects.push(Effect::Tell(Event::Progress(status)));
            self.moved = false;
            self.last_progress = Some(now.mono);
        }
        assert!(!self.speaks, "nothing leaves a step before its commit");
        Ok(std::mem::take(&mut self.effects))
    }

    fn commit_if_due(&mut self, now: Now) -> Result<(), StoreProblem> {
        let (waiting, full) = self.chain.followed_mut().map_or((false, false), ChainSide::stage);
        if (waiting || self.wallet.is_staged()) && self.uncommitted.is_none() {
            self.uncommitted = Some(now.mono);
        }
        let late = self.uncommitted.is_some_and(|since| since.after(UNCOMMITTED_TIME) <= now.mono);
        let owed = self.speaks || !self.after_commit.is_empty();
        if owed || full || late { self.commit() } else { Ok(()) }
    }

    /// Makes all that is known durable, the chain first: a wallet's cursor is always on a chain
    /// that is stored.
    fn commit(&mut self) -> Result<(), StoreProblem> {
        if let Some(chain) = self.chain.followed_mut() {
            chain.stage();
            chain.commit()?;
        }
        self.wallet.commit()?;
        self.uncommitted = None;
        self.speaks = false;
        Ok(())
    }

    /// What the light client may hear now that all is durable: scripts that were issued, own
    /// transactions that no block holds, and those that need no announcement any more.
    fn next_after_commit(&mut self) -> Result<Option<ClientInput>, StoreProblem> {
        let Some(chain) = self.chain.followed_mut() else {
            self.after_commit.clear();
            return Ok(None);
        };
        if std::mem::take(&mut self.changed) {
            for Growth { scripts, since } in self.wallet.take_grown()? {
                self.after_commit.push_back(ClientInput::Watch { scripts, since });
            }
            if chain.client.status().synced {
                self.after_commit.extend(chain.watch_coins(&mut self.wallet)?);
            }
            let unconfirmed = self.wallet.to_announce()?;
            self.after_commit.extend(chain.announcements(unconfirmed));
        }
        Ok(self.after_commit.pop_front())
    }

    fn status(&self) -> Result<Status, StoreProblem> {
        Ok(match &self.chain {
            Chain::Followed(chain) => chain.client.status(),
            Chain::Stored(tip) => Status { cursor: self.wallet.cursor()?, ..Status::at(*tip) },
        })
    }

    fn client_deadline(&self) -> Option<MonoTime> {
        self.chain.followed()?.client.deadline()
    }

    fn progress_due(&self) -> Option<MonoTime> {
        let due = self.last_progress.map_or(MonoTime::START, |last| last.after(PROGRESS_EVERY));
        (self.moved && self.chain.followed().is_some()).then_some(due)
    }

    /// Fresh entropy, different with every call.
    fn entropy(&mut self) -> [u8; 32] {
        self.drawn += 1;
        draw(&self.seed, self.drawn)
    }
}

/// The `number`th of the values that a seed gives.
fn draw(seed: &[u8; 32], number: u64) -> [u8; 32] {
    let mut engine = sha256::Hash::engine();
    engine.input(seed);
    engine.input(&number.to_le_bytes());
    sha256::Hash::from_engine(engine).to_byte_array()
}

#[cfg(test)]
mod tests;
