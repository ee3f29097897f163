//! Owns the options by which coins are chosen, as Bitcoin Core reads them (`FundTransaction` in
//! `src/wallet/rpc/spend.cpp`): the same of `send` as of the methods that only fund.

use std::collections::BTreeSet;

use billfold_wallet_core::command::{CoinChoice, FeeChoice, Layout};
use billfold_wallet_core::keychain::AccountName;
use billfold_wallet_core::keychain::Branch;
use bitcoin::{Address, FeeRate, Weight};

use crate::address_type;
use crate::arguments::{self, amount, check_fields};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Object, Value};
use crate::ledger;
use crate::method::address::account_of;
use crate::method::payment::Fee;
use crate::method::send::bearing_fee;
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

/// What they are called.
pub(in crate::method) const FIELDS: &[Parameter] = &[
    Parameter::optional("add_inputs", Kind::Bool, "Choose coins beside the inputs"),
    Parameter::optional("include_unsafe", Kind::Bool, "Also coins that others could take back"),
    Parameter::optional("minconf", Kind::Number, "The least confirmations of a coin"),
    Parameter::optional("maxconf", Kind::Number, "The most confirmations of a coin"),
    Parameter::optional("changeAddress|change_address", Kind::Text, "Where the change goes"),
    Parameter::optional("changePosition|change_position", Kind::Number, "Where it stands"),
    Parameter::optional("change_type", Kind::Text, "The type of its address"),
    Parameter::optional("includeWatching|include_watching", Kind::Bool, "Without meaning"),
    Parameter::optional("lockUnspents|lock_unspents", Kind::Bool, "Lock the coins"),
    Parameter::optional("fee_rate", Kind::Amount, "In sat/vB"),
    Parameter::optional("feeRate", Kind::Amount, "In BTC/kvB"),
    Parameter::optional(
        "subtractFeeFromOutputs|subtract_fee_from_outputs",
        Kind::Array,
        "The places of the outputs that bear the fee",
    ),
    Parameter::optional("replaceable", Kind::Bool, "Marks this transaction as replaceable"),
    Parameter::optional("conf_target", Kind::Number, "Confirmation target in blocks"),
    Parameter::optional("estimate_mode", Kind::Text, "unset, economical, conservative"),
    Parameter::optional("input_weights", Kind::Array, "What inputs weigh once they are signed"),
    Parameter::optional("max_tx_weight", Kind::Number, "The most that it may weigh"),
    Parameter::optional("solving_data", Kind::Object, "How coins of others are spent"),
];

/// How coins are chosen.
pub(in crate::method) struct Options {
    /// Whether coins are chosen beside the inputs; `None`: as it is usual for the method.
    pub(in crate::method) add_inputs: Option<bool>,
    /// Also coins that others could take back.
    pub(in crate::method) include_unsafe: bool,
    /// The least blocks on a coin.
    pub(in crate::method) least_depth: u32,
    /// The most blocks on a coin.
    pub(in crate::method) most_depth: Option<u32>,
    /// Where the change goes.
    pub(in crate::method) change_to: Option<Address>,
    /// From which account its address is.
    pub(in crate::method) change_account: Option<AccountName>,
    /// Where it stands among the outputs.
    pub(in crate::method) change_at: Option<usize>,
    /// Whether the coins are locked.
    pub(in crate::method) lock_unspents: bool,
    /// The fee.
    pub(in crate::method) fee: FeeChoice,
    /// The outputs that bear the fee.
    pub(in crate::method) subtract: BTreeSet<usize>,
    /// Whether it says that it may be replaced.
    pub(in crate::method) replaceable: bool,
    /// The most that it may weigh.
    pub(in crate::method) most_weight: Option<Weight>,
}

impl Options {
    /// Reads those of a method that knows these; `names`: of the outputs, by which they may be named.
    pub(in crate::method) async fn read(
        fields: Option<&Object>,
        known: impl IntoIterator<Item = &Parameter>,
        names: &[String],
        node: &Node,
        desk: &Desk,
    ) -> Result<Self, RpcError> {
        let empty = Object::default();
        let fields = Fields(fields.unwrap_or(&empty));
        check_fields(fields.0, known)?;
        let change_to = fields.get("changeAddress").map(arguments::text).transpose()?;
        let refused = "Change address must be a valid bitcoin address";
        let change_to = change_to
            .map(|text| {
                arguments::address(text, node.params.network, "")
                    .map_err(|_| RpcError::address_or_key(refused))
            })
            .transpose()?;
        let change_at = fields.integer("changePosition")?.map(usize::try_from).transpose();
        let change_at = change_at.ok().filter(|at| at.is_none_or(|at| at <= names.len()));
        let out_of_bounds = || RpcError::parameter("changePosition out of bounds");
        let change_at = change_at.ok_or_else(out_of_bounds)?;
        let change_account = match fields.get("change_type").map(arguments::text).transpose()? {
            None => None,
            Some(_) if change_to.is_some() => {
                return Err(RpcError::parameter(
                    "Cannot specify both change address and address type options",
                ));
            }
            Some(kind) => {
                let kind = Some(address_type::read(kind, "change")?);
                Some(account_of(&ledger::description(desk).await?, kind, Branch::Change)?)
            }
        };
        let (least_depth, most_depth) = fields.depths()?;
        Ok(Self {
            add_inputs: fields.flag("add_inputs")?,
            include_unsafe: fields.flag("include_unsafe")?.unwrap_or(false),
            least_depth,
            most_depth,
            change_to,
            change_account,
            change_at,
            lock_unspents: fields.flag("lockUnspents")?.unwrap_or(false),
            fee: fields.fee()?,
            subtract: bearing_fee(fields.get("subtractFeeFromOutputs"), names)?,
            replaceable: fields.flag("replaceable")?.unwrap_or(true),
            most_weight: fields.integer("max_tx_weight")?.map(weight).transpose()?,
        })
    }

