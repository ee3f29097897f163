//! Owns how a command opens a wallet for its secrets: by its password, and by the passphrase of its
//! keys where they have one.

use billfold_wallet_core::config::Settings;
use billfold_wallet_core::service::Strongbox;
use billfold_wallet_core::vault::Password;

use crate::context::Context;
use crate::failure::Failure;
use crate::password;

/// Opens it for what takes no keys.
///
/// # Errors
/// As [`password::tried`].
pub(crate) async fn open(context: &mut Context) -> Result<Strongbox, Failure> {
    password::tried(context, Strongbox::open).await
}

/// Opens it with its keys.
///
/// # Errors
/// As [`open`], and as [`password::keys_tried_by`].
pub(crate) async fn open_keys(context: &mut Context) -> Result<Strongbox, Failure> {
    let mut strongbox = open(context).await?;
    if strongbox.is_locked()? {
        let unlock = async |_: &Settings, passphrase: &Password| Ok(strongbox.unlock(passphrase));
        password::keys_tried_by(context, unlock).await?;
    }
    Ok(strongbox)
}
