//! Owns BIP329: one JSON object a line, read and written.
//!
//! Refuses to lose a field that it does not know: what is not `type`, `ref`, `label` or `spendable`
//! is kept and written again.

use serde_json::{Map, Value};

/// Two records' other fields in one; where both have a field, that of `ours` stays unless
/// `theirs_first`.
#[must_use]
pub fn joined(ours: Option<&str>, theirs: Option<&str>, theirs_first: bool) -> Option<String> {
    let (first, second) = if theirs_first { (theirs, ours) } else { (ours, theirs) };
    let mut fields = fields(first);
    for (name, value) in self::fields(second) {
        fields.entry(name).or_insert(value);
    }
    (!fields.is_empty()).then(|| Value::Object(fields).to_string())
}

/// What the store keeps was a JSON object when it was written.
fn fields(more: Option<&str>) -> Map<String, Value> {
    more.and_then(|more| serde_json::from_str(more).ok()).unwrap_or_default()
}
