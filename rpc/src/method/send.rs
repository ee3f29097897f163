//! Owns the methods that pay amounts to addresses, and do nothing else.

use std::collections::{BTreeSet, HashMap};

use billfold_wallet_core::command::{FeeBasis, Layout, PayAmount, PayRequest, Recipient};
use bitcoin::{Address, Amount, Txid};
use serde::Serialize;

use crate::arguments::{self, Arguments, amount};
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Value, answer, type_name};
use crate::method::balance::avoids_reuse;
use crate::method::payment::{Fee, Paid, pay};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "sendmany",
        category: Category::Wallet,
        parameters: &[
            Parameter::optional("dummy", Kind::Text, "Must be set to \"\""),
            Parameter::required("amounts", Kind::Object, "The addresses and amounts"),
            Parameter::optional("minconf", Kind::Number, "Ignored"),
            Parameter::optional("comment", Kind::Text, "Kept as the transaction's label"),
            Parameter::optional("subtractfeefrom", Kind::Array, "The addresses that bear the fee"),
            Parameter::optional("replaceable", Kind::Bool, "Say that it may be replaced"),
            Parameter::optional("conf_target", Kind::Number, "Confirmation target in blocks"),
            Parameter::optional("estimate_mode", Kind::Text, "unset, economical, conservative"),
            Parameter::optional("fee_rate", Kind::Amount, "Fee rate in sat/vB"),
            Parameter::optional("verbose", Kind::Bool, "Return the reason of the fee too"),
        ],
        about: "Send multiple times. Amounts are double-precision floating point numbers.",
        standing: Standing::Differs(PAYING),
        run: Run::Change(|node, desk, arguments| Box::pin(many(node, desk, arguments))),
    },
    Method {
        name: "sendtoaddress",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("address", Kind::Text, "The bitcoin address to send to"),
            Parameter::required("amount", Kind::Amount, "The amount in BTC to send"),
            Parameter::optional("comment", Kind::Text, "Kept as the transaction's label"),
            Parameter::optional("comment_to", Kind::Text, "Kept as the output's label"),
            Parameter::optional("subtractfeefromamount", Kind::Bool, "The recipient bears the fee"),
            Parameter::optional("replaceable", Kind::Bool, "Say that it may be replaced"),
            Parameter::optional("conf_target", Kind::Number, "Confirmation target in blocks"),
            Parameter::optional("estimate_mode", Kind::Text, "unset, economical, conservative"),
            Parameter::optional(
                "avoid_reuse",
                Kind::Bool,
                "Not from addresses that were spent from",
            ),
            Parameter::optional("fee_rate", Kind::Amount, "Fee rate in sat/vB"),
            Parameter::optional("verbose", Kind::Bool, "Return the reason of the fee too"),
        ],
        about: "Send an amount to a given address.",
        standing: Standing::Differs(PAYING),
        run: Run::Change(|node, desk, arguments| Box::pin(one(node, desk, arguments))),
    },
];

const PAYING: &str = "-10 before the chain was seen for the first time; -6 for what would stand on 25 transactions that no block \
     holds; fee_reason of an estimate is in our own words, \
     and so are the texts of a fee that is out of range";

async fn one(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    // As in Core, a fee that contradicts itself is told before anything else.
    let asked = options(arguments, [5, 6, 7, 9, 2])?;
    let address = address(node, arguments.required_text(0)?)?;
    let sum = amount(arguments.value(1).unwrap_or(&Value::Null))?;
    let bears_fee = arguments.flag(4, false)?;
    let recipient = Recipient { address, amount: part(sum, bears_fee), note: said(arguments, 3)? };
    let mut request = PayRequest { recipients: vec![recipient], ..asked };
    let avoids = avoids_reuse(desk, arguments.value(8)).await?;
    request.choice.spent_from = !avoids;
    request.choice.whole_addresses = avoids;
    told(&pay(node, desk, request).await?, arguments.flag(10, false)?)
}

async fn many(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    if arguments.text(0)?.is_some_and(|dummy| !dummy.is_empty()) {
        return Err(RpcError::parameter("Dummy value must be set to \"\""));
    }
    let asked = options(arguments, [5, 6, 7, 8, 3])?;
    let mut paid: Vec<(&str, Address, Amount)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (text, value) in arguments::object(arguments.value(1).unwrap_or(&Value::Null))?.iter() {
        let address = address(node, text)?;
        if !seen.insert(address.clone()) {
            let message = format!("Invalid parameter, duplicated address: {text}");
            return Err(RpcError::parameter(message));
        }
        paid.push((text, address, amount(value)?));
    }
    let names: Vec<&str> = paid.iter().map(|(name, ..)| *name).collect();
    let bearing = bearing_fee(arguments.value(4), &names)?;
    let recipients = paid.into_iter().enumerate().map(|(at, (_, address, amount))| Recipient {
        address,
        amount: part(amount, bearing.contains(&at)),
        note: None,
    });
    let recipients = recipients.collect();
    let mut request = PayRequest { recipients, ..asked };
    request.choice.spent_from = true;
    told(&pay(node, desk, request).await?, arguments.flag(9, false)?)
}

