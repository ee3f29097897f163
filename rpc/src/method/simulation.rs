//! Owns the method that tells what transactions would change in a wallet.
//!
//! Refuses to look up coins of others: there is no set of unspent outputs to do it in.

use std::collections::{BTreeMap, BTreeSet};

use billfold_wallet_core::command::CoinQuery;
use bitcoin::{OutPoint, Transaction};
use serde::Serialize;

use crate::arguments::{self, Arguments, check_fields};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Btc, Value, answer};
use crate::ledger;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};
use crate::transaction_hex;

pub(super) const METHODS: &[Method] = &[Method {
    name: "simulaterawtransaction",
    category: Category::Wallet,
    parameters: &[
        Parameter::optional("rawtxs", Kind::Array, "An array of hex strings of raw transactions"),
        Parameter::options(FIELDS, "Not used"),
    ],
    about: "Calculate the balance change resulting in the signing and broadcasting of the given \
            transaction(s).",
    standing: Standing::Differs(
        "coins of others are taken to be there: only of its own the wallet knows that they are spent",
    ),
    run: Run::Wallet(|_, desk, arguments| Box::pin(simulate(desk, arguments))),
}];

const FIELDS: &[Parameter] =
    &[Parameter::optional("include_watchonly", Kind::Bool, "No longer used")];

async fn simulate(desk: &Desk, arguments: &Arguments) -> Outcome {
    let options = arguments.value(1).map(arguments::object).transpose()?;
    options.map_or(Ok(()), |fields| check_fields(fields, FIELDS))?;
    let texts = arguments::array(arguments.required(0))?;
    let transactions: Vec<Transaction> = texts.iter().map(read).collect::<Result<_, _>>()?;
    let inputs = transactions.iter().flat_map(|transaction| &transaction.input);
    let inputs = inputs.map(|input| input.previous_output).collect();
    let coins = ledger::coins(desk, CoinQuery::These(inputs)).await?;
    let coins: BTreeMap<OutPoint, i64> =
        coins.iter().map(|coin| (coin.outpoint, Btc::from(coin.amount).0)).collect();
    let mut made: BTreeMap<OutPoint, i64> = BTreeMap::new();
    let mut spent = BTreeSet::new();
    let mut change = 0_i64;
    for transaction in &transactions {
        for outpoint in transaction.input.iter().map(|input| input.previous_output) {
            if !spent.insert(outpoint) {
                return Err(RpcError::parameter(
                    "Transaction(s) are spending the same output more than once",
                ));
            }
            let known = made.remove(&outpoint).or_else(|| coins.get(&outpoint).copied());
            let amount = match known {
                Some(amount) => amount,
                None if was_ours(desk, outpoint).await? => {
                    return Err(RpcError::parameter(
                        "One or more transaction inputs are missing or have been spent already",
                    ));
                }
                None => 0,
            };
            change = change.saturating_sub(amount);
        }
        let txid = transaction.compute_txid();
        for (vout, output) in (0_u32..).zip(&transaction.output) {
            let owner = ledger::owner(desk, output.script_pubkey.clone()).await?;
            let amount = owner.map_or(0, |_| Btc::from(output.value).0);
            made.insert(OutPoint::new(txid, vout), amount);
            change = change.saturating_add(amount);
        }
    }
    answer(&SimulationForm { balance_change: Btc(change) })
}

fn read(value: &Value) -> Result<Transaction, RpcError> {
    let refused =
        || RpcError::new(Code::Deserialization, "Transaction hex string decoding failure.");
    transaction_hex::read(arguments::text(value)?, None).ok_or_else(refused)
}

/// Whether an output that is no coin of the wallet was one, or is none of its transaction's.
async fn was_ours(desk: &Desk, outpoint: OutPoint) -> Result<bool, RpcError> {
    let Some(record) = ledger::records(desk, vec![outpoint.txid]).await?.pop() else {
        return Ok(false);
    };
    let place = usize::try_from(outpoint.vout).unwrap_or(usize::MAX);
    Ok(record.outputs.get(place).is_none_or(|output| output.owner.is_some()))
}

#[derive(Debug, Serialize)]
struct SimulationForm {
    balance_change: Btc,
}
