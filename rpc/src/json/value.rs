//! Owns `Value`, JSON as a caller wrote it: the fields of an object in their order, a name that is
//! there twice twice, and numbers by their texts, as Bitcoin Core's `UniValue` keeps them.
//!
//! Refuses a map for objects: `{"A": 1, "A": 2}` would pay A once, and the outputs of a transaction
//! would be sorted by their addresses.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::number::{self, Number};

/// JSON as it was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(Object),
}

/// The fields of an object in the order in which they came, twice if they came twice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object(Vec<(String, Value)>);

impl Value {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// That it is none, or is nested too deeply.
    pub fn read(json: &str) -> serde_json::Result<Self> {
        // Of numbers that a float does not hold only the form is read here: their texts count.
        let short = |_| serde_json::from_str(&number::shortened(json));
        let mut value = serde_json::from_str::<Self>(json).or_else(short)?;
        value.number(&mut number::texts(json));
        Ok(value)
    }

    /// Gives the numbers in it their texts, which come in the same order.
    fn number<'a>(&mut self, texts: &mut impl Iterator<Item = &'a str>) {
        match self {
            Self::Number(number) => {
                if let Some(text) = texts.next() {
                    *number = Number::written(text);
                }
            }
            Self::Array(elements) => elements.iter_mut().for_each(|value| value.number(texts)),
            Self::Object(fields) => fields.0.iter_mut().for_each(|(_, value)| value.number(texts)),
            _ => {}
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is a number.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// Whether it is a text.
    #[must_use]
    pub const fn is_string(&self) -> bool {
        matches!(self, Self::String(_))
    }

    /// Whether it is an array.
    #[must_use]
    pub const fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// Whether it is an object.
    #[must_use]
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// True or false, if it is one of them.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The whole number that it is.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The text that it is.
    #[must_use]
    pub const fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// The elements of the array that it is.
    #[must_use]
    pub const fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements.as_slice()),
            _ => None,
        }
    }

    /// The fields of the object that it is.
    #[must_use]
    pub const fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }
}

impl Object {
    /// The field of a name; the first one, as in Core, if there are several.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// All fields, in their order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many fields there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields themselves.
    #[must_use]
    pub fn into_fields(self) -> Vec<(String, Value)> {
        self.0
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: impl Into<String>, value: Value) {
        self.0.push((name.into(), value));
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => elements.serialize(serializer),
            Self::Object(fields) => fields.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(Number::written(&number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(Number::written(&number.to_string())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = access.next_entry()? {
            fields.push(field);
        }
        Ok(Value::Object(Object(fields)))
    }
}

/// JSON as a caller sends it, with the fields of objects sorted.
#[cfg(test)]
macro_rules! literal {
    ($($json:tt)+) => { $crate::json::Value::from(serde_json::json!($($json)+)) };
}

#[cfg(test)]
pub(crate) use literal as json;

#[cfg(test)]
impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        serde_json::from_value(value).expect("every JSON is a value")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_kept_in_its_order_and_twice() {
        let text =
            r#"{"z":1,"a":[null,true,-2,0.10,"1.50",-0],"z":{"b":18446744073709551615,"b":{}}}"#;
        let value = Value::read(text).expect("JSON");
        assert_eq!(serde_json::to_string(&value).expect("a form"), text);
        let fields = value.as_object().expect("an object");
        assert_eq!(fields.len(), 3);
        assert_eq!(fields.get("z").and_then(Value::as_i64), Some(1), "the first one counts");
    }

    #[test]
    fn numbers_of_any_size_are_read_and_no_other_form_is() {
        let text = r#"[1e400,-1E+999999999,{"a":1e-999999999}]"#;
        assert_eq!(Value::read(text).expect("JSON").to_string(), text);
        let digits = format!("[{}]", "9".repeat(400));
        assert_eq!(Value::read(&digits).expect("JSON").to_string(), digits);
        for text in ["01e400", "+1e400", "1.e400", ".5e400", "1e400e1", "1e", r#""\ud800""#] {
            assert!(Value::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Value::read(&deep).is_err());
    }
}
