//! Owns `Reply`: what goes back to a host.
//!
//! A reply is one buffer, to be written at once: hosts take half a second of silence for its end.

use alloc::string::String;
use alloc::vec::Vec;

use minicbor::Encoder;
use minicbor::encode::{Error, Write};

use crate::protocol::code::ErrorCode;
use crate::protocol::request::Id;

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done.
    True,
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
    /// A part of bytes: its number, counted from 1, and how many there are.
    Part {
        /// Which it is.
        number: u32,
        /// How many there are.
        of: u32,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// What the device is.
    Version(Vec<(&'static str, Value)>),
    /// Entries by their names.
    Map(Vec<(String, Value)>),
    /// Not done, and why.
    Error {
        /// What kind.
        code: ErrorCode,
        /// Why, for people.
        message: String,
    },
}

/// A value in a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Numbers.
    Numbers(Vec<u32>),
    /// Entries by their names.
    Map(Vec<(String, Value)>),
    /// Values in order.
    List(Vec<Value>),
}

impl Reply {
    /// An error.
    pub fn error(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }

    /// The bytes of the reply to the request of this id.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "writing to a vector has no way to fail")]
    pub fn encode(&self, id: &Id) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        write_reply(&mut encoder, id, self).expect("a vector takes any bytes");
        encoder.into_writer()
    }
}

fn write_reply<W: Write>(
    out: &mut Encoder<W>,
    id: &Id,
    reply: &Reply,
) -> Result<(), Error<W::Error>> {
    let entries = if matches!(reply, Reply::Part { .. }) { 4 } else { 2 };
    out.map(entries)?.str("id")?.str(id.as_str())?;
    if let Reply::Error { code, message } = reply {
        out.str("error")?.map(2)?.str("code")?.i32(code.number())?.str("message")?.str(message)?;
        return Ok(());
    }
    if let Reply::Part { number, of, .. } = reply {
        out.str("seqnum")?.u32(*number)?.str("seqlen")?.u32(*of)?;
    }
    out.str("result")?;
    match reply {
        Reply::True => out.bool(true)?,
        Reply::Number(number) => out.u64(*number)?,
        Reply::Text(text) => out.str(text)?,
        Reply::Part { bytes, .. } => out.bytes(bytes)?,
        Reply::Version(entries) => {
            write_map(out, entries.iter().map(|(name, value)| (*name, value)))?;
            out
        }
        Reply::Map(entries) => {
            write_map(out, entries.iter().map(|(name, value)| (name.as_str(), value)))?;
            out
        }
        Reply::Error { .. } => out,
    };
    Ok(())
}

fn write_map<'v, W: Write>(
    out: &mut Encoder<W>,
    entries: impl ExactSizeIterator<Item = (&'v str, &'v Value)>,
) -> Result<(), Error<W::Error>> {
    out.map(entries.len() as u64)?;
    for (name, value) in entries {
        out.str(name)?;
        write_value(out, value)?;
    }
    Ok(())
}

fn write_value<W: Write>(out: &mut Encoder<W>, value: &Value) -> Result<(), Error<W::Error>> {
    match value {
        Value::Flag(flag) => out.bool(*flag)?,
        Value::Number(number) => out.u64(*number)?,
        Value::Text(text) => out.str(text)?,
        Value::Bytes(bytes) => out.bytes(bytes)?,
        Value::Numbers(numbers) => {
            out.array(numbers.len() as u64)?;
            for number in numbers {
                out.u32(*number)?;
            }
            out
        }
        Value::List(values) => {
            out.array(values.len() as u64)?;
            for value in values {
                write_value(out, value)?;
            }
            out
        }
        Value::Map(entries) => {
            return write_map(out, entries.iter().map(|(name, value)| (name.as_str(), value)));
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn replies_are_the_bytes_that_hosts_read() {
        let id = Id::parse("7").unwrap();
        assert_eq!(Reply::True.encode(&id), b"\xa2\x62id\x617\x66result\xf5");
        let part = Reply::Part { number: 1, of: 2, bytes: vec![9; 2] };
        let bytes = b"\xa4\x62id\x617\x66seqnum\x01\x66seqlen\x02\x66result\x42\x09\x09";
        assert_eq!(part.encode(&id), bytes);
        let error = Reply::error(ErrorCode::Locked, "no");
        let bytes = b"\xa2\x62id\x617\x65error\xa2\x64code\x39\x7d\x01\x67message\x62no";
        assert_eq!(error.encode(&id), bytes);
    }
}
