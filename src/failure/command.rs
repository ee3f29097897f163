//! Owns how the errors of commands and of the store are told.

use billfold_wallet_core::command::{
    AbandonProblem, AccountProblem, BumpProblem, CommandError, RecipientsProblem, SigningProblem,
    StoreProblem,
};

use bitcoin::Amount;
use serde_json::Value;

use super::Failure;

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        let message = error.to_string();
        let failure = match &error {
            CommandError::Store(problem) => return problem.clone().into(),
            other => Self::new(other.kind(), message),
        };
        fields(&error).into_iter().fold(failure, |told, (name, value)| told.with(name, value))
    }
}

impl From<StoreProblem> for Failure {
    fn from(problem: StoreProblem) -> Self {
        let message = problem.to_string();
        let told = Self::new(problem.kind(), message);
        match problem {
            StoreProblem::Full => told,
            StoreProblem::ReadOnly { path }
            | StoreProblem::Damaged { path, .. }
            | StoreProblem::Newer { path }
            | StoreProblem::Io { path, .. } => told.with("path", path),
        }
    }
}

/// What the error says, for programs.
fn fields(error: &CommandError) -> Vec<(&'static str, Value)> {
    match error {
        CommandError::InsufficientFunds { needed, available } => {
            vec![("needed", sat(*needed)), ("available", sat(*available))]
        }
        CommandError::LineTooLong { most } => vec![("most", (*most).into())],
        CommandError::Dust { amount, least } => {
            vec![("amount", sat(*amount)), ("least", sat(*least))]
        }
        CommandError::BadRecipients(problem) => vec![("problem", recipients(*problem).into())],
        CommandError::NoSuchCoin(coin)
        | CommandError::CoinFrozen(coin)
        | CommandError::CoinReserved(coin)
        | CommandError::CoinWaits(coin)
        | CommandError::CoinImmature(coin) => vec![("coin", coin.to_string().into())],
        CommandError::NoSuchAccount(name)
        | CommandError::Account(AccountProblem::NameTaken(name) | AccountProblem::Known(name)) => {
            vec![("account", name.as_str().into())]
        }
        CommandError::FeeRateOutOfRange(rate) => vec![("sat_per_kwu", (*rate).into())],
        CommandError::FeeTooHigh { fee, paid } => vec![("fee", sat(*fee)), ("paid", sat(*paid))],
        CommandError::FeeAboveLimit { fee, most } => {
            vec![("fee", sat(*fee)), ("most", sat(*most))]
        }
        CommandError::FeeUnknown { target } => vec![("target", (*target).into())],
        CommandError::FeeTooLow { fee, least } => vec![("fee", sat(*fee)), ("least", sat(*least))],
        CommandError::CannotBump { txid, why } => {
            vec![("txid", txid.to_string().into()), ("problem", bump(why).into())]
        }
        CommandError::CannotAbandon { txid, why } => {
            vec![("txid", txid.to_string().into()), ("problem", abandon(why).into())]
        }
        CommandError::NoSuchLabel(label) => vec![("label", label.as_str().into())],
        CommandError::TooLarge { weight, most } => {
            vec![("weight", weight.to_wu().into()), ("most", most.to_wu().into())]
        }
        CommandError::HeightAboveTip { asked, tip } => {
            vec![("asked", asked.to_u32().into()), ("tip", tip.to_u32().into())]
        }
        CommandError::NoSuchTransaction(txid) | CommandError::NotConfirmed(txid) => {
            vec![("txid", txid.to_string().into())]
        }
        CommandError::NotOurAddress(address) => vec![("address", address.as_str().into())],
        CommandError::NothingToSweep { left } => vec![("left", sat(*left))],
        CommandError::MessageTooLong(bytes) => vec![("bytes", (*bytes).into())],
        CommandError::Signing(problem) => vec![("problem", signing(*problem).into())],
        _ => Vec::new(),
    }
}

fn sat(amount: Amount) -> Value {
    amount.to_sat().into()
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
        BumpProblem::Early => "early",
        BumpProblem::TooManyDescendants(_) => "too_many_descendants",
        BumpProblem::LineTooLong(_) => "line_too_long",
        BumpProblem::FastEnough => "fast_enough",
    }
}

const fn abandon(problem: &AbandonProblem) -> &'static str {
    match problem {
        AbandonProblem::Confirmed => "confirmed",
        AbandonProblem::NotWaiting => "not_waiting",
        AbandonProblem::NotOurs => "not_ours",
        AbandonProblem::Relayed { .. } => "relayed",
    }
}

const fn signing(problem: SigningProblem) -> &'static str {
    match problem {
        SigningProblem::Incomplete => "incomplete",
        SigningProblem::Altered => "altered",
        SigningProblem::Invalid => "invalid",
        SigningProblem::Amounts => "amounts",
        SigningProblem::Impossible => "impossible",
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
    use bitcoin::{OutPoint, Txid, Weight};

    use super::*;

    #[test]
    fn names_are_those_of_the_commands() {
        let account: AccountName = "segwit/1".parse().expect("a name");
        let one = Amount::ONE_SAT;
        let path = || "chain.db".to_owned();
        let errors = [
            CommandError::InsufficientFunds { needed: one, available: Amount::ZERO },
            CommandError::LineTooLong { most: 25 },
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
            CommandError::CannotAbandon { txid: Txid::all_zeros(), why: AbandonProblem::Confirmed },
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
            CommandError::DaemonLost,
        ];
        for error in errors {
            let failure = Failure::from(error.clone());
            assert_eq!(failure.kind().name(), error.name());
            assert_eq!(failure.message(), error.to_string());
        }
    }
}
