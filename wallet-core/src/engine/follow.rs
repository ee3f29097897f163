//! Owns what follows from one input of the light client: each output becomes an effect or a change
//! of the wallets, and the client hears of what it waits for, until it has no more to say.
//!
//! Refuses to commit and to release: that is the step's.

use std::collections::VecDeque;

use bitcoin::Block;

use crate::engine::{Effect, Engine};
use crate::event::{Event, News, Note};
use crate::light_client::height::BlockId;
use crate::light_client::input::{Input, ScanStart};
use crate::light_client::io::Io;
use crate::light_client::output::{BroadcastEvent, ChainEvent, MempoolEvent, Output};
use crate::light_client::time::{Now, WallTime};
use crate::wallet::Folded;

impl Engine {
    /// Gives an input to the light client and follows what comes of it until it has no more to
    /// say.
    pub(super) fn drive(&mut self, now: Now, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let Some(chain) = self.chain.followed_mut() else { return };
            chain.client.handle(now, input);
            inputs.extend(self.drain(now));
        }
    }

    /// Takes all that the light client has to say; what it must hear of it comes back.
    pub(super) fn drain(&mut self, now: Now) -> Vec<Input> {
        let mut answers = Vec::new();
        while let Some(output) = self.poll() {
            answers.extend(self.take(now, output));
        }
        answers
    }

    fn poll(&mut self) -> Option<Output> {
        self.chain.followed_mut()?.client.poll()
    }

    /// Does one output, or queues its effect; what the light client must hear of it comes back.
    fn take(&mut self, now: Now, output: Output) -> Vec<Input> {
        match output {
            Output::Io(io) => {
                if let (Io::KeepFilters(filters), Some(chain)) = (&io, self.chain.followed_mut()) {
                    chain.on_kept(filters);
                }
                self.effects.push(Effect::Io(io));
            }
            Output::Peer(event) => {
                let news = News { wallet: None, event: Event::Peer(event) };
                self.effects.push(Effect::Tell(news));
            }
            Output::HandedOut { txid } => {
                self.each(|one| one.wallet.mark_handed_out(txid, now.wall));
                // What goes to the peer waits for the commit, as what is said does.
                self.speaks = true;
            }
            Output::Broadcast(event) => self.follow_broadcast(now, &event),
            Output::Clock(offset) => self.say(Event::Note(Note::ClockDiffers { offset })),
            Output::Mempool(MempoolEvent::Seen { transaction, peers }) => {
                self.each(|one| one.take_seen(&transaction, peers, now));
            }
            Output::Fetched { at, block } => self.hand_out_block(at, block.as_deref()),
            Output::Filters { range, filters } => {
                self.hand_out_filters(range, filters.as_ref());
            }
            Output::Chain(event) => return self.follow_chain(now, event),
        }
        Vec::new()
    }

    /// Those hear of it whose transaction it is.
    fn follow_broadcast(&mut self, now: Now, event: &BroadcastEvent) {
        let (BroadcastEvent::Sent { txid, .. }
        | BroadcastEvent::Echoed { txid, .. }
        | BroadcastEvent::BelowFloor { txid, .. }) = event;
        self.each(|one| {
            if !one.announcing.contains(txid) {
                return Ok(());
            }
            let change = match event {
                BroadcastEvent::Sent { .. } => one.wallet.mark_announced(*txid, now.wall)?,
                BroadcastEvent::Echoed { .. } | BroadcastEvent::BelowFloor { .. } => None,
            };
            one.say(Event::Broadcast(event.clone()));
            one.say_changes(change)
        });
    }

    fn follow_chain(&mut self, now: Now, event: ChainEvent) -> Vec<Input> {
        match event {
            ChainEvent::Tip { .. } => {}
            ChainEvent::Reorganised { fork, old_tip } => {
                self.say(Event::Reorganised { fork, old_tip });
                self.each(|one| one.roll_back(fork));
            }
            ChainEvent::Block { at, time, block } => return self.fold(at, time, &block),
            ChainEvent::Scanned { cursor, time } => self.each(|one| one.advance(cursor, time)),
            ChainEvent::Synced { tip } => self.follow_tip(now, tip),
        }
        Vec::new()
    }

    /// Every wallet folds the block. The light client hears of it as of one watch list: what comes
    /// before its `Folded` is watched when it goes on.
    fn fold(&mut self, at: BlockId, time: WallTime, block: &Block) -> Vec<Input> {
        let mut growths = Vec::new();
        let (mut all_found, mut any_relevant) = (Vec::new(), false);
        self.each(|one| {
            let (Folded { grown, found, relevant, .. }, since) = one.fold(at, time, block)?;
            all_found.extend(found);
            any_relevant |= relevant;
            if !grown.is_empty() {
                growths.push((grown, since));
            }
            Ok(())
        });
        let (grown, since): (_, Option<ScanStart>) = growths.pop().unwrap_or_default();
        let watch = |(scripts, since)| Input::Watch { scripts, since };
        let mut inputs: Vec<_> = growths.into_iter().map(watch).collect();
        let (found, relevant) = (all_found, any_relevant);
        inputs.push(Input::Folded { block: at.hash, grown, since, found, relevant });
        inputs
    }

    /// The light client has looked at everything that it was told of. What it was not told of yet
    /// makes it say so again.
    fn follow_tip(&mut self, now: Now, tip: BlockId) {
        self.catch_up();
        self.compare_late();
        let status = self.chain.status();
        let (end, mut more) = (self.chain.end(), Vec::new());
        self.each(|one| {
            if !one.is_behind() {
                one.meet_end(tip, end)?;
                more.extend(one.arrive(tip, now, status.clone())?);
            }
            Ok(())
        });
        self.after_commit.extend(more);
    }
}
