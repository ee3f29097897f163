//! Owns how wallets join the chain's scan and leave it: who leads, who is behind, and how one that
//! is behind is brought up.
//!
//! The scan stands at the highest cursor of the wallets. For a wallet whose cursor is lower, what
//! lies between is looked at as in a search for old payments, while the scan goes on for the
//! others. Its cursor follows as far as nothing is left to be looked at below, so a process that
//! dies goes on from there. Refuses a cursor that says more than was looked at.

use bitcoin::ScriptBuf;

use crate::command::{CommandError, Reply};
use crate::engine::chain_side::{held_by_none, watch_coins};
use crate::engine::course::Course;
use crate::engine::follower::Follower;
use crate::engine::{Effect, Engine, Opened};
use crate::light_client::height::BlockId;
use crate::light_client::input::{Input, ScanStart};
use crate::light_client::time::{Now, WallTime};
use crate::wallet_name::WalletName;

impl Engine {
    /// What a new light client must hear before anything else.
    pub(super) fn introduce(&mut self, now: Now) {
        let first = self.drain(now);
        self.after_commit = first.into();
        self.fetch_again();
        self.begin_scan();
    }

    /// A wallet joins the others.
    pub(super) fn load(&mut self, now: Now, opened: Opened) -> Result<Reply, CommandError> {
        let Opened { name, wallet, keys } = opened;
        if self.followers.contains_key(&name) {
            return Err(CommandError::Loaded(name));
        }
        let mut one = Follower::new(wallet, keys)?;
        one.course = Course::Behind { told: false, rescans: false };
        one.told = self.seen_by_all();
        self.followers.insert(name.clone(), one);
        let seed = self.entropy();
        let Some(chain) = self.chain.followed_mut() else { return Ok(Reply::Done) };
        let lowered = chain.lower(&mut self.followers, None, seed, now);
        let Some(one) = self.followers.get_mut(&name) else { return Ok(Reply::Done) };
        let standing = one.settle_standing(&chain.client);
        if standing.is_err() {
            self.followers.remove(&name);
        }
        if lowered {
            self.effects.push(Effect::Restart);
            self.introduce(now);
        } else if self.leads(&name) {
            self.begin_scan();
        } else {
            self.join(&name, false);
        }
        standing.map(|()| Reply::Done).map_err(CommandError::from)
    }

    /// The block up to which every wallet has seen the chain, the tip without wallets; `None` before the first. It never
    /// goes back for a wallet that comes later and catches up.
    pub(super) fn seen_by_all(&self) -> Option<BlockId> {
        if self.followers.is_empty() {
            return Some(self.chain.tip());
        }
        let height = |block: &Option<BlockId>| block.map(|block| block.height);
        // What was told may have left the chain before any wallet came to it.
        let stands = |block: &BlockId| {
            let chain = self.chain.followed();
            chain.is_none_or(|chain| chain.client.block_at(block.height) == Some(*block))
        };
        let told = |one: &Follower| {
            [one.told.filter(stands), one.applied].into_iter().max_by_key(height).flatten()
        };
        self.followers.values().map(told).min_by_key(height).flatten()
    }

    /// Has a wallet looked for from its cursor on, beside the scan that goes on for the others.
    pub(super) fn join(&mut self, name: &WalletName, rescans: bool) {
        if let Some(one) = self.followers.get_mut(name) {
            one.course = Course::Behind { told: false, rescans };
            let watches = one.attempt(|one| {
                let since = one.wallet.scan_start()?;
                one.watches(Some(since))
            });
            self.after_commit.extend(watches);
        }
    }

    /// A wallet is closed. The light client forgets what it alone had.
    pub(super) fn unload(&mut self, name: &WalletName) -> Result<Reply, CommandError> {
        if !self.followers.contains_key(name) {
            return Err(CommandError::NotLoaded(name.clone()));
        }
        self.commit()?;
        // That commit may have closed it, because its file refused.
        let gone = self.followers.remove(name);
        self.forget(gone.ok_or_else(|| CommandError::NotLoaded(name.clone()))?);
        Ok(Reply::Done)
    }

    /// Has the light client forget what this wallet alone had.
    pub(super) fn forget(&mut self, mut gone: Follower) {
        let others = || self.followers.values();
        let only = |script: &ScriptBuf| others().all(|one| !one.wallet.watches(script));
        let scripts = gone.wallet.scripts().filter(|script| only(script)).cloned().collect();
        // What a file that refuses does not tell is watched on, for nobody.
        let coins = gone.watched_coins().unwrap_or_default();
        let coins = held_by_none(coins, &mut self.followers);
        self.after_commit.push_back(Input::Unwatch { scripts });
        self.after_commit.push_back(Input::WatchCoins { coins: Vec::new(), gone: coins });
        // What the others announce is told anew, and what is not among it is withdrawn.
        self.followers.values_mut().for_each(|one| one.changed = true);
        self.withdraws = true;
    }

    /// What the light client may hear now that all is durable: scripts that were issued, own
    /// transactions that no block holds, and those that need no announcement any more.
    pub(super) fn next_after_commit(&mut self) -> Option<Input> {
        let Some(chain) = self.chain.followed_mut() else {
            self.after_commit.clear();
            return None;
        };
        let changed = self.followers.values().any(|one| one.changed);
        if changed || std::mem::take(&mut self.withdraws) {
            for one in self.followers.values_mut().filter(|one| one.changed) {
                self.after_commit.extend(one.attempt(Follower::new_watches));
            }
            // A wallet that is behind does not keep the others from watching theirs.
            let several = self.followers.len() > 1;
            if chain.client.status().synced || (several && chain.client.is_at_tip()) {
                self.after_commit.extend(watch_coins(&mut self.followers));
            }
            self.after_commit.extend(chain.announcements(&mut self.followers));
            self.followers.values_mut().for_each(|one| one.changed = false);
        }
        let next = self.after_commit.pop_front();
        if next.is_none() {
            self.followers.values_mut().for_each(Follower::note_told);
        }
        next
    }

