//! Owns how what was typed becomes a request: addresses of this network, amounts, the fee rate.

use std::path::Path;

use billfold_wallet_core::amount::parse_pay_amount;
use billfold_wallet_core::batch::{self, BatchError};
use billfold_wallet_core::command::{PayAmount, PayRequest, Recipient};
use billfold_wallet_core::recipient::Payee;
use bitcoin::Network;

use super::fee;
use crate::cli::paying::PayArgs;
use crate::failure::{Failure, Kind};
use crate::output::figures;

/// Reads the request.
///
/// # Errors
/// `invalid_address`, `wrong_network`, `bad_amount`, `bad_fee_rate`, `bad_payments`, `io`.
pub(super) fn read(options: &PayArgs, network: Network) -> Result<PayRequest, Failure> {
    let (recipients, suggested) = match (&options.file, &options.to) {
        (Some(path), _) => (file(path, network)?, None),
        (None, Some(to)) => {
            let (recipient, note) = one(to, options.amount.as_deref(), network)?;
            (vec![recipient], note)
        }
        (None, None) => {
            return Err(Failure::new(Kind::Usage, "say whom to pay: billfold pay TO AMOUNT"));
        }
    };
    Ok(PayRequest {
        recipients,
        fee: fee::read(&options.fee)?,
        most_fee: fee::most(&options.fee)?,
        coins: options.coins.clone(),
        labels: options.from_label.clone(),
        account: options.account.clone(),
        note: options.note.clone().or(suggested),
        idempotency_key: options.idempotency_key.clone(),
        dry_run: options.consent.dry_run,
        ..PayRequest::default()
    })
}

/// One recipient, and what they say it is for.
fn one(
    to: &str,
    amount: Option<&str>,
    network: Network,
) -> Result<(Recipient, Option<String>), Failure> {
    let payee = Payee::parse(to, network)?;
    let typed = amount.map(parse_pay_amount).transpose()?;
    let asked = payee.amount.map(PayAmount::Exactly);
    let amount = match (typed, asked) {
        (Some(typed), Some(asked)) if typed != asked => {
            return Err(Failure::new(
                Kind::BadAmount,
                format!(
                    "the URI asks for {}, and {} was typed: leave out the amount, or pay the \
                     bare address",
                    told(asked),
                    told(typed)
                ),
            ));
        }
        (Some(amount), _) | (None, Some(amount)) => amount,
        (None, None) => {
            return Err(Failure::new(
                Kind::BadAmount,
                "say how much: 25k, 25000sat, 0.001btc or max, after the address",
            ));
        }
    };
    let note = payee.message.or(payee.label);
    Ok((Recipient { address: payee.address, amount, note: None }, note))
}

fn file(path: &Path, network: Network) -> Result<Vec<Recipient>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let path = path.display().to_string();
        Failure::new(Kind::Io, format!("the payments can't be read from {path}: {error}"))
            .with("path", path)
    })?;
    batch::parse(&text, network).map_err(|error| refused(&error))
}

fn refused(error: &BatchError) -> Failure {
    let failure = Failure::new(Kind::BadPayments, error.to_string());
    match error {
        BatchError::Line { line, .. } => failure.with("line", *line),
        BatchError::Empty => failure,
    }
}

fn told(amount: PayAmount) -> String {
    match amount {
        PayAmount::Exactly(amount) | PayAmount::LessFee(amount) => figures::amount(amount),
        PayAmount::Max | PayAmount::Share => "max".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::Amount;

    use super::*;

    const TO: &str = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";

    fn amount_of(to: &str, amount: Option<&str>) -> Result<PayAmount, Kind> {
        one(to, amount, Network::Bitcoin)
            .map(|(recipient, _)| recipient.amount)
            .map_err(|failure| failure.kind())
    }

    #[test]
    fn the_amount_comes_from_the_command_line_or_the_uri() {
        let exactly = |sat| Ok(PayAmount::Exactly(Amount::from_sat(sat)));
        let uri = format!("bitcoin:{TO}?amount=0.00025");
        assert_eq!(amount_of(TO, Some("25k")), exactly(25_000));
        assert_eq!(amount_of(&uri, None), exactly(25_000));
        assert_eq!(amount_of(&uri, Some("25000")), exactly(25_000));
        assert_eq!(amount_of(TO, Some("max")), Ok(PayAmount::Max));
    }

    #[test]
    fn two_different_amounts_or_none_are_refused() {
        let uri = format!("bitcoin:{TO}?amount=0.00025");
        assert_eq!(amount_of(&uri, Some("26k")), Err(Kind::BadAmount));
        assert_eq!(amount_of(&uri, Some("max")), Err(Kind::BadAmount));
        assert_eq!(amount_of(TO, None), Err(Kind::BadAmount));
    }

    #[test]
    fn another_network_is_not_another_mistake() {
        let kind = one(TO, Some("1"), Network::Regtest).map_err(|failure| failure.kind());
        assert_eq!(kind.map(drop), Err(Kind::WrongNetwork));
        assert_eq!(amount_of("bc1qar0", Some("1")), Err(Kind::InvalidAddress));
    }
}
