//! Owns the methods that tell what came in at addresses, as shops ask for it.
//!
//! Refuses change: nobody was asked to pay it.

use std::collections::BTreeMap;

use billfold_wallet_core::command::{Command, Receipt, Reply};
use bitcoin::constants::COINBASE_MATURITY;
use bitcoin::{Address, Amount, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Btc, answer};
use crate::ledger;
use crate::method::address::{label, labelled};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

const MINCONF: Parameter =
    Parameter::optional("minconf", Kind::Number, "The minimum number of confirmations");
const IMMATURE: Parameter = Parameter::optional(
    "include_immature_coinbase",
    Kind::Bool,
    "Include immature coinbase transactions",
);
const EMPTY: Parameter =
    Parameter::optional("include_empty", Kind::Bool, "Include what has not received any payments");
const WATCHONLY: Parameter = Parameter::optional("include_watchonly", Kind::Bool, "No longer used");

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getreceivedbyaddress",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("address", Kind::Text, "The bitcoin address"),
            MINCONF,
            IMMATURE,
        ],
        about: "Returns the total amount received by the given address.",
        standing: Standing::Same,
        run: Run::Wallet(|node, desk, arguments| Box::pin(by_address(node, desk, arguments))),
    },
    Method {
        name: "getreceivedbylabel",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("label", Kind::Text, "The selected label"),
            MINCONF,
            IMMATURE,
        ],
        about: "Returns the total amount received by addresses with a label.",
        standing: Standing::Same,
        run: Run::Wallet(|node, desk, arguments| Box::pin(by_label(node, desk, arguments))),
    },
    Method {
        name: "listreceivedbyaddress",
        category: Category::Wallet,
        parameters: &[
            MINCONF,
            EMPTY,
            WATCHONLY,
            Parameter::optional("address_filter", Kind::Text, "Only information on this address"),
            IMMATURE,
        ],
        about: "List balances by receiving address.",
        standing: Standing::Differs("in the order of the addresses' texts"),
        run: Run::Wallet(|node, desk, arguments| Box::pin(all_addresses(node, desk, arguments))),
    },
    Method {
        name: "listreceivedbylabel",
        category: Category::Wallet,
        parameters: &[MINCONF, EMPTY, WATCHONLY, IMMATURE],
        about: "List received transactions by label.",
        standing: Standing::Same,
        run: Run::Wallet(|node, desk, arguments| Box::pin(all_labels(node, desk, arguments))),
    },
];

/// What came in at one address.
#[derive(Debug, Clone, Default)]
struct Tally {
    amount: Amount,
    depth: Option<i64>,
    txids: Vec<Txid>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.amount += other.amount;
        self.depth = match (self.depth, other.depth) {
            (Some(own), Some(others)) => Some(own.min(others)),
            (own, others) => own.or(others),
        };
        self.txids.extend(other.txids);
    }
}

async fn by_address(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let text = arguments.required_text(0)?;
    let address = arguments::address(text, node.params.network, "")
        .map_err(|_| RpcError::address_or_key("Invalid Bitcoin address"))?;
    if ledger::owner(desk, address.script_pubkey()).await?.is_none() {
        return Err(RpcError::new(Code::Wallet, "Address not found in wallet"));
    }
    let mut tallies = tallies(node, desk, arguments, [1, 2], [&address]).await?;
    answer(&Btc::from(tallies.remove(&address).unwrap_or_default().amount))
}

async fn by_label(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let wanted = label(arguments.required_text(0)?)?;
    let addresses = match wanted {
        // What was given out without a label has the empty one.
        "" => {
            let book = labelled(desk).await?.into_iter();
            book.filter(|(_, label, _)| label.is_empty()).map(|(address, ..)| address).collect()
        }
        label => ledger::labelled(desk, label).await?,
    };
    if addresses.is_empty() {
        return Err(RpcError::new(Code::Wallet, "Label not found in wallet"));
    }
    let tallies = tallies(node, desk, arguments, [1, 2], &addresses).await?;
    let amounts = addresses.iter().filter_map(|address| tallies.get(address));
    answer(&Btc::from(amounts.map(|tally| tally.amount).sum::<Amount>()))
}

