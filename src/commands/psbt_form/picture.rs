//! Owns what a person is shown of a PSBT, in words.
//!
//! Refuses to show a claim as a fact.

use billfold_wallet_core::command::{Owner, PsbtInput, PsbtOutput, PsbtReview, PsbtWarning};
use billfold_wallet_core::keychain::Branch;
use bitcoin::{Address, Amount};

use billfold_tui::warning;

use crate::output::figures;

/// The text of a review.
pub(in crate::commands) fn of(review: &PsbtReview) -> String {
    let mut lines = Vec::new();
    lines.extend(review.inputs.iter().map(input));
    // Whom it pays first, and then what comes back: in the payment itself their order is random.
    let (others, ours): (Vec<_>, Vec<_>) =
        review.outputs.iter().partition(|output| output.owner.is_none());
    lines.extend(others.into_iter().chain(ours).map(output));
    lines.push(match review.fee {
        Some(fee) => {
            let others = review.outputs.iter().filter(|output| output.owner.is_none());
            let paid = others.fold(Amount::ZERO, |sum, output| {
                sum.checked_add(output.amount).unwrap_or(Amount::MAX)
            });
            let part = figures::percent(fee, paid);
            match paid {
                Amount::ZERO => format!("Fee     {}", figures::amount(fee)),
                _ => format!("Fee     {}, {part} of what others get", figures::amount(fee)),
            }
        }
        None => "Fee     not known".to_owned(),
    });
    if let Some(draft) = review.draft {
        lines.push(format!("Draft   {}: as it was drafted here", draft.0));
    }
    lines.push(match &review.complete {
        Some(transaction) => format!("Signed  completely: {}", transaction.compute_txid()),
        None => "Signed  not completely".to_owned(),
    });
    lines.extend(review.warnings.iter().map(|warning| format!("! {}", warning::of_psbt(warning))));
    lines.join("\n")
}

/// The stable name of a warning.
pub(super) const fn name(warning: &PsbtWarning) -> &'static str {
    match warning {
        PsbtWarning::Foreign => "foreign",
        PsbtWarning::Message => "message",
        PsbtWarning::WrongInput(_) => "wrong_input",
        PsbtWarning::Unproven(_) => "unproven",
        PsbtWarning::UnknownFee => "unknown_fee",
        PsbtWarning::Impossible => "impossible",
        PsbtWarning::HighFee { .. } => "high_fee",
        PsbtWarning::SighashType(_) => "sighash_type",
        PsbtWarning::WrongSignature(_) => "wrong_signature",
        PsbtWarning::FalseOwner(_) => "false_owner",
        PsbtWarning::NoSuchCoin(_) => "no_such_coin",
        PsbtWarning::CoinFrozen(_) => "coin_frozen",
        PsbtWarning::CoinReserved(_) => "coin_reserved",
        PsbtWarning::LockTime(_) => "lock_time",
        PsbtWarning::TooYoung => "too_young",
    }
}

fn input(input: &PsbtInput) -> String {
    let amount = match input.amount {
        Some(amount) if input.proven => figures::amount(amount),
        Some(amount) => format!("{} (claimed)", figures::amount(amount)),
        None => "an unknown amount".to_owned(),
    };
    let state = match (input.finished, input.signatures) {
        (true, _) => "finished".to_owned(),
        (false, 0) => "not signed".to_owned(),
        (false, some) => figures::count(some as u64, "signature"),
    };
    let whose = owned(input.owner.as_ref()).map(|owner| format!(" of {owner}")).unwrap_or_default();
    format!("Spends  {amount}{whose}, {state}\n{INDENT}{}", input.outpoint)
}

fn output(output: &PsbtOutput) -> String {
    let amount = figures::amount(output.amount);
    match owned(output.owner.as_ref()) {
        Some(owner) => format!("Back    {amount} to {owner}"),
        None => format!("Pay     {amount}\nto      {}", payee(output)),
    }
}

fn payee(output: &PsbtOutput) -> String {
    let grouped = |address: &Address| figures::address(address, INDENT).trim_start().to_owned();
    let script = || format!("script {}", output.script.to_hex_string());
    output.address.as_ref().map_or_else(script, grouped)
}

fn owned(owner: Option<&Owner>) -> Option<String> {
    let Owner { account, branch, index } = owner?;
    let branch = match branch {
        Branch::Receive => "address",
        Branch::Change => "change address",
    };
    Some(format!("this wallet, {account}, {branch} {index}"))
}

/// As wide as the words at the beginning of lines.
const INDENT: &str = "        ";
