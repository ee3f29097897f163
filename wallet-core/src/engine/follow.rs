//! Owns what follows from one input of the light client: each output becomes an effect or a change
//! of the wallet, and the client hears of what it waits for, until it has no more to say.
//!
//! Refuses to commit and to release: that is the step's.

use std::collections::VecDeque;

use crate::command::{StoreProblem, TransactionChange};
use crate::engine::{Effect, Engine};
use crate::event::{Event, Note};
use crate::light_client::height::BlockId;
use crate::light_client::input::Input;
use crate::light_client::output::{BroadcastEvent, ChainEvent, MempoolEvent, Output};
use crate::light_client::time::Now;
use crate::wallet::{Folded, Seen};

impl Engine {
    /// Gives an input to the light client and follows what comes of it until it has no more to
    /// say.
    pub(super) fn drive(&mut self, now: Now, input: Input) -> Result<(), StoreProblem> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let Some(chain) = self.chain.followed_mut() else { return Ok(()) };
            chain.client.handle(now, input);
            inputs.extend(self.drain(now)?);
        }
        Ok(())
    }

    /// Takes all that the light client has to say; what it must hear of it comes back.
    pub(super) fn drain(&mut self, now: Now) -> Result<Vec<Input>, StoreProblem> {
        let mut answers = Vec::new();
        while let Some(output) = self.poll() {
            answers.extend(self.take(now, output)?);
        }
        Ok(answers)
    }

    fn poll(&mut self) -> Option<Output> {
        self.chain.followed_mut()?.client.poll()
    }

    /// Does one output, or queues its effect; what the light client must hear of it comes back.
    fn take(&mut self, now: Now, output: Output) -> Result<Option<Input>, StoreProblem> {
        match output {
            Output::Dial { peer, address, wire, purpose } => {
                self.effects.push(Effect::Dial { peer, address, wire, purpose });
            }
            Output::Resolve { id, name } => self.effects.push(Effect::Resolve { id, name }),
            Output::Send { peer, bytes } => self.effects.push(Effect::Send { peer, bytes }),
            Output::Close { peer, fault } => self.effects.push(Effect::Close { peer, fault }),
            Output::Job { id, job } => self.effects.push(Effect::Job { id, job }),
            Output::KeepFilters(filters) => {
                if let Some(chain) = self.chain.followed_mut() {
                    chain.on_kept(&filters);
                }
                self.effects.push(Effect::KeepFilters(filters));
            }
            Output::ReadFilters { id, filters } => {
                self.effects.push(Effect::ReadFilters { id, filters });
            }
            Output::Peer(event) => self.effects.push(Effect::Tell(Event::Peer(event))),
            Output::Broadcast(event) => self.follow_broadcast(event)?,
            Output::Clock(offset) => self.say(Event::Note(Note::ClockDiffers { offset })),
            Output::Mempool(event) => self.follow_mempool(now, &event)?,
            Output::Chain(event) => return self.follow_chain(now, event),
        }
        Ok(None)
    }

    fn follow_broadcast(&mut self, event: BroadcastEvent) -> Result<(), StoreProblem> {
        let change = match &event {
            BroadcastEvent::Sent { txid, .. } => self.wallet.mark_announced(*txid)?,
            BroadcastEvent::Echoed { .. } | BroadcastEvent::BelowFloor { .. } => None,
        };
        self.say(Event::Broadcast(event));
        self.say_changes(change);
        Ok(())
    }

    fn follow_mempool(&mut self, now: Now, event: &MempoolEvent) -> Result<(), StoreProblem> {
        let MempoolEvent::Seen { transaction, peers } = event;
        let Seen { changes, spends_ours } = self.wallet.take_seen(transaction, *peers, now.wall)?;
        self.say_changes(changes);
        if spends_ours {
            self.say(Event::Note(Note::SpentElsewhere { txid: transaction.compute_txid() }));
        }
        Ok(())
    }

    fn follow_chain(&mut self, now: Now, event: ChainEvent) -> Result<Option<Input>, StoreProblem> {
        match event {
            ChainEvent::Tip { .. } => {}
            ChainEvent::Reorganised { fork, old_tip } => {
                let changes = self.wallet.roll_back(fork)?;
                self.roll_back_sweep(fork.height);
                self.say(Event::Reorganised { fork, old_tip });
                self.say_changes(changes);
            }
            ChainEvent::Block { at, time, block } => {
                let mut folded = self.wallet.apply_block(at, time, &block)?;
                self.sweep_block(at.height, &block, &mut folded);
                let Folded { grown, found, changes, relevant } = folded;
                self.say_changes(changes);
                let since = self.wallet.search_start(&grown)?;
                return Ok(Some(Input::Folded { block: at.hash, grown, since, found, relevant }));
            }
            ChainEvent::Scanned { cursor, time } => {
                let changes = self.wallet.advance(cursor, time)?;
                self.changed |= self.wallet.has_grown();
                self.say_changes(changes);
            }
            ChainEvent::Synced { tip } => self.follow_tip(now, tip)?,
        }
        Ok(None)
    }

    /// While a search goes on, scripts that the light client was not told of yet are searched for
    /// too, and accounts whose turn has come; it reaches the tip again after that.
    fn follow_tip(&mut self, now: Now, tip: BlockId) -> Result<(), StoreProblem> {
        let grown = self.wallet.has_grown() && self.wallet.is_searching()?;
        if grown || self.wallet.begin_next_turn()? {
            self.changed = true;
            return Ok(());
        }
        if self.watch_grown_of_sweep() {
            return Ok(());
        }
        let searched = self.wallet.end_search(tip, now.wall)?;
        let expired = self.wallet.expire_seen(now.wall)?;
        self.say_changes(expired);
        self.changed = true;
        let status = Box::new(self.status()?);
        self.say(Event::Synced { tip, status, searched });
        Ok(())
    }

    pub(super) fn say_changes(&mut self, changes: impl IntoIterator<Item = TransactionChange>) {
        for change in changes {
            self.changed = true;
            self.say(Event::Transaction(change));
        }
        for (coin, amount) in self.wallet.take_frozen_dust() {
            self.say(Event::Note(Note::DustFrozen { coin, amount }));
        }
    }
}
