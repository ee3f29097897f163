//! Owns the methods that write a wallet's backup and make a wallet of one.
//!
//! Refuses to replace a file, and a wallet.

use std::path::{Path, PathBuf};

use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::founding::Founding;
use billfold_wallet_core::service;
use billfold_wallet_core::vault::KdfCost;

use crate::apart::apart;
use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::wallet_list::{
    LOAD_ON_STARTUP, LoadedForm, bad_name, file_password, found, open,
};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "backupwallet",
        category: Category::Wallet,
        parameters: &[Parameter::required("destination", Kind::Text, "A file that is not there")],
        about: "Writes a backup of the wallet to a new file, encrypted with the daemon's password.",
        standing: Standing::Differs(
            "the file is billfold's backup, with the words in it, so -13 while the keys are locked; \
             a file that is there is not replaced (-4)",
        ),
        run: Run::Change(|node, desk, arguments| Box::pin(write(node, desk, arguments))),
    },
    Method {
        name: "restorewallet",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("wallet_name", Kind::Text, "The name of the new wallet"),
            Parameter::required("backup_file", Kind::Text, "What backupwallet wrote"),
            LOAD_ON_STARTUP,
        ],
        about: "Makes a wallet of a backup, and loads it.",
        standing: Standing::Differs(
            "it takes backups of billfold, which have the daemon's password; a passphrase of the keys \
             is not in them: encryptwallet sets a new one; nor are keys of payments, limits, tokens and events: a payment that is \
             repeated by its key is another one there; nor is external_signer: what is restored from one only \
             watches, and createwallet makes another of the same device",
        ),
        run: Run::Open(|node, _, arguments| Box::pin(restore(node, arguments))),
    },
];

async fn write(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let destination = PathBuf::from(arguments.required_text(0)?);
    if destination.as_os_str().is_empty() {
        let message = "Error: Wallet backup failed! Name a file that is not there";
        return Err(RpcError::new(Code::Wallet, message));
    }
    let password = file_password(node)?;
    let name: WalletName = desk.name().parse().map_err(|_| RpcError::bug())?;
    let backup = node.face.backup(&name).await?;
    let written =
        move || service::write_backup(&destination, &backup, &password, KdfCost::calibrated());
    let written = apart(written).await?;
    written.map_err(|error| {
        RpcError::new(Code::Wallet, format!("Error: Wallet backup failed! {error}"))
    })?;
    answer(&())
}

async fn restore(node: &Node, arguments: &Arguments) -> Outcome {
    let name: WalletName = arguments.required_text(0)?.parse().map_err(|error| bad_name(&error))?;
    let file = PathBuf::from(arguments.required_text(1)?);
    let keep = arguments.value(2).map(crate::arguments::flag).transpose()?;
    // Whoever opens a pipe waits for what nobody may ever write.
    if !Path::new(&file).is_file() {
        return Err(RpcError::parameter("Backup file does not exist"));
    }
    let password = file_password(node)?;
    let (opened, reading) = (password.clone(), file);
    let backup = apart(move || service::read_backup(&reading, &opened)).await?;
    let backup = backup.map_err(|error| RpcError::parameter(error.to_string()))?;
    found(node, &name, Founding::Backup { backup: Box::new(backup), password }).await?;
    open(node, &name, keep).await?;
    answer(&LoadedForm { name: name.as_str(), warnings: Vec::new() })
}
