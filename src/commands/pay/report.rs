//! Owns the result of `pay`, drafted or paid.

use billfold_wallet_core::command::{Change, Draft, Payment, PaymentState, Purpose, Warning};
use bitcoin::amount::serde::as_sat;
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{Amount, OutPoint, Txid};
use serde::Serialize;

use super::review;
use crate::commands::drafts::purpose;
use crate::output::{Canvas, Report, figures};

/// A payment. Of a draft, `txid` and `hex` are null: nothing is signed that they could name. What
/// was paid before under the same key has no purpose, warnings and package of its own.
#[derive(Debug, Serialize)]
pub(super) struct PayReport {
    txid: Option<String>,
    #[serde(with = "as_sat")]
    fee: Amount,
    fee_rate: f64,
    change: Option<ChangeForm>,
    inputs: Vec<OutPoint>,
    hex: Option<String>,
    psbt: String,
    state: &'static str,
    purpose: &'static str,
    replaces: Option<Txid>,
    package: Option<PackageForm>,
    warnings: Vec<WarningForm>,
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Serialize)]
struct ChangeForm {
    address: String,
    #[serde(with = "as_sat")]
    amount: Amount,
}

/// Transactions that miners weigh as one.
#[derive(Debug, Serialize)]
struct PackageForm {
    transactions: usize,
    #[serde(with = "as_sat")]
    fee: Amount,
    fee_rate: f64,
    fee_is_whole: bool,
}

#[derive(Debug, Serialize)]
struct WarningForm {
    name: &'static str,
    message: String,
}

impl PayReport {
    pub(super) fn of_draft(draft: &Draft) -> Self {
        Self {
            txid: None,
            fee: draft.fee,
            fee_rate: figures::sat_per_vb(draft.fee_rate),
            change: draft.change.as_ref().map(ChangeForm::new),
            inputs: draft.inputs.iter().map(|coin| coin.outpoint).collect(),
            hex: None,
            psbt: draft.psbt.clone(),
            state: "draft",
            purpose: purpose(&draft.purpose),
            replaces: replaced(&draft.purpose),
            package: package(&draft.purpose),
            warnings: warnings(draft),
            text: format!("{}\nNothing was signed, sent or kept.", review::of(draft)),
        }
    }

    pub(super) fn of_payment(payment: &Payment, draft: Option<&Draft>) -> Self {
        let txid = payment.transaction.compute_txid().to_string();
        Self {
            fee: payment.fee,
            fee_rate: figures::sat_per_vb(payment.fee_rate),
            change: payment.change.as_ref().map(ChangeForm::new),
            inputs: payment.inputs.clone(),
            hex: Some(serialize_hex(&payment.transaction)),
            psbt: payment.psbt.clone(),
            state: payment.state.name(),
            purpose: draft.map_or("payment", |draft| purpose(&draft.purpose)),
            replaces: draft.and_then(|draft| replaced(&draft.purpose)),
            package: draft.and_then(|draft| package(&draft.purpose)),
            warnings: draft.map_or_else(Vec::new, warnings),
            text: told(payment, &txid),
            txid: Some(txid),
        }
    }
}

impl ChangeForm {
    fn new(change: &Change) -> Self {
        Self { address: change.address.to_string(), amount: change.amount }
    }
}

impl Report for PayReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        self.text.clone()
    }
}

fn replaced(purpose: &Purpose) -> Option<Txid> {
    match purpose {
        Purpose::Replacement(replacement) | Purpose::Cancellation(replacement) => {
            Some(replacement.of)
        }
        Purpose::Payment | Purpose::Child(_) => None,
    }
}

fn package(purpose: &Purpose) -> Option<PackageForm> {
    let Purpose::Child(package) = purpose else { return None };
    Some(PackageForm {
        transactions: package.transactions,
        fee: package.fee,
        fee_rate: figures::sat_per_vb(package.fee_rate),
        fee_is_whole: package.fee_is_whole,
    })
}

fn warnings(draft: &Draft) -> Vec<WarningForm> {
    let form =
        |warning| WarningForm { name: Warning::name(warning), message: review::told(warning) };
    draft.warnings.iter().map(form).collect()
}

fn told(payment: &Payment, txid: &str) -> String {
    let again =
        if payment.repeated { "This key was paid before; nothing was paid twice. " } else { "" };
    let state = match payment.state {
        PaymentState::Signed => {
            "Signed and stored, but no peer has fetched it yet: it is announced again with the \
             next sync"
        }
        PaymentState::Announced => "Sent: a peer has fetched it. It is paid once a block holds it",
        PaymentState::Confirmed(_) => "Paid and confirmed",
        PaymentState::Pending => "Known to peers, in no block yet",
        PaymentState::Evicted => "Dropped: no peer spoke of it for a long time",
        PaymentState::Replaced => "Replaced: another transaction spent its coins",
    };
    format!("{again}{state}.\nTransaction {txid}")
}

#[cfg(test)]
mod tests {
    use bitcoin::{FeeRate, Transaction, absolute, transaction};
    use serde_json::json;

    use super::*;

    fn payment(state: PaymentState) -> Payment {
        Payment {
            transaction: Transaction {
                version: transaction::Version::TWO,
                lock_time: absolute::LockTime::ZERO,
                input: vec![],
                output: vec![],
            },
            psbt: "cHNidP8=".to_owned(),
            outputs: vec![],
            change: None,
            inputs: vec![OutPoint::null()],
            fee: Amount::from_sat(412),
            fee_rate: FeeRate::from_sat_per_kwu(525),
            state,
            repeated: false,
        }
    }

    #[test]
    fn the_fields_are_stable() {
        let report = PayReport::of_payment(&payment(PaymentState::Announced), None);
        let value = serde_json::to_value(&report).expect("JSON");
        let expected = json!({
            "txid": value["txid"], "fee": 412, "fee_rate": 2.1, "change": null,
            "inputs": [format!("{}:4294967295", "0".repeat(64))], "hex": value["hex"],
            "psbt": "cHNidP8=", "state": "announced", "purpose": "payment", "replaces": null,
            "package": null, "warnings": [],
        });
        assert_eq!(value, expected);
        assert_eq!(value["txid"].as_str().map(str::len), Some(64));
    }

    #[test]
    fn a_payment_that_no_peer_has_is_not_called_paid() {
        let report = PayReport::of_payment(&payment(PaymentState::Signed), None);
        assert!(!report.text.contains("Paid"), "{}", report.text);
    }
}
