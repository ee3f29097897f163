//! Owns what happens to a draft after its review: signed and recorded, or dropped; announced.
//!
//! Refuses a signed transaction that is not the drafted one.

use std::collections::HashSet;

use bitcoin::psbt::Psbt;
use bitcoin::{Amount, OutPoint, Transaction, Txid};

use crate::command::{
    BumpProblem, CommandError, DraftId, Payment, Reference, SigningProblem, StoreProblem,
    TransactionChange,
};
use crate::light_client::time::WallTime;
use crate::limits::LONGEST_LINE;
use crate::store::wallet::{CoinRow, DraftRow, OwnOutput, PaymentRow, TransactionRow};

use super::fold::state;
use super::graph::inputs;
use super::rivals::spoken_of;
use super::{Wallet, fee};

/// A transaction to be announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToAnnounce {
    /// The transaction.
    pub transaction: Transaction,
    /// What it pays, where that is known.
    pub fee: Option<Amount>,
}

impl Wallet {
    /// The PSBT of a draft, to be signed.
    ///
    /// # Errors
    /// [`CommandError::NoSuchDraft`], [`CommandError::DraftExpired`],
    /// [`CommandError::CoinFrozen`], [`CommandError::CannotBump`] if more would fall now with what
    /// it replaces, [`CommandError::LineTooLong`] if others took its place since, or what the disk
    /// refused.
    pub fn psbt_of(&self, draft: DraftId, now: WallTime) -> Result<Psbt, CommandError> {
        self.open_draft(draft, now).map(|row| row.psbt)
    }

    /// Takes the signed transaction of a draft: its coins are spent, its change is a coin.
    /// Announce it after the commit.
    ///
    /// # Errors
    /// [`CommandError::NoSuchDraft`] if it is gone or one of its coins is;
    /// [`CommandError::DraftExpired`] if it holds them no longer; [`CommandError::CoinFrozen`] if
    /// one was frozen since; [`CommandError::CannotBump`] if more would fall now with what it
    /// replaces; [`CommandError::Signing`] if it is not signed or not what was drafted; or what the
    /// disk refused.
    pub fn record_signed(
        &mut self,
        draft: DraftId,
        signed: &Transaction,
        psbt: &Psbt,
        now: WallTime,
    ) -> Result<(Payment, Vec<TransactionChange>), CommandError> {
        let row = self.open_draft(draft, now)?;
        if unsigned(signed) != row.psbt.unsigned_tx {
            return Err(CommandError::Signing(SigningProblem::Altered));
        }
        if signed.input.iter().any(|i| i.witness.is_empty() && i.script_sig.is_empty()) {
            return Err(CommandError::Signing(SigningProblem::Incomplete));
        }
        let changes = self.take_signed(signed, row.task.replaced(), now)?;
        let txid = signed.compute_txid();
        if let Some(note) = &row.note {
            self.set_label(&Reference::Transaction(txid), Some(note))?;
        }
        for (vout, note) in &row.output_notes {
            self.set_label(&Reference::Output(OutPoint::new(txid, *vout)), Some(note))?;
        }
        let payment = PaymentRow {
            txid,
            psbt: psbt.clone(),
            change_vout: row.change_vout,
            task: row.task,
            takes_all: row.takes_all,
            request: row.request,
        };
        self.file.insert_payment(draft, &payment)?;
        Ok((self.told(&payment, false)?, changes))
    }

    /// Gives a draft's coins free. One that another program has signed and sent stays known by its
    /// idempotency key, as the payment that it is.
    ///
    /// # Errors
    /// [`CommandError::NoSuchDraft`], or what the disk refused.
    pub fn drop_draft(&mut self, draft: DraftId) -> Result<(), CommandError> {
        let row = self.file.draft(draft)?.ok_or(CommandError::NoSuchDraft(draft.0))?;
        if row.request.idempotency_key.is_some()
            && let Some(payment) = self.made_elsewhere(&row)?
        {
            return Ok(self.file.insert_payment(draft, &payment)?);
        }
        self.take_back(&row)?;
        Ok(self.file.delete_draft(draft)?)
    }

