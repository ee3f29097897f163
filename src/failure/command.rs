//! Owns how the errors of commands and of the store are told.

use billfold_wallet_core::command::{
    BumpProblem, CommandError, RecipientsProblem, SigningProblem, StoreProblem,
};

use super::{Failure, Kind};

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        let message = error.to_string();
        let new = |kind| Self::new(kind, message.clone());
        match error {
            CommandError::InsufficientFunds { needed, available } => new(Kind::InsufficientFunds)
                .with("needed", needed.to_sat())
                .with("available", available.to_sat()),
            CommandError::Dust { amount, least } => {
                new(Kind::Dust).with("amount", amount.to_sat()).with("least", least.to_sat())
            }
            CommandError::BadRecipients(problem) => {
                new(Kind::BadRecipients).with("problem", recipients(problem))
            }
            CommandError::NoSuchCoin(coin) => new(Kind::NoSuchCoin).with("coin", coin.to_string()),
            CommandError::CoinFrozen(coin) => new(Kind::CoinFrozen).with("coin", coin.to_string()),
            CommandError::CoinReserved(coin) => {
                new(Kind::CoinReserved).with("coin", coin.to_string())
            }
            CommandError::CoinWaits(coin) => new(Kind::CoinWaits).with("coin", coin.to_string()),
            CommandError::CoinImmature(coin) => {
                new(Kind::CoinImmature).with("coin", coin.to_string())
            }
            CommandError::NoSuchAccount(name) => {
                new(Kind::NoSuchAccount).with("account", name.as_str())
            }
            CommandError::FeeRateOutOfRange(rate) => {
                new(Kind::FeeRateOutOfRange).with("sat_per_kwu", rate)
            }
            CommandError::FeeTooHigh { fee, paid } => {
                new(Kind::FeeTooHigh).with("fee", fee.to_sat()).with("paid", paid.to_sat())
            }
            CommandError::FeeAboveLimit { fee, most } => {
                new(Kind::FeeAboveLimit).with("fee", fee.to_sat()).with("most", most.to_sat())
            }
            CommandError::FeeUnknown { target } => new(Kind::FeeUnknown).with("target", target),
            CommandError::FeeTooLow { fee, least } => {
                new(Kind::FeeTooLow).with("fee", fee.to_sat()).with("least", least.to_sat())
            }
            CommandError::CannotBump { txid, why } => {
                new(Kind::CannotBump).with("txid", txid.to_string()).with("problem", bump(&why))
            }
            CommandError::NoSuchLabel(label) => new(Kind::NoSuchLabel).with("label", label),
            CommandError::TooLarge { weight, most } => {
                new(Kind::TooLarge).with("weight", weight.to_wu()).with("most", most.to_wu())
            }
            CommandError::NoSuchDraft(_) => new(Kind::NoSuchDraft),
            CommandError::DraftExpired(_) => new(Kind::DraftExpired),
            CommandError::KeyReused => new(Kind::KeyReused),
            CommandError::Locked => new(Kind::Locked),
            CommandError::WatchOnly => new(Kind::WatchOnly),
            CommandError::HeightAboveTip { asked, tip } => {
                new(Kind::HeightAboveTip).with("asked", asked.to_u32()).with("tip", tip.to_u32())
            }
            CommandError::NoSuchTransaction(txid) => {
                new(Kind::NoSuchTransaction).with("txid", txid.to_string())
            }
            CommandError::NotConfirmed(txid) => {
                new(Kind::NotConfirmed).with("txid", txid.to_string())
            }
            CommandError::Offline => new(Kind::Offline),
            CommandError::AddressesExhausted => new(Kind::AddressesExhausted),
            CommandError::NothingToSign => new(Kind::NothingToSign),
            CommandError::NotAPayment => new(Kind::NotAPayment),
            CommandError::ForeignPayment => new(Kind::ForeignPayment),
            CommandError::NotOurAddress(address) => {
                new(Kind::NotOurAddress).with("address", address)
            }
            CommandError::NothingToSweep { left } => {
                new(Kind::NothingToSweep).with("left", left.to_sat())
            }
            CommandError::MessageTooLong(bytes) => new(Kind::MessageTooLong).with("bytes", bytes),
            CommandError::Signing(problem) => {
                new(Kind::SigningFailed).with("problem", signing(problem))
            }
            CommandError::Store(problem) => problem.into(),
            CommandError::Busy => new(Kind::Busy),
            CommandError::Closing => new(Kind::Closing),
        }
    }
}

