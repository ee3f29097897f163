//! Owns requests and replies as bytes (CBOR, RFC 8949).
//!
//! Refuses replies that are longer, or hold longer texts, than `limits` says, that name a field
//! twice, or that are neither a result nor an error.

use std::convert::Infallible;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder, decode};

use crate::limits::TEXT_BYTES;
use crate::problem::{DeviceError, cleaned};

/// A parameter of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Bool(bool),
    Uint(u64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// A derivation path, with bit 31 for hardened steps.
    Path(Vec<u32>),
    Map(Vec<(&'a str, Value<'a>)>),
}

/// The bytes of a request.
pub(crate) fn request(id: &str, method: &str, params: Option<&Value<'_>>) -> Vec<u8> {
    let mut fields = vec![("id", Value::Text(id)), ("method", Value::Text(method))];
    if let Some(params) = params {
        fields.push(("params", params.clone()));
    }
    encoded(&Value::Map(fields))
}

/// A value as CBOR.
pub(crate) fn encoded(value: &Value<'_>) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    write(&mut encoder, value).expect("a vector takes any bytes");
    encoder.into_writer()
}

/// What a device answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// To which request; `None`: a message that answers nothing, as a line of its log.
    pub(crate) id: Option<String>,
    /// The result as CBOR, or the error.
    pub(crate) outcome: Result<Vec<u8>, Refusal>,
    /// Which part of how many, where a result comes in several.
    pub(crate) part: Option<(u32, u32)>,
}

/// An error that a device answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    /// Cleaned.
    pub(crate) reason: String,
}

impl Reply {
    /// Reads one message, whole.
    pub(crate) fn read(message: &[u8]) -> Result<Self, DeviceError> {
        fields(message).map_err(|_| DeviceError::Protocol("a reply is malformed"))?.reply()
    }
}

/// The fields of a message, as far as they are known.
#[derive(Default)]
struct Fields {
    id: Option<String>,
    result: Option<Vec<u8>>,
    error: Option<Refusal>,
    number: Option<u32>,
    length: Option<u32>,
}

impl Fields {
    fn reply(self) -> Result<Reply, DeviceError> {
        let outcome = match (self.result, self.error) {
            (Some(result), None) => Ok(result),
            (None, Some(error)) => Err(error),
            (None, None) if self.id.is_none() => Ok(Vec::new()),
            _ => return Err(DeviceError::Protocol("neither a result nor an error")),
        };
        let part = match (self.number, self.length) {
            (Some(number), Some(length)) => Some((number, length)),
            (None, None) => None,
            _ => return Err(DeviceError::Protocol("half of a part's number")),
        };
        Ok(Reply { id: self.id, outcome, part })
    }
}

fn fields(message: &[u8]) -> Result<Fields, decode::Error> {
    let mut decoder = Decoder::new(message);
    let mut fields = Fields::default();
    for _ in 0..pairs(&mut decoder)? {
        match short_text(&mut decoder)? {
            "id" => once(&mut fields.id, short_text(&mut decoder)?.to_owned())?,
            "result" => {
                let start = decoder.position();
                decoder.skip()?;
                once(&mut fields.result, message[start..decoder.position()].to_vec())?;
            }
            // Some devices send `error: null` beside a result.
            "error" if decoder.datatype()? == Type::Null => decoder.skip()?,
            "error" => once(&mut fields.error, refusal(&mut decoder)?)?,
            "seqnum" => once(&mut fields.number, decoder.u32()?)?,
            "seqlen" => once(&mut fields.length, decoder.u32()?)?,
            _ => decoder.skip()?,
        }
    }
    Ok(fields)
}

fn refusal(decoder: &mut Decoder<'_>) -> Result<Refusal, decode::Error> {
    let (mut code, mut reason) = (None, None);
    for _ in 0..pairs(decoder)? {
        match short_text(decoder)? {
            "code" => once(&mut code, decoder.i64()?)?,
            "message" => once(&mut reason, cleaned(decoder.str()?))?,
            _ => decoder.skip()?,
        }
    }
    let code = code.ok_or_else(|| decode::Error::message("no code"))?;
    Ok(Refusal { code, reason: reason.unwrap_or_default() })
}

/// A result that is a text.
pub(crate) fn text(result: &[u8]) -> Result<String, DeviceError> {
    Decoder::new(result)
        .str()
        .ok()
        .filter(|text| text.len() <= TEXT_BYTES)
        .map_or(Err(DeviceError::Protocol("a text was expected")), |text| Ok(text.to_owned()))
}

/// A result that is bytes.
pub(crate) fn bytes(result: &[u8]) -> Result<Vec<u8>, DeviceError> {
    let bytes = Decoder::new(result).bytes().map(<[u8]>::to_vec);
    bytes.map_err(|_| DeviceError::Protocol("bytes were expected"))
}

