//! Owns the methods about signing devices, which the program that `--signer` names knows.

use std::collections::BTreeSet;

use billfold_wallet_core::command::Owner;
use bitcoin::bip32::Fingerprint;
use serde::Serialize;

use crate::address_flaw::AddressFlaw;
use crate::arguments::{self, Arguments};
use crate::branches::Branches;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::external_signer::ExternalSigner;
use crate::json::answer;
use crate::ledger;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "enumeratesigners",
        category: Category::Signer,
        parameters: &[],
        about: "Returns a list of external signers from --signer.",
        standing: Standing::Same,
        run: Run::Node(|node, _| Box::pin(enumerate(node))),
    },
    Method {
        name: "walletdisplayaddress",
        category: Category::Wallet,
        parameters: &[Parameter::required("address", Kind::Text, "The bitcoin address to show")],
        about: "Display address on an external signer for verification.",
        standing: Standing::Differs("any address of the wallet is shown whose keys the signer has"),
        run: Run::Wallet(|node, desk, arguments| Box::pin(display(node, desk, arguments))),
    },
];

async fn enumerate(node: &Node) -> Outcome {
    let found = signer(node)?.enumerate().await?;
    let signers = found
        .into_iter()
        .map(|one| SignerForm { fingerprint: one.fingerprint.to_string(), name: one.name });
    answer(&SignersForm { signers: signers.collect() })
}

async fn display(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let text = arguments.required_text(0)?;
    show(node, desk, text, &BTreeSet::new()).await?;
    answer(&ShownForm { address: text })
}

/// Has one of the named devices show an address of the wallet, the only one if none is named; which did.
pub(super) async fn show(
    node: &Node,
    desk: &Desk,
    text: &str,
    named: &BTreeSet<Fingerprint>,
) -> Result<Fingerprint, RpcError> {
    let network = node.params.network;
    let address = arguments::address(text, network, "")
        .map_err(|_| RpcError::address_or_key(AddressFlaw::of(text, network).error))?;
    let signer = signer(node)?;
    let unknown = || RpcError::new(Code::Misc, "There is no ScriptPubKeyManager for this address");
    let owner = ledger::owner(desk, address.script_pubkey()).await?.ok_or_else(unknown)?;
    let descriptor = of(desk, &owner).await?.ok_or_else(unknown)?;
    let fingerprint = signer.one_of(named).await?;
    let device = (fingerprint, network.to_core_arg());
    signer.display(device, &descriptor, &address.to_string()).await?;
    Ok(fingerprint)
}

async fn of(desk: &Desk, owner: &Owner) -> Result<Option<String>, RpcError> {
    let wallet = ledger::description(desk).await?;
    let branches = Branches::new(&wallet, desk.shelf());
    let place = branches.get(&owner.account, owner.branch).and_then(|one| one.place(owner.index));
    Ok(place.map(|place| place.desc.clone()))
}

/// The program that knows devices.
///
/// # Errors
/// -1 if none is named.
pub(super) fn signer(node: &Node) -> Result<&ExternalSigner, RpcError> {
    let missing = || RpcError::new(Code::Misc, "Error: restart the daemon with --signer CMD");
    node.signer.as_ref().ok_or_else(missing)
}

#[derive(Debug, Serialize)]
struct SignersForm {
    signers: Vec<SignerForm>,
}

#[derive(Debug, Serialize)]
struct SignerForm {
    fingerprint: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct ShownForm<'a> {
    address: &'a str,
}
