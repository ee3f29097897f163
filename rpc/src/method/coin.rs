//! Owns the methods about coins: listed, locked against being chosen, set free.

use std::collections::{BTreeSet, HashMap};

use billfold_wallet_core::command::{Coin, CoinPlace, CoinQuery, Command, CommandError, Reply};
use billfold_wallet_core::keychain::Branch;
use bitcoin::{Address, Amount, OutPoint, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments, check_fields};
use crate::branches::Branches;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Btc, Value, answer};
use crate::ledger::{self, Unconfirmed};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "listlockunspent",
        category: Category::Wallet,
        parameters: &[],
        about: "Returns list of temporarily unspendable outputs.",
        standing: Standing::Differs("coins that a draft holds are not among them"),
        run: Run::Wallet(|_, desk, _| Box::pin(locked(desk))),
    },
    Method {
        name: "listunspent",
        category: Category::Wallet,
        parameters: &[
            Parameter::optional("minconf", Kind::Number, "The minimum confirmations to filter"),
            Parameter::optional("maxconf", Kind::Number, "The maximum confirmations to filter"),
            Parameter::optional("addresses", Kind::Array, "The bitcoin addresses to filter"),
            Parameter::optional("include_unsafe", Kind::Bool, "Include outputs that are not safe"),
            Parameter {
                names: "query_options",
                kind: Kind::Object,
                optional: true,
                about: "Bounds on what is listed",
                fields: QUERY,
            },
        ],
        about: "Returns array of unspent transaction outputs with between minconf and maxconf \
                (inclusive) confirmations.",
        standing: Standing::Differs(
            "ancestorcount, -size and -fees are of this wallet's own unconfirmed transactions, and \
             left out where a fee is not known; coins that a draft holds are left out",
        ),
        run: Run::Wallet(|node, desk, arguments| Box::pin(unspent(node, desk, arguments))),
    },
    Method {
        name: "lockunspent",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("unlock", Kind::Bool, "Whether to unlock the outputs"),
            Parameter::optional("transactions", Kind::Array, "The outputs; all when unlocking"),
            Parameter::optional("persistent", Kind::Bool, "Kept in any case"),
        ],
        about: "Updates list of temporarily unspendable outputs.",
        standing: Standing::Differs("locks are always kept on disk, as if persistent were true"),
        run: Run::Change(|_, desk, arguments| Box::pin(lock(desk, arguments))),
    },
];

const OUTPOINT: &[Parameter] = &[
    Parameter::required("txid", Kind::Text, "The transaction id"),
    Parameter::required("vout", Kind::Number, "The output number"),
];

const QUERY: &[Parameter] = &[
    Parameter::optional("minimumAmount", Kind::Amount, "Of each coin"),
    Parameter::optional("maximumAmount", Kind::Amount, "Of each coin"),
    Parameter::optional("maximumCount", Kind::Number, "Of coins"),
    Parameter::optional("minimumSumAmount", Kind::Amount, "Stop once it is reached"),
    Parameter::optional("include_immature_coinbase", Kind::Bool, "List them too"),
];

async fn locked(desk: &Desk) -> Outcome {
    let frozen = ledger::coins(desk, CoinQuery::Frozen).await?.into_iter();
    let form = |Coin { outpoint: OutPoint { txid, vout }, .. }| OutpointForm { txid, vout };
    answer(&frozen.map(form).collect::<Vec<_>>())
}

#[derive(Debug, Serialize)]
struct OutpointForm {
    txid: Txid,
    vout: u32,
}

