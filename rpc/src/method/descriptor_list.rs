//! Owns the method that lists a wallet's descriptors, with the private keys if they are open.
//!
//! Refuses private keys where there are none.

use billfold_wallet_core::command::{ChainDescription, CommandError};
use billfold_wallet_core::keychain::Branch;
use billfold_wallet_core::signers::{HeldKey, with_private_keys};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::descriptor::written;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::ledger;
use crate::method::address::gives;
use crate::method::wallet::birthtime;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[Method {
    name: "listdescriptors",
    category: Category::Wallet,
    parameters: &[Parameter::optional("private", Kind::Bool, "With the private keys in them")],
    about: "List the descriptors of a wallet.",
    standing: Standing::Differs(
        "the range is what is watched, from 0 on; with private, keys without their private halves \
         stay public",
    ),
    run: Run::Wallet(|node, desk, arguments| Box::pin(list(node, desk, arguments))),
}];

async fn list(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let wallet = ledger::description(desk).await?;
    let keys = if arguments.flag(0, false)? {
        if !wallet.takes_keys {
            return Err(RpcError::new(Code::Wallet, ONLY_WATCHES));
        }
        Some(private_keys(node, desk).await?)
    } else {
        None
    };
    let mut descriptors = Vec::new();
    for account in &wallet.accounts {
        let timestamp = birthtime(node, account.birthday).await?.unwrap_or_default();
        let chains = [(Branch::Receive, &account.receive), (Branch::Change, &account.change)];
        for (branch, chain) in chains {
            let Some(chain) = chain else { continue };
            let active = gives(&wallet, account, branch);
            let text = match &keys {
                None => written(&chain.descriptor),
                Some(keys) => {
                    written(&with_private_keys(&chain.descriptor, keys).ok_or_else(RpcError::bug)?)
                }
            };
            descriptors.push(DescriptorForm::new(chain, text, branch, timestamp, active));
        }
    }
    descriptors.sort_by(|a, b| a.desc.cmp(&b.desc));
    answer(&DescriptorsForm { wallet_name: desk.name(), descriptors })
}

/// All private keys of a wallet; drop them when they have been told.
///
/// # Errors
/// -13 if they are locked.
pub(super) async fn private_keys(node: &Node, desk: &Desk) -> Result<Vec<HeldKey>, RpcError> {
    ledger::require_unlocked(desk).await?;
    let name = desk.name().parse().map_err(|_| RpcError::bug())?;
    match node.face.backup(&name).await {
        Ok(backup) => Ok(backup.keys()),
        // Nothing was imported into it yet.
        Err(CommandError::NoAccounts) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Serialize)]
struct DescriptorsForm<'a> {
    wallet_name: &'a str,
    descriptors: Vec<DescriptorForm>,
}

#[derive(Debug, Serialize)]
struct DescriptorForm {
    desc: String,
    timestamp: u64,
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    internal: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<[u32; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_index: Option<u32>,
}

impl DescriptorForm {
    fn new(
        chain: &ChainDescription,
        desc: String,
        branch: Branch,
        timestamp: u64,
        active: bool,
    ) -> Self {
        let next = chain.ranged.then_some(chain.next);
        Self {
            desc,
            timestamp,
            active,
            internal: active.then_some(branch == Branch::Change),
            range: chain.ranged.then(|| [0, chain.watched.saturating_sub(1)]),
            next,
            next_index: next,
        }
    }
}

const ONLY_WATCHES: &str = "Can't get private descriptor string for watch-only wallets";
