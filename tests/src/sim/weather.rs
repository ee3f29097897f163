//! Owns what the network does while a world lives: blocks, reorganisations, payments, nodes that go
//! and come, parts that are cut off, a machine whose clock is wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use bitcoin::{Amount, Txid};

use super::world::World;

impl World {
    /// Does one thing.
    pub(super) fn act(&mut self) {
        match self.draw.below(20) {
            0..=5 => self.mine(),
            6..=10 => self.pay_somebody(),
            11 => self.reorganise(),
            12 => self.flip_host(),
            13 => self.cut_off(),
            14 => self.part(),
            15 => self.join(),
            16 => self.skew = self.any_skew(),
            _ => {}
        }
    }

    /// From here on nothing bad begins: the honest are there, clocks are right, the disk is good, and
    /// the network is one. Vices stay.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn calm_down(&mut self) -> Result<()> {
        self.calm = true;
        self.disk.heal()?;
        self.skew = 0;
        self.cut_until = self.time;
        for host in &mut self.hosts {
            host.up = true;
        }
        self.join();
        self.spread();
        Ok(())
    }

    /// Mines a block that holds what waits.
    pub(super) fn mine_one(&mut self) {
        self.network.mine(1, self.network.faucet_script());
        self.spread();
    }

    fn mine(&mut self) {
        let count = if self.draw.once_in(5) { self.draw.between(2, 12) } else { 1 };
        let count = u32::try_from(count).unwrap_or(1);
        let to = self.network.faucet_script().to_owned();
        let apart = self.apart.as_ref().filter(|_| self.draw.once_in(3));
        apart.unwrap_or(&self.network).mine(count, &to);
    }

    fn pay_somebody(&mut self) {
        let Some(count) = self.person.addresses.len().checked_sub(1) else { return };
        let recent = usize::try_from(self.draw.below(4)).unwrap_or(0).min(count);
        let address = self.person.addresses[count - recent].script_pubkey();
        let amount = Amount::from_sat(self.draw.between(600, 900_000));
        // The faucet may have nothing left that is mature.
        let _ = self.network.pay(&address, amount);
    }

    fn reorganise(&mut self) {
        let depth =
            if self.draw.once_in(6) { self.draw.between(7, 40) } else { self.draw.between(1, 6) };
        let depth = u32::try_from(depth).unwrap_or(1).min(self.network.tip().0 - 1);
        let longer = u32::try_from(self.draw.between(1, 3)).unwrap_or(1);
        let waiting = self.recent_payments(depth);
        let dropped: Vec<Txid> = waiting.into_iter().filter(|_| self.draw.once_in(8)).collect();
        if self.network.reorg(depth, depth + longer, &dropped).is_ok() {
            self.report.reorgs += 1;
        }
    }

    /// What strangers paid in the last blocks: a reorganisation may drop it for good.
    fn recent_payments(&self, depth: u32) -> Vec<Txid> {
        let (height, _) = self.network.tip();
        let blocks =
            (height.saturating_sub(depth)..=height).filter_map(|at| self.network.block_at(at));
        let paid = blocks.flat_map(|block| block.txdata.into_iter().skip(1));
        let ours: BTreeSet<Txid> = self.person.signed().collect();
        paid.map(|tx| tx.compute_txid()).filter(|txid| !ours.contains(txid)).collect()
    }

    fn flip_host(&mut self) {
        let at = self.draw.place(self.hosts.len());
        self.hosts[at].up = !self.hosts[at].up;
        if !self.hosts[at].up {
            self.hang_up(at);
        }
    }

    /// Nothing arrives for a while, in either direction.
    fn cut_off(&mut self) {
        self.cut_until = self.time + self.draw.seconds(1, 1_800);
    }

    /// Some nodes go on with a chain of their own.
    fn part(&mut self) {
        if self.apart.is_some() {
            return;
        }
        self.apart = Some(self.network.split());
        for at in 0..self.hosts.len() {
            if self.draw.once_in(2) {
                self.hosts[at].apart = true;
                self.hang_up(at);
            }
        }
    }

    /// They come back, and the chain with more work wins.
    fn join(&mut self) {
        let Some(apart) = self.apart.take() else { return };
        let to = self.network.faucet_script().to_owned();
        let missing = (apart.tip().0 + 1).saturating_sub(self.network.tip().0);
        self.network.mine(missing, &to);
        for at in 0..self.hosts.len() {
            if self.hosts[at].apart {
                self.hosts[at].apart = false;
                self.hang_up(at);
            }
        }
    }

    fn any_skew(&mut self) -> i64 {
        let wrong = Duration::from_secs(self.draw.between(1, 400_000_000)).as_secs();
        let wrong = i64::try_from(wrong).unwrap_or(0);
        *self.draw.one_of(&[0, 0, wrong, -wrong, 90, -90, 7_000])
    }
}
