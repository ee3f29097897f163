//! Owns the way from a request to a draft: checked, known again by its idempotency key, funded,
//! built, reserved.
//!
//! Refuses to keep anything of a request before it is known to work.

use bitcoin::{ScriptBuf, TxOut};

use crate::command::{CommandError, Draft, DraftId, Hold, PayRequest};
use crate::limits::{DRAFT_LIFETIME, LONGEST_LINE};
use crate::store::wallet::{DraftRow, PaymentRow, RequestId, ScriptPlace, Task};

use super::funding::Funding;
use super::request::CheckedRequest;
use super::unkept::Unkept;
use super::{DraftMoment, Drafted, Wallet, fee};

impl Wallet {
    /// Chooses coins, builds the payment and reserves them. A dry run stages nothing.
    ///
    /// # Errors
    /// What is wrong with the request, what is lacking, or what the disk refused.
    pub fn draft(
        &mut self,
        request: &PayRequest,
        moment: &DraftMoment,
    ) -> Result<Drafted, CommandError> {
        let id = moment.request.clone().unwrap_or_else(|| RequestId::from(request));
        let replaced = match self.answer_to(&id, moment)? {
            Known::Answered(Drafted::Draft(draft)) => {
                return self.hold_as_asked(*draft, request);
            }
            Known::Answered(paid) => return Ok(paid),
            Known::MadeElsewhere(draft, payment) => {
                if !request.dry_run {
                    self.file.insert_payment(draft, &payment)?;
                }
                return Ok(Drafted::Payment(Box::new(self.told(&payment, true)?)));
            }
            Known::OutOfDate(draft) => Some(draft),
            Known::New => None,
        };
        let checked = CheckedRequest::new(request, &moment.fees)?;
        if !request.dry_run {
            self.drop_stale_drafts(replaced, moment)?;
        }
        let funding = self.fund_in_line(&checked, moment)?;
        let paid = funding.outputs.iter().map(|output| output.value).sum();
        fee::check_fee(funding.fee, paid, request.most_fee)?;
        fee::check_rate(fee::rate(funding.fee, funding.weight))?;
        let layout = &request.layout;
        let most = fee::most_weight(layout.version, false, layout.most_weight);
        fee::check_weight(funding.weight, most)?;
        let unkept = Unkept {
            funding,
            task: Task::Payment,
            takes_all: checked.pay.takes_all() && checked.pay.len() == 1,
            fee_basis: checked.fee_basis,
            note: request.note.clone(),
            output_notes: output_notes(request),
            request: id,
            terms: checked.terms,
            layout: checked.layout,
            hold: request.hold,
            dry_run: request.dry_run,
        };
        self.keep(unkept, moment).map(|draft| Drafted::Draft(Box::new(draft)))
    }

    /// What a payment is made of, if nodes keep that many transactions on each other; of coins in blocks
    /// alone where those beside them stand on too much together.
    fn fund_in_line(
        &self,
        request: &CheckedRequest,
        moment: &DraftMoment,
    ) -> Result<Funding, CommandError> {
        match self.fund(request, moment) {
            Ok(funding) => match self.check_line(&funding.spent, funding.weight) {
                Err(error @ CommandError::LineTooLong { .. }) if request.coins.is_empty() => {
                    let mut placed = request.clone();
                    placed.choice.least_depth = placed.choice.least_depth.max(1);
                    self.fund(&placed, moment).map_err(|_| error)
                }
                checked => checked.map(|()| funding),
            },
            Err(short @ CommandError::InsufficientFunds { .. }) => {
                let crowded = CheckedRequest { crowded: true, ..request.clone() };
                let is_there = self.fund(&crowded, moment).is_ok();
                let too_long = CommandError::LineTooLong { most: LONGEST_LINE };
                Err(if is_there { too_long } else { short })
            }
            Err(error) => Err(error),
        }
    }

    /// Builds the transaction, keeps the draft, reserves its coins, and tells it. A dry run keeps
    /// nothing.
    pub(super) fn keep(
        &mut self,
        unkept: Unkept,
        moment: &DraftMoment,
    ) -> Result<Draft, CommandError> {
        let (psbt, change_vout) = self.unsigned(&unkept, moment)?;
        let note_of = |output: &TxOut| {
            let noted = unkept.output_notes.iter().find(|(spk, _)| *spk == output.script_pubkey);
            noted.map(|(_, note)| note.clone())
        };
        let outputs = (0..).zip(&psbt.unsigned_tx.output);
        let output_notes = outputs.filter_map(|(vout, output)| Some((vout, note_of(output)?)));
        let row = DraftRow {
            expires: match unkept.hold {
                Hold::Briefly => Some(moment.now.after(DRAFT_LIFETIME)),
                Hold::Not => Some(moment.now),
                Hold::UntilDropped => None,
            },
            output_notes: output_notes.collect(),
            psbt,
            change_vout,
            task: unkept.task,
            takes_all: unkept.takes_all,
            fee_basis: unkept.fee_basis,
            note: unkept.note,
            request: unkept.request,
        };
        let id = if unkept.dry_run {
            DraftId(0)
        } else {
            if let Some((Some(place), _)) = unkept.funding.change {
                self.issue_change(place)?;
            }
            if unkept.hold == Hold::Not { DraftId(0) } else { self.file.insert_draft(&row)? }
        };
        let draft = self.review(id, &row, moment)?;
        let mut draft = draft.ok_or(CommandError::NoSuchDraft(id.0))?;
        // What was said of weights is not in the PSBT.
        draft.fee_rate = fee::rate(draft.fee, unkept.funding.weight);
        Ok(draft)
    }

