//! Owns the methods about addresses of a wallet and their labels.
//!
//! Refuses to give an address out twice.

use std::collections::BTreeMap;

use billfold_wallet_core::command::{
    AccountDescription, AddressQuery, AddressRow, ChainDescription, Command, Label, LabelQuery,
    Reference, Reply, WalletDescription,
};
use billfold_wallet_core::keychain::{AccountName, Branch, ScriptType};
use bitcoin::hex::DisplayHex;
use bitcoin::{Address, Script, WitnessVersion};
use serde::Serialize;

use crate::address_type;
use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::ledger;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::script::kind;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getaddressesbylabel",
        category: Category::Wallet,
        parameters: &[Parameter::required("label", Kind::Text, "The label")],
        about: "Returns the addresses that have a label.",
        standing: Standing::Same,
        run: Run::Wallet(|_, desk, arguments| Box::pin(by_label(desk, arguments))),
    },
    Method {
        name: "getnewaddress",
        category: Category::Wallet,
        parameters: &[
            Parameter::optional("label", Kind::Text, "The label of the address"),
            Parameter::optional(
                "address_type",
                Kind::Text,
                "legacy, p2sh-segwit, bech32 or bech32m; by default that of the preferred account: in a wallet that was \
                 made blank bech32 if a descriptor of that type is active",
            ),
        ],
        about: "Returns a new Bitcoin address for receiving payments.",
        standing: Standing::Differs("-12 for a type of which the wallet has no account"),
        run: Run::Change(|node, desk, arguments| Box::pin(receive(node, desk, arguments))),
    },
    Method {
        name: "getrawchangeaddress",
        category: Category::Wallet,
        parameters: &[Parameter::optional("address_type", Kind::Text, "As for getnewaddress")],
        about: "Returns a new Bitcoin address, for receiving change.",
        standing: Standing::Differs("-12 for a type of which the wallet has no account"),
        run: Run::Change(|node, desk, arguments| Box::pin(change(node, desk, arguments))),
    },
    Method {
        name: "listlabels",
        category: Category::Wallet,
        parameters: &[Parameter::optional("purpose", Kind::Text, "receive or send")],
        about: "Returns the list of all labels.",
        standing: Standing::Same,
        run: Run::Wallet(|_, desk, arguments| Box::pin(labels(desk, arguments))),
    },
    Method {
        name: "setlabel",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("address", Kind::Text, "The bitcoin address"),
            Parameter::required("label", Kind::Text, "The label"),
        ],
        about: "Sets the label associated with the given address.",
        standing: Standing::Same,
        run: Run::Change(|node, desk, arguments| Box::pin(set_label(node, desk, arguments))),
    },
];

/// A label that may be given.
///
/// # Errors
/// -11 for the one that means all.
pub(super) fn label(text: &str) -> Result<&str, RpcError> {
    match text {
        "*" => Err(RpcError::new(Code::InvalidLabelName, "Invalid label name")),
        label => Ok(label),
    }
}

async fn receive(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let label = label(arguments.text(0)?.unwrap_or_default())?;
    let kept = (!label.is_empty()).then(|| label.to_owned());
    let asked = arguments.text(1)?.map(|text| address_type::read(text, "address")).transpose()?;
    issue(desk, Branch::Receive, asked.or(node.address_type), kept).await
}

async fn change(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let kind = arguments.text(0)?.map(|text| address_type::read(text, "address")).transpose()?;
    let kind = kind.or(node.change_type).or(node.address_type);
    issue(desk, Branch::Change, kind, None).await
}

async fn issue(
    desk: &Desk,
    branch: Branch,
    kind: Option<ScriptType>,
    note: Option<String>,
) -> Outcome {
    let wallet = ledger::description(desk).await?;
    let account = account_of(&wallet, kind, branch)?;
    match desk.ask(Command::Issue { account, branch, note }).await? {
        Reply::Address(issued) => answer(&issued.address),
        _ => Err(RpcError::bug()),
    }
}

/// The account that gives new addresses of a type: the preferred one if it does, else the first.
pub(super) fn account_of(
    wallet: &WalletDescription,
    wanted: Option<ScriptType>,
    branch: Branch,
) -> Result<AccountName, RpcError> {
    // As in Core, a single address is none that is given out.
    let gives = |one: &AccountDescription| {
        chain(one, branch).is_some_and(|chain| chain.active && chain.ranged)
    };
    if !wallet.accounts.iter().any(gives) {
        return Err(RpcError::new(Code::Wallet, NO_KEYS));
    }
    let found = match wanted {
        Some(wanted) => giving(wallet, wanted, branch),
        None => usual(wallet, branch),
    };
    found.map(|account| account.name.clone()).ok_or_else(|| {
        let kind = wanted.map(address_type::name).unwrap_or_default();
        RpcError::new(Code::KeypoolRanOut, format!("Error: No {kind} addresses available."))
    })
}

/// Whether an account gives the new addresses of its type.
pub(super) fn gives(
    wallet: &WalletDescription,
    account: &AccountDescription,
    branch: Branch,
) -> bool {
    let giving = giving(wallet, account.script_type, branch);
    giving.is_some_and(|giving| giving.id == account.id)
}

