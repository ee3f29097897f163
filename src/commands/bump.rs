//! Owns `bump` and `cancel`: a waiting payment is sped up or taken back, by the same way of review,
//! agreement and announcement as any payment.

use billfold_wallet_core::command::{BumpRequest, BumpWay, Command, Hold};
use bitcoin::Txid;

use super::pay::{self, Consent, fee};
use crate::cli::paying::{BumpArgs, CancelArgs, ConsentArgs, FeeArgs};
use crate::cli::signer::SignerArgs;
use crate::context::Context;
use crate::failure::Failure;

/// Speeds a transaction up.
///
/// # Errors
/// `cannot_bump`, `fee_too_low` and the other reasons of a draft, `refused` by the reviewer, and all
/// that `sync` can fail with.
pub(super) async fn run(options: &BumpArgs, context: &mut Context) -> Result<(), Failure> {
    let way = match (options.replace, options.child) {
        (true, _) => BumpWay::Replace,
        (_, true) => BumpWay::Child,
        (false, false) => BumpWay::Best,
    };
    let consent = consent(&options.consent, &options.signer);
    carry_out(options.txid, way, &options.fee, &consent, context).await
}

/// Takes a payment back.
///
/// # Errors
/// As [`run`].
pub(super) async fn cancel(options: &CancelArgs, context: &mut Context) -> Result<(), Failure> {
    let consent = consent(&options.consent, &options.signer);
    carry_out(options.txid, BumpWay::Cancel, &options.fee, &consent, context).await
}

async fn carry_out(
    txid: Txid,
    way: BumpWay,
    fee: &FeeArgs,
    consent: &Consent,
    context: &mut Context,
) -> Result<(), Failure> {
    let dry_run = consent.is_dry_run();
    let (fee, most_fee) = (fee::read(fee)?, fee::most(fee)?);
    let request = BumpRequest { txid, way, fee, most_fee, hold: Hold::Briefly, dry_run };
    pay::carry_out(Command::Bump(request), consent, context).await
}

fn consent(options: &ConsentArgs, signer: &SignerArgs) -> Consent {
    Consent::new(options).with_signer(signer.signer.clone())
}
