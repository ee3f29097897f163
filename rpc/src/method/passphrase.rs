//! Owns the methods about a wallet's passphrase, with Core's texts and codes.
//!
//! Refuses to tell a passphrase, and to lock what has none.

use std::time::Duration;

use billfold_wallet_core::command::Command;
use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::open_error::OpenError;
use billfold_wallet_core::passphrase::{PassphraseChange, PassphraseError};
use billfold_wallet_core::vault::{KdfCost, Password};

use crate::apart::apart;
use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::ledger;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::{NOT_LOADED, Node};
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "encryptwallet",
        category: Category::Wallet,
        parameters: &[Parameter::required("passphrase", Kind::Text, "The passphrase")],
        about: "Encrypts the keys of the wallet with a passphrase, which payments need from then on.",
        standing: Standing::Differs(
            "the words and addresses stay the same, so old backups are still good, and the text says \
             so; the wallet's file was encrypted before, under the daemon's password",
        ),
        run: Run::Change(|node, desk, arguments| Box::pin(encrypt(node, desk, arguments))),
    },
    Method {
        name: "walletlock",
        category: Category::Wallet,
        parameters: &[],
        about: "Forgets the keys of the wallet, so that it needs walletpassphrase before it signs.",
        standing: Standing::Same,
        run: Run::Change(|_, desk, _| Box::pin(lock(desk))),
    },
    Method {
        name: "walletpassphrase",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("passphrase", Kind::Text, "The passphrase"),
            Parameter::required("timeout", Kind::Number, "For how many seconds"),
        ],
        about: "Opens the keys of the wallet for a time, which replaces that of an earlier call.",
        standing: Standing::Same,
        run: Run::Change(|node, desk, arguments| Box::pin(unlock(node, desk, arguments))),
    },
    Method {
        name: "walletpassphrasechange",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("oldpassphrase", Kind::Text, "The passphrase that there is"),
            Parameter::required("newpassphrase", Kind::Text, "The one that there will be"),
        ],
        about: "Changes the passphrase of the wallet.",
        standing: Standing::Same,
        run: Run::Change(|node, desk, arguments| Box::pin(change(node, desk, arguments))),
    },
];

async fn encrypt(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    if !ledger::description(desk).await?.takes_keys {
        return Err(RpcError::new(Code::EncryptionFailed, NOTHING_TO_ENCRYPT));
    }
    if ledger::key_layer(desk).await?.has_passphrase {
        return Err(wrong_state("an encrypted wallet", "encryptwallet"));
    }
    let change = PassphraseChange { old: None, new: passphrase(arguments, 0)? };
    node.face.change_passphrase(&name(desk)?, change, cost().await?).await.map_err(refused)?;
    answer(ENCRYPTED)
}

async fn lock(desk: &Desk) -> Outcome {
    require_encrypted(desk, "walletlock").await?;
    desk.ask(Command::Lock).await?;
    answer(&())
}

async fn unlock(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    require_encrypted(desk, "walletpassphrase").await?;
    let timeout = arguments.long(1)?.unwrap_or_default();
    let seconds = u64::try_from(timeout)
        .map_err(|_| RpcError::parameter("Timeout cannot be negative."))?
        .min(LONGEST_TIMEOUT);
    let passphrase = passphrase(arguments, 0)?;
    let lasts = Some(Duration::from_secs(seconds));
    node.face.unlock(&name(desk)?, passphrase, lasts).await.map_err(|error| match error {
        OpenError::WrongPassword => RpcError::new(Code::PassphraseIncorrect, INCORRECT),
        OpenError::NotLoaded(_) => RpcError::new(Code::WalletNotFound, NOT_LOADED),
        other => RpcError::new(Code::Wallet, other.to_string()),
    })?;
    answer(&())
}

async fn change(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    require_encrypted(desk, "walletpassphrasechange").await?;
    let (old, new) = (passphrase(arguments, 0)?, passphrase(arguments, 1)?);
    let change = PassphraseChange { old: Some(old), new };
    node.face.change_passphrase(&name(desk)?, change, cost().await?).await.map_err(refused)?;
    answer(&())
}

async fn require_encrypted(desk: &Desk, method: &str) -> Result<(), RpcError> {
    if ledger::key_layer(desk).await?.has_passphrase {
        return Ok(());
    }
    Err(wrong_state("an unencrypted wallet", method))
}

fn wrong_state(state: &str, method: &str) -> RpcError {
    let message = format!("Error: running with {state}, but {method} was called.");
    RpcError::new(Code::WrongEncryptionState, message)
}

fn passphrase(arguments: &Arguments, place: usize) -> Result<Password, RpcError> {
    let text = arguments.value(place).map_or(Ok(""), arguments::text)?;
    Password::new(text).map_err(|_| RpcError::parameter("passphrase cannot be empty"))
}

/// What guessing the passphrase costs; measured on a thread where it holds up nobody.
async fn cost() -> Result<KdfCost, RpcError> {
    apart(KdfCost::calibrated).await
}

fn name(desk: &Desk) -> Result<WalletName, RpcError> {
    desk.name().parse().map_err(|_| RpcError::bug())
}

fn refused(error: PassphraseError) -> RpcError {
    match error {
        PassphraseError::Wrong => RpcError::new(Code::PassphraseIncorrect, INCORRECT),
        // Two calls at the same time.
        PassphraseError::HasOne => wrong_state("an encrypted wallet", "encryptwallet"),
        PassphraseError::WatchOnly => RpcError::new(Code::EncryptionFailed, NOTHING_TO_ENCRYPT),
        PassphraseError::NotLoaded(_) => RpcError::new(Code::WalletNotFound, NOT_LOADED),
        other => RpcError::new(Code::EncryptionFailed, other.to_string()),
    }
}

const ENCRYPTED: &str = "wallet encrypted; the words and addresses are the same as before, and \
                         backups that were made before are still good, without this passphrase.";
const INCORRECT: &str = "Error: The wallet passphrase entered was incorrect.";
const NOTHING_TO_ENCRYPT: &str = "Error: wallet does not contain private keys, nothing to encrypt.";

/// Seconds; more are cut to this, as in Core.
const LONGEST_TIMEOUT: u64 = 100_000_000;