    /// The payment that another program made of a draft, if its transaction is known.
    pub(super) fn made_elsewhere(
        &self,
        row: &DraftRow,
    ) -> Result<Option<PaymentRow>, StoreProblem> {
        let Some(first) = row.psbt.unsigned_tx.input.first() else { return Ok(None) };
        for txid in self.file.spenders(first.previous_output)? {
            let Some(TransactionRow { transaction, .. }) = self.file.transaction(txid)? else {
                continue;
            };
            let same = unsigned(&transaction) == row.psbt.unsigned_tx;
            if same && self.file.payment(txid)?.is_none() {
                return Ok(Some(PaymentRow {
                    txid,
                    psbt: signed_psbt(row.psbt.clone(), &transaction),
                    change_vout: row.change_vout,
                    task: row.task,
                    takes_all: row.takes_all,
                    request: row.request.clone(),
                }));
            }
        }
        Ok(None)
    }

    /// Lets a draft hold its coins until it is signed or dropped.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn hold_draft(&mut self, draft: DraftId) -> Result<(), StoreProblem> {
        self.file.hold_draft(draft)
    }

    /// A peer is given a transaction: it may be in a block one day, though nobody says that it has it.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn mark_handed_out(&mut self, txid: Txid, now: WallTime) -> Result<(), StoreProblem> {
        self.file.set_handed_out(txid, now)
    }

    /// A peer has fetched the transaction, for the first time or again. `None`: nothing to tell.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn mark_announced(
        &mut self,
        txid: Txid,
        now: WallTime,
    ) -> Result<Option<TransactionChange>, StoreProblem> {
        let Some(before) = self.file.transaction(txid)? else { return Ok(None) };
        if !before.announced {
            self.file.set_announced(txid)?;
        }
        if before.signed_here && before.canonical && before.placement.is_none() {
            let rivals = self.rivals(txid, &before.transaction)?;
            self.file.set_seen(txid, 0, Some(spoken_of(&before, &rivals, now)))?;
        }
        let Some(after) = self.file.transaction(txid)? else { return Ok(None) };
        let change = TransactionChange {
            txid,
            net: after.sums.net,
            state: state(&after),
            seen_by: after.seen_by,
            before: Some(state(&before)),
            left: None,
        };
        Ok(Some(change).filter(|_| state(&before) != state(&after)))
    }

    /// The wallet's own transactions that no block holds and nothing replaced, and what they spend
    /// that no block holds: to be announced, parents first. Those are its own that were signed
    /// here, and those that spend from it and that a reorganisation took out of their block. Without
    /// what the next block can't hold, and what stands on it: no node would keep it.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn to_announce(&self) -> Result<Vec<ToAnnounce>, StoreProblem> {
        let (mut announce, mut waiting) = (Vec::new(), HashSet::new());
        for transaction in self.unconfirmed_line()? {
            let txid = transaction.compute_txid();
            let row = self.file.transaction(txid)?;
            let waits = row.as_ref().is_some_and(|row| row.waits);
            if waits || inputs(&transaction).any(|spent| waiting.contains(&spent.txid)) {
                waiting.insert(txid);
            } else {
                announce.push(ToAnnounce { transaction, fee: row.and_then(|row| row.sums.fee) });
            }
        }
        Ok(announce)
    }

    pub(super) fn unconfirmed_line(&self) -> Result<Vec<Transaction>, StoreProblem> {
        let own = self.file.unconfirmed_own()?;
        let mut open: Vec<_> = own.into_iter().rev().map(|own| (own, false)).collect();
        let (mut line, mut seen) = (Vec::new(), HashSet::new());
        while let Some((transaction, parents_are_in)) = open.pop() {
            if parents_are_in {
                line.push(transaction);
            } else if seen.insert(transaction.compute_txid()) {
                let mut parents = Vec::new();
                for spent in inputs(&transaction) {
                    let parent = self.file.transaction(spent.txid)?;
                    let waits = |row: &TransactionRow| row.placement.is_none() && row.canonical;
                    parents.extend(parent.filter(waits).map(|row| (row.transaction, false)));
                }
                open.push((transaction, true));
                open.extend(parents);
            }
        }
        Ok(line)
    }

    /// A payment signed here.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn payment(&self, txid: Txid) -> Result<Option<Payment>, CommandError> {
        self.file.payment(txid)?.map(|row| self.told(&row, false)).transpose()
    }

    /// A draft that holds its coins, which are all still there and not frozen. With what it
    /// replaces nothing may fall that was not there at the review: its fee does not count that.
    fn open_draft(&self, draft: DraftId, now: WallTime) -> Result<DraftRow, CommandError> {
        let row = self.file.draft(draft)?.ok_or(CommandError::NoSuchDraft(draft.0))?;
        if row.is_out_of_date(now) {
            return Err(CommandError::DraftExpired(draft.0));
        }
        self.check_draft(draft, &row, now)?;
        self.check_room(&row, now)?;
        Ok(row)
    }

    /// Another payment may have taken the last place on a coin of a draft since that was made.
    fn check_room(&self, row: &DraftRow, now: WallTime) -> Result<(), CommandError> {
        if row.task.replaced().is_some() {
            return Ok(());
        }
        let coins = self.coins_of(row, now)?.unwrap_or_default();
        let plans = coins.iter().map(|coin| self.spend_plan(coin.place));
        let plans = plans.collect::<Result<Vec<_>, _>>()?;
        let outputs = row.psbt.unsigned_tx.output.iter();
        let weight = fee::weight(plans, outputs.map(|output| output.script_pubkey.as_script()));
        for input in &row.psbt.unsigned_tx.input {
            if !self.has_room(input.previous_output.txid, weight)? {
                return Err(CommandError::LineTooLong { most: LONGEST_LINE });
            }
        }
        Ok(())
    }

    /// Whether a draft can still be paid, out of date or not.
    pub(super) fn check_draft(
        &self,
        draft: DraftId,
        row: &DraftRow,
        now: WallTime,
    ) -> Result<(), CommandError> {
        let gone = CommandError::NoSuchDraft(draft.0);
        let Some(coins) = self.coins_of(row, now)? else { return Err(gone) };
        if let Some(txid) = row.task.replaced() {
            let unseen = self.file.new_evictions(draft, txid)?;
            if !unseen.is_empty() {
                let why = BumpProblem::HasDescendants(unseen);
                return Err(CommandError::CannotBump { txid, why });
            }
        }
        match coins.iter().find(|coin| coin.frozen) {
            Some(frozen) => Err(CommandError::CoinFrozen(frozen.outpoint)),
            None => Ok(()),
        }
    }

    /// The wallet's coins in a draft, in the order of its inputs; `None` if one is spent by anything but
    /// what the draft replaces, or if that waits no longer.
    pub(super) fn coins_of(
        &self,
        row: &DraftRow,
        now: WallTime,
    ) -> Result<Option<Vec<CoinRow>>, StoreProblem> {
        let replaced = row.task.replaced();
        if let Some(replaced) = replaced
            && !self.file.is_unplaced(replaced)?
        {
            return Ok(None);
        }
        let mut coins = Vec::new();
        for input in &row.psbt.unsigned_tx.input {
            let output = self.file.own_output(input.previous_output, now)?;
            let held = |output: &OwnOutput| {
                output.live && (output.spender.is_none() || output.spender == replaced)
            };
            match output {
                // A PSBT that was handed over may spend coins of others too.
                None => {}
                Some(output) if held(&output) => coins.push(output.coin),
                Some(_) => return Ok(None),
            }
        }
        Ok(Some(coins))
    }
}

/// A PSBT with what its transaction was signed with.
fn signed_psbt(mut psbt: Psbt, signed: &Transaction) -> Psbt {
    for (input, signed) in psbt.inputs.iter_mut().zip(&signed.input) {
        input.final_script_sig = Some(signed.script_sig.clone()).filter(|sig| !sig.is_empty());
        input.final_script_witness = Some(signed.witness.clone()).filter(|stack| !stack.is_empty());
    }
    psbt
}

fn unsigned(signed: &Transaction) -> Transaction {
    let mut transaction = signed.clone();
    for input in &mut transaction.input {
        input.script_sig = bitcoin::ScriptBuf::new();
        input.witness = bitcoin::Witness::new();
    }
    transaction
}
