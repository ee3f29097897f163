//! Owns where a new wallet is made: by the daemon of the data directory, which has its lock, or in
//! this process.

use billfold_rpc::client::face::RemoteFace;
use billfold_wallet_core::command::WalletDescription;
use billfold_wallet_core::face::Face;
use billfold_wallet_core::founding::{CreateError, Founding};
use billfold_wallet_core::service;
use billfold_wallet_core::vault::KdfCost;

use crate::context::Context;
use crate::failure::Failure;
use crate::session::attached;

/// Who makes a wallet. A daemon does not load it.
pub(crate) struct Birthplace(Option<RemoteFace>);

impl Birthplace {
    /// Finds who does, and that the name is free: before a person writes words down for nothing.
    ///
    /// # Errors
    /// `wallet_exists`, `dir_in_use`, or why the directory can't be used.
    pub(crate) async fn find(context: &mut Context) -> Result<Self, Failure> {
        let daemon = attached::daemon(context).await?;
        match &daemon {
            Some(face) => {
                let wallet = &context.run.settings.wallet;
                if face.all_wallets().await?.contains(wallet) {
                    return Err(CreateError::WalletExists(wallet.clone()).into());
                }
            }
            None => service::check_new(&context.run.settings)?,
        }
        Ok(Self(daemon))
    }

    /// Whether a daemon makes it, which has peers of its own.
    #[must_use]
    pub(crate) const fn is_daemon(&self) -> bool {
        self.0.is_some()
    }

    /// Makes it. It takes the time of one password derivation.
    ///
    /// # Errors
    /// Why it could not be made.
    pub(crate) async fn found(
        &self,
        founding: Founding,
        context: &Context,
    ) -> Result<WalletDescription, Failure> {
        let (settings, cost) = (&context.run.settings, KdfCost::calibrated());
        if let Some(face) = &self.0 {
            return Ok(face.found(&settings.wallet, founding, cost).await?);
        }
        Ok(match founding {
            Founding::Keys(new) => service::create(settings, new, cost)?,
            Founding::Watch(new) => service::watch(settings, new, cost)?,
            Founding::Blank { birthday, keys, avoids_reuse, password } => {
                service::blank(settings, birthday, (&keys, avoids_reuse), &password, cost)?
            }
            Founding::Backup { backup, password } => {
                service::restore_backup(settings, &backup, &password, cost)?
            }
        })
    }
}
