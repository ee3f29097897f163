//! Owns opening the keys of a wallet for one command, where they are locked: they have a passphrase of
//! their own, or a daemon has locked them, and the wallet's password opens them.

use std::time::Duration;

use billfold_wallet_core::command::{Command, KeyState, Reply};
use billfold_wallet_core::config::Settings;
use billfold_wallet_core::face::Face;
use billfold_wallet_core::vault::Password;

use crate::context::Context;
use crate::failure::Failure;
use crate::password;
use crate::session::unexpected;

/// Has the keys opened, if they are locked; until they are locked again, or for a time. Whether it
/// was so.
///
/// # Errors
/// Why they were not opened.
pub(super) async fn unlock(
    face: &impl Face,
    context: &mut Context,
    lasts: Option<Duration>,
) -> Result<bool, Failure> {
    let wallet = context.run.settings.wallet.clone();
    let layer = match context.interrupt.or(face.ask(&wallet, Command::KeyLayer)).await?? {
        Reply::KeyLayer(layer) => layer,
        reply => return Err(unexpected(&reply)),
    };
    if layer.state != KeyState::Locked {
        return Ok(false);
    }
    let unlock = async |settings: &Settings, secret: &Password| {
        Ok(face.unlock(&settings.wallet, secret.clone(), lasts).await)
    };
    if layer.has_passphrase {
        password::keys_tried_by(context, unlock).await?;
    } else {
        password::tried_by(context, unlock).await?;
    }
    Ok(true)
}