async fn lock(desk: &Desk, arguments: &Arguments) -> Outcome {
    let unlock = arguments.flag(0, false)?;
    let (coins, outpoints) = match arguments.value(1) {
        None if !unlock => return answer(&true),
        None => {
            let frozen = ledger::coins(desk, CoinQuery::Frozen).await?;
            let outpoints = frozen.iter().map(|coin| coin.outpoint).collect();
            (frozen, outpoints)
        }
        Some(listed) => {
            let listed = arguments::array(listed)?.iter().map(outpoint);
            let outpoints: Vec<OutPoint> = listed.collect::<Result<_, _>>()?;
            (ledger::coins(desk, CoinQuery::These(outpoints.clone())).await?, outpoints)
        }
    };
    let coins: HashMap<OutPoint, _> = coins.iter().map(|coin| (coin.outpoint, coin)).collect();
    for outpoint in &outpoints {
        match coins.get(outpoint) {
            None => return Err(no_coin(desk, *outpoint).await?),
            Some(coin) if unlock && !coin.frozen => {
                return Err(RpcError::parameter("Invalid parameter, expected locked output"));
            }
            Some(coin) if !unlock && coin.frozen && !arguments.flag(2, false)? => {
                return Err(RpcError::parameter("Invalid parameter, output already locked"));
            }
            Some(_) => {}
        }
    }
    match desk.ask(Command::Freeze { outpoints, frozen: !unlock }).await {
        Ok(Reply::Done) => answer(&true),
        Ok(_) => Err(RpcError::bug()),
        Err(CommandError::NoSuchCoin(_)) => {
            Err(RpcError::parameter("Invalid parameter, expected unspent output"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Why an output is no coin of the wallet, in Core's words.
async fn no_coin(desk: &Desk, outpoint: OutPoint) -> Result<RpcError, RpcError> {
    let record = ledger::records(desk, vec![outpoint.txid]).await?.pop();
    let at = usize::try_from(outpoint.vout).unwrap_or(usize::MAX);
    Ok(RpcError::parameter(match record.map(|record| record.outputs.get(at).cloned()) {
        Some(None) => "Invalid parameter, vout index out of bounds",
        Some(Some(output)) if output.spender.is_some() => {
            "Invalid parameter, expected unspent output"
        }
        _ => "Invalid parameter, unknown transaction",
    }))
}

/// An output, as `{txid, vout}` names it.
pub(super) fn outpoint(value: &Value) -> Result<OutPoint, RpcError> {
    let fields = arguments::object(value)?;
    let field = |name: &str| {
        let value = fields.get(name).filter(|value| !value.is_null());
        value.ok_or_else(|| RpcError::wrong_type(format!("Missing {name}")))
    };
    let (txid, vout) = (field("txid")?, field("vout")?);
    check_fields(fields, OUTPOINT)?;
    let (txid, vout) = (arguments::text(txid)?, arguments::integer(vout)?);
    let vout = u32::try_from(vout)
        .map_err(|_| RpcError::parameter("Invalid parameter, vout cannot be negative"))?;
    Ok(OutPoint::new(arguments::hash(txid, "txid")?, vout))
}

async fn unspent(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let wanted = Wanted::read(node, arguments)?;
    let tip = ledger::tip(node, desk).await?.height;
    let wallet = ledger::description(desk).await?;
    let branches = Branches::new(&wallet, desk.shelf());
    let mut forms = Vec::new();
    for (limit, query) in wanted.queries() {
        let coins = ledger::coins(desk, query).await?;
        let is_part = coins.len() == limit;
        let is_pending = coins.iter().any(|coin| coin.height.is_none());
        let unconfirmed = Unconfirmed::read_if(is_pending, desk).await?;
        let mut sum = Amount::ZERO;
        forms.clear();
        for coin in coins {
            if wanted.is_enough(forms.len(), sum) {
                break;
            }
            let depth = ledger::depth(tip, coin.height);
            let safe = coin.height.is_some() || unconfirmed.is_trusted(coin.outpoint.txid);
            if wanted.is_met(&coin, depth, safe) {
                sum += coin.amount;
                let reused = wallet.avoids_reuse.then_some(coin.spent_from);
                let form = CoinForm::new(&branches, coin, depth, safe, &unconfirmed);
                forms.push(CoinForm { reused, ..form });
            }
        }
        if !is_part || wanted.is_enough(forms.len(), sum) {
            break;
        }
    }
    answer(&forms)
}

/// How many coins are read before more are, and before all are.
const FIRST_COINS: [usize; 2] = [20, 200];

/// Which coins are listed.
struct Wanted {
    depths: std::ops::RangeInclusive<i64>,
    addresses: Option<BTreeSet<Address>>,
    with_unsafe: bool,
    amounts: std::ops::RangeInclusive<Amount>,
    most_coins: Option<usize>,
    sum: Option<Amount>,
    with_immature: bool,
}

impl Wanted {
    fn read(node: &Node, arguments: &Arguments) -> Result<Self, RpcError> {
        let depths =
            arguments.integer(0)?.unwrap_or(1)..=arguments.integer(1)?.unwrap_or(9_999_999);
        let mut addresses = None;
        if let Some(listed) = arguments.value(2) {
            let mut all = BTreeSet::new();
            for text in arguments::array(listed)? {
                let text = arguments::text(text)?;
                let refusal = "Invalid Bitcoin address: ";
                if !all.insert(arguments::address(text, node.params.network, refusal)?) {
                    let message = format!("Invalid parameter, duplicated address: {text}");
                    return Err(RpcError::parameter(message));
                }
            }
            addresses = Some(all).filter(|all| !all.is_empty());
        }
        let options = arguments.value(4).map(arguments::object).transpose()?;
        options.map_or(Ok(()), |fields| check_fields(fields, QUERY))?;
        let option = |name: &str| options.and_then(|fields| fields.get(name));
        let amount = |name: &str| option(name).map(arguments::amount).transpose();
        let most = option("maximumCount").map(arguments::long).transpose()?;
        Ok(Self {
            depths,
            addresses,
            with_unsafe: arguments.flag(3, true)?,
            amounts: amount("minimumAmount")?.unwrap_or(Amount::ZERO)
                ..=amount("maximumAmount")?.unwrap_or(Amount::MAX_MONEY),
            // As in Core, 0 is no bound.
            most_coins: most.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0),
            sum: amount("minimumSumAmount")?,
            with_immature: option("include_immature_coinbase")
                .map_or(Ok(false), arguments::flag)?,
        })
    }

    /// What to ask for, and how many coins it tells at the most: where few coins may be enough, a few
    /// first. All of them come from one reading, so that none that moves meanwhile is left out.
    fn queries(&self) -> Vec<(usize, CoinQuery)> {
        if let Some(addresses) = &self.addresses {
            let scripts = addresses.iter().map(Address::script_pubkey).collect();
            return vec![(usize::MAX, CoinQuery::At(scripts))];
        }
        let may_be_enough =
            |few: &usize| self.sum.is_some() || self.most_coins.is_some_and(|most| most <= *few);
        let page = |few: usize| {
            let limit = u32::try_from(few).ok();
            (few, CoinQuery::Page { from: CoinPlace::Oldest, limit })
        };
        let first = FIRST_COINS.into_iter().filter(may_be_enough).map(page);
        first.chain([(usize::MAX, CoinQuery::default())]).collect()
    }

    fn is_enough(&self, coins: usize, sum: Amount) -> bool {
        self.most_coins.is_some_and(|most| coins >= most)
            || self.sum.is_some_and(|enough| sum >= enough)
    }

    fn is_met(&self, coin: &Coin, depth: i64, safe: bool) -> bool {
        self.depths.contains(&depth)
            && self.addresses.as_ref().is_none_or(|wanted| wanted.contains(&coin.address))
            && (safe || self.with_unsafe)
            && self.amounts.contains(&coin.amount)
            && (!coin.immature || self.with_immature)
            && !coin.frozen
            && !coin.reserved
    }
}

#[derive(Debug, Serialize)]
struct CoinForm {
    txid: Txid,
    vout: u32,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(rename = "redeemScript", skip_serializing_if = "Option::is_none")]
    redeem_script: Option<String>,
    #[serde(rename = "witnessScript", skip_serializing_if = "Option::is_none")]
    witness_script: Option<String>,
    #[serde(rename = "scriptPubKey")]
    script_pubkey: String,
    amount: Btc,
    confirmations: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestorcount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestorsize: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestorfees: Option<u64>,
    spendable: bool,
    solvable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parent_descs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reused: Option<bool>,
    safe: bool,
}

impl CoinForm {
    fn new(
        branches: &Branches<'_>,
        coin: Coin,
        depth: i64,
        safe: bool,
        unconfirmed: &Unconfirmed,
    ) -> Self {
        let is_given_out = coin.keychain.branch == Branch::Receive;
        let branch = branches.get(&coin.account, coin.keychain.branch);
        let place = branch.and_then(|branch| branch.place(coin.index));
        let place = place.as_deref();
        let ancestry = unconfirmed.ancestry(coin.outpoint.txid);
        let ancestry = (depth == 0 && ancestry.count > 0 && ancestry.is_whole).then_some(ancestry);
        Self {
            txid: coin.outpoint.txid,
            vout: coin.outpoint.vout,
            address: coin.address.to_string(),
            label: coin.address_note.or_else(|| is_given_out.then(String::new)),
            redeem_script: place.and_then(|place| place.redeem_script.clone()),
            witness_script: place.and_then(|place| place.witness_script.clone()),
            script_pubkey: coin.address.script_pubkey().to_hex_string(),
            amount: coin.amount.into(),
            confirmations: depth,
            ancestorcount: ancestry.map(|ancestry| ancestry.count),
            ancestorsize: ancestry.map(|ancestry| ancestry.vsize),
            ancestorfees: ancestry.map(|ancestry| ancestry.fees),
            spendable: true,
            solvable: place.is_some(),
            desc: place.map(|place| place.desc.clone()),
            parent_descs: branch.map(|branch| branch.text().to_owned()).into_iter().collect(),
            reused: None,
            safe,
        }
    }
}
