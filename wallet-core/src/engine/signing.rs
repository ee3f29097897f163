//! Owns the answers that need keys, or that close what was signed elsewhere: drafts, PSBTs that are
//! handed out or in, and messages.
//!
//! Refuses to hand out a signature before the coins that it could spend are held for it.

use bitcoin::psbt::Psbt;
use bitcoin::{Address, Transaction};

use crate::command::{
    Asker, CommandError, DraftId, MessageForm, Overrun, Reply, SignedMessage, SigningCommand,
    SigningProblem,
};
use crate::engine::around::Around;
use crate::engine::follower::Follower;
use crate::event::Event;
use crate::message;
use crate::signers::{self, Signer, SoftwareSigner};
use crate::wallet::Handed;

impl Follower {
    /// Signs and records; the announcement follows the commit. Where others must sign too, our
    /// part is handed out.
    pub(super) fn sign(
        &mut self,
        around: &Around<'_>,
        draft: DraftId,
    ) -> Result<Reply, CommandError> {
        let drafted = self.wallet.psbt_of(draft, around.now.wall)?;
        let spending = self.check(around, &drafted)?;
        let mut psbt = drafted.clone();
        self.signer()?.sign(&mut psbt).map_err(CommandError::Signing)?;
        let signed = match signers::finish(&psbt, &drafted) {
            Err(SigningProblem::Incomplete) if psbt != drafted => {
                self.count(around, spending)?;
                return self.hold(around, draft, &psbt);
            }
            finished => finished.map_err(CommandError::Signing)?,
        };
        let (payment, changes) =
            self.wallet.record_signed(draft, &signed, &psbt, around.now.wall)?;
        self.count(around, spending)?;
        self.say_changes(changes)?;
        Ok(Reply::Payment(Box::new(payment)))
    }

    /// What is known of a PSBT.
    pub(super) fn review(&self, around: &Around<'_>, psbt: &Psbt) -> Result<Reply, CommandError> {
        Ok(Reply::Psbt(Box::new(self.wallet.review_psbt(psbt, around.now.wall)?)))
    }

    /// What is known of a PSBT that says all that this wallet can say of it.
    pub(super) fn fill(&self, around: &Around<'_>, mut psbt: Psbt) -> Result<Reply, CommandError> {
        self.wallet.fill_psbt(&mut psbt)?;
        self.review(around, &psbt)
    }

    /// The same of a transaction that is signed already.
    pub(super) fn review_transaction(
        &self,
        around: &Around<'_>,
        signed: Transaction,
    ) -> Result<Reply, CommandError> {
        self.review(around, &self.wallet.psbt_from(signed)?)
    }

    /// Gives out a draft's PSBT, for others to sign.
    pub(super) fn hand_out(
        &mut self,
        around: &Around<'_>,
        draft: DraftId,
    ) -> Result<Reply, CommandError> {
        let psbt = self.wallet.psbt_of(draft, around.now.wall)?;
        self.hold(around, draft, &psbt)
    }

    fn hold(
        &mut self,
        around: &Around<'_>,
        draft: DraftId,
        psbt: &Psbt,
    ) -> Result<Reply, CommandError> {
        self.wallet.hold_draft(draft)?;
        self.review(around, psbt)
    }

    /// Adds our signatures; the draft that holds the coins is committed before they are told.
    pub(super) fn sign_psbt(
        &mut self,
        around: &Around<'_>,
        handed: &Psbt,
    ) -> Result<Reply, CommandError> {
        let now = around.now.wall;
        let spending = self.check(around, handed)?;
        let mut psbt = handed.clone();
        self.signer()?.sign(&mut psbt).map_err(CommandError::Signing)?;
        if psbt == *handed {
            return Err(CommandError::NothingToSign);
        }
        self.wallet.take_over(handed, now)?;
        self.count(around, spending)?;
        self.changed = true;
        Ok(Reply::Psbt(Box::new(self.wallet.review_psbt(&psbt, now)?)))
    }

