//! Owns what the wallet makes of transactions that no block holds and that it did not sign: taken
//! in when peers announce them, in the place of others, dropped when nobody speaks of them any more.
//!
//! Nothing here is proven: whoever knows an address can make up a payment to it. So it is told by
//! how many peers it was announced, it is never chosen to pay with, and there is a bound on how
//! many there are. Refuses what spends the wallet's coins without a signature of its keys, and what
//! spends something that a block spent already.

use std::collections::BTreeSet;

use bitcoin::secp256k1::{Secp256k1, VerifyOnly};
use bitcoin::sighash::Prevouts;
use bitcoin::{OutPoint, Transaction, TxOut, Txid};
use miniscript::interpreter::Interpreter;

use crate::command::{StoreProblem, TransactionChange};
use crate::light_client::time::WallTime;
use crate::limits::{MAX_UNCONFIRMED, MOST_WEIGHT, UNCONFIRMED_LIFETIME};
use crate::store::wallet::{Origin, Unconfirmed};

use super::Wallet;
use super::fold::Step;
use super::graph::inputs;
use super::rivals::spoken_of;

/// What a transaction brought that peers announced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// What appeared or changed.
    pub changes: Vec<TransactionChange>,
    /// Whether it is new, spends coins of this wallet and was not signed by it: by another wallet
    /// with the same keys.
    pub spends_ours: bool,
}

impl Wallet {
    /// So many peers announced a transaction that no block holds.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Wallet::abort).
    pub fn take_seen(
        &mut self,
        transaction: &Transaction,
        peers: u32,
        now: WallTime,
    ) -> Result<Seen, StoreProblem> {
        let standard = !transaction.is_coinbase() && transaction.weight() <= MOST_WEIGHT;
        let distinct: BTreeSet<OutPoint> = inputs(transaction).collect();
        if !standard || distinct.len() != transaction.input.len() || !self.concerns(transaction) {
            return Ok(Seen::default());
        }
        if self.file.transaction(transaction.compute_txid())?.is_some() {
            let changes = self.hear(transaction, peers, now)?;
            return Ok(Seen { changes, spends_ours: false });
        }
        let spent = self.spent_by(transaction)?;
        let spends_ours = spent.iter().any(Option::is_some);
        if !signatures_hold(transaction, &spent) {
            return Ok(Seen::default());
        }
        let changes = self.hear(transaction, peers, now)?;
        Ok(Seen { spends_ours: spends_ours && !changes.is_empty(), changes })
    }

    /// The same without a look at signatures.
    pub(super) fn hear(
        &mut self,
        transaction: &Transaction,
        peers: u32,
        now: WallTime,
    ) -> Result<Vec<TransactionChange>, StoreProblem> {
        let txid = transaction.compute_txid();
        let known = self.file.transaction(txid)?;
        if known.as_ref().is_some_and(|row| row.placement.is_some()) {
            return Ok(Vec::new());
        }
        let rivals = self.rivals(txid, transaction)?;
        if rivals.iter().any(|rival| rival.placement.is_some()) {
            return Ok(Vec::new());
        }
        // Whoever tells of a made-up rival can't take a payment off the list by it, as long as more
        // peers know the payment.
        // Nor does a payment come back that was replaced here: its replacement pays more.
        let prevails =
            rivals.iter().all(|rival| rival.seen_by <= peers) && !self.is_replaced_here(txid)?;
        let mut step = Step::default();
        if known.is_none() {
            if !prevails || !self.make_room(&mut step, transaction, peers)? {
                return Ok(Vec::new());
            }
            step.touch(&self.file, txid)?;
            self.absorb(&mut step, txid, transaction, Origin::Seen(now))?;
        }
        step.touch(&self.file, txid)?;
        if known.as_ref().is_some_and(|row| !row.announced) {
            self.file.set_announced(txid)?;
        }
        let seen = known.map_or(now, |row| spoken_of(&row, &rivals, now));
        self.file.set_seen(txid, peers, prevails.then_some(seen))?;
        self.settle(step)
    }

    /// Drops strangers' transactions of which nobody spoke for [`UNCONFIRMED_LIFETIME`], and those
    /// that a reorganisation took out of their block that long ago. What the wallet built on stays
    /// known.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Wallet::abort).
    pub fn expire_seen(&mut self, now: WallTime) -> Result<Vec<TransactionChange>, StoreProblem> {
        let last = now.to_unix().saturating_sub(UNCONFIRMED_LIFETIME.as_secs());
        let left = self.file.left_before(WallTime::new(last))?;
        if !self.file.all_left_are_noted()? {
            self.file.note_left(now)?;
        }
        let silent: Vec<Txid> = self
            .file
            .unconfirmed()?
            .into_iter()
            .filter(|entry| entry.seen.is_none_or(|seen| seen.to_unix() < last))
            .map(|entry| entry.txid)
            .chain(left)
            .collect();
        let mut changes = Vec::new();
        for txid in silent {
            changes.extend(self.evict(txid)?);
        }
        Ok(changes)
    }

