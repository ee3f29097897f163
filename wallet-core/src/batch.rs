//! Owns the file of many payments: `ADDRESS,AMOUNT` or `ADDRESS,AMOUNT,NOTE` to a line, as
//! spreadsheets write it (RFC 4180: fields may be in quotes, and hold commas then).
//!
//! Refuses the whole file for one bad line: half a payroll is worse than none. Empty lines, lines
//! that begin with `#` and a first line `address,amount` are passed over. A field does not go on
//! over the end of its line.

use bitcoin::Network;

use crate::amount::{ParseAmountError, parse_amount};
use crate::command::{PayAmount, Recipient};
use crate::recipient::{ParsePayeeError, Payee};

/// Reads the recipients.
///
/// # Errors
/// [`BatchError`].
pub fn parse(text: &str, network: Network) -> Result<Vec<Recipient>, BatchError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut recipients = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        let is_head = recipients.is_empty() && HEADS.iter().any(|h| line.eq_ignore_ascii_case(h));
        if line.is_empty() || line.starts_with('#') || is_head {
            continue;
        }
        let bad = |flaw| BatchError::Line { line: place + 1, flaw };
        recipients.push(recipient(line, network).map_err(bad)?);
    }
    if recipients.is_empty() {
        return Err(BatchError::Empty);
    }
    Ok(recipients)
}

/// Why nobody of a file is paid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// No line names a payment.
    #[error("the file names no payment")]
    Empty,
    /// A line is not one.
    #[error("line {line}: {flaw}; nothing was paid")]
    Line {
        /// Which, counted from 1.
        line: usize,
        /// What is wrong there.
        flaw: LineFlaw,
    },
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFlaw {
    /// Fewer or more fields than a payment has.
    #[error("{0} fields: write ADDRESS,AMOUNT or ADDRESS,AMOUNT,NOTE")]
    Fields(usize),
    /// No address of this network.
    #[error(transparent)]
    Payee(#[from] ParsePayeeError),
    /// A URI that asks for an amount, beside another amount.
    #[error("the URI has an amount of its own: write the bare address")]
    AmountInUri,
    /// No amount.
    #[error(transparent)]
    Amount(#[from] ParseAmountError),
    /// A note that may be the rest of an amount.
    #[error("{0:?} may be a part of the amount: write it without commas, or the note in quotes")]
    Ambiguous(String),
    /// A text stands behind a closing quote.
    #[error("something stands behind a closing quote")]
    BehindQuote,
    /// A quote is not closed.
    #[error("a quote is not closed")]
    OpenQuote,
}

fn recipient(line: &str, network: Network) -> Result<Recipient, LineFlaw> {
    let fields = fields(line)?;
    let empty = Field { text: String::new(), is_quoted: false };
    let (address, amount, note) = match fields.as_slice() {
        [address, amount] => (&address.text, &amount.text, &empty),
        [address, amount, note] => (&address.text, &amount.text, note),
        _ => return Err(LineFlaw::Fields(fields.len())),
    };
    let payee = Payee::parse(address, network)?;
    if payee.amount.is_some() {
        return Err(LineFlaw::AmountInUri);
    }
    let amount = parse_amount(amount)?;
    if note.text.starts_with(|first: char| first.is_ascii_digit()) && !note.is_quoted {
        return Err(LineFlaw::Ambiguous(note.text.clone()));
    }
    let note = (!note.text.is_empty()).then(|| note.text.clone());
    Ok(Recipient { address: payee.address, amount: PayAmount::Exactly(amount), note })
}

/// One field of a line.
struct Field {
    text: String,
    is_quoted: bool,
}

/// The fields of a line without the spaces and quotes around them; two quotes in quotes are one.
fn fields(line: &str) -> Result<Vec<Field>, LineFlaw> {
    let mut fields = Vec::new();
    let mut rest = line.trim();
    loop {
        let quoted = rest.strip_prefix('"');
        let (text, behind) = if let Some(quoted) = quoted {
            quoted_field(quoted)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        };
        fields.push(Field { text: text.trim().to_owned(), is_quoted: quoted.is_some() });
        match behind.trim_start().strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None if behind.trim().is_empty() => return Ok(fields),
            None => return Err(LineFlaw::BehindQuote),
        }
    }
}

/// A field up to its closing quote, and what stands behind that.
fn quoted_field(quoted: &str) -> Result<(String, &str), LineFlaw> {
    let mut field = String::new();
    let mut rest = quoted;
    while let Some((text, behind)) = rest.split_once('"') {
        field.push_str(text);
        match behind.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok((field, behind)),
        }
    }
    Err(LineFlaw::OpenQuote)
}

const HEADS: [&str; 2] = ["address,amount", "address,amount,note"];

#[cfg(test)]
mod tests {
    use bitcoin::Amount;

    use super::*;

    const ONE: &str = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
    const TWO: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

    fn error(text: &str) -> String {
        parse(text, Network::Bitcoin).expect_err("must be refused").to_string()
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
    fn each_line_may_say_what_it_is_for() {
        let text = format!(
            "address,amount,note\n{ONE},5,\"rent, May; \"\"late\"\"\"\n\"{TWO}\" , 7 , wages\n"
        );
        let recipients = parse(&text, Network::Bitcoin).expect("good");
        let notes: Vec<_> = recipients.iter().map(|one| one.note.as_deref()).collect();
        assert_eq!(notes, [Some("rent, May; \"late\""), Some("wages")]);
    }

    /// Without quotes, a thousands separator looks like a note.
    #[test]
    fn a_comma_in_an_amount_is_not_a_note() {
        assert!(error(&format!("{ONE},1,000\n")).starts_with("line 1: "));
        assert!(error(&format!("{ONE},25,000 sat\n")).starts_with("line 1: "));
        assert!(error(&format!("\"{ONE}\",546,000\n")).starts_with("line 1: "));
        assert!(error(&format!("{ONE},\"546\",000\n")).starts_with("line 1: "));
        let quoted = parse(&format!("{ONE},5,\"7 days\"\n"), Network::Bitcoin).expect("good");
        assert_eq!(quoted[0].note.as_deref(), Some("7 days"));
    }

    #[test]
    fn one_bad_line_refuses_the_file_and_is_named() {
        assert!(error(&format!("{ONE},1\n{ONE}\n")).starts_with("line 2: 1 fields"));
        assert!(error(&format!("{ONE},1,000,x\n")).starts_with("line 1: 4 fields"));
        assert!(error(&format!("{ONE},\"1,000\"\n")).starts_with("line 1: "));
        assert!(error(&format!("{ONE},1,\"rent\n")).contains("not closed"));
        assert!(error(&format!("{ONE},1,\"rent\" x\n")).contains("behind a closing quote"));
        assert!(error("x,1\n").starts_with("line 1: "));
        assert!(error(&format!("{ONE},max\n")).starts_with("line 1: "));
        assert!(error(&format!("bitcoin:{ONE}?amount=1,1\n")).starts_with("line 1: "));
        assert!(error("# nothing\n").contains("no payment"));
    }
}
