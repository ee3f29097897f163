//! Owns `billfold.backup`: the wallet's backup, encrypted, to whoever asks.
//!
//! Refuses paths: nothing is written on the daemon's disk.

use base64ct::{Base64, Encoding as _};
use billfold_wallet_core::backup::lines;
use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::vault::{KdfCost, Parcel};
use serde::Serialize;

use crate::apart::apart;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::wallet_list::file_password;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;

pub(in crate::method) const METHODS: &[Method] = &[Method {
    name: "billfold.backup",
    category: Category::Billfold,
    parameters: &[],
    about: "A backup of the wallet with its words, encrypted with the daemon's password: the bytes of \
            the file that billfold backup restore reads, in base64. -13 while the keys are locked.",
    standing: Standing::Ours,
    run: Run::Wallet(|node, desk, _| Box::pin(backup(node, desk))),
}];

async fn backup(node: &Node, desk: &Desk) -> Outcome {
    let password = file_password(node)?;
    let name: WalletName = desk.name().parse().map_err(|_| RpcError::bug())?;
    let backup = node.face.backup(&name).await?;
    let sealed = move || {
        Parcel::seal(&lines::write(&backup), &password, KdfCost::calibrated())
            .map(|parcel| parcel.to_bytes())
    };
    let bytes = apart(sealed).await?.map_err(|error| {
        RpcError::new(Code::Wallet, format!("Error: Wallet backup failed! {error}"))
    })?;
    answer(&BackupForm { bytes: bytes.len(), backup: Base64::encode_string(&bytes) })
}

#[derive(Debug, Serialize)]
struct BackupForm {
    bytes: usize,
    backup: String,
}
