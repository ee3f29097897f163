//! Owns `billfold.utxos` and the freezing of coins: page by page, by value or by age, with why a coin is
//! frozen.
//!
//! Refuses to choose coins: a payment does.

use billfold_wallet_core::command::{Coin, CoinPlace, CoinQuery, Command, Mark, Reference};
use billfold_wallet_core::light_client::height::Height;
use bitcoin::{Amount, OutPoint, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Value, answer};
use crate::ledger;
use crate::limits::COINS_AT_ONCE;
use crate::method::billfold::rows;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};

const OUTPOINTS: Parameter = Parameter::required("outpoints", Kind::Array, "Coins, as TXID:VOUT");

pub(in crate::method) const METHODS: &[Method] = &[
    Method {
        name: "billfold.freeze",
        category: Category::Billfold,
        parameters: &[
            OUTPOINTS,
            Parameter::optional("reason", Kind::Text, "Why; kept as the label of each coin"),
        ],
        about: "Freeze coins, so that nothing spends them: all of them or none.",
        standing: Standing::Ours,
        run: Run::Change(|_, desk, arguments| Box::pin(freeze(desk, arguments))),
    },
    Method {
        name: "billfold.unfreeze",
        category: Category::Billfold,
        parameters: &[OUTPOINTS],
        about: "Give frozen coins free: all of them or none.",
        standing: Standing::Ours,
        run: Run::Change(|_, desk, arguments| Box::pin(unfreeze(desk, arguments))),
    },
    Method {
        name: "billfold.utxos",
        category: Category::Billfold,
        parameters: &[
            Parameter::optional("sort", Kind::Text, "value (largest first) or age (oldest first)"),
            Parameter::optional("cursor", Kind::Text, "next of the page before"),
            Parameter::optional("limit", Kind::Number, "At most this many, 1,000 at the most"),
        ],
        about: "Coins of the wallet, page by page: {utxos, next}. A coin that is spent between two pages \
                takes no other from its place.",
        standing: Standing::Ours,
        run: Run::Wallet(|_, desk, arguments| Box::pin(page(desk, arguments))),
    },
];

async fn page(desk: &Desk, arguments: &Arguments) -> Outcome {
    let sort = Sort::read(arguments.text(0)?.unwrap_or("value"))?;
    let cursor = arguments.text(1)?.map(|cursor| sort.place_of(cursor)).transpose()?;
    let limit = rows(arguments.value(2))?;
    let limit = usize::try_from(limit).unwrap_or(COINS_AT_ONCE).clamp(1, COINS_AT_ONCE);
    // One more than is told says whether there is more.
    let more = u32::try_from(limit + 1).ok();
    let query = CoinQuery::Page { from: cursor.unwrap_or(sort.begin()), limit: more };
    let mut coins = ledger::coins(desk, query).await?;
    let is_last = coins.len() <= limit;
    coins.truncate(limit);
    let next = coins.last().filter(|_| !is_last).map(|coin| sort.cursor(coin));
    answer(&PageForm { utxos: coins.iter().map(CoinForm::from).collect(), next })
}

async fn freeze(desk: &Desk, arguments: &Arguments) -> Outcome {
    let outpoints = outpoints(arguments)?;
    let reason = arguments.text(1)?.map(str::to_owned);
    desk.ask(Command::Freeze { outpoints: outpoints.clone(), frozen: true }).await?;
    for outpoint in outpoints.iter().filter(|_| reason.is_some()) {
        let reference = Reference::Output(*outpoint);
        desk.ask(Command::Label { reference, label: reason.clone() }).await?;
    }
    answer(&FrozenForm { frozen: true, count: outpoints.len() })
}

async fn unfreeze(desk: &Desk, arguments: &Arguments) -> Outcome {
    let outpoints = outpoints(arguments)?;
    let count = outpoints.len();
    desk.ask(Command::Freeze { outpoints, frozen: false }).await?;
    answer(&FrozenForm { frozen: false, count })
}

fn outpoints(arguments: &Arguments) -> Result<Vec<OutPoint>, RpcError> {
    let given = arguments::array(arguments.value(0).unwrap_or(&Value::Null))?;
    let one = |value: &Value| outpoint(arguments::text(value)?);
    let outpoints = given.iter().map(one).collect::<Result<Vec<_>, RpcError>>()?;
    if outpoints.is_empty() {
        return Err(RpcError::parameter("Name at least one coin"));
    }
    Ok(outpoints)
}

fn outpoint(text: &str) -> Result<OutPoint, RpcError> {
    text.parse().map_err(|_| RpcError::parameter(format!("{text} is not a coin: write TXID:VOUT")))
}

/// In which order coins are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Value,
    Age,
}

impl Sort {
    fn read(name: &str) -> Result<Self, RpcError> {
        match name {
            "value" => Ok(Self::Value),
            "age" => Ok(Self::Age),
            _ => Err(RpcError::parameter("sort is value or age")),
        }
    }

    const fn begin(self) -> CoinPlace {
        match self {
            Self::Value => CoinPlace::Largest,
            Self::Age => CoinPlace::Oldest,
        }
    }

    /// The place of a coin as a text that means something to this order alone.
    fn cursor(self, coin: &Coin) -> String {
        match self {
            Self::Value => format!("v{}:{}", coin.amount.to_sat(), coin.outpoint),
            Self::Age => {
                format!("a{}:{}", coin.height.map_or(u32::MAX, Height::to_u32), coin.outpoint)
            }
        }
    }

    fn place_of(self, cursor: &str) -> Result<CoinPlace, RpcError> {
        let wrong = || RpcError::parameter("The cursor is not one of this order");
        let letter = if self == Self::Value { 'v' } else { 'a' };
        let (number, outpoint) =
            cursor.strip_prefix(letter).and_then(|rest| rest.split_once(':')).ok_or_else(wrong)?;
        let outpoint: OutPoint = outpoint.parse().map_err(|_| wrong())?;
        Ok(match self {
            Self::Value => {
                let amount = number.parse().map_err(|_| wrong())?;
                CoinPlace::SmallerThan(Amount::from_sat(amount), outpoint)
            }
            Self::Age => {
                let height: u32 = number.parse().map_err(|_| wrong())?;
                let height = (height != u32::MAX).then_some(Height::new(height));
                CoinPlace::YoungerThan(height, outpoint)
            }
        })
    }
}

#[derive(Debug, Serialize)]
struct PageForm {
    utxos: Vec<CoinForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct CoinForm {
    txid: Txid,
    vout: u32,
    amount_sat: u64,
    address: String,
    account: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    immature: bool,
    frozen: bool,
    reserved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    marks: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct FrozenForm {
    frozen: bool,
    count: usize,
}

impl From<&Coin> for CoinForm {
    fn from(coin: &Coin) -> Self {
        Self {
            txid: coin.outpoint.txid,
            vout: coin.outpoint.vout,
            amount_sat: coin.amount.to_sat(),
            address: coin.address.to_string(),
            account: coin.account.to_string(),
            height: coin.height.map(Height::to_u32),
            immature: coin.immature,
            frozen: coin.frozen,
            reserved: coin.reserved,
            label: coin.note.clone(),
            marks: coin.marks.iter().map(Mark::name).collect(),
        }
    }
}