    /// Hands out the place of a change, unless it is that of a payment which is replaced.
    fn issue_change(&mut self, place: ScriptPlace) -> Result<(), CommandError> {
        if place.index == self.next_index(place.keychain)? {
            self.issue(place.keychain)?;
        }
        Ok(())
    }

    /// A draft that is known again is held for as long as it is asked for now, if that is longer.
    fn hold_as_asked(
        &mut self,
        mut draft: Draft,
        request: &PayRequest,
    ) -> Result<Drafted, CommandError> {
        if request.hold == Hold::UntilDropped && !request.dry_run {
            self.hold_draft(draft.id)?;
            draft.expires = None;
        }
        Ok(Drafted::Draft(Box::new(draft)))
    }

    /// Whether a request with this idempotency key was answered before.
    pub(super) fn answer_to(
        &self,
        id: &RequestId,
        moment: &DraftMoment,
    ) -> Result<Known, CommandError> {
        let Some(key) = id.idempotency_key.as_deref() else { return Ok(Known::New) };
        // What was answered may be no payment at all, an invoice for instance.
        if self.file.kept_answer(key)?.is_some_and(|kept| kept.hash != id.hash) {
            return Err(CommandError::KeyReused);
        }
        if let Some(payment) = self.file.payment_by_key(key)? {
            if payment.request.hash != id.hash {
                return Err(CommandError::KeyReused);
            }
            let payment = self.told(&payment, true)?;
            return Ok(Known::Answered(Drafted::Payment(Box::new(payment))));
        }
        let Some(draft) = self.file.draft_by_key(key)? else { return Ok(Known::New) };
        let Some(row) = self.file.draft(draft)? else { return Ok(Known::New) };
        let made = self.made_elsewhere(&row)?;
        if made.is_none() && row.is_out_of_date(moment.now) {
            return Ok(Known::OutOfDate(draft));
        }
        if row.request.hash != id.hash {
            return Err(CommandError::KeyReused);
        }
        if let Some(payment) = made {
            return Ok(Known::MadeElsewhere(draft, Box::new(payment)));
        }
        let review = self.review(draft, &row, moment)?;
        Ok(match review {
            Some(review) => Known::Answered(Drafted::Draft(Box::new(review))),
            None => Known::OutOfDate(draft),
        })
    }

    /// Drops the drafts that give way and those that are out of date, so that what they held is
    /// free for the next.
    pub(super) fn drop_stale_drafts(
        &mut self,
        replaced: impl IntoIterator<Item = DraftId>,
        moment: &DraftMoment,
    ) -> Result<(), CommandError> {
        let mut stale = self.file.expired_drafts(moment.now)?;
        let replaced: Vec<_> =
            replaced.into_iter().filter(|draft| !stale.contains(draft)).collect();
        stale.extend(replaced);
        stale.into_iter().try_for_each(|draft| self.drop_draft(draft))
    }

    /// The drafts that hold coins, oldest first.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn drafts(&self, moment: &DraftMoment) -> Result<Vec<Draft>, CommandError> {
        let mut drafts = Vec::new();
        for id in self.file.drafts()? {
            let row = self.file.draft(id)?.filter(|row| !row.is_out_of_date(moment.now));
            if let Some(row) = row {
                drafts.extend(self.review(id, &row, moment)?);
            }
        }
        Ok(drafts)
    }
}

/// What single outputs are for, by their scripts.
fn output_notes(request: &PayRequest) -> Vec<(ScriptBuf, String)> {
    let noted = request
        .recipients
        .iter()
        .filter_map(|recipient| Some((recipient.address.script_pubkey(), recipient.note.clone()?)));
    noted.collect()
}

/// What is known of an idempotency key.
pub(super) enum Known {
    /// Nothing.
    New,
    /// A draft that no longer works and gives way.
    OutOfDate(DraftId),
    /// The same request was answered with this.
    Answered(Drafted),
    /// The draft was signed and sent by another program: it is this payment.
    MadeElsewhere(DraftId, Box<PaymentRow>),
}
