//! Owns the warnings of a review in words, one sentence each, and which addresses they ask a person
//! to compare.
//!
//! Refuses to name a key or an option: that is the face's.

use billfold_wallet_core::command::{Draft, PsbtWarning, Warning};
use billfold_wallet_core::keychain::AccountName;
use bitcoin::Address;
use bitcoin::absolute::LockTime;

use crate::format;

/// The addresses of which a part is to be typed: those that look like another, and a single one
/// that was never paid. Nobody compares the many of a file so.
#[must_use]
pub fn to_compare(draft: &Draft) -> Vec<&Address> {
    let single = draft.outputs.len() == 1;
    let mut addresses = Vec::new();
    for warning in &draft.warnings {
        match warning {
            Warning::LooksAlike { address, .. } => addresses.push(address),
            Warning::FirstPayment(address) if single => addresses.push(address),
            _ => {}
        }
    }
    addresses.dedup();
    addresses
}

/// A warning in words.
#[must_use]
pub fn told(warning: &Warning) -> String {
    match warning {
        Warning::MixesAccounts(names) => {
            let names: Vec<_> = names.iter().map(AccountName::as_str).collect();
            format!(
                "spends coins of {} together, which shows everyone that they have one owner",
                names.join(" and ")
            )
        }
        Warning::HighFee { fee, paid } => {
            let (percent, fee) = (format::percent(*fee, *paid), format::amount(*fee));
            format!("the fee is high: {fee} is {percent} of what is paid")
        }
        Warning::AddressReused(address) => {
            format!("{address} was used before, which links the payments")
        }
        Warning::SpendsUnconfirmed => {
            "spends coins that are not confirmed: if they vanish, so does this payment".to_owned()
        }
        Warning::HighFeeRate { rate, usual } => format!(
            "the fee rate is high: {}, and usual is {}",
            format::fee_rate(*rate),
            format::fee_rate(*usual)
        ),
        Warning::FirstPayment(address) => {
            format!("{address} was never paid from this wallet: compare all of it")
        }
        Warning::LooksAlike { address, known } => format!(
            "{address} begins and ends like {known}, which this wallet knows, and is another: \
             somebody may have put it in the place of that one"
        ),
        Warning::JoinsLabels(labels) => {
            let labels: Vec<_> =
                labels.iter().map(|label| format!("{:?}", format::foreign(label))).collect();
            format!(
                "spends {} together for the first time, which shows everyone that they have one \
                 owner",
                labels.join(" and ")
            )
        }
        Warning::Evicts(payments) => match payments.len() {
            1 => "a payment that stands on it falls with it, and pays nobody".to_owned(),
            count => format!("{count} payments that stand on it fall with it, and pay nobody"),
        },
        Warning::PaysLess(amount) => {
            format!("the recipient gets {} less than before", format::amount(*amount))
        }
        Warning::MayStillConfirm(txid) => {
            format!("{txid} may still be the one that a block takes in")
        }
        Warning::DefaultFeeRate(rate) => {
            format!("no fee rate was given, so {} was taken", format::fee_rate(*rate))
        }
    }
}

/// A warning of a PSBT in words.
#[must_use]
pub fn of_psbt(warning: &PsbtWarning) -> String {
    match warning {
        PsbtWarning::Foreign => "nothing in it is this wallet's".to_owned(),
        PsbtWarning::Message => "it signs a message and is no payment".to_owned(),
        PsbtWarning::WrongInput(index) => {
            format!("input {index} shows no output, or another than it spends")
        }
        PsbtWarning::Unproven(index) => {
            format!("input {index} only claims its amount: the fee may be another")
        }
        PsbtWarning::UnknownFee => "the fee can't be known".to_owned(),
        PsbtWarning::Impossible => "it pays more than it spends: nobody can send it".to_owned(),
        PsbtWarning::HighFee { fee, paid } => format!(
            "the fee is high: {} is {} of what others get",
            format::amount(*fee),
            format::percent(*fee, *paid)
        ),
        PsbtWarning::SighashType(index) => {
            format!("input {index} asks for signatures that leave part of the payment open")
        }
        PsbtWarning::WrongSignature(index) => {
            format!("input {index} has a signature that does not hold")
        }
        PsbtWarning::FalseOwner(index) => {
            format!("output {index} pretends to come back to this wallet, and does not")
        }
        PsbtWarning::NoSuchCoin(coin) => {
            format!("{coin} is no unspent coin of this wallet, as far as it has scanned")
        }
        PsbtWarning::CoinFrozen(coin) => format!("{coin} is frozen"),
        PsbtWarning::CoinReserved(coin) => format!("{coin} is held by another draft"),
        PsbtWarning::LockTime(LockTime::Blocks(height)) => {
            format!("no block takes it up to height {height}")
        }
        PsbtWarning::LockTime(LockTime::Seconds(time)) => {
            let time = format::local_time(u64::from(time.to_consensus_u32()));
            format!("no block takes it before {time}")
        }
        PsbtWarning::TooYoung => "no block takes it until what it spends is older".to_owned(),
    }
}
