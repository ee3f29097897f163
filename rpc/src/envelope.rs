//! Owns the envelope: a call in JSON-RPC 1.x or 2.0, alone or in a batch, and its reply, as Bitcoin
//! Core reads and writes them (`src/rpc/request.cpp`, `src/httprpc.cpp`).
//!
//! Refuses to know any method.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::error::{Code, RpcError};
use crate::json::{Answer, Value};

/// Which rules a call follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// 1.0 and 1.1, or none named: both `result` and `error`, and HTTP tells of failures.
    #[default]
    One,
    /// 2.0: one of them, and HTTP says 200.
    Two,
}

/// The arguments of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Params {
    /// By their places.
    Positional(Vec<Value>),
    /// By their names, in the order in which they came, twice if they came twice.
    Named(Vec<(String, Value)>),
}

/// Who asks: what must be repeated in the reply.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyTo {
    /// The id; `None` if there was none.
    pub id: Option<Value>,
    /// The rules.
    pub version: Version,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Who asks.
    pub to: ReplyTo,
    /// The method's name.
    pub method: String,
    /// Its arguments.
    pub params: Params,
}

/// A call that can't be carried out, and whom to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// Who asks, as far as that was read.
    pub to: ReplyTo,
    /// Why not.
    pub error: RpcError,
}

/// What a request's body holds.
#[derive(Debug)]
pub enum Body {
    /// One call.
    Single(Result<Call, Refused>),
    /// A batch, in its order.
    Batch(Vec<Result<Call, Refused>>),
}

impl Params {
    /// Reads a JSON text; `null` is no arguments.
    ///
    /// # Errors
    /// -32700 if it is no JSON or is nested too deeply, -32600 if it is neither an array nor an object.
    pub fn read(json: &str) -> Result<Self, RpcError> {
        Self::of(Value::read(json).map_err(|_| parse_error())?)
    }

    fn of(value: Value) -> Result<Self, RpcError> {
        match value {
            Value::Null => Ok(Self::Positional(Vec::new())),
            Value::Array(values) => Ok(Self::Positional(values)),
            Value::Object(named) => Ok(Self::Named(named.into_fields())),
            _ => {
                let text = "Params must be an array or object";
                Err(RpcError::new(Code::InvalidRequest, text))
            }
        }
    }
}

impl ReplyTo {
    /// Nobody that said who they are.
    pub const UNKNOWN: Self = Self { id: Some(Value::Null), version: Version::One };

    /// Whether they want no reply (JSON-RPC 2.0, section 4.1).
    #[must_use]
    pub fn is_notification(&self) -> bool {
        self.id.is_none() && self.version == Version::Two
    }
}

impl Body {
    /// Reads a request's body.
    ///
    /// # Errors
    /// -32700 if it is not JSON, is nested too deeply, or is neither an object nor an array.
    pub fn parse(bytes: &[u8]) -> Result<Self, RpcError> {
        let text = std::str::from_utf8(bytes).map_err(|_| parse_error())?;
        match Value::read(text).map_err(|_| parse_error())? {
            one @ Value::Object(_) => Ok(Self::Single(call(one))),
            Value::Array(calls) => Ok(Self::Batch(calls.into_iter().map(call).collect())),
            _ => Err(RpcError::new(Code::Parse, "Top-level object parse error")),
        }
    }
}

/// The reply to one call.
#[derive(Debug)]
pub struct Reply {
    /// Whom it is for.
    pub to: ReplyTo,
    /// What came of the call.
    pub outcome: Result<Answer, RpcError>,
}

impl Reply {
    /// The HTTP status of a reply that stands alone.
    #[must_use]
    pub fn status(&self) -> u16 {
        match &self.outcome {
            Err(error) if self.to.version == Version::One => match error.code {
                INVALID_REQUEST => 400,
                METHOD_NOT_FOUND => 404,
                _ => 500,
            },
            _ => 200,
        }
    }
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let one = self.to.version == Version::One;
        let mut map = serializer.serialize_map(None)?;
        if !one {
            map.serialize_entry("jsonrpc", "2.0")?;
        }
        match &self.outcome {
            Ok(result) => {
                map.serialize_entry("result", result)?;
                if one {
                    map.serialize_entry("error", &())?;
                }
            }
            Err(error) => {
                if one {
                    map.serialize_entry("result", &())?;
                }
                map.serialize_entry("error", error)?;
            }
        }
        if let Some(id) = &self.to.id {
            map.serialize_entry("id", id)?;
        }
        map.end()
    }
}

fn call(value: Value) -> Result<Call, Refused> {
    let mut to = ReplyTo::UNKNOWN;
    let invalid = |to: &ReplyTo, message: &str| Refused {
        to: to.clone(),
        error: RpcError::new(Code::InvalidRequest, message),
    };
    let Value::Object(fields) = value else {
        return Err(invalid(&to, "Invalid Request object"));
    };
    // Other fields than these four are ignored; of one that is there twice, the first counts, as in
    // Core.
    let mut fields = fields.into_fields();
    let mut taken = |name: &str| {
        let (_, value) = fields.iter_mut().find(|(own, _)| own == name)?;
        Some(std::mem::replace(value, Value::Null))
    };
    to.id = taken("id");
    let mut field = |name: &str| taken(name).unwrap_or(Value::Null);
    to.version = match field("jsonrpc") {
        Value::Null => Version::One,
        Value::String(version) if version == "1.0" => Version::One,
        Value::String(version) if version == "2.0" => Version::Two,
        Value::String(_) => return Err(invalid(&to, "JSON-RPC version not supported")),
        _ => return Err(invalid(&to, "jsonrpc field must be a string")),
    };
    let method = match field("method") {
        Value::String(method) => method,
        Value::Null => return Err(invalid(&to, "Missing method")),
        _ => return Err(invalid(&to, "Method must be a string")),
    };
    let params = Params::of(field("params"));
    let params = params.map_err(|error| Refused { to: to.clone(), error })?;
    Ok(Call { to, method, params })
}

fn parse_error() -> RpcError {
    RpcError::new(Code::Parse, "Parse error")
}

const INVALID_REQUEST: i32 = Code::InvalidRequest as i32;
const METHOD_NOT_FOUND: i32 = Code::MethodNotFound as i32;

#[cfg(test)]
mod tests;
