//! Owns the options of `send` and `sendall`, of which the three of the fee may also stand among the
//! arguments.

use billfold_wallet_core::command::{CoinChoice, Layout, PayRequest};
use bitcoin::absolute::LockTime;
use bitcoin::{OutPoint, Sequence, TxIn};

use crate::arguments::{self, Arguments};
use crate::error::RpcError;
use crate::json::{Object, Value};
use crate::method::funding;
use crate::method::payment::Fee;
use crate::parameter::Parameter;
use crate::unsigned;

/// The options of a payment.
pub(super) struct Options(Object);

impl Options {
    /// Reads them; the fee stands among them then, wherever it was given.
    pub(super) fn read(arguments: &Arguments) -> Result<Self, RpcError> {
        let given = arguments.value(4).map(arguments::object).transpose()?;
        let mut fields = given.cloned().unwrap_or_default();
        let outdated = |(older, _): &&(&str, &str)| fields.get(older).is_some();
        if let Some((older, newer)) = OUTDATED.iter().find(outdated) {
            return Err(RpcError::parameter(format!("Use {newer} instead of {older}")));
        }
        for (names, refused) in [(&FEE[..2], ESTIMATE_TWICE), (&FEE[2..], RATE_TWICE)] {
            let named = names.iter().any(|(_, name)| fields.get(name).is_some());
            for (place, name) in names {
                let Some(value) = arguments.value(*place) else { continue };
                if named {
                    return Err(RpcError::parameter(refused));
                }
                fields.push(*name, value.clone());
            }
        }
        let options = Self(fields);
        let mode = options.value("estimate_mode");
        if options.value("conf_target").is_some()
            && mode.is_none_or(|mode| mode.as_str() == Some("unset"))
        {
            return Err(RpcError::parameter("Specify estimate_mode"));
        }
        Ok(options)
    }

    /// All of them.
    pub(super) const fn fields(&self) -> &Object {
        &self.0
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether it is named at all, also as null, which is no list of coins either.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, RpcError> {
        self.value(name).map_or(Ok(default), arguments::flag)
    }

    /// The lock time, if one is asked for.
    pub(super) fn lock_time(&self) -> Result<Option<LockTime>, RpcError> {
        self.value("locktime").map(|value| unsigned::lock_time(Some(value))).transpose()
    }

    /// What `sendall` asks for, which knows these.
    pub(super) fn request(&self, known: &[Parameter]) -> Result<PayRequest, RpcError> {
        for (name, _) in self.0.iter() {
            let is_fee = FEE.iter().any(|(_, own)| *own == name);
            if !is_fee && !known.iter().any(|parameter| parameter.is_called(name)) {
                return Err(RpcError::wrong_type(format!("Unexpected key {name}")));
            }
        }
        let [target, mode, rate] = FEE.map(|(_, name)| self.value(name));
        let Fee(fee) = Fee::read(target, mode, rate)?;
        let (least_depth, most_depth) = self.depths()?;
        Ok(PayRequest {
            fee,
            coins: self.inputs()?.into_iter().map(|(coin, _)| coin).collect(),
            choice: CoinChoice {
                least_depth,
                most_depth,
                // As in Core, where only sendtoaddress avoids them.
                spent_from: true,
                ..CoinChoice::default()
            },
            layout: Layout {
                in_order: true,
                lock_time: self.lock_time()?,
                is_final: !self.flag("replaceable", true)?,
                ..Layout::default()
            },
            ..PayRequest::default()
        })
    }

    fn depths(&self) -> Result<(u32, Option<u32>), RpcError> {
        let integer = |name: &str| self.value(name).map(arguments::integer).transpose();
        funding::depths([integer("minconf")?, integer("maxconf")?], |least| {
            format!("Invalid minconf (minconf cannot be negative): {least}")
        })
    }

    /// The inputs, each with its sequence number if it has one of its own.
    pub(super) fn inputs(&self) -> Result<Vec<(OutPoint, Option<Sequence>)>, RpcError> {
        let Some(listed) = self.value("inputs") else { return Ok(Vec::new()) };
        let replaceable = self.flag("replaceable", true)?;
        let lock_time = unsigned::lock_time(self.value("locktime"))?;
        let inputs = unsigned::inputs(listed, Some(replaceable), lock_time)?;
        let signals = inputs.iter().any(|input| input.sequence.is_rbf());
        if replaceable && !inputs.is_empty() && !signals {
            return Err(RpcError::parameter(unsigned::CONTRADICTION));
        }
        let is_own = |input: &Value| {
            let sequence = input.as_object().and_then(|fields| fields.get("sequence"));
            sequence.is_some_and(Value::is_number)
        };
        let own = arguments::array(listed)?.iter().map(is_own);
        let told = |(input, is_own): (TxIn, bool)| {
            (input.previous_output, is_own.then_some(input.sequence))
        };
        Ok(inputs.into_iter().zip(own).map(told).collect())
    }
}

/// What chooses the fee, and its place among the arguments.
const FEE: [(usize, &str); 3] = [(1, "conf_target"), (2, "estimate_mode"), (3, "fee_rate")];

/// Names that Core had once, and those that it has now.
const OUTDATED: [(&str, &str); 6] = [
    ("feeRate", "fee_rate (sat/vB)"),
    ("changeAddress", "change_address"),
    ("changePosition", "change_position"),
    ("includeWatching", "include_watching"),
    ("lockUnspents", "lock_unspents"),
    ("subtractFeeFromOutputs", "subtract_fee_from_outputs"),
];

const ESTIMATE_TWICE: &str =
    "Pass conf_target and estimate_mode either as arguments or in the options object, but not both";
const RATE_TWICE: &str =
    "Pass the fee_rate either as an argument, or in the options object, but not both";
