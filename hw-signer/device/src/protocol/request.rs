//! Owns `Request`: one message of a host, checked.
//!
//! Parameters may be absent or null. Refuses messages without an id or a method.

use alloc::borrow::ToOwned;
use alloc::string::String;

use minicbor::Decoder;
use minicbor::data::Type;

use crate::limits::{ID_BYTES, METHOD_BYTES};
use crate::protocol::call::{Call, CallError};
use crate::protocol::params::Params;

/// A request of a host.
#[derive(Debug)]
pub struct Request {
    /// Which reply belongs to it; some hosts use one id for all.
    pub id: Id,
    /// What is asked for, or why it can't be.
    pub call: Result<Call, CallError>,
}

impl Request {
    /// Reads one message.
    ///
    /// # Errors
    /// [`NoRequest`] if it has no id or no method.
    pub fn parse(message: &[u8]) -> Result<Self, NoRequest> {
        let shape = Shape::read(message).ok().flatten().ok_or(NoRequest)?;
        let call = Params::read(shape.params)
            .map_err(CallError::from)
            .and_then(|params| Call::read(shape.method, &params));
        Ok(Self { id: shape.id, call })
    }
}

/// The name of a request, which its reply repeats: up to 16 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id(String);

impl Id {
    /// The id that hosts understand as "to no request in particular".
    #[must_use]
    pub fn none() -> Self {
        Self("00".to_owned())
    }

    /// Reads an id; `None` if it is empty or too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= ID_BYTES).then(|| Self(text.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A message that is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a request: it must have an id and a method")]
pub struct NoRequest;

struct Shape<'m> {
    id: Id,
    method: &'m str,
    params: &'m [u8],
}

impl<'m> Shape<'m> {
    fn read(message: &'m [u8]) -> Result<Option<Self>, minicbor::decode::Error> {
        let mut decoder = Decoder::new(message);
        let (mut id, mut method, mut params) = (None, None, None);
        for _ in 0..decoder.map()?.unwrap_or(0) {
            let repeated = match decoder.str()? {
                "id" => id.replace(Id::parse(decoder.str()?)).is_some(),
                "method" => method.replace(decoder.str()?).is_some(),
                "params" => {
                    let from = decoder.position();
                    let null = decoder.datatype()? == Type::Null;
                    decoder.skip()?;
                    let bytes = &message[from..decoder.position()];
                    params.replace(if null { EMPTY } else { bytes }).is_some()
                }
                _ => {
                    decoder.skip()?;
                    false
                }
            };
            if repeated {
                return Ok(None);
            }
        }
        let method = method.filter(|method| method.len() <= METHOD_BYTES);
        let (Some(id), Some(method)) = (id.flatten(), method) else { return Ok(None) };
        Ok(Some(Self { id, method, params: params.unwrap_or(EMPTY) }))
    }
}

/// A map of nothing.
const EMPTY: &[u8] = &[0xa0];
