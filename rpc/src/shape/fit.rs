//! Owns whether JSON is of a shape, to the decimals of an amount.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use super::{Results, Shape, ShapeKind};

/// JSON is not of the shape that is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the answer is not of the shape that help tells: {place}: {flaw}")]
pub struct Misfit {
    /// Where, as a path from the whole.
    pub place: String,
    /// What is wrong.
    pub flaw: String,
}

impl Results {
    /// Whether an answer is one of those that may come.
    ///
    /// # Errors
    /// Where it is not of the first one.
    pub fn check(&self, answer: &RawValue) -> Result<(), Misfit> {
        let cases = self.cases();
        let mut found = cases.iter().map(|(_, shape)| shape.check(answer, "$"));
        let first = found.next().unwrap_or(Ok(()));
        if first.is_ok() || found.any(|other| other.is_ok()) { Ok(()) } else { first }
    }
}

impl Shape {
    fn check(&self, told: &RawValue, place: &str) -> Result<(), Misfit> {
        let text = told.get();
        let is_right = match self.kind {
            ShapeKind::Any | ShapeKind::Fields(_) => true,
            ShapeKind::Null => text == "null",
            ShapeKind::Flag => text == "true" || text == "false",
            ShapeKind::Text => text.starts_with('"'),
            ShapeKind::Hex => serde_json::from_str(text).is_ok_and(|text: String| is_hex(&text)),
            ShapeKind::Integer | ShapeKind::Time => {
                text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()
            }
            ShapeKind::Real => serde_json::from_str::<f64>(text).is_ok(),
            ShapeKind::Amount => is_amount(text),
            ShapeKind::Array(of) => return each(of, told, place),
            ShapeKind::Tuple(parts) => return in_turn(parts, told, place),
            ShapeKind::Object(fields) => return whole(&Self::flat(fields), told, place),
            ShapeKind::Keyed(of) => {
                let inner =
                    |(name, value): &(String, &RawValue)| of.check(value, &join(place, name));
                return entries(told, place)?.iter().try_for_each(inner);
            }
            ShapeKind::Either(shapes) => shapes.iter().any(|one| one.check(told, place).is_ok()),
        };
        if is_right { Ok(()) } else { Err(wrong(place, format!("{text} is no {:?}", self.kind))) }
    }
}

fn each(of: &Shape, told: &RawValue, place: &str) -> Result<(), Misfit> {
    let values = elements(told, place)?;
    let inner = |(at, value): (usize, &&RawValue)| of.check(value, &join(place, &at.to_string()));
    values.iter().enumerate().try_for_each(inner)
}

fn in_turn(parts: &[Shape], told: &RawValue, place: &str) -> Result<(), Misfit> {
    let values = elements(told, place)?;
    let least = parts.iter().filter(|part| !part.is_optional).count();
    if !(least..=parts.len()).contains(&values.len()) {
        return Err(wrong(place, format!("{} values instead of {}", values.len(), parts.len())));
    }
    let mut pairs = parts.iter().zip(values).enumerate();
    pairs.try_for_each(|(at, (part, value))| part.check(value, &join(place, &at.to_string())))
}

fn whole(fields: &[&Shape], told: &RawValue, place: &str) -> Result<(), Misfit> {
    let entries = entries(told, place)?;
    for (at, (name, value)) in entries.iter().enumerate() {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            return Err(wrong(&join(place, name), "nothing is told of it".to_owned()));
        };
        if entries[..at].iter().any(|(other, _)| other == name) {
            return Err(wrong(&join(place, name), "it is there twice".to_owned()));
        }
        field.check(value, &join(place, name))?;
    }
    let is_missing =
        |field: &&&Shape| !field.is_optional && !entries.iter().any(|(name, _)| name == field.name);
    match fields.iter().find(is_missing) {
        Some(field) => Err(wrong(&join(place, field.name), "it is missing".to_owned())),
        None => Ok(()),
    }
}

fn elements<'a>(told: &'a RawValue, place: &str) -> Result<Vec<&'a RawValue>, Misfit> {
    serde_json::from_str(told.get()).map_err(|_| wrong(place, "it is no array".to_owned()))
}

fn entries<'a>(told: &'a RawValue, place: &str) -> Result<Vec<(String, &'a RawValue)>, Misfit> {
    let entries = serde_json::from_str::<Entries<'a>>(told.get());
    entries.map(|entries| entries.0).map_err(|_| wrong(place, "it is no object".to_owned()))
}

fn wrong(place: &str, flaw: String) -> Misfit {
    Misfit { place: place.to_owned(), flaw }
}

fn join(place: &str, name: &str) -> String {
    format!("{place}.{name}")
}

fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2)
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_amount(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.strip_prefix('-').unwrap_or(text).split_once('.');
    parts.is_some_and(|(whole, rest)| digits(whole) && digits(rest) && rest.len() == 8)
}

/// The fields of an object as they were written: a name that is there twice is told twice.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Entries<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
