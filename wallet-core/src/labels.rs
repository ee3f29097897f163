//! Owns labels as text: BIP329's lines, and what Electrum writes.
//!
//! Parsers of files that others made: every bound has a name, a bad record is told with its line
//! and the others are read. Refuses private keys, and labels of another network.

mod csv;
pub mod bip329;
mod electrum;

pub use bip329::joined;

use bitcoin::Network;
use serde_json::Value;

use crate::command::{Label, ParseReferenceError};
use crate::limits::LABEL_FILE_BYTES;

/// What a file of labels holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFile {
    /// What wrote it.
    pub format: Format,
    /// Its labels, in its order.
    pub labels: Vec<Label>,
    /// Records that are none of BIP329's kinds, or about nothing: passed over, as it says.
    pub ignored: u64,
    /// Labels that were too long and were cut.
    pub cut: u64,
    /// Records that can't be taken in.
    pub refused: Vec<RefusedRecord>,
}

/// A record that can't be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Its line, counted from 1; of Electrum's JSON, its place among the labels.
    pub line: u64,
    /// Why.
    pub problem: RecordProblem,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordProblem {
    /// It is not a JSON object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A field is missing, or of another kind than it should be.
    #[error("{0} is missing or not what it should be")]
    Field(&'static str),
    /// It is longer than any label's.
    #[error("longer than any record of a label")]
    TooLong,
    /// What it is about can't be labelled.
    #[error(transparent)]
    Reference(#[from] ParseReferenceError),
}

/// Which program's form a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// BIP329: one JSON object a line, or all in one array.
    Bip329,
    /// Electrum's export of labels: one JSON object of ids and texts.
    ElectrumJson,
    /// Electrum's export of the history: CSV with a column of ids and one of labels.
    ElectrumCsv,
}

impl Format {
    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bip329 => "bip329",
            Self::ElectrumJson => "electrum-json",
            Self::ElectrumCsv => "electrum-csv",
        }
    }
}

/// Reads a file of labels, whichever of the known programs wrote it.
///
/// # Errors
/// See [`ReadLabelsError`]; bad records do not make it fail.
pub fn read(bytes: &[u8], network: Network) -> Result<LabelFile, ReadLabelsError> {
    if bytes.len() as u64 > LABEL_FILE_BYTES {
        return Err(ReadLabelsError::TooLong);
    }
    let text = str::from_utf8(bytes).map_err(|_| ReadLabelsError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut file = LabelFile {
        format: Format::Bip329,
        labels: Vec::new(),
        ignored: 0,
        cut: 0,
        refused: Vec::new(),
    };
    match text.trim_start().chars().next() {
        None => Ok(file),
        Some('[') => {
            let records: Vec<Value> =
                serde_json::from_str(text).map_err(|_| ReadLabelsError::NotLabels)?;
            bip329::read_all(&mut file, records, network);
            Ok(file)
        }
        Some('{') => {
            match serde_json::from_str(text) {
                Ok(Value::Object(map)) if !bip329::is_record(&map) => {
                    electrum::read_json(&mut file, map, network);
                }
                _ => bip329::read_lines(&mut file, text, network),
            }
            Ok(file)
        }
        Some(_) => {
            electrum::read_csv(&mut file, text, network)?;
            Ok(file)
        }
    }
}

/// Why a file holds no labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadLabelsError {
    /// No file of labels is as long.
    #[error("the file is too long for labels: give the file that another wallet exported")]
    TooLong,
    /// It is not UTF-8.
    #[error("the file is not text: give the file that another wallet exported")]
    NotText,
    /// It has none of the known forms.
    #[error(
        "the file is neither BIP329 nor Electrum's labels (JSON) or history (CSV): export it again"
    )]
    NotLabels,
}

#[cfg(test)]
mod tests;
