//! Owns `Params`: the parameters of a request by their names.
//!
//! A parameter that is null is absent, and those that nobody asks for are left alone: hosts send
//! more than is needed. Refuses wrong types, repeated names and lists without an end.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use minicbor::Decoder;
use minicbor::data::Type;

use crate::limits::{PARAMS, PATH_STEPS, POLICY_KEYS};

/// The parameters of one request, or of a part of it.
pub(super) struct Params<'m>(Vec<(&'m str, &'m [u8])>);

impl<'m> Params<'m> {
    /// Reads a map.
    pub(super) fn read(map: &'m [u8]) -> Result<Self, ParamsError> {
        let mut decoder = Decoder::new(map);
        let entries = decoder.map().ok().flatten().ok_or(ParamsError::NotAMap)?;
        let mut params = Vec::new();
        for _ in 0..entries {
            let entry = Self::entry(map, &mut decoder).map_err(|_| ParamsError::NotAMap)?;
            if params.len() == PARAMS {
                return Err(ParamsError::TooMany);
            }
            if params.iter().any(|(name, _)| *name == entry.0) {
                return Err(ParamsError::Repeated);
            }
            params.push(entry);
        }
        Ok(Self(params))
    }

    fn entry(
        map: &'m [u8],
        decoder: &mut Decoder<'m>,
    ) -> Result<(&'m str, &'m [u8]), minicbor::decode::Error> {
        let name = decoder.str()?;
        let from = decoder.position();
        decoder.skip()?;
        Ok((name, &map[from..decoder.position()]))
    }

    /// Whether there is something of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// A text.
    pub(super) fn text(&self, name: &'static str) -> Result<&'m str, ParamsError> {
        self.value(name, |decoder| decoder.str().ok())
    }

    /// Bytes.
    pub(super) fn bytes(&self, name: &'static str) -> Result<&'m [u8], ParamsError> {
        self.value(name, |decoder| decoder.bytes().ok())
    }

    /// A number.
    pub(super) fn number(&self, name: &'static str) -> Result<u32, ParamsError> {
        self.value(name, |decoder| decoder.u32().ok())
    }

    /// Yes or no.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, ParamsError> {
        self.value(name, |decoder| decoder.bool().ok())
    }

    /// The numbers of a path.
    pub(super) fn path(&self, name: &'static str) -> Result<Vec<u32>, ParamsError> {
        self.value(name, read_path)
    }

    /// Several paths.
    pub(super) fn paths(&self, name: &'static str) -> Result<Vec<Vec<u32>>, ParamsError> {
        self.list(name, read_path)
    }

    /// A map.
    pub(super) fn map(&self, name: &'static str) -> Result<Self, ParamsError> {
        let bytes = self.find(name).ok_or(ParamsError::Missing { name })?;
        Self::read(bytes).map_err(|_| ParamsError::Wrong { name })
    }

    /// Several maps.
    pub(super) fn maps(&self, name: &'static str) -> Result<Vec<Self>, ParamsError> {
        let maps = self.list(name, |decoder| {
            let from = decoder.position();
            decoder.skip().ok()?;
            Some(&decoder.input()[from..decoder.position()])
        })?;
        maps.into_iter()
            .map(|map| Self::read(map).map_err(|_| ParamsError::Wrong { name }))
            .collect()
    }

    /// All entries, as texts.
    pub(super) fn texts(&self) -> Result<Vec<(String, String)>, ParamsError> {
        let text = |bytes| Decoder::new(bytes).str().ok().map(ToOwned::to_owned);
        self.0
            .iter()
            .map(|(name, bytes)| text(bytes).map(|text| ((*name).to_owned(), text)))
            .collect::<Option<_>>()
            .ok_or(ParamsError::NotTexts)
    }

    fn find(&self, name: &str) -> Option<&'m [u8]> {
        let found = self.0.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)?;
        let null = Decoder::new(found).datatype().is_ok_and(|kind| kind == Type::Null);
        (!null).then_some(found)
    }

    fn value<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&mut Decoder<'m>) -> Option<T>,
    ) -> Result<T, ParamsError> {
        let bytes = self.find(name).ok_or(ParamsError::Missing { name })?;
        read(&mut Decoder::new(bytes)).ok_or(ParamsError::Wrong { name })
    }

    fn list<T>(
        &self,
        name: &'static str,
        read: impl FnMut(&mut Decoder<'m>) -> Option<T>,
    ) -> Result<Vec<T>, ParamsError> {
        self.value(name, |decoder| read_list(decoder, POLICY_KEYS, read))
    }
}

/// Why parameters can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// They are no map.
    #[error("the parameters are not a map")]
    NotAMap,
    /// There are more than any request has.
    #[error("there are too many parameters")]
    TooMany,
    /// One comes twice.
    #[error("a parameter comes twice")]
    Repeated,
    /// One that the request needs is not there.
    #[error("the parameter {name} is missing")]
    Missing {
        /// Which.
        name: &'static str,
    },
    /// One is of a wrong type, or too long.
    #[error("the parameter {name} is of a wrong type or length")]
    Wrong {
        /// Which.
        name: &'static str,
    },
    /// A map of texts holds something else.
    #[error("the values are not texts")]
    NotTexts,
}

fn read_path(decoder: &mut Decoder<'_>) -> Option<Vec<u32>> {
    read_list(decoder, PATH_STEPS, |decoder| decoder.u32().ok())
}

fn read_list<'m, T>(
    decoder: &mut Decoder<'m>,
    most: usize,
    read: impl FnMut(&mut Decoder<'m>) -> Option<T>,
) -> Option<Vec<T>> {
    let length = usize::try_from(decoder.array().ok()??).ok().filter(|length| *length <= most)?;
    let mut read = read;
    (0..length).map(|_| read(decoder)).collect()
}