impl From<StoreProblem> for Failure {
    fn from(problem: StoreProblem) -> Self {
        let message = problem.to_string();
        let new = |kind| Self::new(kind, message.clone());
        match problem {
            StoreProblem::Full => new(Kind::DiskFull),
            StoreProblem::ReadOnly { path } => new(Kind::ReadOnly).with("path", path),
            StoreProblem::Damaged { path, .. } => new(Kind::StoreDamaged).with("path", path),
            StoreProblem::Newer { path } => new(Kind::StoreNewer).with("path", path),
            StoreProblem::Io { path, .. } => new(Kind::Io).with("path", path),
        }
    }
}

const fn recipients(problem: RecipientsProblem) -> &'static str {
    match problem {
        RecipientsProblem::Empty => "empty",
        RecipientsProblem::Twice => "twice",
        RecipientsProblem::MaxBesideOthers => "max_beside_others",
        RecipientsProblem::Overflow => "overflow",
    }
}

const fn bump(problem: &BumpProblem) -> &'static str {
    match problem {
        BumpProblem::Confirmed => "confirmed",
        BumpProblem::Replaced { .. } => "replaced",
        BumpProblem::Evicted => "evicted",
        BumpProblem::NotOurs => "not_ours",
        BumpProblem::HasDescendants(_) => "has_descendants",
        BumpProblem::NothingToSpend => "nothing_to_spend",
        BumpProblem::TooManyDescendants(_) => "too_many_descendants",
        BumpProblem::LineTooLong(_) => "line_too_long",
        BumpProblem::FastEnough => "fast_enough",
    }
}

const fn signing(problem: SigningProblem) -> &'static str {
    match problem {
        SigningProblem::Incomplete => "incomplete",
        SigningProblem::Altered => "altered",
        SigningProblem::Invalid => "invalid",
        SigningProblem::Amounts => "amounts",
        SigningProblem::SpentOutput { .. } => "spent_output",
        SigningProblem::SighashType { .. } => "sighash_type",
        SigningProblem::ForeignKey { .. } => "foreign_key",
    }
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::keychain::AccountName;
    use billfold_wallet_core::light_client::height::Height;
    use bitcoin::hashes::Hash as _;
    use bitcoin::{Amount, OutPoint, Txid, Weight};

    use super::*;

    #[test]
    fn names_are_those_of_the_commands() {
        let account: AccountName = "segwit/1".parse().expect("a name");
        let one = Amount::ONE_SAT;
        let path = || "chain.db".to_owned();
        let errors = [
            CommandError::InsufficientFunds { needed: one, available: Amount::ZERO },
            CommandError::Dust { amount: one, least: one },
            CommandError::BadRecipients(RecipientsProblem::Twice),
            CommandError::NoSuchCoin(OutPoint::null()),
            CommandError::CoinFrozen(OutPoint::null()),
            CommandError::CoinReserved(OutPoint::null()),
            CommandError::CoinImmature(OutPoint::null()),
            CommandError::CoinWaits(OutPoint::null()),
            CommandError::NoSuchAccount(account),
            CommandError::FeeRateOutOfRange(0),
            CommandError::FeeTooHigh { fee: one, paid: one },
            CommandError::FeeAboveLimit { fee: one, most: one },
            CommandError::FeeUnknown { target: 6 },
            CommandError::FeeTooLow { fee: one, least: one },
            CommandError::CannotBump { txid: Txid::all_zeros(), why: BumpProblem::Confirmed },
            CommandError::NoSuchLabel("rent".to_owned()),
            CommandError::TooLarge { weight: Weight::MAX, most: Weight::ZERO },
            CommandError::NoSuchDraft(1),
            CommandError::DraftExpired(1),
            CommandError::KeyReused,
            CommandError::Locked,
            CommandError::WatchOnly,
            CommandError::HeightAboveTip { asked: Height::new(2), tip: Height::new(1) },
            CommandError::NoSuchTransaction(Txid::all_zeros()),
            CommandError::NotConfirmed(Txid::all_zeros()),
            CommandError::Offline,
            CommandError::AddressesExhausted,
            CommandError::NothingToSign,
            CommandError::NotAPayment,
            CommandError::ForeignPayment,
            CommandError::NotOurAddress("1".to_owned()),
            CommandError::MessageTooLong(1),
            CommandError::NothingToSweep { left: one },
            CommandError::Signing(SigningProblem::Altered),
            CommandError::Store(StoreProblem::Full),
            CommandError::Store(StoreProblem::ReadOnly { path: path() }),
            CommandError::Store(StoreProblem::Damaged { path: path(), what: "torn".to_owned() }),
            CommandError::Store(StoreProblem::Newer { path: path() }),
            CommandError::Store(StoreProblem::Io { path: path(), what: "odd".to_owned() }),
            CommandError::Busy,
            CommandError::Closing,
        ];
        for error in errors {
            let failure = Failure::from(error.clone());
            assert_eq!(failure.kind().name(), error.name());
            assert_eq!(failure.message(), error.to_string());
        }
    }
}
