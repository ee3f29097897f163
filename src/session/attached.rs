//! Owns attaching to the daemon of this data directory: commands ask it instead of opening the
//! wallet, which only one process can.
//!
//! A wallet that the daemon has open is asked without a password: whoever reaches the socket could
//! ask as much by JSON-RPC. One that it has not is opened there for this command alone, by its
//! password.

use std::path::PathBuf;
use std::time::Duration;

use billfold_rpc::client::face::{AttachError, RemoteFace};
use billfold_wallet_core::backup::Backup;
use billfold_wallet_core::command::Command;
use billfold_wallet_core::config::Settings;
use billfold_wallet_core::face::{Access, Face};
use billfold_wallet_core::net::clock::Clock;
use billfold_wallet_core::service::OpenError;
use billfold_wallet_core::vault::{self, Password};

use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::password;
use crate::session::keys;

/// Where the daemon of these settings has its socket, unless told otherwise.
pub(crate) fn socket_path(settings: &Settings) -> PathBuf {
    settings.paths().dir().join("billfold.sock")
}

/// The daemon of this data directory, if one runs.
///
/// # Errors
/// `other_version`, `no_daemon` if it does not serve this program now, or `interrupted`.
pub(crate) async fn daemon(context: &mut Context) -> Result<Option<RemoteFace>, Failure> {
    let settings = context.run.settings.clone();
    daemon_of(&settings, context).await
}

/// The same with other settings than the command line's.
///
/// # Errors
/// The same.
pub(crate) async fn daemon_of(
    settings: &Settings,
    context: &mut Context,
) -> Result<Option<RemoteFace>, Failure> {
    let socket = socket_path(settings);
    let attaching = RemoteFace::attach(&socket, env!("CARGO_PKG_VERSION"));
    Ok(context.interrupt.or(attaching).await??)
}

/// Has the daemon open the wallet, if it has not yet; whether it does for this command alone.
///
/// # Errors
/// Why it did not.
pub(super) async fn open(
    face: &RemoteFace,
    context: &mut Context,
    access: Access,
) -> Result<bool, Failure> {
    if is_open(face, context).await? {
        return Ok(false);
    }
    password::tried_by(context, async |settings: &Settings, password: &Password| {
        Ok(loaded(face, settings, password, access).await)
    })
    .await?;
    Ok(true)
}

/// Has the daemon open the wallet's keys, if they are locked: for this command, which locks them
/// again, or for [`UNLOCKED`] if it can't. Whether it did.
///
/// # Errors
/// Why it did not.
pub(super) async fn unlock(face: &RemoteFace, context: &mut Context) -> Result<bool, Failure> {
    keys::unlock(face, context, Some(UNLOCKED)).await
}

/// As [`open`], with a password that is known already.
///
/// # Errors
/// Why it did not.
pub(super) async fn open_with(
    face: &RemoteFace,
    context: &mut Context,
    password: &Password,
) -> Result<(), Failure> {
    if is_open(face, context).await? {
        return Ok(());
    }
    let settings = context.run.settings.clone();
    let loading = loaded(face, &settings, password, Access::View);
    Ok(context.interrupt.or(loading).await??)
}

/// Everything about the wallet that the chain can't give back, from the daemon that has it; `None` if
/// none runs. It holds the seed, so the password is asked for though nobody needs it to pay.
///
/// # Errors
/// Why the password was not right, or why there is no backup.
pub(crate) async fn backup(context: &mut Context) -> Result<Option<Backup>, Failure> {
    let Some(face) = daemon(context).await? else { return Ok(None) };
    if is_open(&face, context).await? {
        right_password(context).await?;
    } else {
        open(&face, context, Access::Sign).await?;
    }
    let locks = unlock(&face, context).await?;
    let wallet = context.run.settings.wallet.clone();
    let backup = face.backup(&wallet).await;
    if locks {
        // If that fails, they are locked after a time.
        let _ = face.ask(&wallet, Command::Lock).await;
    }
    face.close().await;
    Ok(Some(backup?))
}

/// The password of the wallet, which was right just now: the daemon would ask for none.
///
/// # Errors
/// As [`password::tried`].
pub(crate) async fn right_password(context: &mut Context) -> Result<Password, Failure> {
    password::tried(context, |settings, password| {
        let header = settings.paths().header(&settings.wallet);
        vault::open(&header, password, Clock::start().now().wall)?;
        Ok(password.clone())
    })
    .await
}

async fn is_open(face: &RemoteFace, context: &mut Context) -> Result<bool, Failure> {
    let open = context.interrupt.or(face.wallets()).await??;
    Ok(open.contains(&context.run.settings.wallet))
}

async fn loaded(
    face: &RemoteFace,
    settings: &Settings,
    password: &Password,
    access: Access,
) -> Result<(), OpenError> {
    match face.load(&settings.wallet, password.clone(), access).await {
        // Somebody else was faster.
        Err(OpenError::Loaded(_)) => Ok(()),
        outcome => outcome,
    }
}

/// How long keys stay open for a command that can't lock them again.
const UNLOCKED: Duration = Duration::from_secs(600);

impl From<AttachError> for Failure {
    fn from(error: AttachError) -> Self {
        let told = Self::new(
            match error {
                AttachError::OtherVersion { .. } => Kind::OtherVersion,
                AttachError::OtherUser(_) | AttachError::Full | AttachError::Silent(_) => {
                    Kind::NoDaemon
                }
            },
            error.to_string(),
        );
        match error {
            AttachError::OtherVersion { daemon, .. } => told.with("daemon", daemon),
            _ => told,
        }
    }
}
