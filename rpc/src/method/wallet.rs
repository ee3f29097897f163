//! Owns the methods about wallets as a whole.

use std::collections::BTreeSet;

use billfold_wallet_core::command::{
    AccountDescription, Birthday, BlockQuery, KeyLayerState, KeyState, Operation, OperationCommand,
};
use serde::Serialize;

use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Real, answer};
use crate::ledger::{self, LastBlock};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::operation::operate;

pub(super) const METHODS: &[Method] = &[Method {
    name: "getwalletinfo",
    category: Category::Wallet,
    parameters: &[],
    about: "Returns an object containing various wallet state info.",
    standing: Standing::Differs(
        "keypoolsize is the look-ahead of all accounts; while a wallet is \
             looked for the first time, or what was missed by one that was loaded, the duration of scanning counts from the daemon's start; format is sqlite, in a file that only billfold reads",
    ),
    run: Run::Wallet(|node, desk, _| Box::pin(overview(node, desk))),
}];

async fn overview(node: &Node, desk: &Desk) -> Outcome {
    let wallet = ledger::description(desk).await?;
    let seen = node.scanned().await?;
    let tip = ledger::tip(node, desk).await?;
    let status = node.status().await?;
    let (mut keypool, mut internal) = (0, 0);
    for account in &wallet.accounts {
        keypool += account.gap;
        internal += account.change_gap;
    }
    let mut flags = vec!["descriptor_wallet"];
    if wallet.accounts.is_empty() {
        flags.insert(0, "blank");
    }
    if !wallet.takes_keys {
        flags.insert(0, "disable_private_keys");
    }
    if wallet.external_signer {
        flags.push("external_signer");
    }
    if wallet.avoids_reuse {
        flags.insert(0, "avoid_reuse");
    }
    let rescan = operate(desk, OperationCommand::Running).await?;
    let scanning = if let Some(Operation { begun, reach, .. }) = rescan {
        let now = node.now();
        let progress = Real(reach.map_or(0.0, |reach| reach.part()));
        Scanning::Yes { duration: now.saturating_sub(begun), progress }
    } else if tip.height >= seen.height && (wallet.search.end.is_some() || status.synced) {
        Scanning::No(false)
    } else {
        let (at, end) = (tip.height.to_u32(), status.tip.height.to_u32().max(1));
        let progress = Real((f64::from(at) / f64::from(end)).min(1.0));
        Scanning::Yes { duration: node.started.elapsed().as_secs(), progress }
    };
    answer(&WalletForm {
        walletname: desk.name(),
        walletversion: WALLET_VERSION,
        format: "sqlite",
        txcount: ledger::holdings(desk, 0).await?.transactions,
        keypoolsize: keypool,
        keypoolsize_hd_internal: internal,
        unlocked_until: unlocked_until(ledger::key_layer(desk).await?),
        private_keys_enabled: wallet.takes_keys,
        avoid_reuse: wallet.avoids_reuse,
        scanning,
        descriptors: true,
        external_signer: wallet.external_signer,
        blank: wallet.accounts.is_empty(),
        birthtime: earliest(node, &wallet.accounts).await?,
        flags,
        lastprocessedblock: tip.into(),
    })
}

/// Until when an encrypted wallet can sign, in Unix seconds; 0 if it can't.
fn unlocked_until(layer: KeyLayerState) -> Option<u64> {
    layer.has_passphrase.then_some(match layer.state {
        KeyState::Locked => 0,
        KeyState::Open => i64::MAX.unsigned_abs(),
        KeyState::OpenUntil(time) => time,
    })
}

/// From when blocks are looked at for any account: none in a wallet without.
async fn earliest(node: &Node, accounts: &[AccountDescription]) -> Result<Option<u64>, RpcError> {
    let mut times = Vec::new();
    // Of many accounts most have one birthday.
    let birthdays: BTreeSet<_> = accounts.iter().map(|account| account.birthday).collect();
    for birthday in birthdays {
        times.extend(birthtime(node, birthday).await?);
    }
    Ok(times.into_iter().min())
}

/// When the first block of an account was made, in Unix seconds, if its header is known.
pub(super) async fn birthtime(node: &Node, birthday: Birthday) -> Result<Option<u64>, RpcError> {
    match birthday {
        Birthday::Time(time) => Ok(Some(time)),
        Birthday::Height(height) => {
            let block = node.block(BlockQuery::Height(height)).await?;
            Ok(block.map(|block| block.header.time.into()))
        }
    }
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is Bitcoin Core's")]
struct WalletForm<'a> {
    walletname: &'a str,
    walletversion: u32,
    format: &'static str,
    txcount: u64,
    keypoolsize: u32,
    keypoolsize_hd_internal: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    unlocked_until: Option<u64>,
    private_keys_enabled: bool,
    avoid_reuse: bool,
    scanning: Scanning,
    descriptors: bool,
    external_signer: bool,
    blank: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    birthtime: Option<u64>,
    flags: Vec<&'static str>,
    lastprocessedblock: LastBlock,
}

/// False, or how far the scan is.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Scanning {
    No(bool),
    Yes { duration: u64, progress: Real },
}

/// Core's constant for descriptor wallets.
const WALLET_VERSION: u32 = 169_900;