/// What `replaceable`, `conf_target`, `estimate_mode`, `fee_rate` and `comment` at these places ask.
fn options(arguments: &Arguments, places: [usize; 5]) -> Result<PayRequest, RpcError> {
    let [replaceable, target, mode, rate, comment] = places.map(|place| arguments.value(place));
    let Fee(fee) = Fee::read(target, mode, rate)?;
    let is_final = !replaceable.map_or(Ok(true), arguments::flag)?;
    let comment = comment.map(arguments::text).transpose()?.filter(|text| !text.is_empty());
    let layout = Layout { is_final, ..Layout::default() };
    Ok(PayRequest { fee, layout, note: comment.map(str::to_owned), ..PayRequest::default() })
}

/// Which recipients bear the fee: named by their places, or by their addresses.
///
/// # Errors
/// -8, in Core's words.
pub(super) fn bearing_fee(
    value: Option<&Value>,
    names: &[impl AsRef<str>],
) -> Result<BTreeSet<usize>, RpcError> {
    let wrong = |what: String| {
        RpcError::parameter(format!("Invalid parameter 'subtract fee from output', {what}"))
    };
    // Of two with the same name it is the first one's.
    let places = names.iter().enumerate().rev().map(|(at, name)| (name.as_ref(), at));
    let places: HashMap<&str, usize> = places.collect();
    let mut bearing = BTreeSet::new();
    for named in value.map_or(Ok(&[][..]), arguments::array)? {
        let place = match named {
            Value::String(name) => {
                let place = places.get(name.as_str()).copied();
                let unknown = || wrong(format!("destination {name} not found in tx outputs"));
                i64::try_from(place.ok_or_else(unknown)?).unwrap_or(i64::MAX)
            }
            Value::Number(_) => arguments::integer(named)?,
            other => return Err(wrong(format!("invalid value type: {}", type_name(other)))),
        };
        let at =
            usize::try_from(place).map_err(|_| wrong(format!("negative position: {place}")))?;
        if at >= names.len() {
            return Err(wrong(format!("position too large: {place}")));
        }
        if !bearing.insert(at) {
            return Err(wrong(format!("duplicated position: {place}")));
        }
    }
    Ok(bearing)
}

/// An amount that its recipient gets whole, or less the fee.
pub(super) const fn part(amount: Amount, bears_fee: bool) -> PayAmount {
    if bears_fee { PayAmount::LessFee(amount) } else { PayAmount::Exactly(amount) }
}

/// A comment, if there is one.
fn said(arguments: &Arguments, place: usize) -> Result<Option<String>, RpcError> {
    Ok(arguments.text(place)?.filter(|text| !text.is_empty()).map(str::to_owned))
}

fn address(node: &Node, text: &str) -> Result<Address, RpcError> {
    arguments::address(text, node.params.network, "Invalid Bitcoin address: ")
}

fn told(paid: &Paid, verbose: bool) -> Outcome {
    let txid = paid.payment.transaction.compute_txid();
    if !verbose {
        return answer(&txid);
    }
    let fee_reason = match paid.basis {
        FeeBasis::Asked | FeeBasis::LeastToReplace => "None".to_owned(),
        FeeBasis::Estimate { target, .. } => format!("Estimate for {target} blocks"),
        FeeBasis::Fallback => "Fallback fee".to_owned(),
    };
    answer(&SentForm { txid, fee_reason })
}

#[derive(Debug, Serialize)]
struct SentForm {
    txid: Txid,
    fee_reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn who_bears_the_fee_is_named_by_place_or_address() {
        let names = ["a", "b", "a"];
        let bearing = |named: Value| {
            bearing_fee(Some(&named), &names).map(Vec::from_iter).map_err(|error| error.message)
        };
        assert_eq!(bearing(json!(["a", 2, "b"])), Ok(vec![0, 1, 2]), "the first of that name");
        for (named, told) in [
            (json!(["c"]), "destination c not found in tx outputs"),
            (json!([0, "a"]), "duplicated position: 0"),
            (json!([3]), "position too large: 3"),
            (json!([-1]), "negative position: -1"),
        ] {
            let refused = bearing(named).expect_err(told);
            assert!(refused.ends_with(told), "{refused}");
        }
    }

    /// Looked for one after another, as many as fit into a request would take minutes.
    #[test]
    fn all_of_many_bear_the_fee() {
        let names: Vec<String> = (0..100_000).map(|number| format!("name-{number}")).collect();
        let bearing = bearing_fee(Some(&json!(names)), &names).expect("all are there");
        assert_eq!(bearing.len(), names.len());
    }
}
