//! Owns what is known of a call by its key: the answer that it got, and the draft or the payment
//! that it made.
//!
//! Refuses a key that was used for something else.

use crate::command::{CommandError, KeyedRequest, PayRequest};
use crate::store::wallet::RequestId;

use super::draft::Known;
use super::{DraftMoment, Drafted, Wallet};

impl Wallet {
    /// What this call was answered before; `None` if it was not.
    ///
    /// # Errors
    /// [`CommandError::KeyReused`], or what the disk refused.
    pub fn recall(&self, request: &KeyedRequest) -> Result<Option<String>, CommandError> {
        if let Some(kept) = self.file.kept_answer(&request.key)? {
            let same = kept.hash == request.hash;
            return if same { Ok(Some(kept.answer)) } else { Err(CommandError::KeyReused) };
        }
        match self.file.payment_by_key(&request.key)? {
            Some(payment) if payment.request.hash != request.hash => Err(CommandError::KeyReused),
            _ => Ok(None),
        }
    }

    /// Keeps what a call was answered.
    ///
    /// # Errors
    /// [`CommandError::KeyReused`], or what the disk refused.
    pub fn remember(&mut self, request: &KeyedRequest, answer: &str) -> Result<(), CommandError> {
        self.recall(request)?;
        Ok(self.file.keep_answer(request, answer)?)
    }

    /// The draft or the payment that a call made before. A draft that is out of date gives way.
    ///
    /// # Errors
    /// [`CommandError::KeyReused`], or what the disk refused.
    pub fn made_by(
        &mut self,
        request: &RequestId,
        moment: &DraftMoment,
    ) -> Result<Option<Drafted>, CommandError> {
        Ok(match self.answer_to(request, moment)? {
            Known::New => None,
            Known::OutOfDate(draft) => {
                self.drop_draft(draft)?;
                None
            }
            Known::Answered(made) => Some(made),
            Known::MadeElsewhere(draft, payment) => {
                self.file.insert_payment(draft, &payment)?;
                Some(Drafted::Payment(Box::new(self.told(&payment, true)?)))
            }
        })
    }
}

impl From<&KeyedRequest> for RequestId {
    fn from(request: &KeyedRequest) -> Self {
        Self { idempotency_key: Some(request.key.clone()), hash: request.hash }
    }
}

impl From<&PayRequest> for RequestId {
    fn from(request: &PayRequest) -> Self {
        Self { idempotency_key: request.idempotency_key.clone(), hash: request.identity() }
    }
}
