//! Owns the method that tells which addresses anybody can see to be of one owner.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use billfold_wallet_core::command::{Coin, CoinQuery, HistoryQuery, TransactionRecord};
use billfold_wallet_core::keychain::Branch;
use bitcoin::{Address, OutPoint, Script, ScriptBuf, Txid};
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

use crate::desk::Desk;
use crate::json::{Btc, answer};
use crate::ledger::{self, Unconfirmed};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;

pub(super) const METHODS: &[Method] = &[Method {
    name: "listaddressgroupings",
    category: Category::Wallet,
    parameters: &[],
    about: "Lists groups of addresses which have had their common ownership made public by common \
            use as inputs or as the resulting change in past transactions.",
    standing: Standing::Differs("in the order of the addresses' scripts"),
    run: Run::Wallet(|node, desk, _| Box::pin(list(node, desk))),
}];

async fn list(node: &Node, desk: &Desk) -> Outcome {
    let records = ledger::record_page(desk, HistoryQuery::default()).await?;
    let known = Known::new(&records);
    let mut groups = Groups::default();
    for record in &records {
        for group in known.seen_together(record) {
            groups.join(group);
        }
    }
    let (coins, unconfirmed) =
        (ledger::coins(desk, CoinQuery::default()).await?, Unconfirmed::read(desk).await?);
    let balances = balances(&coins, &unconfirmed);
    let labels = labels(&records);
    let forms = groups.all().into_iter().map(|group| {
        // A script without an address stands nowhere.
        let member = |script: &ScriptBuf| {
            let address = Address::from_script(script, node.params.network).ok()?;
            Some(MemberForm {
                address: address.to_string(),
                amount: Btc(balances.get(script).copied().unwrap_or_default()),
                label: labels.get(script.as_script()).copied().map(str::to_owned),
            })
        };
        group.iter().filter_map(member).collect::<Vec<_>>()
    });
    answer(&forms.filter(|group| !group.is_empty()).collect::<Vec<_>>())
}

/// The wallet's transactions, by their ids.
struct Known<'a>(HashMap<Txid, &'a TransactionRecord>);

impl<'a> Known<'a> {
    fn new(records: &'a [TransactionRecord]) -> Self {
        Self(records.iter().map(|record| (record.transaction.compute_txid(), record)).collect())
    }

    /// The scripts of the wallet that a transaction shows to be of one owner: those that it spends
    /// from, with its change, and each that it pays by itself.
    fn seen_together(&self, record: &'a TransactionRecord) -> Vec<BTreeSet<ScriptBuf>> {
        let inputs = record.transaction.input.iter().map(|input| input.previous_output);
        let mut together: BTreeSet<ScriptBuf> =
            inputs.filter_map(|outpoint| self.own(outpoint)).map(Script::to_owned).collect();
        let outputs = record.transaction.output.iter().zip(&record.outputs);
        let own = outputs.filter(|(_, known)| known.owner.is_some());
        let mut groups = Vec::new();
        for (output, known) in own {
            let is_change = known.owner.as_ref().is_some_and(|o| o.branch == Branch::Change);
            let script = output.script_pubkey.clone();
            if is_change && known.note.is_none() && !together.is_empty() {
                together.insert(script);
            } else {
                groups.push(BTreeSet::from([script]));
            }
        }
        groups.push(together);
        groups
    }

    /// The script of an output, if it is the wallet's.
    fn own(&self, outpoint: OutPoint) -> Option<&'a Script> {
        let record = self.0.get(&outpoint.txid)?;
        let place = usize::try_from(outpoint.vout).ok()?;
        record.outputs.get(place)?.owner.as_ref()?;
        Some(&record.transaction.output.get(place)?.script_pubkey)
    }
}

/// Sets that have nothing in common.
#[derive(Default)]
struct Groups {
    sets: BTreeMap<usize, BTreeSet<ScriptBuf>>,
    place: HashMap<ScriptBuf, usize>,
    next: usize,
}

impl Groups {
    /// Makes one of all groups that a new one touches.
    fn join(&mut self, mut group: BTreeSet<ScriptBuf>) {
        let touched: BTreeSet<usize> =
            group.iter().filter_map(|script| self.place.get(script).copied()).collect();
        for place in touched {
            group.extend(self.sets.remove(&place).unwrap_or_default());
        }
        if group.is_empty() {
            return;
        }
        let place = self.next;
        self.next += 1;
        self.place.extend(group.iter().map(|script| (script.clone(), place)));
        self.sets.insert(place, group);
    }

    fn all(self) -> BTreeSet<BTreeSet<ScriptBuf>> {
        self.sets.into_values().collect()
    }
}

/// What can be trusted to be there, in satoshi, by script.
fn balances(coins: &[Coin], unconfirmed: &Unconfirmed) -> HashMap<ScriptBuf, i64> {
    let counts = |coin: &&Coin| {
        let trusted = coin.height.is_some() || unconfirmed.is_trusted(coin.outpoint.txid);
        trusted && !coin.immature
    };
    let mut balances = HashMap::new();
    for coin in coins.iter().filter(counts) {
        *balances.entry(coin.address.script_pubkey()).or_default() += Btc::from(coin.amount).0;
    }
    balances
}

/// Addresses that were given out are in Core's address book, with an empty label at least.
fn labels(records: &[TransactionRecord]) -> HashMap<&Script, &str> {
    let outputs = records.iter().flat_map(|r| r.transaction.output.iter().zip(&r.outputs));
    let labelled = outputs.filter_map(|(output, known)| {
        let was_given = known.owner.as_ref()?.branch == Branch::Receive;
        let label = known.note.as_deref().or_else(|| was_given.then_some(""))?;
        Some((output.script_pubkey.as_script(), label))
    });
    labelled.collect()
}

struct MemberForm {
    address: String,
    amount: Btc,
    label: Option<String>,
}

impl Serialize for MemberForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_seq(None)?;
        tuple.serialize_element(&self.address)?;
        tuple.serialize_element(&self.amount)?;
        if let Some(label) = &self.label {
            tuple.serialize_element(label)?;
        }
        tuple.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_touch_are_one() {
        let script = |byte: u8| ScriptBuf::from_bytes(vec![byte]);
        let set = |bytes: &[u8]| bytes.iter().map(|byte| script(*byte)).collect();
        let mut groups = Groups::default();
        for group in [&[1][..], &[2, 3], &[4], &[], &[1, 2], &[5, 4]] {
            groups.join(set(group));
        }
        assert_eq!(groups.all(), BTreeSet::from([set(&[1, 2, 3]), set(&[4, 5])]));
    }
}
