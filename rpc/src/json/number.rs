//! Owns `Number`, a number of JSON as it was written: `1.50` stays `1.50`, as in Bitcoin Core's
//! `UniValue`, so that an id comes back as it was sent and no digit of an amount is lost.
//!
//! Refuses floats.

use std::fmt;
use std::ops::Range;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A number as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Number(Written);

/// What most numbers are takes no text of its own.
#[derive(Debug, Clone, PartialEq)]
enum Written {
    Whole(i64),
    Text(Box<str>),
}

impl Number {
    /// A number of this text, which is one of JSON.
    pub(super) fn written(text: &str) -> Self {
        match text.parse::<i64>() {
            // Of the texts of whole numbers, only `-0` is not written so again.
            Ok(whole) if text != "-0" => Self(Written::Whole(whole)),
            _ => Self(Written::Text(text.into())),
        }
    }

    /// The whole number that it is, if it is written as one.
    pub(super) fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Written::Whole(whole) => Some(*whole),
            Written::Text(text) => text.parse().ok(),
        }
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self(Written::Whole(whole))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Written::Whole(whole) => whole.fmt(f),
            Written::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Written::Whole(whole) => serializer.serialize_i64(*whole),
            Written::Text(text) => RawValue::from_string(text.to_string())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

/// The texts of all numbers of a JSON text, in their order.
pub(super) fn texts(json: &str) -> impl Iterator<Item = &str> {
    places(json).map(|place| &json[place])
}

/// The same JSON with at most two digits where more follow each other in a number: of the same form,
/// and no number too large for a float.
pub(super) fn shortened(json: &str) -> String {
    let mut short = String::with_capacity(json.len());
    let mut copied = 0;
    for place in places(json) {
        short.push_str(&json[copied..place.start]);
        copied = place.end;
        let mut run = 0;
        short.extend(json[place].chars().filter(|c| {
            run = if c.is_ascii_digit() { run + 1 } else { 0 };
            run <= 2
        }));
    }
    short + &json[copied..]
}

/// Where the numbers of a JSON text are, in their order.
fn places(json: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = &json[at..];
            let begin = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            if let Some(text) = rest[begin..].strip_prefix('"') {
                at = json.len() - behind_text(text).len();
                continue;
            }
            let length = rest[begin..].find(ends).unwrap_or(rest.len() - begin);
            let place = at + begin..at + begin + length;
            at = place.end;
            return Some(place);
        }
    })
}

fn ends(after: char) -> bool {
    !matches!(after, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')
}

/// What stands behind the end of a text that has begun.
fn behind_text(text: &str) -> &str {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or("", |end| &text[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_between_texts_that_look_like_them() {
        let json = r#"{"1":-2.50,"\"3":[1e+9,"4\\",0,true],"\\\"5":{"x":"-"},"é6":1}"#;
        assert_eq!(texts(json).collect::<Vec<_>>(), ["-2.50", "1e+9", "0", "1"]);
        assert_eq!(texts("7").collect::<Vec<_>>(), ["7"]);
    }

    #[test]
    fn numbers_are_shortened_in_their_form_and_texts_are_not() {
        let json = r#"{"12345":[-0.001e-4000,1E400],"a":"12345\"678","é":12345}"#;
        let short = r#"{"12345":[-0.00e-40,1E40],"a":"12345\"678","é":12}"#;
        assert_eq!(shortened(json), short);
    }

    #[test]
    fn what_is_written_as_a_whole_number_is_one() {
        let whole = |text| Number::written(text).as_i64();
        assert_eq!((whole("-0"), whole("12"), whole("-5")), (Some(0), Some(12), Some(-5)));
        for text in ["1.0", "1e2", "9223372036854775808"] {
            assert_eq!(whole(text), None, "{text}");
            assert_eq!(Number::written(text).to_string(), text);
        }
    }
}
