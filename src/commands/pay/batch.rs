//! Owns the file of many payments: `ADDRESS,AMOUNT` to a line.
//!
//! Refuses the whole file for one bad line: half a payroll is worse than none. Empty lines, lines
//! that begin with `#` and a first line `address,amount` are passed over.

use billfold_wallet_core::amount::parse_amount;
use billfold_wallet_core::command::{PayAmount, Recipient};
use billfold_wallet_core::recipient::Payee;
use bitcoin::Network;

use crate::failure::{Failure, Kind};

/// Reads the recipients.
///
/// # Errors
/// `bad_payments` with the line; below it what is wrong there.
pub(super) fn parse(text: &str, network: Network) -> Result<Vec<Recipient>, Failure> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut recipients = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        let is_head = recipients.is_empty() && line.eq_ignore_ascii_case(HEAD);
        if line.is_empty() || line.starts_with('#') || is_head {
            continue;
        }
        recipients.push(recipient(line, network).map_err(|what| refused(place + 1, &what))?);
    }
    if recipients.is_empty() {
        return Err(Failure::new(Kind::BadPayments, "the file names no payment"));
    }
    Ok(recipients)
}

fn recipient(line: &str, network: Network) -> Result<Recipient, String> {
    let fields: Vec<_> = line.split(',').map(field).collect();
    let [address, amount] = fields.as_slice() else {
        return Err(format!("{} fields: write ADDRESS,AMOUNT", fields.len()));
    };
    let payee = Payee::parse(address, network).map_err(|error| error.to_string())?;
    if payee.amount.is_some() {
        return Err("the URI has an amount of its own: write the bare address".to_owned());
    }
    let amount = parse_amount(amount).map_err(|error| error.to_string())?;
    Ok(Recipient { address: payee.address, amount: PayAmount::Exactly(amount), note: None })
}

/// A field without the spaces and quotes that a spreadsheet puts around it.
fn field(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim()
}

fn refused(line: usize, what: &str) -> Failure {
    Failure::new(Kind::BadPayments, format!("line {line}: {what}; nothing was paid"))
        .with("line", line)
}

const HEAD: &str = "address,amount";

#[cfg(test)]
mod tests {
    use bitcoin::Amount;

    use super::*;

    const ONE: &str = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
    const TWO: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

    fn error(text: &str) -> String {
        let failure = parse(text, Network::Bitcoin).expect_err("must be refused");
        assert_eq!(failure.kind(), Kind::BadPayments);
        failure.message().to_owned()
    }

    #[test]
    fn what_a_spreadsheet_writes_is_read() {
        let text =
            format!("\u{feff}Address,Amount\r\n\"{ONE}\",\"25k\"\r\n\r\n# May\r\n{TWO}, 7\r\n");
        let recipients = parse(&text, Network::Bitcoin).expect("good");
        let paid: Vec<_> =
            recipients.iter().map(|one| (one.address.to_string(), one.amount)).collect();
        let exactly = |sat| PayAmount::Exactly(Amount::from_sat(sat));
        assert_eq!(paid, [(ONE.to_owned(), exactly(25_000)), (TWO.to_owned(), exactly(7))]);
    }

    #[test]
    fn one_bad_line_refuses_the_file_and_is_named() {
        assert!(error(&format!("{ONE},1\n{ONE}\n")).starts_with("line 2: 1 fields"));
        assert!(error(&format!("{ONE},1,000\n")).starts_with("line 1: 3 fields"));
        assert!(error("x,1\n").starts_with("line 1: "));
        assert!(error(&format!("{ONE},max\n")).starts_with("line 1: "));
        assert!(error(&format!("bitcoin:{ONE}?amount=1,1\n")).starts_with("line 1: "));
        assert!(error("# nothing\n").contains("no payment"));
    }
}
