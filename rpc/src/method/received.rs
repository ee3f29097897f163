//! Owns the methods that tell what came in at addresses, as shops ask for it.
//!
//! Refuses change: nobody was asked to pay it.

use std::collections::BTreeMap;

use billfold_wallet_core::command::{Command, Receipt, ReceivedQuery, Reply};
use billfold_wallet_core::light_client::height::Height;
use bitcoin::constants::COINBASE_MATURITY;
use bitcoin::{Address, Amount, ScriptBuf, Txid};
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

/// Above every block.
const HIGHEST: Height = Height::new(u32::MAX);

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
    sum(node, desk, arguments, [&address]).await
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
    sum(node, desk, arguments, &addresses).await
}

/// What came in at addresses in all; `minconf` and `include_immature_coinbase` are the second and third of the
/// arguments.
async fn sum(
    node: &Node,
    desk: &Desk,
    arguments: &Arguments,
    addresses: impl IntoIterator<Item = &Address>,
) -> Outcome {
    let asked = Asked::read(node, desk, arguments, [1, 2]).await?;
    let scripts = addresses.into_iter().map(Address::script_pubkey).collect();
    let Some(query) = asked.query(scripts) else { return answer(&Btc::from(Amount::ZERO)) };
    match desk.ask(Command::ReceivedSum(query)).await? {
        Reply::ReceivedSum(sum) => answer(&Btc::from(sum)),
        _ => Err(RpcError::bug()),
    }
}

/// Which payments count.
struct Asked {
    tip: Height,
    /// With so many confirmations at least.
    least: i64,
    /// Coinbases that are not mature, too.
    with_immature: bool,
}

impl Asked {
    /// `minconf` and `include_immature_coinbase` are at these places of the arguments.
    async fn read(
        node: &Node,
        desk: &Desk,
        arguments: &Arguments,
        [least, immature]: [usize; 2],
    ) -> Result<Self, RpcError> {
        Ok(Self {
            least: arguments.integer(least)?.unwrap_or(1),
            with_immature: arguments.flag(immature, false)?,
            tip: ledger::tip(node, desk).await?.height,
        })
    }

    /// Whether a payment does.
    fn counts(&self, depth: i64, coinbase: bool) -> bool {
        let young = depth <= i64::from(COINBASE_MATURITY) && !self.with_immature;
        depth >= self.least && !(coinbase && (depth < 1 || young))
    }

    /// The same as heights; `None`: no payment does. The last block of a wallet may be above the tip that is
    /// told, and counts as one at it.
    fn query(&self, scripts: Vec<ScriptBuf>) -> Option<ReceivedQuery> {
        let highest = |depth: i64| {
            let height = i64::from(self.tip.to_u32()) + 1 - depth;
            if depth <= 1 { Some(HIGHEST) } else { u32::try_from(height).ok().map(Height::new) }
        };
        let mature = if self.with_immature { 1 } else { i64::from(COINBASE_MATURITY) + 1 };
        Some(ReceivedQuery {
            scripts,
            highest: if self.least < 1 { None } else { Some(highest(self.least)?) },
            // The block that no block is below pays nobody.
            highest_coinbase: highest(mature).unwrap_or(Height::GENESIS),
        })
    }
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

/// What came in at addresses, of each; `minconf` and `include_immature_coinbase` are at these places of the
/// arguments.
async fn tallies(
    node: &Node,
    desk: &Desk,
    arguments: &Arguments,
    places: [usize; 2],
    addresses: impl IntoIterator<Item = &Address>,
) -> Result<BTreeMap<Address, Tally>, RpcError> {
    let asked = Asked::read(node, desk, arguments, places).await?;
    let scripts: Vec<_> = addresses.into_iter().map(Address::script_pubkey).collect();
    let Reply::Received(receipts) = desk.ask(Command::Received(scripts)).await? else {
        return Err(RpcError::bug());
    };
    let mut tallies: BTreeMap<Address, Tally> = BTreeMap::new();
    for Receipt { script, txid, amount, height, coinbase } in receipts {
        let depth = ledger::depth(asked.tip, height);
        if !asked.counts(depth, coinbase) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of an address and its row in a list are what a shop holds against each other.
    #[test]
    fn heights_let_in_what_the_depth_does() {
        for (tip, least, with_immature) in (0..5).chain(98..104).flat_map(|tip| {
            [-1, 0, 1, 2, 3, 100, 101, i64::MAX].map(|least| (tip, least, tip % 2 == 0))
        }) {
            let asked = Asked { tip: Height::new(tip), least, with_immature };
            let query = asked.query(Vec::new());
            for (height, coinbase) in
                (1..106).map(Some).chain([None]).map(|h| (h, h.is_some_and(|h| h % 2 == 0)))
            {
                let height = height.map(Height::new);
                let told = query.as_ref().is_some_and(|query| {
                    (query.highest.is_none() || height.is_some_and(|at| Some(at) <= query.highest))
                        && (!coinbase || height.is_some_and(|at| at <= query.highest_coinbase))
                });
                let depth = ledger::depth(asked.tip, height);
                assert_eq!(
                    told,
                    asked.counts(depth, coinbase),
                    "{tip} {least} {height:?} {coinbase}"
                );
            }
        }
    }
}