    /// Holds the coins of what a device is about to sign.
    pub(super) fn hold_psbt(
        &mut self,
        around: &Around<'_>,
        handed: &Psbt,
    ) -> Result<Reply, CommandError> {
        let now = around.now.wall;
        self.wallet.take_over(handed, now)?;
        self.changed = true;
        self.review(around, handed)
    }

    /// Begins, ends or tells what a device is asked to sign by an operation.
    pub(super) fn by_device(
        &mut self,
        around: &Around<'_>,
        command: &SigningCommand,
    ) -> Result<Reply, CommandError> {
        let now = around.now.wall;
        let id = match command {
            SigningCommand::Of(id) => {
                return Ok(Reply::Signing(Box::new(self.wallet.signing(*id)?)));
            }
            SigningCommand::Begin { psbt, signer } => {
                let spending = self.check(around, psbt)?;
                let asker = self.by.as_ref().map_or(&Asker::Owner, |by| &by.asker);
                // The device may have keys of coins that the token is not for.
                if matches!(asker, Asker::Token(_)) && self.wallet.is_unknown(psbt)? {
                    return Err(CommandError::OverLimit(Overrun::UnknownInput));
                }
                let asker = asker.to_string();
                let begun = self.wallet.begin_signing(psbt, *signer, &asker, now)?;
                self.count(around, spending)?;
                self.changed = true;
                self.say(Event::Operation(begun.operation.id));
                return Ok(Reply::Signing(Box::new(begun)));
            }
            SigningCommand::End { id, signed } => {
                self.wallet.end_signing(*id, Ok(signed), now)?;
                *id
            }
            SigningCommand::Fail { id, why } => {
                self.wallet.end_signing(*id, Err(why), now)?;
                *id
            }
        };
        self.say(Event::Operation(id));
        Ok(Reply::Signing(Box::new(self.wallet.signing(id)?)))
    }

    /// Stores what the PSBT makes; the announcement follows the commit.
    pub(super) fn announce_psbt(
        &mut self,
        around: &Around<'_>,
        psbt: &Psbt,
    ) -> Result<Reply, CommandError> {
        let now = around.now.wall;
        let spending = self.check(around, psbt)?;
        let (draft, transaction) = match self.wallet.close_draft(psbt, now)? {
            Handed::Known(payment) => return Ok(Reply::Payment(payment)),
            Handed::Signed(draft, transaction) => (draft, transaction),
        };
        let (payment, changes) =
            self.wallet.record_signed(draft, &transaction, psbt, around.now.wall)?;
        self.count(around, spending)?;
        self.say_changes(changes)?;
        Ok(Reply::Payment(Box::new(payment)))
    }

    pub(super) fn sign_message(
        &mut self,
        address: &Address,
        text: &str,
        newer: bool,
    ) -> Result<Reply, CommandError> {
        let drafted = self.wallet.message_psbt(address, text)?;
        let script = address.script_pubkey();
        let mut signer = self.signer()?;
        let told = if script.is_p2pkh() && !newer {
            let mut origins =
                drafted.inputs.iter().flat_map(|input| input.bip32_derivation.values());
            let own = origins.find(|origin| signer.claims(origin));
            let own = own.ok_or(CommandError::NothingToSign)?;
            let signature = signer.sign_message(own, &script, text);
            let signature = signature.map_err(CommandError::Signing)?;
            SignedMessage { form: MessageForm::Legacy, signature }
        } else {
            let mut psbt = drafted.clone();
            signer.sign(&mut psbt).map_err(CommandError::Signing)?;
            let transaction = signers::finish(&psbt, &drafted).map_err(CommandError::Signing)?;
            let (form, signature) = message::written(&script, &transaction);
            SignedMessage { form, signature }
        };
        Ok(Reply::Message(told))
    }

    fn signer(&self) -> Result<SoftwareSigner, CommandError> {
        self.keys.signer(&self.wallet.sealed_keys()?, self.wallet.network())
    }
}
