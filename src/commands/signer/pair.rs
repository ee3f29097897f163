//! Owns `signer pair`: a wallet whose keys stay on the device.

use std::collections::BTreeSet;

use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::search_plan::earliest;
use billfold_wallet_core::signers::device;
use serde::Serialize;

use crate::cli::signer::SignerPairArgs;
use crate::commands::watch::{WatchReport, found};
use crate::context::Context;
use crate::device::talk;
use crate::failure::Failure;
use crate::output::{Canvas, Report};
use crate::session::birthplace::Birthplace;

/// Creates the wallet.
///
/// # Errors
/// `wallet_exists`, why the device gave no keys, or why the wallet could not be made.
pub(super) async fn run(options: SignerPairArgs, context: &mut Context) -> Result<(), Failure> {
    let birthplace = Birthplace::find(context).await?;
    let (place, network) = (options.signer.place(), context.run.settings.network);
    let (first, number) = (options.script_type, options.number);
    let (fingerprint, accounts) = talk(context, move |watch| {
        let mut device = device::open(&place, network, &BTreeSet::new(), watch)?;
        let accounts = device::accounts(device.as_mut(), first, number)?;
        Ok::<_, Failure>((device.fingerprint(), accounts))
    })
    .await?;
    let birthday = options.birthday.map_or_else(
        || Birthday::Height(earliest::of_accounts(&accounts, network)),
        |birthday| birthday.0,
    );
    let wallet = found(accounts, birthday, options.gap, &birthplace, context).await?;
    let fingerprint = fingerprint.to_string();
    context.output.result(&PairReport { fingerprint, wallet: WatchReport::new(&wallet) })
}

/// What is watched, and whose keys it takes.
#[derive(Debug, Serialize)]
struct PairReport {
    fingerprint: String,
    #[serde(flatten)]
    wallet: WatchReport,
}

impl Report for PairReport {
    fn for_people(&self, canvas: Canvas) -> String {
        format!(
            "{}\n\nThe keys are those of {}, on the signer. Compare an address on both: billfold \
             signer display",
            self.wallet.for_people(canvas),
            self.fingerprint
        )
    }
}