    /// Brings up wallets that wait for nothing more: those that were behind are level with the
    /// scan, and those that are level at the tip are synced, though others are not. Whether
    /// anything came of it.
    pub(super) fn bring_up(&mut self, now: Now) -> bool {
        if self.followers.len() < 2 && !self.followers.values().any(Follower::is_behind) {
            return false;
        }
        let mut moved = self.catch_up();
        moved |= self.compare_late();
        let Some(chain) = self.chain.followed() else { return false };
        if chain.client.is_at_tip() {
            let (tip, status) = (chain.client.tip(), chain.client.status());
            let (end, mut more) = (self.chain.end(), Vec::new());
            self.each(|one| {
                if one.may_arrive(tip)? {
                    moved = true;
                    one.meet_end(tip, end)?;
                    more.extend(one.arrive(tip, now, status.clone())?);
                }
                Ok(())
            });
            self.after_commit.extend(more);
        }
        moved
    }

    /// Wallets that were behind are level with the scan once nothing is left to be looked at below
    /// its cursor; whether there were any.
    pub(super) fn catch_up(&mut self) -> bool {
        let Some((cursor, time, owed)) = self.looked_at() else { return false };
        if owed {
            return false;
        }
        let mut moved = false;
        self.each(|one| {
            if one.is_told_behind() {
                moved = true;
                one.course = Course::Level;
                one.reach(cursor, time)?;
            }
            Ok(())
        });
        moved
    }

    /// Wallets of which it was not known, when the light client began, whether they were matched against the
    /// filters that it has: at the tip it has all. Whether there were any that were not.
    pub(super) fn compare_late(&mut self) -> bool {
        let Some(chain) = self.chain.followed().filter(|chain| chain.client.is_at_tip()) else {
            return false;
        };
        let mut behind = Vec::new();
        for (name, one) in self.followers.iter_mut().filter(|(_, one)| !one.is_behind()) {
            if one.attempt(|one| one.compare(&chain.client)) {
                behind.push(name.clone());
            }
        }
        for name in &behind {
            self.join(name, true);
        }
        !behind.is_empty()
    }

    /// The cursors of wallets that are behind follow as far as everything was looked at.
    pub(super) fn note_progress(&mut self) {
        let Some((reached, time, _)) = self.looked_at() else { return };
        self.each(|one| {
            if one.is_told_behind() && one.is_below(reached, time)? {
                one.reach(reached, time)?;
            }
            Ok(())
        });
    }

    /// Up to which block everything was looked at, its time, and whether something is left between
    /// it and the scan's cursor.
    fn looked_at(&self) -> Option<(BlockId, WallTime, bool)> {
        if !self.followers.values().any(Follower::is_told_behind) {
            return None;
        }
        let client = &self.chain.followed()?.client;
        let cursor = client.scan_cursor()?;
        let owed = client.owed_from().filter(|owed| *owed <= cursor.height);
        let height = owed.map_or(cursor.height, |owed| owed.down(1));
        Some((client.block_at(height)?, client.time_at(height)?, owed.is_some()))
    }

    /// Has the scan begin where the wallet is that has come furthest; the others catch up.
    fn begin_scan(&mut self) {
        let Some(chain) = self.chain.followed_mut() else { return };
        let Some(start) = furthest(self.followers.values_mut()) else { return };
        let again = std::mem::replace(&mut chain.scans, true);
        self.after_commit.push_back(Input::ScanFrom(start));
        for one in self.followers.values_mut() {
            let rescans = matches!(one.course, Course::Behind { rescans: true, .. });
            let watches = one.attempt(|one| {
                let own = one.wallet.scan_start()?;
                let level = own == start;
                one.course =
                    if level { Course::Level } else { Course::Behind { told: false, rescans } };
                // A light client that was at the tip says so again only if it was to look for
                // something.
                one.watches((again || !level).then_some(own))
            });
            self.after_commit.extend(watches);
        }
    }

    /// Whether a wallet's cursor is above the scan's, or the scan has not begun.
    fn leads(&mut self, name: &WalletName) -> bool {
        let Some(chain) = self.chain.followed().filter(|chain| chain.scans) else {
            return true;
        };
        let mut reached = chain.client.scan_cursor().map(|cursor| cursor.height);
        let looks = reached.is_none();
        let mut own = None;
        for (other, one) in &mut self.followers {
            let cursor = one.attempt(|one| one.wallet.cursor()).map(|cursor| cursor.height);
            if other == name {
                own = cursor;
            } else if looks {
                reached = reached.max(cursor);
            }
        }
        own > reached
    }
}

/// Where the wallet's scan goes on whose cursor is the highest; that of the first, if none has any.
fn furthest<'a>(wallets: impl Iterator<Item = &'a mut Follower>) -> Option<ScanStart> {
    let mut furthest: Option<(Option<BlockId>, ScanStart)> = None;
    for one in wallets {
        let reach = |one: &mut Follower| Ok(Some((one.wallet.cursor()?, one.wallet.scan_start()?)));
        let Some((cursor, start)) = one.attempt(reach) else { continue };
        if furthest.is_none_or(|(known, _)| cursor.map(|c| c.height) > known.map(|c| c.height)) {
            furthest = Some((cursor, start));
        }
    }
    furthest.map(|(_, start)| start)
}