async fn all_addresses(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let only = arguments.text(3)?.filter(|text| !text.is_empty());
    let invalid = |_| RpcError::new(Code::Wallet, "address_filter parameter was invalid");
    let only = only.map(|text| arguments::address(text, node.params.network, ""));
    let only = only.transpose().map_err(invalid)?;
    let with_empty = arguments.flag(1, false)?;
    let mut book = labelled(desk).await?;
    book.retain(|(address, ..)| only.as_ref().is_none_or(|only| only == address));
    let listed = book.iter().map(|(address, ..)| address);
    let mut tallies = tallies(node, desk, arguments, [0, 4], listed).await?;
    let mut forms = Vec::new();
    for (address, label, purpose) in book {
        let tally = tallies.remove(&address);
        if tally.is_none() && (!with_empty || purpose != "receive") {
            continue;
        }
        let Tally { amount, depth, txids } = tally.unwrap_or_default();
        let (address, amount) = (address.to_string(), amount.into());
        let confirmations = depth.unwrap_or(0);
        forms.push(AddressForm { address, amount, confirmations, label, txids });
    }
    answer(&forms)
}

async fn all_labels(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let with_empty = arguments.flag(1, false)?;
    let book = labelled(desk).await?;
    let listed = book.iter().map(|(address, ..)| address);
    let mut tallies = tallies(node, desk, arguments, [0, 3], listed).await?;
    let mut labels: BTreeMap<String, Tally> = BTreeMap::new();
    for (address, label, purpose) in book {
        match tallies.remove(&address) {
            Some(tally) => labels.entry(label).or_default().add(tally),
            None if with_empty && purpose == "receive" => drop(labels.entry(label).or_default()),
            None => {}
        }
    }
    let form = |(label, tally): (String, Tally)| LabelForm {
        amount: tally.amount.into(),
        confirmations: tally.depth.unwrap_or(0),
        label,
    };
    answer(&labels.into_iter().map(form).collect::<Vec<_>>())
}

/// What came in at addresses; `minconf` and `include_immature_coinbase` are at these places of the
/// arguments.
async fn tallies(
    node: &Node,
    desk: &Desk,
    arguments: &Arguments,
    [least, immature]: [usize; 2],
    addresses: impl IntoIterator<Item = &Address>,
) -> Result<BTreeMap<Address, Tally>, RpcError> {
    let least = arguments.integer(least)?.unwrap_or(1);
    let with_immature = arguments.flag(immature, false)?;
    let tip = ledger::tip(node, desk).await?.height;
    let scripts: Vec<_> = addresses.into_iter().map(Address::script_pubkey).collect();
    let Reply::Received(receipts) = desk.ask(Command::Received(scripts)).await? else {
        return Err(RpcError::bug());
    };
    let mut tallies: BTreeMap<Address, Tally> = BTreeMap::new();
    for Receipt { script, txid, amount, height, coinbase } in receipts {
        let depth = ledger::depth(tip, height);
        let young = depth <= i64::from(COINBASE_MATURITY) && !with_immature;
        if depth < least || (coinbase && (depth < 1 || young)) {
            continue;
        }
        let Ok(address) = Address::from_script(&script, node.params.network) else { continue };
        let one = Tally { amount, depth: Some(depth), txids: vec![txid] };
        tallies.entry(address).or_default().add(one);
    }
    Ok(tallies)
}

#[derive(Debug, Serialize)]
struct AddressForm {
    address: String,
    amount: Btc,
    confirmations: i64,
    label: String,
    txids: Vec<Txid>,
}

#[derive(Debug, Serialize)]
struct LabelForm {
    amount: Btc,
    confirmations: i64,
    label: String,
}
