//! Owns the way from a request to a draft: checked, known again by its idempotency key, funded,
//! built, reserved.
//!
//! Refuses to keep anything of a request before it is known to work.

use crate::command::{CommandError, DraftId, PayRequest};
use crate::limits::DRAFT_LIFETIME;
use crate::store::wallet::{DraftRow, RequestId};

use super::request::{self, CheckedRequest};
use super::review::Subject;
use super::{DraftMoment, Drafted, Wallet, fee};

impl Wallet {
    /// Chooses coins, builds the payment and reserves them. A dry run stages nothing.
    ///
    /// # Errors
    /// What is wrong with the request, what is lacking, or what the disk refused.
    pub fn draft(
        &mut self,
        request: &PayRequest,
        moment: DraftMoment,
    ) -> Result<Drafted, CommandError> {
        let id = request::identify(request);
        let replaced = match self.answer_to(&id, moment)? {
            Known::Answered(drafted) => return Ok(drafted),
            Known::OutOfDate(draft) => Some(draft),
            Known::New => None,
        };
        let checked = CheckedRequest::new(request)?;
        if !request.dry_run {
            self.drop_stale_drafts(replaced, moment)?;
        }
        let funding = self.fund(&checked, moment)?;
        let paid = funding.outputs.iter().map(|output| output.value).sum();
        fee::check_fee(funding.fee, paid)?;
        fee::check_weight(funding.weight())?;
        let (psbt, change_vout) = self.unsigned(&funding, moment)?;
        let row = DraftRow {
            expires: moment.now.after(DRAFT_LIFETIME),
            psbt,
            change_vout,
            default_rate: request.fee_rate.is_none(),
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
        let draft = self.review_row(id, &row, moment)?;
        draft.ok_or(CommandError::NoSuchDraft(id.0))
    }

    /// Whether a request with this idempotency key was answered before.
    fn answer_to(&self, id: &RequestId, moment: DraftMoment) -> Result<Known, CommandError> {
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
        if row.expires <= moment.now {
            return Ok(Known::OutOfDate(draft));
        }
        if row.request.hash != id.hash {
            return Err(CommandError::KeyReused);
        }
        let review = self.review_row(draft, &row, moment)?;
        Ok(review.map_or(Known::OutOfDate(draft), Known::Answered))
    }

    /// Drops the draft that gives way and those that are out of date, so that what they held is
    /// free for the next.
    fn drop_stale_drafts(
        &mut self,
        replaced: Option<DraftId>,
        moment: DraftMoment,
    ) -> Result<(), CommandError> {
        let mut stale = self.file.expired_drafts(moment.now)?;
        stale.extend(replaced.filter(|draft| !stale.contains(draft)));
        stale.into_iter().try_for_each(|draft| self.drop_draft(draft))
    }

    fn review_row(
        &self,
        id: DraftId,
        row: &DraftRow,
        moment: DraftMoment,
    ) -> Result<Option<Drafted>, CommandError> {
        let subject = Subject {
            id,
            psbt: &row.psbt,
            change_vout: row.change_vout,
            default_rate: row.default_rate,
        };
        let draft = self.review(&subject, moment)?;
        Ok(draft.map(|draft| Drafted::Draft(Box::new(draft))))
    }
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
