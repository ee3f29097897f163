//! Owns the check of a request to pay, once, before anything is chosen or stored, and the hash by
//! which a repeated request is known.

use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::{Amount, OutPoint, Weight};

use crate::command::{
    CoinChoice, CommandError, FeeBasis, FeeChoice, Layout, PayAmount, PayRequest,
};
use crate::keychain::AccountName;
use crate::light_client::fees::FeeReport;
use crate::store::wallet::RequestId;

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
    /// Choose only among coins with one of these labels; empty: among all.
    pub(super) labels: Vec<String>,
    /// Spend from this account only.
    pub(super) account: Option<AccountName>,
    /// Among which coins to choose.
    pub(super) choice: CoinChoice,
    /// Where change goes.
    pub(super) layout: Layout,
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
            pay: Pay::of(request)?,
            price,
            fee_basis,
            coins,
            labels: request.labels.clone(),
            account: request.account.clone(),
            choice: request.choice,
            layout: request.layout.clone(),
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
            PayAmount::LessFee(amount) => {
                write(b"less fee");
                write(&amount.to_sat().to_le_bytes());
            }
            PayAmount::Max => write(b"max"),
            PayAmount::Share => write(b"share"),
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
    identify_choice(&request.choice, &mut write);
    identify_layout(&request.layout, &mut write);
    RequestId {
        idempotency_key: request.idempotency_key.clone(),
        hash: sha256::Hash::from_engine(engine).to_byte_array(),
    }
}

fn identify_choice(choice: &CoinChoice, mut write: impl FnMut(&[u8])) {
    let CoinChoice { beside, least_depth, most_depth, strangers, even_worthless } = *choice;
    write(&[beside, strangers, even_worthless, most_depth.is_some()].map(u8::from));
    write(&least_depth.to_le_bytes());
    write(&most_depth.unwrap_or_default().to_le_bytes());
}

fn identify_layout(layout: &Layout, mut write: impl FnMut(&[u8])) {
    write(&[layout.in_order, layout.is_final].map(u8::from));
    let number = |number: Option<u64>| {
        [u64::from(number.is_some()), number.unwrap_or_default()].map(u64::to_le_bytes).concat()
    };
    write(&number(layout.change_at.map(|at| at as u64)));
    write(&number(layout.lock_time.map(|time| time.to_consensus_u32().into())));
    write(&number(layout.most_weight.map(Weight::to_wu)));
    let change = layout.change_to.as_ref().map(bitcoin::Address::script_pubkey);
    write(change.unwrap_or_default().as_bytes());
    write(layout.change_account.as_ref().map_or("", AccountName::as_str).as_bytes());
    let (at, bytes) = layout.publishes.clone().unzip();
    write(&number(at.map(|at| at as u64)));
    write(&bytes.unwrap_or_default());
}