    /// Which coins are taken; `beside`: also others than the named ones.
    pub(in crate::method) fn choice(&self, beside: bool) -> CoinChoice {
        CoinChoice {
            beside,
            least_depth: self.least_depth,
            most_depth: self.most_depth,
            strangers: self.include_unsafe,
            // As in Core, where only sendtoaddress avoids them.
            spent_from: true,
            ..CoinChoice::default()
        }
    }

    /// The form of the transaction, as far as it is chosen here.
    pub(in crate::method) fn layout(&self) -> Layout {
        Layout {
            in_order: true,
            change_at: self.change_at,
            change_to: self.change_to.clone(),
            change_account: self.change_account.clone(),
            is_final: !self.replaceable,
            most_weight: self.most_weight,
            ..Layout::default()
        }
    }
}

/// The fields, by the first of their names.
struct Fields<'a>(&'a Object);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        let field = FIELDS.iter().find(|field| field.is_called(name))?;
        // Of two names of the same thing, Core looks at the newer one.
        let names = field.names.rsplit('|');
        names.filter_map(|name| self.0.get(name)).find(|value| !value.is_null())
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, RpcError> {
        self.get(name).map(arguments::flag).transpose()
    }

    fn integer(&self, name: &str) -> Result<Option<i64>, RpcError> {
        self.get(name).map(arguments::integer).transpose()
    }

    fn fee(&self) -> Result<FeeChoice, RpcError> {
        let (target, mode) = (self.get("conf_target"), self.get("estimate_mode"));
        let rate = self.get("fee_rate");
        let Some(per_kvb) = self.get("feeRate") else {
            return Fee::read(target, mode, rate).map(|Fee(choice)| choice);
        };
        let message = match (rate, target, mode) {
            (Some(_), _, _) => "Cannot specify both fee_rate (sat/vB) and feeRate (BTC/kvB)",
            (_, Some(_), _) => {
                "Cannot specify both conf_target and feeRate. Please provide either a confirmation \
                 target in blocks for automatic fee estimation, or an explicit fee rate."
            }
            (_, _, Some(_)) => "Cannot specify both estimate_mode and feeRate",
            _ => {
                let per_kvb = amount(per_kvb)?.to_sat();
                return Ok(FeeChoice::Rate(FeeRate::from_sat_per_kwu(per_kvb.div_ceil(4))));
            }
        };
        Err(RpcError::parameter(message))
    }

    fn depths(&self) -> Result<(u32, Option<u32>), RpcError> {
        depths([self.integer("minconf")?, self.integer("maxconf")?], |_| {
            "Negative minconf".to_owned()
        })
    }
}

/// The least and the most blocks on a coin; `negative` is what a least one below 0 is called.
pub(in crate::method) fn depths(
    [least, most]: [Option<i64>; 2],
    negative: impl FnOnce(i64) -> String,
) -> Result<(u32, Option<u32>), RpcError> {
    let least = least.unwrap_or(0);
    let least_depth = u32::try_from(least).map_err(|_| RpcError::parameter(negative(least)))?;
    let Some(most) = most else { return Ok((least_depth, None)) };
    match u32::try_from(most) {
        Ok(most) if most >= least_depth => Ok((least_depth, Some(most))),
        _ => {
            let message = format!("maxconf can't be lower than minconf: {most} < {least}");
            Err(RpcError::parameter(message))
        }
    }
}

fn weight(most: i64) -> Result<Weight, RpcError> {
    match u64::try_from(most) {
        Ok(most @ LEAST_WEIGHT..=MOST_WEIGHT) => Ok(Weight::from_wu(most)),
        _ => Err(RpcError::new(
            Code::Wallet,
            format!("Maximum transaction weight must be between {LEAST_WEIGHT} and {MOST_WEIGHT}"),
        )),
    }
}

/// Weight units of the smallest transaction that nodes relay.
const LEAST_WEIGHT: u64 = 260;

/// Weight units of the largest transaction that nodes relay.
const MOST_WEIGHT: u64 = 400_000;
