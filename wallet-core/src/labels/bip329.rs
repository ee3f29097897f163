//! Owns BIP329: one JSON object a line, read and written.
//!
//! Refuses to lose a field that it does not know: what is not `type`, `ref`, `label` or `spendable` is
//! kept and written again. `spendable` means something for outputs only.

use bitcoin::Network;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{LabelFile, RecordProblem, RefusedRecord};
use crate::command::{Label, ParseReferenceError, Reference, kept_text};
use crate::foreign::escaped_json;
use crate::limits::LABEL_RECORD_BYTES;

/// A label as a line, without its end. Nothing in it acts on a terminal.
#[must_use]
pub fn line(label: &Label) -> String {
    let reference = label.reference.to_string();
    let record = Record {
        r#type: label.reference.kind(),
        r#ref: &reference,
        label: label.label.as_deref(),
        spendable: label.spendable,
        more: fields(label.more.as_deref()),
    };
    // Strings, switches and what was JSON before can be written as JSON.
    escaped_json(&serde_json::to_string(&record).unwrap_or_default())
}

/// Two records' other fields in one; where both have a field, that of `ours` stays unless
/// `theirs_first`.
#[must_use]
pub fn joined(ours: Option<&str>, theirs: Option<&str>, theirs_first: bool) -> Option<String> {
    let (first, second) = if theirs_first { (theirs, ours) } else { (ours, theirs) };
    let mut joined = fields(first);
    for (name, value) in fields(second) {
        joined.entry(name).or_insert(value);
    }
    (!joined.is_empty()).then(|| Value::Object(joined).to_string())
}

/// Reads a line for a record. Empty lines are none.
pub(super) fn read_lines(file: &mut LabelFile, text: &str, network: Network) {
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let record = if line.len() > LABEL_RECORD_BYTES {
            Err(RecordProblem::TooLong)
        } else {
            serde_json::from_str(line).map_err(|_| RecordProblem::NotAnObject)
        };
        take(file, number, record.and_then(|record| read(record, network)));
    }
}

/// Reads records that stand in an array.
pub(super) fn read_all(file: &mut LabelFile, records: Vec<Value>, network: Network) {
    for (number, record) in (1..).zip(records) {
        let object = match record {
            Value::Object(object) => Ok(object),
            _ => Err(RecordProblem::NotAnObject),
        };
        take(file, number, object.and_then(|object| read(object, network)));
    }
}

/// Whether an object is a record, and not a map of ids.
pub(super) fn is_record(object: &Map<String, Value>) -> bool {
    object.contains_key("type") || object.contains_key("ref")
}

/// Adds what a record says, or why it can't be taken in.
pub(super) fn take(file: &mut LabelFile, line: u64, record: Result<Label, RecordProblem>) {
    match record {
        Ok(mut label) => {
            if let Some(text) = label.label.take() {
                let (kept, cut) = kept_text(&text);
                label.label = kept;
                file.cut += u64::from(cut);
            }
            if label.label.is_none() && label.spendable.is_none() && label.more.is_none() {
                file.ignored += 1;
            } else {
                file.labels.push(label);
            }
        }
        Err(RecordProblem::Reference(ParseReferenceError::UnknownKind)) => file.ignored += 1,
        Err(problem) => file.refused.push(RefusedRecord { line, problem }),
    }
}

fn read(mut object: Map<String, Value>, network: Network) -> Result<Label, RecordProblem> {
    let mut text = |name: &'static str| match object.remove(name) {
        Some(Value::String(text)) => Ok(Some(text)),
        None | Some(Value::Null) => Ok(None),
        Some(_) => Err(RecordProblem::Field(name)),
    };
    let kind = text("type")?.ok_or(RecordProblem::Field("type"))?;
    let reference = text("ref")?.ok_or(RecordProblem::Field("ref"))?;
    let label = text("label")?;
    let reference = Reference::parse(&kind, &reference, network)?;
    // Taken out of every record: only outputs have it, and as another field it would be kept.
    let switch = object.remove("spendable");
    let spendable = match &reference {
        Reference::Output(_) => spendable(switch)?,
        _ => None,
    };
    let more = (!object.is_empty()).then(|| Value::Object(object).to_string());
    Ok(Label { reference, label, spendable, more })
}

/// Some programs write the switch in quotes, which must not make a frozen coin free.
fn spendable(value: Option<Value>) -> Result<Option<bool>, RecordProblem> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(spendable)) => Ok(Some(spendable)),
        Some(Value::String(text)) if text == "true" => Ok(Some(true)),
        Some(Value::String(text)) if text == "false" => Ok(Some(false)),
        Some(_) => Err(RecordProblem::Field("spendable")),
    }
}

/// What the store keeps was a JSON object when it was written.
fn fields(more: Option<&str>) -> Map<String, Value> {
    more.and_then(|more| serde_json::from_str(more).ok()).unwrap_or_default()
}

#[derive(Serialize)]
struct Record<'a> {
    r#type: &'static str,
    r#ref: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spendable: Option<bool>,
    #[serde(flatten)]
    more: Map<String, Value>,
}
