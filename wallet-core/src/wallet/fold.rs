//! Owns how the wallet follows the chain: blocks folded in, rolled back, passed; and how a
//! transaction that became known or moved settles among those it conflicts with.
//!
//! Refuses to fetch or to judge blocks: the light client did both.

use std::cell::LazyCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bitcoin::{Amount, Block, OutPoint, ScriptBuf, SignedAmount, Transaction, Txid};

use crate::command::{PaymentState, StoreProblem, TransactionChange};
use crate::light_client::chain::merkle_tree::{MerkleBranch, MerkleTree};
use crate::light_client::height::BlockId;
use crate::light_client::time::WallTime;
use crate::limits::{RECENT_CHECKPOINTS, SPARSE_CHECKPOINTS};
use crate::store::wallet::{Origin, Placement, Sums, TransactionRow, WalletFile};

use super::graph::{self, inputs};
use super::{Folded, Wallet};

impl Wallet {
    /// Folds a block of the best chain. Idempotent.
    ///
    /// A payment to a script that is watched only because of another payment in the same block is
    /// found too.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Wallet::abort).
    pub fn apply_block(
        &mut self,
        at: BlockId,
        time: WallTime,
        block: &Block,
    ) -> Result<Folded, StoreProblem> {
        let before = self.file.scan()?;
        let (scan, passed) = (before.number, before.cursor.is_some_and(|c| at.height <= c.height));
        let told = self.grown.len();
        let mut step = Step::default();
        let mut relevant = false;
        let tree = LazyCell::new(|| MerkleTree::of(block));
        loop {
            let watched = self.scripts.len();
            for (position, transaction) in (0..).zip(&block.txdata) {
                if self.concerns(transaction)
                    && let Some(branch) = tree.branch(position)
                {
                    relevant = true;
                    let place = Placement { block: at, position, time, scan };
                    self.fold(&mut step, transaction, &place, &branch)?;
                }
            }
            if self.scripts.len() == watched {
                break;
            }
        }
        let found = std::mem::take(&mut step.found);
        let grown = self.grown.split_off(told);
        if passed && !found.is_empty() {
            self.search_after(at.height, found.iter().chain(&grown))?;
        }
        let changes = self.settle(step)?;
        Ok(Folded { grown, found, changes, relevant })
    }

    /// Takes every transaction above `fork` out of its block; the cursor moves down to `fork`.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Wallet::abort).
    pub fn roll_back(&mut self, fork: BlockId) -> Result<Vec<TransactionChange>, StoreProblem> {
        let mut scan = self.file.scan()?;
        self.file.leave_chain(fork, scan.cursor)?;
        if scan.cursor.is_some_and(|cursor| cursor.height > fork.height) {
            scan.cursor = Some(fork);
            self.file.set_scan(&scan)?;
        }
        self.file.delete_checkpoints_above(Some(fork.height))?;
        let mut step = Step::default();
        for txid in self.file.placed_above(fork.height)? {
            self.displace(&mut step, txid)?;
        }
        self.settle(step)
    }

    /// Every block up to `cursor` is folded. What an earlier scan found there and this one did not
    /// find again is taken out of its block.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Wallet::abort).
    pub fn advance(
        &mut self,
        cursor: BlockId,
        time: WallTime,
    ) -> Result<Vec<TransactionChange>, StoreProblem> {
        let mut scan = self.file.scan()?;
        scan.cursor = Some(cursor);
        self.file.set_scan(&scan)?;
        self.release(&scan)?;
        self.file.insert_checkpoint(cursor, time, RECENT_CHECKPOINTS, SPARSE_CHECKPOINTS)?;
        let mut step = Step::default();
        for txid in self.file.placed_before_scan(scan.number, cursor.height)? {
            self.displace(&mut step, txid)?;
        }
        self.settle(step)
    }

    /// Takes in a transaction that was signed here, in the place of another if it replaces one.
    pub(super) fn take_signed(
        &mut self,
        transaction: &Transaction,
        replaced: Option<Txid>,
        now: WallTime,
    ) -> Result<Vec<TransactionChange>, StoreProblem> {
        let mut step = Step::default();
        let txid = transaction.compute_txid();
        step.touch(&self.file, txid)?;
        self.absorb(&mut step, txid, transaction, Origin::SignedHere(now))?;
        if let Some(replaced) = replaced {
            // It goes before all that falls with the other, however short ago that was heard of.
            let mut falling = self.descendants(replaced)?.0;
            falling.extend(self.file.transaction(replaced)?.map(|row| (replaced, row)));
            let latest = falling.values().filter_map(|row| row.seen).max().unwrap_or(now);
            let seen = now.max(latest.after(Duration::from_secs(1)));
            self.file.set_seen(txid, 0, Some(seen))?;
        }
        self.settle(step)
    }

