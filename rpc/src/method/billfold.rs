//! Owns the methods that Bitcoin Core has not: payments by keys, invoices, tokens, limits, the journal
//! and the audit log.
//!
//! Amounts are whole satoshis in keys that end in `_sat`. Refuses numbers that are none.

pub(super) mod audit;
pub(super) mod backup;
pub(super) mod broadcast;
pub(super) mod events;
pub(super) mod overview;
pub(super) mod invoice;
pub(super) mod operation;
pub(super) mod signer;
pub(super) mod payments;
pub(super) mod pay;
pub(super) mod policy;
pub(super) mod proof;
pub(super) mod token;
pub(super) mod utxos;
pub(super) mod history;

use billfold_wallet_core::command::{Command, Limit, Reply, TellerCommand, TellerReply};
use bitcoin::{Address, Amount, Network};
use serde::Serialize;

use crate::arguments;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Object, Value};

/// Asks what is kept for programs.
async fn teller(desk: &Desk, command: TellerCommand) -> Result<TellerReply, RpcError> {
    match desk.ask(Command::Teller(Box::new(command))).await? {
        Reply::Teller(reply) => Ok(*reply),
        _ => Err(RpcError::bug()),
    }
}

/// An amount in whole satoshis.
fn sats(value: &Value, name: &str) -> Result<Amount, RpcError> {
    let sats = value.as_i64().and_then(|sats| u64::try_from(sats).ok()).map(Amount::from_sat);
    sats.filter(|amount| *amount <= Amount::MAX_MONEY)
        .ok_or_else(|| RpcError::wrong_type(format!("{name} is not a whole number of satoshis")))
}

/// A whole number that is not negative.
fn count(value: &Value, name: &str) -> Result<u32, RpcError> {
    let number = value.as_i64().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| RpcError::wrong_type(format!("{name} is not a whole number in range")))
}

/// How many rows a page has at the most. None would be a page that never leads on.
fn rows(limit: Option<&Value>) -> Result<u32, RpcError> {
    match limit.map(|value| count(value, "limit")).transpose()? {
        Some(0) => Err(RpcError::parameter("limit is at least 1")),
        limit => Ok(limit.unwrap_or(100)),
    }
}

/// Refuses a field that nothing is known of, and one that is there twice: one of them would be left
/// out in silence.
fn only(object: &Object, names: &[&str]) -> Result<(), RpcError> {
    let mut seen = Vec::new();
    for (name, _) in object.iter() {
        if !names.contains(&name) {
            return Err(RpcError::parameter(format!("Unknown field {name}")));
        }
        if seen.contains(&name) {
            return Err(RpcError::parameter(format!("Field {name} is there twice")));
        }
        seen.push(name);
    }
    Ok(())
}

/// Limits as they are given and told.
#[derive(Debug, Serialize)]
struct LimitsForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    per_payment_sat: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    budgets: Vec<BudgetForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    destinations: Vec<String>,
}

#[derive(Debug, Serialize)]
struct BudgetForm {
    amount_sat: u64,
    seconds: u32,
}

impl LimitsForm {
    fn new(limits: &[Limit], network: Network) -> Self {
        let mut form =
            Self { per_payment_sat: None, budgets: Vec::new(), destinations: Vec::new() };
        for limit in limits {
            match limit {
                Limit::PerPayment(most) => form.per_payment_sat = Some(most.to_sat()),
                Limit::Budget { amount, seconds } => {
                    form.budgets
                        .push(BudgetForm { amount_sat: amount.to_sat(), seconds: *seconds });
                }
                Limit::Destinations(scripts) => {
                    form.destinations.extend(scripts.iter().map(|script| {
                        let address = Address::from_script(script, network);
                        address.map_or_else(|_| script.to_hex_string(), |one| one.to_string())
                    }));
                }
            }
        }
        form
    }
}

/// Reads limits: `per_payment_sat`, `budgets` and `destinations`.
fn limits(object: &Object, network: Network) -> Result<Vec<Limit>, RpcError> {
    only(object, &["per_payment_sat", "budgets", "destinations"])?;
    let mut limits = Vec::new();
    if let Some(most) = object.get("per_payment_sat") {
        limits.push(Limit::PerPayment(sats(most, "per_payment_sat")?));
    }
    if let Some(budgets) = object.get("budgets") {
        for budget in arguments::array(budgets)? {
            let budget = arguments::object(budget)?;
            only(budget, &["amount_sat", "seconds"])?;
            let amount = sats(budget.get("amount_sat").unwrap_or(&Value::Null), "amount_sat")?;
            let seconds = count(budget.get("seconds").unwrap_or(&Value::Null), "seconds")?;
            if seconds == 0 {
                return Err(RpcError::parameter("A budget is of at least one second"));
            }
            limits.push(Limit::Budget { amount, seconds });
        }
    }
    if let Some(destinations) = object.get("destinations") {
        let addresses = arguments::array(destinations)?.iter();
        let scripts = addresses.map(|one| {
            let text = arguments::text(one)?;
            let address = arguments::address(text, network, "Invalid Bitcoin address: ")?;
            Ok(address.script_pubkey())
        });
        let scripts = scripts.collect::<Result<Vec<_>, RpcError>>()?;
        if scripts.is_empty() {
            return Err(RpcError::parameter("A list of destinations names at least one"));
        }
        limits.push(Limit::Destinations(scripts));
    }
    Ok(limits)
}
