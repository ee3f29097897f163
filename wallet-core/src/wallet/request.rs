//! Owns the check of a request to pay, once, before anything is chosen or stored, and the hash by
//! which a repeated request is known.

use std::collections::BTreeSet;

use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::{Amount, OutPoint, ScriptBuf};

use crate::command::{CommandError, FeeBasis, FeeChoice, PayAmount, PayRequest, RecipientsProblem};
use crate::keychain::AccountName;
use crate::light_client::fees::FeeReport;
use crate::store::wallet::RequestId;

use super::fee::{self, Price};

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
    /// Choose only among coins with one of these labels; empty: among all.
    pub(super) labels: Vec<String>,
    /// Spend from this account only.
    pub(super) account: Option<AccountName>,
}

/// Whom to pay and how much.
#[derive(Debug, Clone)]
pub(super) enum Pay {
    /// Each gets this much.
    Exactly(Vec<(ScriptBuf, Amount)>),
    /// One gets all.
    Max(ScriptBuf),
}

impl CheckedRequest {
    /// Checks recipients, dust and fee rate.
    pub(super) fn new(request: &PayRequest, fees: &FeeReport) -> Result<Self, CommandError> {
        let mut coins = Vec::new();
        for coin in &request.coins {
            if !coins.contains(coin) {
                coins.push(*coin);
            }
        }
        let (price, fee_basis) = fee::price(request.fee, fees)?;
        Ok(Self {
            pay: check_recipients(request)?,
            price,
            fee_basis,
            coins,
            labels: request.labels.clone(),
            account: request.account.clone(),
        })
    }
}

/// What makes two requests the same payment: everything but `dry_run`.
pub(super) fn identify(request: &PayRequest) -> RequestId {
    let mut engine = sha256::Hash::engine();
    // Each list begins with its length and each option with whether it is there, so that no two
    // requests give the same bytes.
    let mut write = |bytes: &[u8]| {
        engine.input(&(bytes.len() as u64).to_le_bytes());
        engine.input(bytes);
    };
    write(&(request.recipients.len() as u64).to_le_bytes());
    for recipient in &request.recipients {
        write(recipient.address.script_pubkey().as_bytes());
        match recipient.amount {
            PayAmount::Exactly(amount) => write(&amount.to_sat().to_le_bytes()),
            PayAmount::Max => write(b"max"),
        }
        write(if recipient.note.is_some() { b"note" } else { b"" });
        write(recipient.note.as_deref().unwrap_or_default().as_bytes());
    }
    write(&(request.coins.len() as u64).to_le_bytes());
    for coin in &request.coins {
        write(coin.txid.as_byte_array());
        write(&coin.vout.to_le_bytes());
    }
    let (kind, fee) = match request.fee {
        FeeChoice::Default => (b"default", 0),
        FeeChoice::Rate(rate) => (b"by rate", rate.to_sat_per_kwu()),
        FeeChoice::Total(total) => (b"all sum", total.to_sat()),
        FeeChoice::Target(target) => (b"by time", u64::from(target)),
    };
    write(kind);
    write(&fee.to_le_bytes());
    write(if request.most_fee.is_some() { b"most" } else { b"" });
    write(&request.most_fee.map_or(0, Amount::to_sat).to_le_bytes());
    write(&(request.labels.len() as u64).to_le_bytes());
    request.labels.iter().for_each(|label| write(label.as_bytes()));
    write(request.account.as_ref().map_or("", AccountName::as_str).as_bytes());
    write(if request.note.is_some() { b"note" } else { b"" });
    write(request.note.as_deref().unwrap_or_default().as_bytes());
    RequestId {
        idempotency_key: request.idempotency_key.clone(),
        hash: sha256::Hash::from_engine(engine).to_byte_array(),
    }
}

fn check_recipients(request: &PayRequest) -> Result<Pay, CommandError> {
    let bad = CommandError::BadRecipients;
    let mut scripts = BTreeSet::new();
    let (mut exact, mut max) = (Vec::new(), None);
    for recipient in &request.recipients {
        let spk = recipient.address.script_pubkey();
        if !scripts.insert(spk.clone()) {
            return Err(bad(RecipientsProblem::Twice));
        }
        match recipient.amount {
            PayAmount::Exactly(amount) => exact.push((spk, amount)),
            PayAmount::Max => max = Some(spk),
        }
    }
    match (max, exact.is_empty()) {
        (None, true) => Err(bad(RecipientsProblem::Empty)),
        (Some(spk), true) if scripts.len() == 1 => Ok(Pay::Max(spk)),
        (Some(_), _) => Err(bad(RecipientsProblem::MaxBesideOthers)),
        (None, false) => {
            let mut amounts = exact.iter().map(|(_, amount)| *amount);
            amounts
                .try_fold(Amount::ZERO, Amount::checked_add)
                .filter(|total| *total <= Amount::MAX_MONEY)
                .ok_or(bad(RecipientsProblem::Overflow))?;
            for (spk, amount) in &exact {
                let least = spk.minimal_non_dust();
                if *amount < least {
                    return Err(CommandError::Dust { amount: *amount, least });
                }
            }
            Ok(Pay::Exactly(exact))
        }
    }
}
