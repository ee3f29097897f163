//! Owns PSBTs that were handed to the wallet: what it knows of them, which of its coins they hold,
//! and how a signed one is compared with what was drafted.
//!
//! Refuses to take over a payment that spends frozen coins or those of another draft, and one that
//! does not concern the wallet.

use std::collections::{HashMap, HashSet};

use bitcoin::psbt::{self, Psbt};
use bitcoin::{Address, Amount, OutPoint, ScriptBuf, Transaction, Txid};

use crate::command::{
    CommandError, DraftId, FeeBasis, Owner, Payment, PsbtReview, SigningProblem, StoreProblem,
};
use crate::keychain::Branch;
use crate::light_client::time::WallTime;
use crate::limits::MESSAGE_BYTES;
use crate::message;
use crate::psbt::Shown;
use crate::psbt::review::{self, Knowledge, KnownCoin};
use crate::signers;
use crate::store::wallet::{CoinRow, DraftRow, OwnOutput, RequestId, Task};

use super::Wallet;
use super::parents::Parents;

/// How long a draft holds its coins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HoldUntil {
    /// Until it is announced or dropped.
    Dropped,
    /// Until it is known that a device signed nothing, unless it is held for longer already.
    Answered,
}

/// The answer to a signed PSBT.
#[derive(Debug, Clone, PartialEq)]
pub enum Handed {
    /// Its payment is stored already.
    Known(Box<Payment>),
    /// It is the draft's, and this is its transaction.
    Signed(DraftId, Box<Transaction>),
}

