//! Owns the method that makes a descriptor of a further type of addresses from a key of the wallet's
//! own.
//!
//! Refuses to tell that key.

use billfold_wallet_core::command::{
    AccountDescription, Birthday, DescriptorText, Import, WalletDescription,
};
use billfold_wallet_core::keychain::{AccountKey, Branch, PublicHalf, ScriptType};
use billfold_wallet_core::limits::EXTENDED_KEY_BYTES;
use billfold_wallet_core::signers::{HeldKey, PrivateDescriptor};
use bitcoin::Network;
use bitcoin::bip32::Xpub;
use miniscript::Descriptor;
use miniscript::descriptor::DescriptorPublicKey;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::address_type;
use crate::arguments::{self, Arguments};
use crate::descriptor::written;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::ledger;
use crate::method::descriptor_list::private_keys;
use crate::method::import::{median_time, refusal, taken_in};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[Method {
    name: "createwalletdescriptor",
    category: Category::Wallet,
    parameters: &[
        Parameter::required(
            "type",
            Kind::Text,
            "The type of its addresses: legacy, p2sh-segwit, bech32 or bech32m",
        ),
        Parameter::options(
            &[
                Parameter::optional(
                    "internal",
                    Kind::Bool,
                    "Only of change, or only not of change",
                ),
                Parameter::optional("hdkey", Kind::Text, "The extended public key of gethdkeys"),
            ],
            "Which descriptor",
        ),
    ],
    about: "Creates the wallet's descriptor for the given address type, so that new addresses may be \
            of it.",
    standing: Standing::Differs("as many addresses as of other accounts are watched ahead"),
    run: Run::Wallet(|node, desk, arguments| Box::pin(create(node, desk, arguments))),
}];

async fn create(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let kind = address_type::read(arguments.required_text(0)?, "address")?;
    let options = arguments.value(1).map(arguments::object).transpose()?;
    let option = |name: &str| options.and_then(|options| options.get(name));
    let internal = option("internal").map(arguments::flag).transpose()?;
    let asked = option("hdkey").map(arguments::text).transpose()?;
    let keys = private_keys(node, desk).await?;
    let wallet = ledger::description(desk).await?;
    let key = match asked {
        Some(text) => named(&keys, text)?,
        None => only_active(&wallet, &keys)?,
    };
    let branches: &[Branch] = match internal {
        None => &[Branch::Receive, Branch::Change],
        Some(false) => &[Branch::Receive],
        Some(true) => &[Branch::Change],
    };
    let missing: Vec<Branch> = branches
        .iter()
        .copied()
        .filter(|branch| {
            let descriptor = of_key(key, kind, node.params.network, &[*branch]);
            descriptor.is_ok_and(|descriptor| !knows(&wallet, &descriptor))
        })
        .collect();
    if missing.is_empty() {
        return Err(RpcError::new(Code::Wallet, "Descriptor already exists"));
    }
    let whole = of_key(key, kind, node.params.network, &missing)?;
    let import = Import {
        descriptors: vec![DescriptorText::new(&whole.to_string())],
        internal: missing == [Branch::Change],
        active: Some(true),
        derived: true,
        end: 0,
        next: 0,
        label: None,
        since: Birthday::Time(median_time(node, desk).await?),
    };
    let imported = taken_in(node, desk, vec![import]).await?;
    if let Some(problem) = imported.problems.into_iter().flatten().next() {
        return Err(refusal(&problem));
    }
    let made = whole.into_single_descriptors().map_err(|_| RpcError::bug())?;
    answer(&CreatedForm { descs: made.iter().map(|one| written(&one.to_string())).collect() })
}

/// The key that somebody names by its public half.
fn named<'a>(keys: &'a [HeldKey], text: &str) -> Result<&'a HeldKey, RpcError> {
    // Reading base58 takes the square of its length.
    let short = Some(text).filter(|text| text.len() <= EXTENDED_KEY_BYTES);
    let asked: Xpub = short.and_then(|text| text.parse().ok()).ok_or_else(|| {
        RpcError::address_or_key("Unable to parse HD key. Please provide a valid xpub")
    })?;
    let is_asked = |key: &&HeldKey| matches!(key.name().public, PublicHalf::Extended(own) if own.public_key == asked.public_key);
    keys.iter()
        .find(is_asked)
        .ok_or_else(|| RpcError::address_or_key(format!("Private key for {asked} is not known")))
}

/// The one key from which the accounts come that give new addresses.
fn only_active<'a>(
    wallet: &WalletDescription,
    keys: &'a [HeldKey],
) -> Result<&'a HeldKey, RpcError> {
    let is_active = |account: &&AccountDescription| {
        [&account.receive, &account.change].into_iter().flatten().any(|chain| chain.active)
    };
    let active = wallet.accounts.iter().filter(is_active);
    let signers: Vec<_> =
        active.flat_map(|account| &account.keys).map(AccountKey::signer).collect();
    let mut used = keys.iter().filter(|key| {
        let is_extended = matches!(key.name().public, PublicHalf::Extended(_));
        is_extended && signers.contains(&key.origin().0)
    });
    match (used.next(), used.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(RpcError::address_or_key(WHICH_KEY)),
    }
}

/// The descriptor of the standard account of a key (BIP44, BIP49, BIP84, BIP86).
fn of_key(
    key: &HeldKey,
    kind: ScriptType,
    network: Network,
    branches: &[Branch],
) -> Result<Descriptor<DescriptorPublicKey>, RpcError> {
    let step = match branches {
        [only] => only.number().to_string(),
        _ => "<0;1>".to_owned(),
    };
    let (name, end) = match kind {
        ScriptType::Legacy => ("pkh(", ")"),
        ScriptType::Nested => ("sh(wpkh(", "))"),
        ScriptType::Segwit => ("wpkh(", ")"),
        ScriptType::Taproot => ("tr(", ")"),
    };
    let coin = u32::from(network != Network::Bitcoin);
    let (own, purpose) = (key.text(), kind.purpose());
    let text = Zeroizing::new(format!("{name}{}/{purpose}h/{coin}h/0h/{step}/*{end}", *own));
    let apart = PrivateDescriptor::parse(&text, network);
    Ok(apart.map_err(|problem| RpcError::address_or_key(problem.to_string()))?.public)
}

/// Whether a chain of the wallet is of a descriptor.
fn knows(wallet: &WalletDescription, descriptor: &Descriptor<DescriptorPublicKey>) -> bool {
    let text = descriptor.to_string();
    let chains = wallet.accounts.iter().flat_map(|account| [&account.receive, &account.change]);
    chains.flatten().any(|chain| chain.descriptor == text)
}

#[derive(Debug, Serialize)]
struct CreatedForm {
    descs: Vec<String>,
}

const WHICH_KEY: &str = "Unable to determine which HD key to use from active descriptors. Please specify \
                         with 'hdkey'";

#[cfg(test)]
mod tests {
    use super::*;

    /// It would be read for hours.
    #[test]
    fn a_key_of_megabytes_is_refused() {
        for text in ["1", "z"] {
            let refused = named(&[], &text.repeat(1 << 20)).expect_err("none");
            assert_eq!(refused.message, "Unable to parse HD key. Please provide a valid xpub");
        }
    }
}
