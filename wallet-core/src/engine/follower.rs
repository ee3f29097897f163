//! Owns one wallet as the engine runs it: with its keys, a search for the coins of other keys, how
//! far it has followed the chain, and what is to be said of it.
//!
//! Refuses to commit, and to know the other wallets.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{Amount, Block, OutPoint, Txid};

use crate::command::{Authority, Happened, StoreProblem, TransactionChange};
use crate::event::{Event, Note};
use crate::finality::ChainEnd;
use crate::light_client::height::BlockId;
use crate::light_client::input::{Input, ScanStart};
use crate::light_client::status::Status;
use crate::light_client::time::{Now, WallTime};
use crate::signers::key_layer::KeyLayer;
use crate::sweep::Sweep;
use crate::wallet::{Folded, Growth, MovedCoins, Seen, Wallet, WatchList};
use crate::wallet_name::WalletName;

use super::course::Course;
use super::invoicing::Invoicing;

/// The block up to which each wallet has seen the chain; `None` before the first.
pub type Applied = BTreeMap<WalletName, Option<BlockId>>;

/// A wallet with all that belongs to it.
pub(super) struct Follower {
    pub(super) wallet: Wallet,
    pub(super) keys: KeyLayer,
    /// A search for the coins of other keys.
    pub(super) sweep: Option<Sweep>,
    pub(super) course: Course,
    /// Whether what it was matched against was compared with what the light client has.
    pub(super) compared: bool,
    /// Every block up to here was applied when it came; a rescan does not lower it.
    pub(super) applied: Option<BlockId>,
    /// What was told of all wallets when it was loaded beside them: that does not go back for it.
    pub(super) told: Option<BlockId>,
    /// Whether it may have other transactions to announce, or other scripts to watch.
    pub(super) changed: bool,
    /// Own transactions that the light client was given.
    pub(super) announcing: BTreeSet<Txid>,
    /// Whether the light client was told which coins to watch, and so hears of changes.
    told_coins: bool,
    /// The tip at which it was said to be synced.
    synced_at: Option<BlockId>,
    /// On whose behalf the command is that it is at.
    pub(super) by: Option<Authority>,
    /// Which invoices are to be looked at again.
    pub(super) invoicing: Invoicing,
    /// What its payment takes from the wallet.
    pub(super) spent: Option<Amount>,
    /// To be said, in this order.
    pub(super) said: Vec<Event>,
    /// What its file refused. It takes part in nothing more, and is closed by the next commit.
    pub(super) refused: Option<StoreProblem>,
}

impl Follower {
    pub(super) fn new(mut wallet: Wallet, keys: KeyLayer) -> Result<Self, StoreProblem> {
        wallet.cut_signings_off()?;
        let applied = wallet.cursor()?;
        Ok(Self {
            applied,
            told: None,
            wallet,
            keys,
            sweep: None,
            course: Course::Level,
            compared: false,
            changed: false,
            announcing: BTreeSet::new(),
            told_coins: false,
            synced_at: None,
            by: None,
            invoicing: Invoicing::new(applied),
            spent: None,
            said: Vec::new(),
            refused: None,
        })
    }

