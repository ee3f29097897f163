//! Owns which outpoints are watched in the mempool: the coins, and all that unconfirmed
//! transactions spend, by which replacements are noticed.
//!
//! Refuses to read every coin with each step: once all were told, only those that a step touched
//! are looked at.

use std::collections::BTreeSet;

use bitcoin::{OutPoint, Transaction, Txid};

use crate::command::StoreProblem;

use super::Wallet;
use super::graph::inputs;

impl Wallet {
    /// All that is to be watched now. From here on [`take_moved_coins`](Self::take_moved_coins)
    /// tells what changes.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn coins_to_watch(&mut self) -> Result<Vec<OutPoint>, StoreProblem> {
        self.moved_coins = Some(BTreeSet::new());
        self.file.coins_to_watch()
    }

    /// What to watch and what to watch no longer, of all that was touched since the last take;
    /// more than what really changed. Nothing before [`coins_to_watch`](Self::coins_to_watch).
    ///
    /// # Errors
    /// What the disk refused.
    pub fn take_moved_coins(&mut self) -> Result<MovedCoins, StoreProblem> {
        let mut moved = MovedCoins::default();
        let touched = self.moved_coins.as_mut().map(std::mem::take).unwrap_or_default();
        for outpoint in touched {
            let watched = self.file.is_to_watch(outpoint)?;
            if watched { &mut moved.coins } else { &mut moved.gone }.push(outpoint);
        }
        Ok(moved)
    }

    /// Whether an outpoint is to be watched.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn is_to_watch(&self, outpoint: OutPoint) -> Result<bool, StoreProblem> {
        self.file.is_to_watch(outpoint)
    }

    /// A transaction may count or be placed otherwise than before.
    pub(super) fn touch_coins(&mut self, txid: Txid, transaction: &Transaction) {
        let Some(moved) = &mut self.moved_coins else { return };
        moved.extend(inputs(transaction));
        let outputs = (0..).zip(&transaction.output);
        let own = outputs.filter(|(_, output)| self.scripts.contains_key(&output.script_pubkey));
        moved.extend(own.map(|(vout, _)| OutPoint::new(txid, vout)));
    }
}

/// How what is watched in the mempool changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MovedCoins {
    /// To be watched from here on.
    pub coins: Vec<OutPoint>,
    /// To be watched no longer.
    pub gone: Vec<OutPoint>,
}
