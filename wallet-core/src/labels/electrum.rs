//! Owns what Electrum writes: its labels as one JSON object, its history as CSV.
//!
//! Refuses to guess what an id is: 64 hexadecimal digits are a transaction, else it is an address.

use bitcoin::Network;
use serde_json::{Map, Value};

use super::{Format, LabelFile, ReadLabelsError, RecordProblem, bip329, csv};
use crate::command::{Label, ParseReferenceError, Reference};

/// Reads an object of ids and texts.
pub(super) fn read_json(file: &mut LabelFile, map: Map<String, Value>, network: Network) {
    file.format = Format::ElectrumJson;
    for (number, (id, text)) in (1..).zip(map) {
        let label = match text {
            Value::String(text) => label(&id, text, network),
            _ => Err(RecordProblem::Field("label")),
        };
        bip329::take(file, number, label);
    }
}

/// Reads rows under a head that names the columns. Payments over Lightning have no id there.
pub(super) fn read_csv(
    file: &mut LabelFile,
    text: &str,
    network: Network,
) -> Result<(), ReadLabelsError> {
    file.format = Format::ElectrumCsv;
    let mut rows = csv::rows(text);
    let head = rows.next().map(|(_, fields)| fields).unwrap_or_default();
    let column = |names: &[&str]| head.iter().position(|name| names.contains(&name.trim()));
    let ids = column(&IDS).ok_or(ReadLabelsError::NotLabels)?;
    let labels = column(&["label"]).ok_or(ReadLabelsError::NotLabels)?;
    for (line, mut fields) in rows {
        let id = fields.get(ids).map(|id| id.trim().to_owned()).unwrap_or_default();
        let text = fields.get_mut(labels).map(std::mem::take).unwrap_or_default();
        if id.is_empty() || text.is_empty() {
            file.ignored += 1;
        } else {
            bip329::take(file, line, label(&id, text, network));
        }
    }
    Ok(())
}

fn label(id: &str, text: String, network: Network) -> Result<Label, RecordProblem> {
    let parsed = Reference::parse("tx", id, network).or_else(|problem| match problem {
        ParseReferenceError::Malformed => Reference::parse("addr", id, network),
        other => Err(other),
    });
    Ok(Label { reference: parsed?, label: Some(text), spendable: None, more: None })
}

/// How the versions of Electrum name the column of transaction ids.
const IDS: [&str; 3] = ["transaction_hash", "oc_transaction_hash", "txid"];