    /// Has it do something, unless its file refused before; nothing comes of it if that refuses.
    pub(super) fn attempt<T: Default>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, StoreProblem>,
    ) -> T {
        if self.refused.is_some() {
            return T::default();
        }
        act(self).unwrap_or_else(|problem| {
            self.refuse(problem);
            T::default()
        })
    }

    /// Its file refused, so nothing of this step is said of it.
    pub(super) fn refuse(&mut self, problem: StoreProblem) {
        self.said.clear();
        self.refused.get_or_insert(problem);
    }

    pub(super) fn say(&mut self, event: Event) {
        self.said.push(event);
    }

    /// Says what changed, which stands in the journal with the same commit.
    pub(super) fn say_changes(
        &mut self,
        changes: impl IntoIterator<Item = TransactionChange>,
    ) -> Result<(), StoreProblem> {
        for change in changes {
            self.changed = true;
            let TransactionChange { txid, net, state, left, .. } = change;
            self.wallet.journal(&Happened::Transaction { txid, net, state, left })?;
            self.invoicing.touch(txid);
            self.say(Event::Transaction(change));
        }
        for (coin, amount) in self.wallet.take_frozen_dust() {
            self.say(Event::Note(Note::DustFrozen { coin, amount }));
        }
        Ok(())
    }

    /// Writes how far the invoices are by now, and says what changed.
    pub(super) fn review_invoices(&mut self, now: Now) -> Result<(), StoreProblem> {
        for change in self.invoicing.review(&mut self.wallet, self.applied, now)? {
            self.say(Event::Invoice(change));
        }
        Ok(())
    }

    pub(super) fn lock(&mut self) {
        if self.keys.lock() {
            self.say(Event::Locked);
        }
    }

    pub(super) fn lock_if_idle(&mut self, now: Now) {
        if self.keys.lock_if_idle(now) {
            self.say(Event::Locked);
        }
    }

    /// All that is to be watched, for a light client that does not know it, or not from there on;
    /// `since`: blocks that it has passed are to be looked at for it too.
    pub(super) fn watches(&mut self, since: Option<ScanStart>) -> Result<Vec<Input>, StoreProblem> {
        let WatchList { searched, unsearched } = self.wallet.watch_list()?;
        let mut inputs = vec![Input::Watch { scripts: searched, since }];
        inputs.extend(unsearched.into_iter().map(|growth| watch(growth, since)));
        if let Some(sweep) = &mut self.sweep {
            sweep.take_grown();
            inputs.push(Input::Watch { scripts: sweep.scripts(), since: Some(sweep.since()) });
        }
        self.changed = true;
        Ok(inputs)
    }

    /// What the light client is to watch since the last time.
    pub(super) fn new_watches(&mut self) -> Result<Vec<Input>, StoreProblem> {
        let behind = self.behind_since()?;
        let grown = self.wallet.take_grown()?;
        Ok(grown.into_iter().map(|growth| watch(growth, behind)).collect())
    }

    /// The same of the coins of other keys; whether there are any.
    pub(super) fn new_sweep_watches(&mut self) -> Option<Input> {
        let sweep = self.sweep.as_mut()?;
        let (scripts, since) = (sweep.take_grown(), Some(sweep.since()));
        (!scripts.is_empty()).then_some(Input::Watch { scripts, since })
    }

    /// What the light client must hear so that it watches exactly the wallet's coins.
    pub(super) fn coin_watches(&mut self) -> Result<MovedCoins, StoreProblem> {
        let known = std::mem::replace(&mut self.told_coins, true);
        if known {
            return self.wallet.take_moved_coins();
        }
        Ok(MovedCoins { coins: self.wallet.coins_to_watch()?, gone: Vec::new() })
    }

    /// All that the light client was told to watch in the mempool.
    pub(super) fn watched_coins(&mut self) -> Result<Vec<OutPoint>, StoreProblem> {
        if self.told_coins { self.wallet.coins_to_watch() } else { Ok(Vec::new()) }
    }

    /// A new light client knows nothing.
    pub(super) fn forget_client(&mut self) {
        self.announcing.clear();
        self.compared = false;
        self.told_coins = false;
        self.synced_at = None;
    }

    pub(super) fn roll_back(&mut self, fork: BlockId) -> Result<(), StoreProblem> {
        if self.wallet.cursor()?.is_some_and(|cursor| cursor.height > fork.height) {
            self.wallet.journal(&Happened::Reorganised { fork })?;
        }
        let changes = self.wallet.roll_back(fork)?;
        if let Some(sweep) = &mut self.sweep {
            sweep.roll_back(fork.height);
        }
        for block in self.applied.iter_mut().chain(&mut self.told) {
            *block = if block.height > fork.height { fork } else { *block };
        }
        self.say_changes(changes)?;
        Ok(())
    }

    /// Folds a block. Returns what it brought, and since when the scripts may have been paid by
    /// which the watch list grew.
    pub(super) fn fold(
        &mut self,
        at: BlockId,
        time: WallTime,
        block: &Block,
    ) -> Result<(Folded, Option<ScanStart>), StoreProblem> {
        let mut folded = self.wallet.apply_block(at, time, block)?;
        if let Some(sweep) = &mut self.sweep {
            let found = sweep.apply_block(at.height, block);
            folded.relevant |= !found.is_empty();
            folded.found.extend(found);
        }
        self.say_changes(std::mem::take(&mut folded.changes))?;
        let since = self.wallet.search_start(&folded.grown)?;
        let since = match self.course {
            Course::Level => since,
            // Blocks come in any order: those above were perhaps looked at already.
            Course::Behind { .. } => since.or(Some(ScanStart::Height(at.height))),
        };
        Ok((folded, since))
    }

    /// The scan has passed every block up to `cursor`.
    pub(super) fn advance(&mut self, cursor: BlockId, time: WallTime) -> Result<(), StoreProblem> {
        let own = self.wallet.cursor()?;
        match self.course {
            Course::Level => self.reach(cursor, time)?,
            // The scan went back below it.
            Course::Behind { .. } if own.is_some_and(|own| own.height > cursor.height) => {
                self.reach(cursor, time)?;
            }
            Course::Behind { rescans: true, .. } => self.note_applied(cursor),
            Course::Behind { rescans: false, .. } => {}
        }
        Ok(())
    }

    /// Every block up to `cursor` was looked at for this wallet.
    pub(super) fn reach(&mut self, cursor: BlockId, time: WallTime) -> Result<(), StoreProblem> {
        let changes = self.wallet.advance(cursor, time)?;
        self.note_applied(cursor);
        self.changed |= self.wallet.has_grown();
        self.say_changes(changes)?;
        Ok(())
    }

    /// The best chain ends there: what waits for a height or a time is looked at again.
    pub(super) fn meet_end(&mut self, tip: BlockId, end: ChainEnd) -> Result<(), StoreProblem> {
        self.wallet.set_end(tip, end);
        self.changed |= self.wallet.look_at_locks()?;
        Ok(())
    }

    /// Whether the block at `reached` is above the wallet's cursor, or not below its start.
    pub(super) fn is_below(&self, reached: BlockId, time: WallTime) -> Result<bool, StoreProblem> {
        if let Some(cursor) = self.wallet.cursor()? {
            return Ok(cursor.height < reached.height);
        }
        Ok(match self.wallet.scan_start()? {
            ScanStart::Height(first) => first <= reached.height,
            ScanStart::Time(birthday) => birthday <= time,
        })
    }

    /// The light client is at the tip, and nothing is left to look at for this wallet that it
    /// knows of. While a search goes on, scripts that it was not told of yet are searched for too,
    /// and accounts whose turn has come; it reaches the tip again after that.
    pub(super) fn arrive(
        &mut self,
        tip: BlockId,
        now: Now,
        status: Status,
    ) -> Result<Option<Input>, StoreProblem> {
        let grown = self.wallet.has_grown() && self.wallet.is_searching()?;
        if grown || self.wallet.begin_next_turn()? {
            self.changed = true;
            return Ok(None);
        }
        let more = self.new_sweep_watches();
        if more.is_some() {
            return Ok(more);
        }
        let operation = self.wallet.running_operation()?;
        let searched = self.wallet.end_search(tip, now.wall)?;
        let expired = self.wallet.expire_seen(now.wall)?;
        self.say_changes(expired)?;
        self.changed = true;
        self.synced_at = Some(tip);
        if let Some(ended) = operation.filter(|_| searched) {
            self.say(Event::Operation(ended.id));
        }
        // Others may be behind.
        let status = Box::new(Status { cursor: self.wallet.cursor()?, synced: true, ..status });
        self.say(Event::Synced { tip, status, searched });
        Ok(None)
    }

    /// Whether it was said to be synced at this tip, and waits for nothing since.
    pub(super) fn is_synced_at(&self, tip: BlockId) -> Result<bool, StoreProblem> {
        let is_free = self.course == Course::Level && self.sweep.is_none();
        Ok(is_free && self.synced_at == Some(tip) && !self.wallet.is_searching()?)
    }

    /// Whether the wallet waits for nothing, and was not said to be at this tip.
    pub(super) fn may_arrive(&self, tip: BlockId) -> Result<bool, StoreProblem> {
        let is_free = self.course == Course::Level && self.sweep.is_none();
        let is_new = self.synced_at != Some(tip);
        Ok(is_free && is_new && !self.wallet.is_searching()?)
    }

    pub(super) fn take_seen(
        &mut self,
        transaction: &bitcoin::Transaction,
        peers: u32,
        now: Now,
    ) -> Result<(), StoreProblem> {
        let Seen { changes, spends_ours } = self.wallet.take_seen(transaction, peers, now.wall)?;
        self.say_changes(changes)?;
        if spends_ours {
            self.say(Event::Note(Note::SpentElsewhere { txid: transaction.compute_txid() }));
        }
        Ok(())
    }

    pub(super) fn is_behind(&self) -> bool {
        self.course != Course::Level
    }

    /// Whether it is behind, and the light client looks at blocks for it.
    pub(super) fn is_told_behind(&self) -> bool {
        matches!(self.course, Course::Behind { told: true, .. })
    }

    /// The light client has heard all that it was to be told.
    pub(super) fn note_told(&mut self) {
        if let Course::Behind { told, .. } = &mut self.course {
            *told = true;
        }
    }

    fn note_applied(&mut self, cursor: BlockId) {
        if self.applied.is_none_or(|applied| applied.height < cursor.height) {
            self.applied = Some(cursor);
        }
    }

    /// Since when blocks are to be looked at for a wallet that is behind.
    pub(super) fn behind_since(&self) -> Result<Option<ScanStart>, StoreProblem> {
        match self.course {
            Course::Level => Ok(None),
            Course::Behind { .. } => self.wallet.scan_start().map(Some),
        }
    }
}

/// Up to which block each of these has seen the chain.
pub(super) fn applied(followers: &BTreeMap<WalletName, Follower>) -> Applied {
    followers.iter().map(|(name, one)| (name.clone(), one.applied)).collect()
}

fn watch(Growth { scripts, since }: Growth, behind: Option<ScanStart>) -> Input {
    Input::Watch { scripts, since: since.or(behind) }
}
