//! Owns `getaddressinfo`: all that the wallet knows of an address, down to the scripts and keys
//! inside (`DescribeWalletAddress` in Bitcoin Core's `src/wallet/rpc/addresses.cpp`).

use billfold_wallet_core::command::{
    Birthday, Command, LabelQuery, Owner, Reference, Reply, WalletDescription,
};
use billfold_wallet_core::keychain::Branch;
use bitcoin::hex::DisplayHex;
use bitcoin::{Address, Network, Script, ScriptBuf};
use miniscript::Descriptor;
use miniscript::descriptor::{DefiniteDescriptorKey, ShInner};
use serde::Serialize;

use crate::address_flaw::AddressFlaw;
use crate::arguments::{self, Arguments};
use crate::branches::{Branches, Shelf};
use crate::descriptor::{self, SECP};
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::answer;
use crate::ledger;
use crate::method::address::Shape;
use crate::method::wallet::birthtime;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::script::{bare_key, kind, multisig};

pub(super) const METHODS: &[Method] = &[Method {
    name: "getaddressinfo",
    category: Category::Wallet,
    parameters: &[Parameter::required("address", Kind::Text, "The bitcoin address")],
    about: "Return information about the given bitcoin address.",
    standing: Standing::Differs("timestamp is when the account's first block was made"),
    run: Run::Wallet(|node, desk, arguments| Box::pin(about(node, desk, arguments))),
}];

async fn about(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let network = node.params.network;
    let text = arguments.required_text(0)?;
    let address = arguments::address(text, network, "")
        .map_err(|_| RpcError::address_or_key(AddressFlaw::of(text, network).error))?;
    let spk = address.script_pubkey();
    let owner = ledger::owner(desk, spk.clone()).await?;
    let told =
        match desk.ask(Command::Labels(LabelQuery::Of(Reference::Address(address.clone())))).await?
        {
            Reply::Labels(labels) => labels.into_iter().find_map(|label| label.label),
            _ => return Err(RpcError::bug()),
        };
    let wallet = ledger::description(desk).await?;
    let origin = owner.as_ref().and_then(|owner| Origin::of(&wallet, desk.shelf(), owner));
    let is_change = owner.as_ref().is_some_and(|owner| owner.branch == Branch::Change);
    // What the wallet gave out is in its address book, with an empty label if it has no other.
    let in_book = owner.is_some() && !is_change;
    let labels: Vec<_> = told.or_else(|| in_book.then(String::new)).into_iter().collect();
    let timestamp = match &origin {
        Some(origin) => birthtime(node, origin.birthday).await?,
        None => None,
    };
    answer(&AddressForm {
        address: address.to_string(),
        script_pubkey: spk.to_hex_string(),
        ismine: owner.is_some(),
        solvable: origin.is_some(),
        desc: origin.as_ref().map(|origin| origin.desc.clone()),
        parent_desc: origin.as_ref().map(|origin| origin.parent.clone()),
        iswatchonly: false,
        shape: Shape::of(&spk),
        inside: origin.as_ref().and_then(|origin| Inside::of(&origin.definite, network)),
        ischange: is_change && labels.is_empty(),
        timestamp,
        path: origin.and_then(|origin| origin.path),
        labels,
    })
}

/// Where an address of the wallet comes from.
struct Origin {
    definite: Descriptor<DefiniteDescriptorKey>,
    desc: String,
    parent: String,
    birthday: Birthday,
    path: Option<PathForm>,
}

impl Origin {
    fn of(wallet: &WalletDescription, shelf: &Shelf, owner: &Owner) -> Option<Self> {
        let account = ledger::account(wallet, &owner.account)?;
        let branches = Branches::new(wallet, shelf);
        let branch = branches.get(&owner.account, owner.branch)?;
        let definite = branch.at(owner.index)?;
        let path = descriptor::only_key(&definite).map(|(key, path)| PathForm {
            hdkeypath: match path.len() {
                0 => "m".to_owned(),
                _ => format!("m/{path}").replace('\'', "h"),
            },
            hdseedid: "0000000000000000000000000000000000000000",
            hdmasterfingerprint: key.master_fingerprint().to_string(),
        });
        let desc = descriptor::of_address(&definite);
        let parent = branch.text().to_owned();
        Some(Self { definite, desc, parent, birthday: account.birthday, path })
    }
}

