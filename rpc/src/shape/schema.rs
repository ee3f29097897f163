//! Owns shapes as JSON Schema, as Bitcoin Core's `OpenRPC` document writes them: no field beside those
//! that are told, bytes by their pattern, amounts by their unit.

use super::{Results, Shape, ShapeKind};
use crate::json::{Object, Value};

impl Results {
    /// The schema of an answer.
    #[must_use]
    pub fn schema(&self) -> Value {
        match self {
            Self::One(shape) => shape.schema(),
            Self::Several(cases) => {
                let one = |(when, shape): &(&str, Shape)| {
                    let about = [*when, shape.about].into_iter().filter(|text| !text.is_empty());
                    shape.described(&about.collect::<Vec<_>>().join(": "))
                };
                object([("oneOf", Value::Array(cases.iter().map(one).collect()))])
            }
        }
    }
}

impl Shape {
    /// The schema of one value.
    #[must_use]
    pub fn schema(&self) -> Value {
        self.described(self.about)
    }

    fn described(&self, about: &str) -> Value {
        let typed = |name: &str| vec![("type", Value::from(name))];
        let mut entries = match self.kind {
            ShapeKind::Null => typed("null"),
            ShapeKind::Flag => typed("boolean"),
            ShapeKind::Text => typed("string"),
            ShapeKind::Hex => vec![("type", "string".into()), ("pattern", HEX.into())],
            ShapeKind::Integer => typed("integer"),
            ShapeKind::Real => typed("number"),
            ShapeKind::Amount => vec![("type", "number".into()), (UNIT, "amount".into())],
            ShapeKind::Time => vec![("type", "integer".into()), (UNIT, "unix-time".into())],
            ShapeKind::Array(of) => vec![("type", "array".into()), ("items", of.schema())],
            ShapeKind::Tuple(parts) => tuple(parts),
            ShapeKind::Object(fields) | ShapeKind::Fields(fields) => whole(&Self::flat(fields)),
            ShapeKind::Keyed(of) => {
                vec![("type", "object".into()), ("additionalProperties", of.schema())]
            }
            ShapeKind::Either(shapes) => {
                vec![("oneOf", Value::Array(shapes.iter().map(Self::schema).collect()))]
            }
            ShapeKind::Any => Vec::new(),
        };
        if !about.is_empty() {
            entries.push(("description", about.into()));
        }
        object(entries)
    }
}

fn whole(fields: &[&Shape]) -> Vec<(&'static str, Value)> {
    let properties = fields.iter().map(|field| (field.name, field.schema()));
    let required = fields.iter().filter(|field| !field.is_optional);
    let required: Vec<_> = required.map(|field| Value::from(field.name)).collect();
    let mut entries = vec![
        ("type", "object".into()),
        ("properties", object(properties)),
        ("additionalProperties", Value::Bool(false)),
    ];
    if !required.is_empty() {
        entries.push(("required", Value::Array(required)));
    }
    entries
}

fn tuple(parts: &[Shape]) -> Vec<(&'static str, Value)> {
    let least = parts.iter().filter(|part| !part.is_optional).count();
    vec![
        ("type", "array".into()),
        ("items", Value::Array(parts.iter().map(Shape::schema).collect())),
        ("additionalItems", Value::Bool(false)),
        ("minItems", count(least)),
        ("maxItems", count(parts.len())),
    ]
}

fn count(number: usize) -> Value {
    Value::Number(i64::try_from(number).unwrap_or(i64::MAX).into())
}

/// An object of these fields.
pub(crate) fn object<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let mut object = Object::default();
    for (name, value) in entries {
        object.push(name, value);
    }
    Value::Object(object)
}

const HEX: &str = "^([0-9a-f]{2})*$";

/// By which Core's document names a unit.
const UNIT: &str = "x-bitcoin-unit";
