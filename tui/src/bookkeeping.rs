//! Owns a history for bookkeeping: transactions as records, the oldest first, with the fee apart from what
//! was paid, as a table or as JSON.
//!
//! Refuses what did not come about: replaced and evicted payments are left out, so the sum of the
//! column `net` is the balance.

use std::path::Path;

use billfold_wallet_core::command::{HistoryRow, PaymentState};
use billfold_wallet_core::foreign;
use bitcoin::amount::serde::as_sat;
use bitcoin::{Amount, SignedAmount};
use jiff::Timestamp;
use serde::Serialize;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A table for spreadsheets (RFC 4180).
    Csv,
    /// An array of objects.
    Json,
}

impl Form {
    /// The one that the name of a file asks for.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let is_json = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
        if is_json { Self::Json } else { Self::Csv }
    }
}

/// The records of transactions that are told newest first.
#[must_use]
pub fn records(rows: &[HistoryRow]) -> Vec<Record> {
    rows.iter().rev().filter_map(Record::new).collect()
}

/// Records as the text of a file, without the end of its last line.
///
/// # Panics
/// Never: whatever a record holds has a JSON form.
#[must_use]
pub fn text(records: &[Record], form: Form) -> String {
    match form {
        Form::Csv => {
            let lines = records.iter().map(Record::line);
            std::iter::once(HEAD.to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
        }
        Form::Json => {
            let json = serde_json::to_string_pretty(records);
            foreign::escaped_json(&json.expect("numbers and texts have a JSON form"))
        }
    }
}

/// One transaction. `net` is `amount` less `fee`.
#[derive(Debug, Serialize)]
pub struct Record {
    time: u64,
    txid: String,
    state: &'static str,
    height: Option<u32>,
    #[serde(with = "as_sat")]
    net: SignedAmount,
    #[serde(with = "as_sat")]
    amount: SignedAmount,
    #[serde(with = "as_sat::opt")]
    fee: Option<Amount>,
    note: Option<String>,
}

impl Record {
    fn new(row: &HistoryRow) -> Option<Self> {
        let height = match row.state {
            PaymentState::Replaced | PaymentState::Evicted => return None,
            PaymentState::Confirmed(block) => Some(block.height.to_u32()),
            PaymentState::Signed | PaymentState::Announced | PaymentState::Pending => None,
        };
        let fee = row.fee.and_then(|fee| fee.to_signed().ok()).unwrap_or_default();
        Some(Self {
            time: row.time,
            txid: row.txid.to_string(),
            state: row.state.name(),
            height,
            net: row.net,
            amount: row.net + fee,
            fee: row.fee,
            note: row.note.clone(),
        })
    }

    fn line(&self) -> String {
        let fields = [
            iso(self.time),
            self.txid.clone(),
            self.state.to_owned(),
            self.height.map_or_else(String::new, |height| height.to_string()),
            self.net.to_sat().to_string(),
            self.amount.to_sat().to_string(),
            self.fee.map_or_else(String::new, |fee| fee.to_sat().to_string()),
            quoted(self.note.as_deref().unwrap_or_default()),
        ];
        fields.join(",")
    }
}

/// A time in UTC, as spreadsheets read it everywhere.
fn iso(unix_seconds: u64) -> String {
    i64::try_from(unix_seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| unix_seconds.to_string(), |time| time.to_string())
}

/// A text as a field. A label may come from somebody else: it must not be a formula for the
/// program that opens the file, so what begins like one gets an apostrophe.
fn quoted(text: &str) -> String {
    let text = foreign::shown(text);
    let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text };
    if text.contains([',', '"', ';']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

const HEAD: &str = "time,txid,state,height,net,amount,fee,note";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_stays_in_its_field_and_is_no_formula() {
        assert_eq!(quoted("rent"), "rent");
        assert_eq!(quoted("rent, \"May\""), "\"rent, \"\"May\"\"\"");
        assert_eq!(quoted("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"");
        assert_eq!(quoted("-1"), "'-1");
        assert_eq!(quoted("a\r\nb\u{1b}[2J"), "a\u{fffd}\u{fffd}b\u{fffd}[2J");
    }

    #[test]
    fn times_are_in_utc() {
        assert_eq!(iso(1_777_620_600), "2026-05-01T07:30:00Z");
    }
}
