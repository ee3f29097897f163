//! Owns `export history`: transactions for bookkeeping, the oldest first, with the fee apart from
//! what was paid.
//!
//! Refuses what did not come about: replaced and evicted payments are left out, so the sum of the
//! column `net` is the balance.

use std::path::Path;

use billfold_wallet_core::command::{Command, HistoryRow, PaymentState, Reply};
use billfold_wallet_core::foreign;
use bitcoin::amount::serde::as_sat;
use bitcoin::{Amount, SignedAmount};
use jiff::Timestamp;
use serde::Serialize;

use super::destination;
use crate::cli::labelling::{ExportHistoryArgs, HistoryFormat};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};
use crate::session::{Session, unexpected};

/// Writes the history.
///
/// # Errors
/// `file_exists`, `io`, or why the wallet did not open or answer.
pub(super) async fn run(options: &ExportHistoryArgs, context: &mut Context) -> Result<(), Failure> {
    let command = Command::History(options.part.query());
    let reply = Session::ask_stored(command, context).await?;
    let Reply::History(rows) = reply else { return Err(unexpected(&reply)) };
    let entries: Vec<_> = rows.iter().rev().filter_map(Entry::new).collect();
    let export = Export { format: format(options, context.run.style.json), entries };
    let Some(path) = &options.file else { return context.output.result(&export) };
    let text = export.text()?;
    destination::write(path, &text, export.entries.len(), context)
}

fn format(options: &ExportHistoryArgs, json: bool) -> HistoryFormat {
    let named = |path: &Path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    match (options.format, &options.file) {
        (Some(format), _) => format,
        (None, Some(path)) if named(path) => HistoryFormat::Json,
        (None, None) if json => HistoryFormat::Json,
        (None, _) => HistoryFormat::Csv,
    }
}

struct Export {
    format: HistoryFormat,
    entries: Vec<Entry>,
}

/// One transaction. `net` is `amount` less `fee`.
#[derive(Debug, Serialize)]
struct Entry {
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

impl Entry {
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

impl Export {
    fn text(&self) -> Result<String, Failure> {
        let mut text = match self.format {
            HistoryFormat::Csv => self.csv(),
            HistoryFormat::Json => {
                let json = serde_json::to_string_pretty(&self.entries).map_err(|error| {
                    Failure::new(Kind::Bug, format!("the history has no JSON form: {error}"))
                })?;
                foreign::escaped_json(&json)
            }
        };
        text.push('\n');
        Ok(text)
    }

    fn csv(&self) -> String {
        let lines = self.entries.iter().map(Entry::line);
        std::iter::once(HEAD.to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
    }
}

impl Serialize for Export {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
}

impl Report for Export {
    fn for_people(&self, _canvas: Canvas) -> String {
        match self.format {
            HistoryFormat::Csv => self.csv(),
            HistoryFormat::Json => {
                self.text().map_or_else(|_| String::new(), |text| text.trim_end().to_owned())
            }
        }
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