impl Wallet {
    /// What is known of a PSBT.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn review_psbt(&self, psbt: &Psbt, now: WallTime) -> Result<PsbtReview, StoreProblem> {
        let known = self.knowledge_of(psbt, None, now)?;
        Ok(review::review(psbt, self.network(), &known, message::is_asked_for))
    }

    /// Adds what the wallet knows of what a PSBT spends and pays: the transactions before it, and
    /// the origins of its keys. What is finished is left as it is.
    ///
    /// # Errors
    /// [`CommandError::ParentsTooLarge`], or what the disk refused.
    pub fn fill_psbt(&self, psbt: &mut Psbt) -> Result<(), CommandError> {
        let mut parents = Parents::default();
        for index in 0..psbt.inputs.len().min(psbt.unsigned_tx.input.len()) {
            let parent = psbt.unsigned_tx.input[index].previous_output.txid;
            let input = &mut psbt.inputs[index];
            if input.final_script_sig.is_some() || input.final_script_witness.is_some() {
                continue;
            }
            if input.non_witness_utxo.is_none() {
                input.non_witness_utxo = self.parent(parent, &mut parents)?;
            }
            let Some(spent) = Shown::of(psbt, index).output().cloned() else { continue };
            let Some(place) = self.scripts.get(&spent.script_pubkey) else { continue };
            let account = self.account(place.keychain.account)?;
            let input = &mut psbt.inputs[index];
            account.annotate_input(place.keychain.branch, place.index, input);
            if account.witness_version().is_some() {
                input.witness_utxo = Some(spent);
            }
        }
        for (output, paid) in psbt.outputs.iter_mut().zip(&psbt.unsigned_tx.output) {
            let Some(place) = self.scripts.get(&paid.script_pubkey) else { continue };
            let account = self.account(place.keychain.account)?;
            account.annotate_output(place.keychain.branch, place.index, output);
        }
        Ok(())
    }

    /// A signed transaction as a PSBT, with the wallet's outputs that it spends.
    ///
    /// # Errors
    /// [`CommandError::ParentsTooLarge`], or what the disk refused.
    #[expect(clippy::missing_panics_doc, reason = "what a PSBT must not have is taken out")]
    pub fn psbt_from(&self, mut transaction: Transaction) -> Result<Psbt, CommandError> {
        let (mut inputs, mut parents) = (Vec::new(), Parents::default());
        for spends in &mut transaction.input {
            let script = std::mem::take(&mut spends.script_sig);
            let witness = std::mem::take(&mut spends.witness);
            let parent = self.parent(spends.previous_output.txid, &mut parents)?;
            inputs.push(psbt::Input {
                final_script_sig: (!script.is_empty()).then_some(script),
                final_script_witness: (!witness.is_empty()).then_some(witness),
                non_witness_utxo: parent,
                ..psbt::Input::default()
            });
        }
        let mut psbt = Psbt::from_unsigned_tx(transaction).expect("its signatures were taken out");
        psbt.inputs = inputs;
        Ok(psbt)
    }

    /// Makes sure that the wallet's coins that a PSBT spends are held for it, before it is signed; the draft
    /// that holds them. Nothing is held if none of them is known here.
    ///
    /// # Errors
    /// [`CommandError::CoinFrozen`], [`CommandError::CoinReserved`],
    /// [`CommandError::NotAPayment`], [`CommandError::Signing`] if it lies about a coin, or what the disk refused.
    pub fn take_over(
        &mut self,
        psbt: &Psbt,
        now: WallTime,
    ) -> Result<Option<DraftId>, CommandError> {
        self.take_over_until(HoldUntil::Dropped, psbt, now)
    }

    /// The same for as long.
    pub(super) fn take_over_until(
        &mut self,
        until: HoldUntil,
        psbt: &Psbt,
        now: WallTime,
    ) -> Result<Option<DraftId>, CommandError> {
        if message::is_asked_for(&psbt.unsigned_tx) {
            return Err(CommandError::NotAPayment);
        }
        check_shape(psbt)?;
        let known = self.knowledge_of(psbt, None, now)?;
        check_amounts(psbt)?;
        check_coins(psbt, &known)?;
        match known.draft {
            Some(id) => self.hold_on(id, until, now).map(|()| Some(id)),
            None if known.coins.is_empty() => Ok(None),
            None => {
                let replaced = match self.replaced_by(psbt, now) {
                    // It is refused when it comes back; others may want it signed.
                    Err(CommandError::NoSuchCoin(_)) => None,
                    replaced => replaced?,
                };
                self.keep_handed(psbt, replaced, until, now).map(Some)
            }
        }
    }

    /// The transaction that a signed PSBT makes, verified, and the draft that it closes.
    ///
    /// # Errors
    /// [`CommandError::Signing`] if it is not what was drafted, or not wholly and rightly signed;
    /// [`CommandError::ForeignPayment`]; the reasons of [`take_over`](Self::take_over).
    pub fn close_draft(&mut self, psbt: &Psbt, now: WallTime) -> Result<Handed, CommandError> {
        check_shape(psbt)?;
        let failed = CommandError::Signing;
        let known = self.knowledge_of(psbt, None, now)?;
        if let Some(id) = known.draft {
            let drafted = self.file.draft(id)?.ok_or(CommandError::NoSuchDraft(id.0))?;
            let transaction = signers::finish(psbt, &drafted.psbt).map_err(failed)?;
            self.hold_on(id, HoldUntil::Dropped, now)?;
            return Ok(Handed::Signed(id, Box::new(transaction)));
        }
        let transaction = signers::finish(psbt, psbt).map_err(failed)?;
        if let Some(payment) = self.payment(transaction.compute_txid())? {
            return Ok(Handed::Known(Box::new(Payment { repeated: true, ..payment })));
        }
        if message::is_asked_for(&transaction) {
            return Err(CommandError::NotAPayment);
        }
        if !self.concerns(&transaction) {
            return Err(CommandError::ForeignPayment);
        }
        // A coin that is spent already can only be spent instead.
        let replaced = self.replaced_by(psbt, now)?;
        check_coins(psbt, &self.knowledge_of(psbt, replaced, now)?)?;
        check_amounts(psbt)?;
        if let Some(txid) = replaced {
            self.check_replacement(txid, psbt, &transaction)?;
        }
        let id = self.keep_handed(psbt, replaced, HoldUntil::Dropped, now)?;
        Ok(Handed::Signed(id, Box::new(transaction)))
    }

    /// The PSBT whose signature signs a message for an address (BIP322), with what a signer must
    /// know.
    ///
    /// # Errors
    /// [`CommandError::NotOurAddress`], [`CommandError::MessageTooLong`].
    pub fn message_psbt(&self, address: &Address, text: &str) -> Result<Psbt, CommandError> {
        if text.len() > MESSAGE_BYTES {
            return Err(CommandError::MessageTooLong(text.len()));
        }
        let script = address.script_pubkey();
        let place = self.scripts.get(&script);
        let place = place.ok_or_else(|| CommandError::NotOurAddress(address.to_string()))?;
        let mut psbt = message::to_be_signed(&script, text);
        let account = self.account(place.keychain.account)?;
        for input in &mut psbt.inputs {
            account.annotate_input(place.keychain.branch, place.index, input);
        }
        Ok(psbt)
    }

    /// Lets the draft of a PSBT hold its coins for as long as a signature of it may be about, even
    /// if it was out of date: nobody took them from it yet.
    fn hold_on(
        &mut self,
        id: DraftId,
        until: HoldUntil,
        now: WallTime,
    ) -> Result<(), CommandError> {
        let row = self.file.draft(id)?.ok_or(CommandError::NoSuchDraft(id.0))?;
        self.check_draft(id, &row, now)?;
        Ok(self.hold_until(until, id)?)
    }

    fn hold_until(&mut self, until: HoldUntil, id: DraftId) -> Result<(), StoreProblem> {
        match until {
            HoldUntil::Dropped => self.file.hold_draft(id),
            HoldUntil::Answered => self.file.hold_draft_for_signer(id),
        }
    }

    /// Keeps a PSBT as a draft that holds its coins. Drafts that are out of date give way; those that
    /// are not, and hold one of its coins, don't.
    fn keep_handed(
        &mut self,
        psbt: &Psbt,
        replaced: Option<Txid>,
        until: HoldUntil,
        now: WallTime,
    ) -> Result<DraftId, CommandError> {
        for stale in self.file.expired_drafts(now)? {
            self.drop_draft(stale)?;
        }
        for outpoint in psbt.unsigned_tx.input.iter().map(|input| input.previous_output) {
            if self.file.own_output(outpoint, now)?.is_some_and(|output| output.coin.reserved) {
                return Err(CommandError::CoinReserved(outpoint));
            }
        }
        let mut unsigned = psbt.clone();
        for input in &mut unsigned.inputs {
            input.partial_sigs.clear();
            input.tap_key_sig = None;
            input.tap_script_sigs.clear();
            input.final_script_sig = None;
            input.final_script_witness = None;
        }
        let outputs = (0..).zip(&psbt.unsigned_tx.output);
        let mut change = outputs.filter(|(_, output)| {
            let place = self.scripts.get(&output.script_pubkey);
            place.is_some_and(|place| place.keychain.branch == Branch::Change)
        });
        let change_vout = change.next().map(|(vout, _)| vout).filter(|_| change.next().is_none());
        let hash = bitcoin::hashes::Hash::to_byte_array(psbt.unsigned_tx.compute_ntxid());
        let id = self.file.insert_draft(&DraftRow {
            expires: Some(now),
            psbt: unsigned,
            change_vout,
            task: replaced.map_or(Task::Payment, Task::Replace),
            takes_all: false,
            fee_basis: FeeBasis::Asked,
            note: None,
            output_notes: Vec::new(),
            request: RequestId { idempotency_key: None, hash },
        })?;
        self.hold_until(until, id)?;
        Ok(id)
    }

    /// What the wallet knows of a PSBT, which replaces what its draft does, else what it is said to.
    fn knowledge_of(
        &self,
        psbt: &Psbt,
        replaced: Option<Txid>,
        now: WallTime,
    ) -> Result<Knowledge, StoreProblem> {
        let spent = crate::psbt::spent_outputs(psbt).into_iter().flatten();
        let paid = psbt.unsigned_tx.output.iter().cloned();
        let owner = |spk: &ScriptBuf| {
            let place = self.scripts.get(spk)?;
            let account = self.account(place.keychain.account).ok()?.name().clone();
            Some(Owner { account, branch: place.keychain.branch, index: place.index })
        };
        let scripts = spent.chain(paid).map(|output| output.script_pubkey);
        let owners = scripts.filter_map(|spk| owner(&spk).map(|owner| (spk, owner))).collect();
        let draft = self.draft_of(psbt)?;
        // What is replaced spends the same coins.
        let replaced = draft.as_ref().map_or(replaced, |(_, row)| row.task.replaced());
        let mut coins: HashMap<OutPoint, KnownCoin> = HashMap::new();
        for outpoint in psbt.unsigned_tx.input.iter().map(|input| input.previous_output) {
            let output = self.file.own_output(outpoint, now)?;
            let unspent = |one: &OwnOutput| one.spender.is_none() || one.spender == replaced;
            if let Some(output) = output.filter(|one| one.live && unspent(one)) {
                let CoinRow { amount, spk: script, frozen, reserved, .. } = output.coin;
                coins.insert(outpoint, KnownCoin { amount, script, frozen, reserved });
            }
        }
        Ok(Knowledge {
            own: self.own.clone(),
            owners,
            coins,
            draft: draft.map(|(id, _)| id),
            lock: self.lock_of(&psbt.unsigned_tx)?,
            is_of_wallet: true,
        })
    }

    /// The draft that has the same unsigned transaction. One that is out of date counts: its coins
    /// are marked as its own until another draft asks for them.
    pub(super) fn draft_of(
        &self,
        psbt: &Psbt,
    ) -> Result<Option<(DraftId, DraftRow)>, StoreProblem> {
        for id in self.file.drafts()? {
            let row = self.file.draft(id)?;
            if let Some(row) = row.filter(|row| row.psbt.unsigned_tx == psbt.unsigned_tx) {
                return Ok(Some((id, row)));
            }
        }
        Ok(None)
    }
}

