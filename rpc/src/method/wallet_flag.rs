//! Owns the methods about what a wallet does by itself: its flags, the addresses that it watches ahead, and
//! the keys that these come from.
//!
//! Refuses flags that would not hold.

use billfold_wallet_core::command::Command;
use billfold_wallet_core::keychain::{AccountKey, Branch, HeldKeyName, PublicHalf};
use billfold_wallet_core::signers::{HeldKey, private_half};
use bitcoin::bip32::DerivationPath;
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::descriptor::written;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::ledger;
use crate::method::address::gives;
use crate::method::descriptor_list::private_keys;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "gethdkeys",
        category: Category::Wallet,
        parameters: &[Parameter::options(
            &[
                Parameter::optional("active_only", Kind::Bool, "Only keys that give addresses"),
                Parameter::optional("private", Kind::Bool, "With the private keys"),
            ],
            "Which keys",
        )],
        about: "List all BIP 32 HD keys in the wallet and which descriptors use them.",
        standing: Standing::Differs(
            "of keys that come from words the master key is told while the keys are open, else those of \
             the accounts",
        ),
        run: Run::Wallet(|node, desk, arguments| Box::pin(keys(node, desk, arguments))),
    },
    Method {
        name: "keypoolrefill",
        category: Category::Wallet,
        parameters: &[Parameter::optional("newsize", Kind::Number, "Not less than 0")],
        about: "Refills the keypool.",
        standing: Standing::Differs(
            "so many addresses are watched ahead at any time, and newsize changes nothing",
        ),
        run: Run::Wallet(|_, desk, arguments| Box::pin(refill(desk, arguments))),
    },
    Method {
        name: "setwalletflag",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("flag", Kind::Text, "The flag: avoid_reuse"),
            Parameter::optional("value", Kind::Bool, "The new state"),
        ],
        about: "Change the state of the given wallet flag for a wallet.",
        standing: Standing::Differs(
            "what was spent from before is known without a rescan, so nobody is warned",
        ),
        run: Run::Change(|_, desk, arguments| Box::pin(set_flag(desk, arguments))),
    },
];

async fn keys(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let options = arguments.value(0).map(arguments::object).transpose()?;
    let flag = |name: &str| {
        let value = options.and_then(|options| options.get(name));
        value.map_or(Ok(false), arguments::flag)
    };
    let private = flag("private")?;
    let keys = if private || ledger::require_unlocked(desk).await.is_ok() {
        private_keys(node, desk).await?
    } else {
        Vec::new()
    };
    let active_only = flag("active_only")?;
    let wallet = ledger::description(desk).await?;
    let known: Vec<_> =
        keys.iter().map(HeldKey::name).chain(wallet.held_keys.iter().cloned()).collect();
    let mut forms: Vec<KeyForm> = Vec::new();
    for account in &wallet.accounts {
        let chains = [(Branch::Receive, &account.receive), (Branch::Change, &account.change)];
        let descriptors: Vec<_> = chains
            .into_iter()
            .filter_map(|(branch, chain)| {
                let active = gives(&wallet, account, branch);
                let text = written(&chain.as_ref()?.descriptor);
                (active || !active_only).then_some(UseForm { desc: text, active })
            })
            .collect();
        if descriptors.is_empty() {
            continue;
        }
        for key in &account.keys {
            let held = held(&known, key);
            let root = held.as_ref().unwrap_or(key);
            let xpub = root.xpub.to_string();
            let has_private = wallet.fingerprint == Some(root.signer()) || held.is_some();
            let half = private.then(|| private_half(root, &keys)).flatten();
            let xprv = half.map(|half| half.to_string());
            if let Some(form) = forms.iter_mut().find(|form| form.xpub == xpub) {
                form.descriptors.extend(descriptors.iter().cloned());
            } else {
                let descriptors = descriptors.clone();
                forms.push(KeyForm { xpub, has_private, xprv, descriptors });
            }
        }
    }
    forms.sort_by(|a, b| a.xpub.cmp(&b.xpub));
    answer(&forms)
}

/// The extended key of these that a key of an account comes from.
fn held(known: &[HeldKeyName], key: &AccountKey) -> Option<AccountKey> {
    let master = || (key.xpub.fingerprint(), DerivationPath::master());
    let (fingerprint, path) = key.origin.clone().unwrap_or_else(master);
    known.iter().find_map(|held| {
        let (own, prefix) = &held.origin;
        let PublicHalf::Extended(xpub) = held.public else { return None };
        let is_above = *own == fingerprint && path[..].starts_with(&prefix[..]);
        is_above.then(|| AccountKey { origin: Some(held.origin.clone()), xpub })
    })
}

async fn refill(desk: &Desk, arguments: &Arguments) -> Outcome {
    if arguments.integer(0)?.is_some_and(|size| size < 0) {
        return Err(RpcError::parameter("Invalid parameter, expected valid size."));
    }
    ledger::require_unlocked(desk).await?;
    if ledger::description(desk).await?.accounts.is_empty() {
        return Err(RpcError::new(Code::Wallet, "Error refreshing keypool."));
    }
    answer(&())
}

async fn set_flag(desk: &Desk, arguments: &Arguments) -> Outcome {
    let flag = arguments.required_text(0)?;
    let value = arguments.flag(1, true)?;
    if IMMUTABLE.contains(&flag) {
        return Err(RpcError::parameter(format!("Wallet flag is immutable: {flag}")));
    }
    if flag != "avoid_reuse" {
        return Err(RpcError::parameter(format!("Unknown wallet flag: {flag}")));
    }
    if ledger::description(desk).await?.avoids_reuse == value {
        let message = format!("Wallet flag is already set to {value}: {flag}");
        return Err(RpcError::parameter(message));
    }
    desk.ask(Command::AvoidReuse(value)).await?;
    answer(&FlagForm { flag_name: flag, flag_state: value })
}

#[derive(Debug, Serialize)]
struct FlagForm<'a> {
    flag_name: &'a str,
    flag_state: bool,
}

#[derive(Debug, Serialize)]
struct KeyForm {
    xpub: String,
    has_private: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    xprv: Option<String>,
    descriptors: Vec<UseForm>,
}

#[derive(Debug, Clone, Serialize)]
struct UseForm {
    desc: String,
    active: bool,
}

/// Flags that a wallet has from its beginning.
const IMMUTABLE: [&str; 6] = [
    "blank",
    "descriptor_wallet",
    "disable_private_keys",
    "external_signer",
    "key_origin_metadata",
    "last_hardened_xpub_cached",
];
