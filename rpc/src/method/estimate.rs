//! Owns the methods about fees: estimated from the blocks that were seen and from what peers ask for.
//!
//! Refuses to guess where too little was seen.

use bitcoin::FeeRate;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::error::RpcError;
use crate::json::{Btc, answer};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[Method {
    name: "estimatesmartfee",
    category: Category::Util,
    parameters: &[
        Parameter::required("conf_target", Kind::Number, "Confirmation target in blocks"),
        Parameter::optional("estimate_mode", Kind::Text, "unset, economical, conservative"),
    ],
    about: "Estimates the approximate fee per kilobyte needed for a transaction to begin \
            confirmation within conf_target blocks if possible and return the number of blocks for \
            which the estimate is valid.",
    standing: Standing::Differs(
        "from the blocks that were downloaded and from what peers ask for, so often errors and no \
         feerate; the same in every estimate_mode",
    ),
    run: Run::Node(|node, arguments| Box::pin(estimate(node, arguments))),
}];

async fn estimate(node: &Node, arguments: &Arguments) -> Outcome {
    let target = arguments.integer(0)?.unwrap_or_default();
    let Ok(target @ 1..=LONGEST_TARGET) = u16::try_from(target) else {
        let message = format!("Invalid conf_target, must be between 1 and {LONGEST_TARGET}");
        return Err(RpcError::parameter(message));
    };
    let mode = arguments.text(1)?.unwrap_or("unset").to_ascii_lowercase();
    if !["unset", "economical", "conservative"].contains(&mode.as_str()) {
        return Err(RpcError::parameter(
            "Invalid estimate_mode parameter, must be one of: \"unset\", \"economical\", \
             \"conservative\"",
        ));
    }
    let fees = node.status().await?.fees;
    let known = fees.estimates.iter().filter(|estimate| estimate.target <= target);
    let found = known.filter_map(|estimate| Some((estimate.target, estimate.rate?)));
    let Some((blocks, rate)) = found.max_by_key(|(target, _)| *target) else {
        let errors = Some(["Insufficient data or no feerate found"]);
        return answer(&EstimateForm { feerate: None, errors, blocks: 0 });
    };
    answer(&EstimateForm { feerate: Some(per_kvb(rate)), errors: None, blocks })
}

fn per_kvb(rate: FeeRate) -> Btc {
    Btc(i64::try_from(rate.to_sat_per_kwu().saturating_mul(4)).unwrap_or(i64::MAX))
}

#[derive(Debug, Serialize)]
struct EstimateForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    feerate: Option<Btc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<[&'static str; 1]>,
    blocks: u16,
}

/// The longest time that Core estimates for, in blocks.
const LONGEST_TARGET: u16 = 1008;
