//! Owns the step: light client, then wallets, then one commit, then what may be said.
//!
//! One chain is followed for any number of wallets. Each has its own cursor: those that are level
//! move with the chain's scan, and one that is behind is caught up without holding up the others.
//! Persist, then speak: whatever depends on a change (replies, addresses, signed transactions,
//! news of the wallet) leaves a step only after that change is durable. Headers and the scan's
//! progress, on which nothing depends, are committed in batches. Refuses I/O but the store's, and
//! clocks: time comes in with each input.

mod effect;
mod input;
mod start;
mod invoicing;
mod course;
mod follower;
mod standing;
mod chain_side;
mod around;
mod fetching;
mod follow;
mod joining;
mod parting;
mod signing;
mod sweeping;
mod ordered;
mod operating;
mod importing;
mod accounts;
mod answer;

use std::collections::{BTreeMap, VecDeque};

use bitcoin::hashes::{Hash, HashEngine, sha256};

use crate::command::{ChainQuery, CommandError, Reply, StoreProblem};
use crate::event::{CommandId, Event, News};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::input::Input as ClientInput;
use crate::light_client::time::{MonoTime, Now};
use crate::limits::{PROGRESS_EVERY, UNCOMMITTED_TIME};
use crate::wallet_name::WalletName;

use chain_side::{Chain, ChainSide};
use fetching::Wanted;
use follower::Follower;

pub use chain_side::Online;
pub use effect::Effect;
pub use follower::Applied;
pub use input::{Input, Opened};

/// A chain and the wallets that follow it, one step at a time.
///
/// A wallet whose file refuses is closed, and the others go on; nothing of the step was said of it.
/// After a step has failed, because the chain's file refused or that of the last wallet, nothing of
/// it was said and the engine is of no more use. What was said before is on disk.
pub struct Engine {
    followers: BTreeMap<WalletName, Follower>,
    chain: Chain,
    effects: Vec<Effect>,
    /// How many of the effects depend on nothing that is not committed.
    committed: usize,
    /// Which wallet the step is asked of.
    asked: Option<WalletName>,
    /// Whether one of the effects depends on what is not committed yet.
    speaks: bool,
    /// What the light client hears after the next commit.
    after_commit: VecDeque<ClientInput>,
    /// Since when something waits for a batch.
    uncommitted: Option<MonoTime>,
    /// What was applied by the last commit.
    applied: Applied,
    /// Whether the last picture of the progress is out of date.
    moved: bool,
    last_progress: Option<MonoTime>,
    /// Who waits for what of peers.
    fetching: BTreeMap<CommandId, Wanted>,
    /// Whether a wallet left whose transactions are to be withdrawn.
    withdraws: bool,
    seed: [u8; 32],
    drawn: u64,
}