    /// Whether a transaction pays or spends a script of the wallet, or contests one that does. No
    /// valid transaction pays more than there can be.
    pub(super) fn concerns(&self, transaction: &Transaction) -> bool {
        let touches = inputs(transaction).any(|spent| self.interest.contains(&spent))
            || transaction.output.iter().any(|o| self.scripts.contains_key(&o.script_pubkey));
        touches && total(transaction).is_some_and(|total| total <= Amount::MAX_MONEY)
    }

    fn fold(
        &mut self,
        step: &mut Step,
        transaction: &Transaction,
        place: &Placement,
        branch: &MerkleBranch,
    ) -> Result<(), StoreProblem> {
        let txid = transaction.compute_txid();
        step.touch(&self.file, txid)?;
        self.absorb(step, txid, transaction, Origin::Block(place.time))?;
        let known = self.file.transaction(txid)?;
        if known.is_some_and(|row| row.transaction != *transaction) {
            self.file.set_raw(txid, transaction)?;
        }
        // Two that conflict are never in one chain: the rival's block must have left it.
        for spent in inputs(transaction) {
            for rival in self.file.spenders(spent)?.into_iter().filter(|rival| *rival != txid) {
                if !self.file.is_unplaced(rival)? {
                    self.displace(step, rival)?;
                }
            }
        }
        self.file.place(txid, place, &branch.siblings)
    }

    /// Writes a transaction, its outputs that pay the wallet and how far the chains of addresses
    /// are used by it.
    pub(super) fn absorb(
        &mut self,
        step: &mut Step,
        txid: Txid,
        transaction: &Transaction,
        origin: Origin,
    ) -> Result<(), StoreProblem> {
        self.file.insert_transaction(txid, transaction, origin)?;
        if !matches!(origin, Origin::Block(_)) {
            self.look_at_lock(txid)?;
        }
        self.interest.extend(inputs(transaction));
        let coinbase = transaction.is_coinbase();
        for (vout, output) in (0..).zip(&transaction.output) {
            let Some(&place) = self.scripts.get(&output.script_pubkey) else { continue };
            let outpoint = OutPoint::new(txid, vout);
            let paid_before = self.file.was_used(place)?;
            if self.file.insert_output(outpoint, output.value, place, coinbase)? {
                if paid_before && self.is_dust(transaction, output.value)? {
                    self.freeze_dust(outpoint, output.value)?;
                }
                step.found.push(output.script_pubkey.clone());
                self.interest.insert(outpoint);
                for spender in self.file.spenders(outpoint)? {
                    step.touch(&self.file, spender)?;
                }
                self.note_use(place)?;
            }
        }
        Ok(())
    }

    fn displace(&mut self, step: &mut Step, txid: Txid) -> Result<(), StoreProblem> {
        step.touch(&self.file, txid)?;
        self.file.displace(txid)
    }

    /// Decides between the touched transactions and their rivals, writes what follows from it for
    /// coins and history, and says what changed.
    pub(super) fn settle(
        &mut self,
        mut step: Step,
    ) -> Result<Vec<TransactionChange>, StoreProblem> {
        let touched: BTreeSet<Txid> = step.order.iter().copied().collect();
        if touched.is_empty() {
            return Ok(Vec::new());
        }
        let rows = graph::related(&self.file, &touched)?;
        let canonical = graph::canonical(&rows);
        let (count, dead): (Vec<_>, Vec<_>) = rows
            .iter()
            .filter(|(txid, row)| {
                touched.contains(*txid) || row.canonical != canonical.contains(*txid)
            })
            .partition(|(txid, _)| canonical.contains(*txid));
        for &(&txid, _) in &dead {
            step.touch(&self.file, txid)?;
            self.file.unsettle(txid)?;
        }
        for &(&txid, row) in &count {
            step.touch(&self.file, txid)?;
            let height = row.placement.map(|placement| placement.block.height);
            self.file.settle(txid, &row.transaction, height)?;
        }
        for txid in &touched {
            if let Some(row) = rows.get(txid) {
                self.write_sums(*txid, &row.transaction)?;
            }
        }
        for (txid, row) in step.order.iter().filter_map(|txid| rows.get_key_value(txid)) {
            self.touch_coins(*txid, &row.transaction);
        }
        step.changes(&self.file)
    }