/// What an address hides behind a hash.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Inside {
    Key {
        pubkey: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        iscompressed: Option<bool>,
    },
    Script(ScriptForm),
}

impl Inside {
    /// Nothing is hidden by taproot's addresses: their key is what they show.
    fn of(definite: &Descriptor<DefiniteDescriptorKey>, network: Network) -> Option<Self> {
        let key = |key: &DefiniteDescriptorKey| key.derive_public_key(&SECP).ok();
        let segwit_key =
            |key: bitcoin::PublicKey| Self::Key { pubkey: key.to_string(), iscompressed: None };
        let script = |script: ScriptBuf, embedded| {
            Some(Self::Script(ScriptForm::new(&script, embedded, network)))
        };
        match definite {
            Descriptor::Pkh(pkh) => key(pkh.as_inner()).map(|key| Self::Key {
                pubkey: key.to_string(),
                iscompressed: Some(key.compressed),
            }),
            Descriptor::Wpkh(wpkh) => key(wpkh.as_inner()).map(segwit_key),
            Descriptor::Sh(sh) => match sh.as_inner() {
                ShInner::Wpkh(wpkh) => script(
                    Descriptor::Wpkh(wpkh.clone()).script_pubkey(),
                    key(wpkh.as_inner()).map(segwit_key),
                ),
                ShInner::Wsh(wsh) => {
                    let embedded = Descriptor::Wsh(wsh.clone());
                    script(embedded.script_pubkey(), Self::of(&embedded, network))
                }
                ShInner::SortedMulti(_) | ShInner::Ms(_) => {
                    script(definite.explicit_script().ok()?, None)
                }
            },
            Descriptor::Wsh(_) => script(definite.explicit_script().ok()?, None),
            Descriptor::Bare(_) | Descriptor::Tr(_) => None,
        }
    }
}

/// A script behind a hash.
#[derive(Debug, Serialize)]
struct ScriptForm {
    script: &'static str,
    hex: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sigsrequired: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pubkeys: Option<Vec<String>>,
    /// That of an address with one key, also here, so that it always stands at the same place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pubkey: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedded: Option<Box<EmbeddedForm>>,
}

impl ScriptForm {
    fn new(script: &Script, inside: Option<Inside>, network: Network) -> Self {
        // An output to a bare key has no address, though one could be made of it.
        let address = Address::from_script(script, network).ok();
        let address = address.filter(|_| bare_key(script).is_none());
        let multi = multisig(script).filter(|_| address.is_none());
        let pubkey = match &inside {
            Some(Inside::Key { pubkey, .. }) => Some(pubkey.clone()),
            Some(Inside::Script(form)) => form.pubkey.clone(),
            None => None,
        };
        Self {
            script: kind(script),
            hex: script.to_hex_string(),
            sigsrequired: multi.as_ref().map(|(required, _)| *required),
            pubkeys: multi
                .map(|(_, keys)| keys.into_iter().map(DisplayHex::to_lower_hex_string).collect()),
            pubkey,
            embedded: address.map(|address| {
                Box::new(EmbeddedForm {
                    shape: Shape::of(script),
                    inside,
                    address: address.to_string(),
                    script_pubkey: script.to_hex_string(),
                })
            }),
        }
    }
}

#[derive(Debug, Serialize)]
struct EmbeddedForm {
    #[serde(flatten)]
    shape: Shape,
    #[serde(flatten)]
    inside: Option<Inside>,
    address: String,
    #[serde(rename = "scriptPubKey")]
    script_pubkey: String,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is Bitcoin Core's")]
struct AddressForm {
    address: String,
    #[serde(rename = "scriptPubKey")]
    script_pubkey: String,
    ismine: bool,
    solvable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_desc: Option<String>,
    iswatchonly: bool,
    #[serde(flatten)]
    shape: Shape,
    #[serde(flatten)]
    inside: Option<Inside>,
    ischange: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<u64>,
    #[serde(flatten)]
    path: Option<PathForm>,
    labels: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PathForm {
    hdkeypath: String,
    hdseedid: &'static str,
    hdmasterfingerprint: String,
}