/// No transaction spends a coin twice, nor pays nothing.
fn check_shape(psbt: &Psbt) -> Result<(), CommandError> {
    let Transaction { input, output, .. } = &psbt.unsigned_tx;
    let spent: HashSet<OutPoint> = input.iter().map(|input| input.previous_output).collect();
    if spent.len() < input.len() || input.is_empty() || output.is_empty() {
        return Err(CommandError::Signing(SigningProblem::Impossible));
    }
    Ok(())
}

/// No transaction pays more than it spends, nor more than there can be.
fn check_amounts(psbt: &Psbt) -> Result<(), CommandError> {
    let sum = |mut amounts: std::vec::IntoIter<Amount>| {
        let sum = amounts.try_fold(Amount::ZERO, Amount::checked_add);
        sum.filter(|sum| *sum <= Amount::MAX_MONEY)
    };
    let paid: Vec<Amount> = psbt.unsigned_tx.output.iter().map(|output| output.value).collect();
    let spent = crate::psbt::spent_outputs(psbt).into_iter();
    let spent: Option<Vec<Amount>> = spent.map(|output| Some(output?.value)).collect();
    let paid = sum(paid.into_iter());
    let possible = match spent.map(|spent| sum(spent.into_iter())) {
        // What an input does not show is judged where it is signed.
        None => paid.is_some(),
        Some(spent) => paid.is_some_and(|paid| spent.is_some_and(|spent| paid <= spent)),
    };
    if possible { Ok(()) } else { Err(CommandError::Signing(SigningProblem::Amounts)) }
}

/// Frozen coins and those of other drafts are for nobody; and what is known of a coin is not to be
/// contradicted.
fn check_coins(psbt: &Psbt, known: &Knowledge) -> Result<(), CommandError> {
    for (index, input) in psbt.unsigned_tx.input.iter().enumerate() {
        let Some(coin) = known.coins.get(&input.previous_output) else { continue };
        if coin.frozen {
            return Err(CommandError::CoinFrozen(input.previous_output));
        }
        if coin.reserved && known.draft.is_none() {
            return Err(CommandError::CoinReserved(input.previous_output));
        }
        let shown = Shown::of(psbt, index).output();
        if shown.is_none_or(|o| o.value != coin.amount || o.script_pubkey != coin.script) {
            return Err(CommandError::Signing(SigningProblem::SpentOutput { input: index }));
        }
    }
    Ok(())
}