    fn write_sums(&mut self, txid: Txid, transaction: &Transaction) -> Result<(), StoreProblem> {
        let received = self.file.received(txid)?;
        let mut spent = Amount::ZERO;
        let mut known = 0;
        for input in inputs(transaction) {
            if let Some(amount) = self.file.output_amount(input)? {
                spent = spent.checked_add(amount).unwrap_or(Amount::MAX);
                known += 1;
            }
        }
        let all_known = known == transaction.input.len();
        let sums = Sums {
            ours: known > 0 || received > Amount::ZERO,
            net: signed(received) - signed(spent),
            fee: total(transaction).filter(|_| all_known).and_then(|paid| spent.checked_sub(paid)),
            entries: self.entries_of(transaction, spent > Amount::ZERO)?,
        };
        if known > 0 {
            for output in &transaction.output {
                if !self.scripts.contains_key(&output.script_pubkey) {
                    let ends = self.ends_of(&output.script_pubkey);
                    self.file.insert_paid_script(&output.script_pubkey, txid, ends.as_deref())?;
                }
            }
        } else {
            self.look_for_imitation(txid, transaction)?;
        }
        self.file.set_sums(txid, &sums)
    }
}

/// The transactions that one step touches, with what was told of them before.
#[derive(Default)]
pub(super) struct Step {
    order: Vec<Txid>,
    /// Scripts of outputs that were not known.
    found: Vec<ScriptBuf>,
    before: HashMap<Txid, Option<TransactionRow>>,
    /// To be said before the others: of what is gone by now.
    first: Vec<TransactionChange>,
}

impl Step {
    pub(super) fn say_first(&mut self, changes: Vec<TransactionChange>) {
        self.first.extend(changes);
    }

    pub(super) fn touch(&mut self, file: &WalletFile, txid: Txid) -> Result<(), StoreProblem> {
        if let Entry::Vacant(entry) = self.before.entry(txid) {
            entry.insert(file.transaction(txid)?);
            self.order.push(txid);
        }
        Ok(())
    }

    fn changes(self, file: &WalletFile) -> Result<Vec<TransactionChange>, StoreProblem> {
        let mut changes = self.first;
        for txid in &self.order {
            let Some(after) = file.transaction(*txid)?.filter(|row| row.sums.ours) else {
                continue;
            };
            let before = self.before[txid].as_ref();
            let told = before.map(|row| (state(row), row.sums, row.seen_by));
            if told == Some((state(&after), after.sums, after.seen_by)) {
                continue;
            }
            let left = before
                .and_then(|row| row.placement)
                .map(|placement| placement.block)
                .filter(|block| after.placement.is_none_or(|now| now.block != *block));
            changes.push(TransactionChange {
                txid: *txid,
                net: after.sums.net,
                state: state(&after),
                seen_by: after.seen_by,
                before: before.map(state),
                left: left.map(|block| block.hash),
            });
        }
        Ok(changes)
    }
}

/// How far a transaction is.
pub(super) fn state(row: &TransactionRow) -> PaymentState {
    match row.placement {
        Some(placement) => PaymentState::Confirmed(placement.block),
        None if !row.canonical && row.seen.is_none() && row.left.is_none() => PaymentState::Evicted,
        None if !row.canonical => PaymentState::Replaced,
        None if !row.signed_here => PaymentState::Pending,
        None if row.announced => PaymentState::Announced,
        None => PaymentState::Signed,
    }
}

/// What a transaction pays; `None` if that does not fit.
fn total(transaction: &Transaction) -> Option<Amount> {
    let mut outputs = transaction.output.iter().map(|output| output.value);
    outputs.try_fold(Amount::ZERO, Amount::checked_add)
}

/// Sums of valid outputs are far below 2⁶³.
fn signed(amount: Amount) -> SignedAmount {
    amount.to_signed().unwrap_or(SignedAmount::MAX)
}
