//! Owns `password`: another password for a wallet.
//!
//! Refuses to write anything but the wallet's header file, so that nothing can be lost.

use billfold_wallet_core::face::Face as _;
use billfold_wallet_core::passphrase::PasswordChange;
use billfold_wallet_core::vault::KdfCost;
use serde::Serialize;

use crate::cli::keeping::PasswordArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report};
use crate::password;
use crate::session::attached;
use crate::strongbox;

/// Changes the password.
///
/// # Errors
/// `wrong_password`, `bad_password`, `no_terminal`, or why the wallet did not open.
pub(super) async fn run(options: &PasswordArgs, context: &mut Context) -> Result<(), Failure> {
    let wallet = context.run.settings.wallet.clone();
    let question = format!("New password for wallet {wallet}: ");
    let chosen = |context: &Context| {
        let file = options.new_password_file.as_deref();
        password::chosen(&context.run, file, &question, ADVICE)
    };
    let cost;
    if let Some(daemon) = attached::daemon(context).await? {
        let old = attached::right_password(context).await?;
        let new = chosen(context)?;
        cost = KdfCost::calibrated();
        daemon.change_password(&wallet, PasswordChange { old, new }, cost).await?;
        context.output.warn(DAEMON);
    } else {
        let mut strongbox = strongbox::open(context).await?;
        let new = chosen(context)?;
        cost = KdfCost::calibrated();
        strongbox.change_password(&new, cost)?;
    }
    context.output.result(&PasswordReport {
        wallet: wallet.to_string(),
        memory_kib: cost.memory_kib(),
        passes: cost.passes(),
    })
}

/// What the new password is protected by.
#[derive(Debug, Serialize)]
struct PasswordReport {
    wallet: String,
    memory_kib: u32,
    passes: u32,
}

impl Report for PasswordReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        format!(
            "The password of wallet {} is changed. Trying one takes {} MiB of memory, {} times \
             filled.\nCopies of the wallet's files from before still open with the old password.",
            self.wallet,
            self.memory_kib / 1024,
            self.passes,
        )
    }
}

const DAEMON: &str = "the daemon goes on with what it has open; before it is started again, its password file must \
                      hold the new password";
const ADVICE: &str = "give the new password with --new-password-file FILE";
