//! Owns the check of a request to pay, once, before anything is chosen or stored.
//!
//! Refuses more coins by name than a transaction can spend, before it looks at one of them.

use std::collections::HashSet;

use bitcoin::transaction::Version;
use bitcoin::{OutPoint, Weight};

use crate::command::{CoinChoice, CommandError, FeeBasis, InputTerms, Layout, PayRequest};
use crate::keychain::AccountName;
use crate::light_client::fees::FeeReport;
use crate::limits::{BARE_INPUT, MOST_WEIGHT, NAMED_COINS};

use super::fee::{self, Price};
use super::pay::Pay;

/// A request that can be met if there is money.
#[derive(Debug, Clone)]
pub(super) struct CheckedRequest {
    /// Whom and how much.
    pub(super) pay: Pay,
    /// What it is to cost.
    pub(super) price: Price,
    /// Where that comes from.
    pub(super) fee_basis: FeeBasis,
    /// Spend exactly these; empty: choose.
    pub(super) coins: Vec<OutPoint>,
    /// What is said of some of these.
    pub(super) terms: Vec<InputTerms>,
    /// Choose only among coins with one of these labels; empty: among all.
    pub(super) labels: Vec<String>,
    /// Spend from this account only.
    pub(super) account: Option<AccountName>,
    /// Among which coins to choose.
    pub(super) choice: CoinChoice,
    /// Whether coins count on which nodes keep nothing more, to tell what a payment lacks.
    pub(super) crowded: bool,
    /// Where change goes.
    pub(super) layout: Layout,
}

impl CheckedRequest {
    /// Checks recipients, dust, fee rate and the number of coins.
    pub(super) fn new(request: &PayRequest, fees: &FeeReport) -> Result<Self, CommandError> {
        let named = request.coins.len();
        if named > NAMED_COINS {
            let weight = BARE_INPUT.checked_mul(named as u64).unwrap_or(Weight::MAX);
            return Err(CommandError::TooLarge { weight, most: MOST_WEIGHT });
        }
        let mut seen = HashSet::new();
        let coins = request.coins.iter().copied().filter(|coin| seen.insert(*coin)).collect();
        let mut choice = request.choice;
        if request.layout.version == Some(RESTRICTED) {
            choice.least_depth = choice.least_depth.max(1);
        }
        let (price, fee_basis) = fee::price(request.fee, fees)?;
        Ok(Self {
            pay: Pay::of(request)?,
            price,
            fee_basis,
            coins,
            terms: request.terms.clone(),
            labels: request.labels.clone(),
            account: request.account.clone(),
            choice,
            crowded: false,
            layout: request.layout.clone(),
        })
    }
}

/// The version whose transactions keep to themselves as long as no block holds them: they spend
/// unconfirmed coins of their own version only (BIP431), which no payment here does.
pub(super) const RESTRICTED: Version = Version(3);
