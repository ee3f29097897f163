//! Owns the way of a payment through a signing device: held, signed there, verified, stored.
//!
//! Refuses to send what the device did not sign whole: others must sign it too.

use billfold_wallet_core::command::{Command, DraftId, Reply};
use billfold_wallet_core::signer_host::place::Place;

use super::Signed;
use crate::context::Context;
use crate::device;
use crate::failure::Failure;
use crate::session::{Session, unexpected};

/// Has a device sign a draft, and stores what it signed.
///
/// # Errors
/// Why the device did not sign; the reasons of an announcement.
pub(super) async fn sign(
    session: &mut Session,
    context: &mut Context,
    draft: DraftId,
    place: Place,
) -> Result<Signed, Failure> {
    let handed = match session.ask_to_the_end(Command::HandOut(draft)).await? {
        Reply::Psbt(review) => review,
        reply => return Err(unexpected(&reply)),
    };
    let signed = device::signed(handed.psbt, place, context).await?;
    let review = match session.ask_to_the_end(Command::ReviewPsbt(Box::new(signed))).await? {
        Reply::Psbt(review) => review,
        reply => return Err(unexpected(&reply)),
    };
    if review.complete.is_none() {
        return Ok(Signed::Elsewhere(review));
    }
    match session.ask_to_the_end(Command::AnnouncePsbt(Box::new(review.psbt))).await? {
        Reply::Payment(payment) => Ok(Signed::Here(payment)),
        reply => Err(unexpected(&reply)),
    }
}
