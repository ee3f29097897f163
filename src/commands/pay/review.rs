//! Owns the review: everything that a careful person compares before they agree, in words.

use billfold_tui::warning;
use billfold_wallet_core::command::{
    Change, Coin, Draft, FeeBasis, Package, Purpose, Replacement, Warning,
};
use bitcoin::Amount;

use crate::output::figures;

/// The text of the review.
pub(super) fn of(draft: &Draft) -> String {
    let mut lines = purpose(draft);
    for (address, amount) in &draft.outputs {
        lines.push(format!("Pay     {}", figures::amount(*amount)));
        lines.push(format!("to      {}", figures::address(address, INDENT).trim_start()));
    }
    let paid: Amount = if draft.outputs.is_empty() {
        draft.change.iter().map(|change| change.amount).sum()
    } else {
        draft.outputs.iter().map(|(_, amount)| *amount).sum()
    };
    if draft.outputs.len() > 1 {
        lines.push(format!("Sum     {}", figures::amount(paid)));
    }
    lines.push(format!(
        "Fee     {}, {}, {} of what is paid{}",
        figures::amount(draft.fee),
        figures::fee_rate(draft.fee_rate),
        figures::percent(draft.fee, paid),
        basis(draft.fee_basis),
    ));
    if let Purpose::Child(package) = &draft.purpose {
        lines.push(together(package));
    }
    lines.push(draft.change.as_ref().map_or_else(|| "Change  none".to_owned(), change));
    let spent: Amount = draft.inputs.iter().map(|coin| coin.amount).sum();
    let coins = figures::count(draft.inputs.len() as u64, "coin");
    lines.push(format!("Spends  {coins}, {} in all", figures::amount(spent)));
    lines.extend(draft.inputs.iter().map(coin));
    lines.extend(draft.warnings.iter().map(|warning| format!("! {}", told(warning))));
    lines.join("\n")
}

/// What a draft is for, if it is no payment of its own.
fn purpose(draft: &Draft) -> Vec<String> {
    match &draft.purpose {
        Purpose::Payment => Vec::new(),
        Purpose::Replacement(Replacement { of, fee_before, .. }) => vec![
            format!("Replace {of}"),
            format!("        which pays a fee of {}", figures::amount(*fee_before)),
        ],
        Purpose::Cancellation(Replacement { of, .. }) => vec![format!("Cancel  {of}")],
        Purpose::Child(Package { of, .. }) => vec![format!("Help    {of}")],
    }
}

/// Where the fee comes from, where nobody said it.
fn basis(basis: FeeBasis) -> String {
    match basis {
        FeeBasis::Asked | FeeBasis::Fallback => String::new(),
        FeeBasis::Estimate { target, confidence } => format!(
            "\n{INDENT}for one of the next {} ({} confidence)",
            figures::count(target.into(), "block"),
            confidence.name()
        ),
        FeeBasis::LeastToReplace => {
            format!("\n{INDENT}the least that replaces it; more is faster (--fee-rate)")
        }
    }
}

fn together(package: &Package) -> String {
    let least = if package.fee_is_whole { "" } else { "at least " };
    format!(
        "Package {}, {least}{}, {least}{} all together",
        figures::count(package.transactions as u64, "transaction"),
        figures::amount(package.fee),
        figures::fee_rate(package.fee_rate)
    )
}

fn change(change: &Change) -> String {
    let account = &change.account;
    let amount = figures::amount(change.amount);
    format!("Change  {amount} back to this wallet, {account}, change address {}", change.index)
}

fn coin(coin: &Coin) -> String {
    let amount = figures::amount(coin.amount);
    let note = coin.note.as_deref().map(|note| format!("  {:?}", figures::foreign(note)));
    format!("{INDENT}{amount}{}\n{INDENT}{}", note.unwrap_or_default(), coin.outpoint)
}

/// As wide as the words at the beginning of lines.
const INDENT: &str = "        ";

/// A warning in words, with the option that answers it.
pub(super) fn told(warning: &Warning) -> String {
    let told = warning::told(warning);
    match warning {
        Warning::DefaultFeeRate(_) => told + " (--fee-rate)",
        _ => told,
    }
}
