//! Owns the options of `send` and `sendall`, of which the three of the fee may also stand among the
//! arguments.

use billfold_wallet_core::command::{CoinChoice, Layout, PayRequest};
use billfold_wallet_core::keychain::Branch;
use bitcoin::{OutPoint, Sequence, TxIn};

use crate::address_type;
use crate::arguments::{self, Arguments};
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::{Object, Value};
use crate::ledger;
use crate::method::address::account_of;
use crate::method::funding::weight;
use crate::method::payment::Fee;
use crate::node::Node;
use crate::parameter::Parameter;
use crate::unsigned;

/// The options of a payment.
pub(super) struct Options<'a> {
    fields: Option<&'a Object>,
    fee: Fee,
}

impl<'a> Options<'a> {
    pub(super) fn read(arguments: &'a Arguments, known: &[Parameter]) -> Result<Self, RpcError> {
        let fields = arguments.value(4).map(arguments::object).transpose()?;
        for (name, _) in fields.into_iter().flat_map(Object::iter) {
            if let Some((_, newer)) = OUTDATED.iter().find(|(older, _)| *older == name) {
                return Err(RpcError::parameter(format!("Use {newer} instead of {name}")));
            }
            let is_fee = ["conf_target", "estimate_mode", "fee_rate"].contains(&name);
            if !is_fee && !known.iter().any(|parameter| parameter.is_called(name)) {
                return Err(RpcError::wrong_type(format!("Unexpected key {name}")));
            }
        }
        let field =
            |name: &str| fields.and_then(|all| all.get(name)).filter(|value| !value.is_null());
        let given = |place: usize, name: &str| (arguments.value(place), field(name));
        let (target, mode, rate) =
            (given(1, "conf_target"), given(2, "estimate_mode"), given(3, "fee_rate"));
        let in_both =
            (target.1.is_some() || mode.1.is_some()) && (target.0.is_some() || mode.0.is_some());
        if in_both {
            return Err(RpcError::parameter(ESTIMATE_TWICE));
        }
        if rate.0.is_some() && rate.1.is_some() {
            return Err(RpcError::parameter(RATE_TWICE));
        }
        let [target, mode, rate] = [target, mode, rate].map(|(place, field)| place.or(field));
        if target.is_some() && mode.is_none_or(|mode| mode.as_str() == Some("unset")) {
            return Err(RpcError::parameter("Specify estimate_mode"));
        }
        Ok(Self { fields, fee: Fee::read(target, mode, rate)? })
    }

    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.fields.and_then(|fields| fields.get(name)).filter(|value| !value.is_null())
    }

    /// Whether it is named at all, also as null, which is no list of coins either.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.is_some_and(|fields| fields.get(name).is_some())
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, RpcError> {
        self.value(name).map_or(Ok(default), arguments::flag)
    }

    fn integer(&self, name: &str) -> Result<Option<i64>, RpcError> {
        self.value(name).map(arguments::integer).transpose()
    }

    /// What both methods read of them.
    pub(super) fn request(&self) -> Result<PayRequest, RpcError> {
        let Fee(fee) = self.fee;
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
            layout: self.layout()?,
            ..PayRequest::default()
        })
    }

    fn depths(&self) -> Result<(u32, Option<u32>), RpcError> {
        let least = self.integer("minconf")?.unwrap_or(0);
        let Ok(depth) = u32::try_from(least) else {
            let message = format!("Invalid minconf (minconf cannot be negative): {least}");
            return Err(RpcError::parameter(message));
        };
        let Some(most) = self.integer("maxconf")? else { return Ok((depth, None)) };
        if most < least {
            let message = format!("maxconf can't be lower than minconf: {most} < {least}");
            return Err(RpcError::parameter(message));
        }
        Ok((depth, Some(u32::try_from(most).unwrap_or(u32::MAX))))
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

    fn layout(&self) -> Result<Layout, RpcError> {
        let lock_time = self.value("locktime").map(|value| unsigned::lock_time(Some(value)));
        Ok(Layout {
            in_order: true,
            lock_time: lock_time.transpose()?,
            is_final: !self.flag("replaceable", true)?,
            most_weight: self.integer("max_tx_weight")?.map(weight).transpose()?,
            ..Layout::default()
        })
    }

    /// The same, with where the change goes; beside so many recipients.
    pub(super) async fn change(
        &self,
        node: &Node,
        desk: &Desk,
        recipients: usize,
    ) -> Result<Layout, RpcError> {
        let mut layout = self.layout()?;
        if let Some(text) = self.value("change_address").map(arguments::text).transpose()? {
            if self.value("change_type").is_some() {
                let message = "Cannot specify both change address and address type options";
                return Err(RpcError::parameter(message));
            }
            let address = arguments::address(text, node.params.network, "");
            layout.change_to = Some(address.map_err(|_| {
                RpcError::address_or_key("Change address must be a valid bitcoin address")
            })?);
        }
        if let Some(kind) = self.value("change_type").map(arguments::text).transpose()? {
            let wallet = ledger::description(desk).await?;
            let kind = address_type::read(kind, "change")?;
            layout.change_account = Some(account_of(&wallet, Some(kind), Branch::Change)?);
        }
        if let Some(at) = self.integer("change_position")? {
            let at = usize::try_from(at).ok().filter(|at| *at <= recipients);
            let bad = || RpcError::parameter("changePosition out of bounds");
            layout.change_at = Some(at.ok_or_else(bad)?);
        }
        Ok(layout)
    }
}

/// Names that Core had once, and those that it has now.
const OUTDATED: [(&str, &str); 5] = [
    ("feeRate", "fee_rate (sat/vB)"),
    ("changeAddress", "change_address"),
    ("changePosition", "change_position"),
    ("lockUnspents", "lock_unspents"),
    ("subtractFeeFromOutputs", "subtract_fee_from_outputs"),
];

const ESTIMATE_TWICE: &str =
    "Pass conf_target and estimate_mode either as arguments or in the options object, but not both";
const RATE_TWICE: &str =
    "Pass the fee_rate either as an argument, or in the options object, but not both";
