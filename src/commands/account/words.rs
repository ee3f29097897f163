//! Owns how it is said who may spend an account, and when.

use billfold_wallet_core::keychain::SpendRule;
use bitcoin::absolute::LockTime;
use bitcoin::bip32::Fingerprint;
use bitcoin::relative;

use crate::cli::accounts::BLOCKS_PER_MONTH;
use crate::output::figures;

/// One sentence for each way to spend; `own` is this wallet's master key.
pub(super) fn sentences(rule: &SpendRule, own: Option<Fingerprint>) -> Vec<String> {
    rule.alternatives().iter().map(|way| said(way, own)).collect()
}

fn said(rule: &SpendRule, own: Option<Fingerprint>) -> String {
    match rule {
        SpendRule::Key(signer) if Some(*signer) == own => format!("{signer} (this wallet)"),
        SpendRule::Key(signer) => signer.to_string(),
        SpendRule::Age(age) => format!("once a coin is {}", age_said(*age)),
        SpendRule::Time(LockTime::Blocks(height)) => {
            let height = u64::from(height.to_consensus_u32());
            format!("from block {} on", figures::grouped(height))
        }
        SpendRule::Time(LockTime::Seconds(time)) => {
            format!("from {} on", figures::local_time(time.to_consensus_u32().into()))
        }
        SpendRule::Secret => "who knows a secret".to_owned(),
        SpendRule::Of { required, rules } if *required == rules.len() => {
            // Who, then when.
            let is_wait =
                |rule: &&SpendRule| matches!(rule, SpendRule::Age(_) | SpendRule::Time(_));
            let (waits, who): (Vec<_>, Vec<_>) = rules.iter().partition(is_wait);
            let who: Vec<_> = match who[..] {
                [alone] => vec![said(alone, own)],
                _ => who.into_iter().map(|rule| inner(rule, own)).collect(),
            };
            let waits: Vec<_> = waits.into_iter().map(|rule| said(rule, own)).collect();
            let parts = [who.join(" and "), waits.join(" and ")];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
        }
        SpendRule::Of { required: 1, rules } => listed(rules, own, " or "),
        SpendRule::Of { required, rules } => {
            format!("{required} of {}", listed(rules, own, ", "))
        }
    }
}

fn listed(rules: &[SpendRule], own: Option<Fingerprint>, between: &str) -> String {
    let said: Vec<_> = rules.iter().map(|rule| inner(rule, own)).collect();
    said.join(between)
}

/// A rule inside of another: in brackets unless it is a key or a wait.
fn inner(rule: &SpendRule, own: Option<Fingerprint>) -> String {
    match rule {
        SpendRule::Of { .. } => format!("({})", said(rule, own)),
        simple => said(simple, own),
    }
}

fn age_said(age: relative::LockTime) -> String {
    match age {
        relative::LockTime::Blocks(blocks) => {
            let blocks = u32::from(blocks.value());
            let count = figures::count(blocks.into(), "block");
            match blocks / BLOCKS_PER_MONTH {
                0 => format!("{count} old"),
                months => {
                    format!("{count} old (about {})", figures::count(months.into(), "month"))
                }
            }
        }
        relative::LockTime::Time(time) => {
            let days = u64::from(time.value()) * 512 / (24 * 3_600);
            format!("{} old", figures::count(days, "day"))
        }
    }
}
