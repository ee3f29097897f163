//! Owns the way from a request to a draft: checked, known again by its idempotency key, funded,
//! built, reserved.
//!
//! Refuses to keep anything of a request before it is known to work.

use bitcoin::TxOut;
use bitcoin::psbt::Psbt;

use crate::command::{CommandError, Draft, DraftId, Hold, PayRequest, Recipient};
use crate::light_client::time::WallTime;
use crate::limits::DRAFT_LIFETIME;
use crate::store::wallet::{DraftRow, RequestId, Task};

use super::request::{self, CheckedRequest, Pay};
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
        let id = request::identify(request);
        let replaced = match self.answer_to(&id, moment)? {
            Known::Answered(drafted) => return Ok(drafted),
            Known::OutOfDate(draft) => Some(draft),
            Known::New => None,
        };
        let checked = CheckedRequest::new(request, &moment.fees)?;
        if !request.dry_run {
            self.drop_stale_drafts(replaced, moment)?;
        }
        let funding = self.fund(&checked, moment)?;
        let paid = funding.outputs.iter().map(|output| output.value).sum();
        fee::check_fee(funding.fee, paid)?;
        fee::check_weight(funding.weight)?;
        let (psbt, change_vout) = self.unsigned(&funding, moment)?;
        let row = DraftRow {
            expires: expiry(request.hold, moment),
            output_notes: output_notes(request, &psbt),
            psbt,
            change_vout,
            task: Task::Payment,
            takes_all: matches!(checked.pay, Pay::Max(_)),
            fee_basis: checked.fee_basis,
            note: request.note.clone(),
            request: id,
        };
        let id = if request.dry_run {
            DraftId(0)
        } else {
            if let Some((place, _)) = funding.change {
                let issued = self.issue(place.keychain)?;
                debug_assert_eq!(issued, place.index, "the change script was built for this index");
            }
            self.file.insert_draft(&row)?
        };
        let draft = self.review(id, &row, moment)?;
        let draft = draft.ok_or(CommandError::NoSuchDraft(id.0))?;
        Ok(Drafted::Draft(Box::new(draft)))
    }

    /// Whether a request with this idempotency key was answered before.
    fn answer_to(&self, id: &RequestId, moment: &DraftMoment) -> Result<Known, CommandError> {
        let Some(key) = id.idempotency_key.as_deref() else { return Ok(Known::New) };
        if let Some(payment) = self.file.payment_by_key(key)? {
            if payment.request.hash != id.hash {
                return Err(CommandError::KeyReused);
            }
            let payment = self.told(&payment, true)?;
            return Ok(Known::Answered(Drafted::Payment(Box::new(payment))));
        }
        let Some(draft) = self.file.draft_by_key(key)? else { return Ok(Known::New) };
        let Some(row) = self.file.draft(draft)? else { return Ok(Known::New) };
        if row.is_out_of_date(moment.now) {
            return Ok(Known::OutOfDate(draft));
        }
        if row.request.hash != id.hash {
            return Err(CommandError::KeyReused);
        }
        let review = self.review(draft, &row, moment)?;
        Ok(match review {
            Some(review) => Known::Answered(Drafted::Draft(Box::new(review))),
            None => Known::OutOfDate(draft),
        })
    }

    /// Drops the draft that gives way and those that are out of date, so that what they held is
    /// free for the next.
    fn drop_stale_drafts(
        &mut self,
        replaced: Option<DraftId>,
        moment: &DraftMoment,
    ) -> Result<(), CommandError> {
        let mut stale = self.file.expired_drafts(moment.now)?;
        stale.extend(replaced.filter(|draft| !stale.contains(draft)));
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

/// Until when a draft holds its coins.
pub(super) fn expiry(hold: Hold, moment: &DraftMoment) -> Option<WallTime> {
    match hold {
        Hold::Briefly => Some(moment.now.after(DRAFT_LIFETIME)),
        Hold::UntilDropped => None,
    }
}

/// What single outputs are for, by their places.
fn output_notes(request: &PayRequest, psbt: &Psbt) -> Vec<(u32, String)> {
    let note_of = |output: &TxOut| {
        let paid = |one: &&Recipient| one.address.script_pubkey() == output.script_pubkey;
        request.recipients.iter().find(paid)?.note.clone()
    };
    let outputs = (0..).zip(&psbt.unsigned_tx.output);
    outputs.filter_map(|(vout, output)| Some((vout, note_of(output)?))).collect()
}

/// What is known of an idempotency key.
enum Known {
    /// Nothing.
    New,
    /// A draft that no longer works and gives way.
    OutOfDate(DraftId),
    /// The same request was answered with this.
    Answered(Drafted),
}