/// A result that is yes or no; `None` if it is something else.
pub(crate) fn yes_or_no(result: &[u8]) -> Option<bool> {
    Decoder::new(result).bool().ok()
}

/// A result that is a number.
pub(crate) fn number(result: &[u8]) -> Result<u64, DeviceError> {
    Decoder::new(result).u64().map_err(|_| DeviceError::Protocol("a number was expected"))
}

/// The fields of a map with their values as CBOR; at most `most`, none twice.
pub(crate) fn map(result: &[u8], most: u64) -> Result<Vec<(String, Vec<u8>)>, DeviceError> {
    let malformed = |_| DeviceError::Protocol("a map was expected");
    let mut decoder = Decoder::new(result);
    let count = pairs(&mut decoder).map_err(malformed)?;
    if count > most {
        return Err(DeviceError::Protocol("a map has too many fields"));
    }
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    for _ in 0..count {
        let name = short_text(&mut decoder).map_err(malformed)?.to_owned();
        let start = decoder.position();
        decoder.skip().map_err(malformed)?;
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(DeviceError::Protocol("a map names a field twice"));
        }
        fields.push((name, result[start..decoder.position()].to_vec()));
    }
    Ok(fields)
}

fn pairs(decoder: &mut Decoder<'_>) -> Result<u64, decode::Error> {
    decoder.map()?.ok_or_else(|| decode::Error::message("a map without a length"))
}

fn short_text<'b>(decoder: &mut Decoder<'b>) -> Result<&'b str, decode::Error> {
    let text = decoder.str()?;
    if text.len() <= NAME_BYTES { Ok(text) } else { Err(decode::Error::message("a long name")) }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), decode::Error> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(decode::Error::message("a field twice")),
    }
}

fn write(
    encoder: &mut Encoder<Vec<u8>>,
    value: &Value<'_>,
) -> Result<(), minicbor::encode::Error<Infallible>> {
    match value {
        Value::Bool(value) => drop(encoder.bool(*value)?),
        Value::Uint(value) => drop(encoder.u64(*value)?),
        Value::Text(value) => drop(encoder.str(value)?),
        Value::Bytes(value) => drop(encoder.bytes(value)?),
        Value::Path(steps) => {
            encoder.array(length(steps.len()))?;
            for step in steps {
                encoder.u32(*step)?;
            }
        }
        Value::Map(fields) => {
            encoder.map(length(fields.len()))?;
            for (name, value) in fields {
                encoder.str(name)?;
                write(encoder, value)?;
            }
        }
    }
    Ok(())
}

fn length(items: usize) -> u64 {
    u64::try_from(items).expect("no address space has more than 2^64 places")
}

/// The longest name of a field, or id, in bytes.
const NAME_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        bitcoin::hex::FromHex::from_hex(text).expect("hex")
    }

    #[test]
    fn a_request_is_one_map_in_the_order_that_jade_documents() {
        let params = Value::Map(vec![("path", Value::Path(vec![0x8000_0054, 1]))]);
        let bytes = request("7", "get_xpub", Some(&params));
        let expected =
            "a36269646137666d6574686f64686765745f7870756266706172616d73a16470617468821a8000005401";
        assert_eq!(bytes, hex(expected));
    }

    #[test]
    fn replies_are_results_or_errors_and_nothing_in_between() {
        // {"id": "1", "result": true}
        let reply = Reply::read(&hex("a2626964613166726573756c74f5")).expect("a reply");
        assert_eq!(reply.id.as_deref(), Some("1"));
        assert_eq!(yes_or_no(&reply.outcome.expect("a result")), Some(true));
        // {"id": "1", "error": {"code": -32000, "message": "no"}}
        let refused = "a26269646131656572726f72a264636f6465397cff676d657373616765626e6f";
        let expected = Refusal { code: -32000, reason: "no".to_owned() };
        assert_eq!(Reply::read(&hex(refused)).expect("a reply").outcome, Err(expected));
        // {"log": h''}: a line of a device's log.
        assert_eq!(Reply::read(&hex("a1636c6f6740")).expect("a message").id, None);
        for (what, bytes) in [
            ("neither", "a16269646131"),
            ("both", "a3626964613166726573756c74f5656572726f72a164636f646501"),
            ("the id twice", "a36269646131626964613166726573756c74f5"),
            ("a part without its length", "a3626964613166726573756c74f5667365716e756d01"),
            ("an error without a code", "a26269646131656572726f72a0"),
            ("an endless map", "bf626964613166726573756c74f5ff"),
        ] {
            let read = Reply::read(&hex(bytes));
            assert!(matches!(read, Err(DeviceError::Protocol(_))), "{what}: {read:?}");
        }
    }
}