impl Engine {
    /// An engine that answers from what is stored and follows nothing. `tip` is the stored tip;
    /// `seed` is entropy from the system.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn offline(
        wallets: Vec<Opened>,
        tip: BlockId,
        seed: [u8; 32],
    ) -> Result<Self, StoreProblem> {
        Ok(Self::new(follow(wallets)?, Chain::Stored(tip), seed))
    }

    /// An engine that follows the chain, and the first things to do.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn online(
        wallets: Vec<Opened>,
        online: Online,
        seed: [u8; 32],
        now: Now,
    ) -> Result<(Self, Vec<Effect>), StoreProblem> {
        let mut followers = follow(wallets)?;
        let (chain, said) = ChainSide::start(&mut followers, online, draw(&seed, 0), now)?;
        let mut engine = Self::new(followers, Chain::Followed(Box::new(chain)), seed);
        for event in said {
            engine.say(event);
        }
        engine.each(|_| Ok(()));
        engine.introduce(now);
        let effects = engine.settle(now)?;
        Ok((engine, effects))
    }

    /// Takes one input to its end: all that follows from it is done, what must be durable is
    /// committed, and what is to be done outside comes back in order.
    ///
    /// # Errors
    /// If the disk refuses what is not one of several wallets alone. Nothing of this step may be said
    /// then but the problem itself.
    pub fn step(&mut self, now: Now, input: Input) -> Result<Vec<Effect>, StoreProblem> {
        self.each(|one| {
            one.lock_if_idle(now);
            // What is answered now is told as it is now.
            one.review_invoices(now)
        });
        self.asked = input.wallet().cloned();
        match input {
            Input::Unlock { wallet, key, lasts } => {
                if let Some(one) = self.followers.get_mut(&wallet) {
                    one.keys.unlock(key, now, lasts);
                }
            }
            Input::Protect { id, wallet, sealed, key } => {
                let result = self.protect(&wallet, &sealed, key);
                self.reply(id, result);
            }
            Input::AskChain { id, query: ChainQuery::Fetch(hash) } => self.fetch(id, hash),
            Input::AskChain { id, query: ChainQuery::Filters(range) } => {
                self.fetch_filters(id, range);
            }
            Input::Leave(id) => self.leave(id),
            Input::AskChain { id, query } => {
                let result = self.answer_of_chain(now, query);
                self.reply(id, result);
            }
            Input::Network(input) => {
                self.moved = true;
                self.drive(now, input);
            }
            Input::Ask { wallet, questions } => {
                for (id, command) in questions {
                    let result = self.answer(now, &wallet, command);
                    self.reply(id, result);
                }
            }
            Input::Load { id, opened } => {
                let result = self.load(now, *opened);
                self.reply(id, result);
            }
            Input::Unload { id, wallet } => {
                let result = self.unload(&wallet);
                self.reply(id, result);
            }
            Input::Deadline => {
                if self.client_deadline().is_some_and(|deadline| deadline <= now.mono) {
                    self.drive(now, ClientInput::Deadline);
                }
            }
        }
        self.settle(now)
    }

    /// When to call [`step`](Self::step) with [`Input::Deadline`].
    #[must_use]
    pub fn deadline(&self) -> Option<MonoTime> {
        let batch = self.uncommitted.map(|since| since.after(UNCOMMITTED_TIME));
        let due = [self.client_deadline(), batch, self.progress_due()];
        let locks = self.followers.values().map(|one| one.keys.locks_at());
        let expiries = self.followers.values().map(|one| one.invoicing.due());
        due.into_iter().chain(locks).chain(expiries).flatten().min()
    }

    /// The highest block of the best header chain.
    #[must_use]
    pub fn tip(&self) -> Height {
        self.chain.tip().height
    }

    /// The block up to which each wallet had seen the chain at the last commit.
    #[must_use]
    pub const fn applied(&self) -> &Applied {
        &self.applied
    }

    /// Commits what waits for a batch; the last thing to do before the engine is dropped.
    ///
    /// # Errors
    /// If the disk refuses; nothing that was said is lost.
    pub fn finish(mut self) -> Result<(), StoreProblem> {
        self.commit()?;
        // What had to wait for the wallets' files.
        self.commit()
    }

    fn new(followers: BTreeMap<WalletName, Follower>, chain: Chain, seed: [u8; 32]) -> Self {
        Self {
            applied: follower::applied(&followers),
            followers,
            chain,
            effects: Vec::new(),
            committed: 0,
            asked: None,
            speaks: false,
            after_commit: VecDeque::new(),
            uncommitted: None,
            moved: false,
            last_progress: None,
            fetching: BTreeMap::new(),
            withdraws: false,
            seed,
            drawn: 0,
        }
    }

    /// Has every wallet do something, and queues what each has to say.
    fn each(&mut self, mut act: impl FnMut(&mut Follower) -> Result<(), StoreProblem>) {
        for (name, one) in &mut self.followers {
            one.attempt(&mut act);
            self.speaks |= !one.said.is_empty();
            let news = one.said.drain(..).map(|event| News { wallet: Some(name.clone()), event });
            self.effects.extend(news.map(Effect::Tell));
        }
    }

    /// Queues an event of the chain that must not leave before all that is known is durable.
    fn say(&mut self, event: Event) {
        self.speaks = true;
        self.effects.push(Effect::Tell(News { wallet: None, event }));
    }

    /// Queues an answer after what the wallets have to say. A wallet that answers that its file
    /// refuses has no more to say.
    fn reply(&mut self, id: CommandId, result: Result<Reply, CommandError>) {
        if let Err(CommandError::Store(problem)) = &result
            && let Some(one) = self.asked.as_ref().and_then(|name| self.followers.get_mut(name))
        {
            one.refuse(problem.clone());
        }
        self.each(|_| Ok(()));
        self.speaks = true;
        self.effects.push(Effect::Answer { id, result });
    }

    /// Ends a step: a commit if one is due, then what waited for it, until nothing is left.
    fn settle(&mut self, now: Now) -> Result<Vec<Effect>, StoreProblem> {
        loop {
            self.commit_if_due(now)?;
            while let Some(input) = self.next_after_commit() {
                self.drive(now, input);
                self.commit_if_due(now)?;
            }
            if !self.bring_up(now) && !self.is_refused() {
                break;
            }
        }
        if self.progress_due().is_some_and(|due| due <= now.mono) {
            let event = Event::Progress(Box::new(self.chain.status()));
            self.effects.push(Effect::Tell(News { wallet: None, event }));
            self.moved = false;
            self.last_progress = Some(now.mono);
        }
        assert!(!self.speaks, "nothing leaves a step before its commit");
        self.committed = 0;
        Ok(std::mem::take(&mut self.effects))
    }

    fn commit_if_due(&mut self, now: Now) -> Result<(), StoreProblem> {
        self.each(|one| one.review_invoices(now));
        let (mut waiting, full) =
            self.chain.followed_mut().map_or((false, false), ChainSide::stage);
        waiting |= self.followers.values().any(|one| one.wallet.is_staged() || one.is_behind());
        if waiting && self.uncommitted.is_none() {
            self.uncommitted = Some(now.mono);
        }
        let late = self.uncommitted.is_some_and(|since| since.after(UNCOMMITTED_TIME) <= now.mono);
        let owed = self.speaks || !self.after_commit.is_empty() || self.is_refused();
        if owed || full || late {
            if late {
                self.note_progress();
            }
            self.commit()?;
        }
        Ok(())
    }

    /// Makes all that is known durable, the chain first: a wallet's cursor is always on a chain
    /// that is stored. Each wallet's file is whole by itself, and none speaks of another's.
    fn commit(&mut self) -> Result<(), StoreProblem> {
        if let Some(chain) = self.chain.followed_mut() {
            chain.stage();
            chain.commit()?;
        }
        for one in self.followers.values_mut() {
            if let Some(chain) = self.chain.followed() {
                one.attempt(|one| chain.note_matched(one));
            }
            one.attempt(|one| one.wallet.commit());
        }
        self.part()?;
        self.applied = follower::applied(&self.followers);
        self.uncommitted = None;
        self.speaks = false;
        self.committed = self.effects.len();
        Ok(())
    }

    fn is_refused(&self) -> bool {
        self.followers.values().any(|one| one.refused.is_some())
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

fn follow(wallets: Vec<Opened>) -> Result<BTreeMap<WalletName, Follower>, StoreProblem> {
    let follower = |Opened { name, wallet, keys }| Ok((name, Follower::new(wallet, keys)?));
    wallets.into_iter().map(follower).collect()
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