/// The account that gives addresses where no type is asked for: of the preferred one's type, or else
/// of any.
fn usual(wallet: &WalletDescription, branch: Branch) -> Option<&AccountDescription> {
    let preferred = wallet.accounts.iter().find(|account| account.preferred)?;
    let types = [preferred.script_type].into_iter().chain(ScriptType::ALL);
    types.into_iter().find_map(|script_type| giving(wallet, script_type, branch))
}

fn giving(
    wallet: &WalletDescription,
    wanted: ScriptType,
    branch: Branch,
) -> Option<&AccountDescription> {
    let gives = |account: &&AccountDescription| {
        account.script_type == wanted && chain(account, branch).is_some_and(|chain| chain.active)
    };
    let mut accounts = wallet.accounts.iter().filter(gives);
    let preferred = accounts.clone().find(|account| account.preferred);
    preferred.or_else(|| accounts.next())
}

/// The addresses of an account of a branch.
const fn chain(account: &AccountDescription, branch: Branch) -> Option<&ChainDescription> {
    match branch {
        Branch::Receive => account.receive.as_ref(),
        Branch::Change => account.change.as_ref(),
    }
}

/// What Core says where nothing gives new addresses.
const NO_KEYS: &str = "Error: This wallet has no available keys";

async fn set_label(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let text = arguments.required_text(0)?;
    let network = node.params.network;
    let address = arguments::address(text, network, "")
        .map_err(|_| RpcError::address_or_key("Invalid Bitcoin address"))?;
    let label = label(arguments.required_text(1)?)?;
    let label = (!label.is_empty()).then(|| label.to_owned());
    let reference = Reference::Address(address);
    match desk.ask(Command::Label { reference, label }).await? {
        Reply::Labels(_) => answer(&()),
        _ => Err(RpcError::bug()),
    }
}

async fn by_label(desk: &Desk, arguments: &Arguments) -> Outcome {
    let wanted = label(arguments.required_text(0)?)?;
    let found: BTreeMap<String, PurposeForm> = labelled(desk)
        .await?
        .into_iter()
        .filter(|(_, label, _)| label == wanted)
        .map(|(address, _, purpose)| (address.to_string(), PurposeForm { purpose }))
        .collect();
    if found.is_empty() {
        let message = format!("No addresses with label {wanted}");
        return Err(RpcError::new(Code::InvalidLabelName, message));
    }
    answer(&found)
}

async fn labels(desk: &Desk, arguments: &Arguments) -> Outcome {
    let purpose = arguments.text(0)?.filter(|purpose| !purpose.is_empty());
    if purpose.is_some_and(|purpose| !["send", "receive"].contains(&purpose)) {
        let message = "Invalid 'purpose' argument, must be a known purpose string, typically \
                       'send', or 'receive'.";
        return Err(RpcError::parameter(message));
    }
    let labelled = labelled(desk).await?.into_iter();
    let of_purpose = labelled.filter(|(_, _, own)| purpose.is_none_or(|wanted| wanted == *own));
    let mut labels: Vec<_> = of_purpose.map(|(_, label, _)| label).collect();
    labels.sort_unstable();
    labels.dedup();
    answer(&labels)
}

/// The address book as Core has it: what was given out, with an empty label if it has none, and
/// whatever else was labelled.
pub(super) async fn labelled(
    desk: &Desk,
) -> Result<Vec<(Address, String, &'static str)>, RpcError> {
    let Reply::Addresses(given) = desk.ask(Command::Addresses(AddressQuery::default())).await?
    else {
        return Err(RpcError::bug());
    };
    let Reply::Labels(labels) = desk.ask(Command::Labels(LabelQuery::All)).await? else {
        return Err(RpcError::bug());
    };
    let own = |row: AddressRow| (row.address, (row.note.unwrap_or_default(), "receive"));
    let mut book: BTreeMap<Address, (String, &str)> = given.into_iter().map(own).collect();
    for Label { reference, label, .. } in labels {
        let (Reference::Address(address), Some(label)) = (reference, label) else { continue };
        if book.contains_key(&address) {
            continue;
        }
        let owner = ledger::owner(desk, address.script_pubkey()).await?;
        let purpose = if owner.is_some() { "receive" } else { "send" };
        book.insert(address, (label, purpose));
    }
    let entry = |(address, (label, purpose))| (address, label, purpose);
    Ok(book.into_iter().map(entry).collect())
}

#[derive(Debug, Serialize)]
struct PurposeForm {
    purpose: &'static str,
}

/// What the script of an address is by itself; the same in `validateaddress`.
#[derive(Debug, Serialize)]
pub(super) struct Shape {
    #[serde(skip_serializing_if = "Option::is_none")]
    isscript: Option<bool>,
    iswitness: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness_version: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness_program: Option<String>,
}

impl Shape {
    /// What is known of a script by itself.
    pub(super) fn of(spk: &Script) -> Self {
        let version = spk.witness_version().map(WitnessVersion::to_num);
        let isscript = match kind(spk) {
            // Nobody knows yet what these will stand for.
            "witness_unknown" => None,
            "pubkeyhash" | "witness_v0_keyhash" => Some(false),
            _ => Some(true),
        };
        Self {
            isscript,
            iswitness: version.is_some(),
            witness_version: version,
            witness_program: version.map(|_| spk.as_bytes()[2..].to_lower_hex_string()),
        }
    }
}