    /// The output that each input spends, where it is the wallet's.
    fn spent_by(&self, transaction: &Transaction) -> Result<Vec<Option<TxOut>>, StoreProblem> {
        inputs(transaction)
            .map(|spent| match self.file.output_amount(spent)? {
                Some(_) => {
                    let parent = self.file.transaction(spent.txid)?;
                    let vout = usize::try_from(spent.vout).unwrap_or(usize::MAX);
                    Ok(parent.and_then(|row| row.transaction.output.get(vout).cloned()))
                }
                None => Ok(None),
            })
            .collect()
    }

    /// Makes room for one more stranger's transaction; whether there is. The one that goes is one
    /// of those that the fewest peers announced, the newest of them.
    fn make_room(
        &mut self,
        step: &mut Step,
        transaction: &Transaction,
        peers: u32,
    ) -> Result<bool, StoreProblem> {
        let entries = self.file.unconfirmed()?;
        if entries.len() < MAX_UNCONFIRMED {
            return Ok(true);
        }
        // The file gives them oldest first, and the last of equal ones is the one to go.
        let least = entries.iter().rev().min_by_key(|entry: &&Unconfirmed| entry.seen_by);
        let Some(least) = least.filter(|least| least.seen_by < peers) else { return Ok(false) };
        if inputs(transaction).any(|spent| spent.txid == least.txid) {
            return Ok(false);
        }
        let txid = least.txid;
        let changes = self.evict(txid)?;
        step.say_first(changes);
        Ok(true)
    }

    /// Stops counting a transaction, and forgets it if nothing stands on it.
    pub(super) fn evict(&mut self, txid: Txid) -> Result<Vec<TransactionChange>, StoreProblem> {
        let mut step = Step::default();
        step.touch(&self.file, txid)?;
        self.file.unsee(txid)?;
        let changes = self.settle(step)?;
        self.bury(txid)?;
        Ok(changes)
    }

    /// Forgets a transaction that counts no more, if nothing stands on it.
    pub(super) fn bury(&mut self, txid: Txid) -> Result<(), StoreProblem> {
        let row = self.file.transaction(txid)?;
        let dead = row.filter(|row| !row.canonical && row.left.is_none());
        if let Some(row) = dead
            && self.file.forget(txid)?
        {
            for spent in inputs(&row.transaction) {
                let wanted = self.file.output_amount(spent)?.is_some();
                if !wanted && self.file.spenders(spent)?.is_empty() {
                    self.interest.remove(&spent);
                }
            }
            for vout in (0..).take(row.transaction.output.len()) {
                self.interest.remove(&OutPoint::new(txid, vout));
            }
        }
        Ok(())
    }
}

/// Whether each input that spends a coin of the wallet is signed for it. Taproot's signatures
/// cover the amounts of all inputs, so where others' are among them it can't be told: then no.
fn signatures_hold(transaction: &Transaction, spent: &[Option<TxOut>]) -> bool {
    let secp = Secp256k1::verification_only();
    let all: Option<Vec<TxOut>> = spent.iter().cloned().collect();
    spent.iter().enumerate().all(|(index, output)| {
        let Some(output) = output else { return true };
        match &all {
            Some(all) => input_holds(&secp, transaction, index, output, &Prevouts::All(all)),
            None if output.script_pubkey.is_p2tr() => false,
            None => {
                let one = Prevouts::One(index, output.clone());
                input_holds(&secp, transaction, index, output, &one)
            }
        }
    })
}

fn input_holds(
    secp: &Secp256k1<VerifyOnly>,
    transaction: &Transaction,
    index: usize,
    output: &TxOut,
    prevouts: &Prevouts<'_, TxOut>,
) -> bool {
    let Some(input) = transaction.input.get(index) else { return false };
    // The wallet's taproot addresses have no scripts in them.
    if output.script_pubkey.is_p2tr() && input.witness.len() != 1 {
        return false;
    }
    let interpreter = Interpreter::from_txdata(
        &output.script_pubkey,
        &input.script_sig,
        &input.witness,
        input.sequence,
        transaction.lock_time,
    );
    interpreter.is_ok_and(|interpreter| {
        interpreter.iter(secp, transaction, index, prevouts).all(|satisfied| satisfied.is_ok())
    })
}
