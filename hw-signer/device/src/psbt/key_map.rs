//! Owns the bytes of a PSBT as maps of keys and values (BIP174, "Specification"), whatever they
//! mean.
//!
//! Refuses what is cut off, and a key twice in one map. Copies nothing, so that a hostile length
//! costs no memory.

use alloc::vec::Vec;

use bitcoin::consensus::Encodable;
use bitcoin::consensus::encode::VarInt;

use crate::limits::{REQUEST_BYTES, TRANSACTION_PARTS};

/// One map: the pairs up to its separator, in the order in which they stand.
pub(super) struct KeyMap<'a> {
    pairs: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> KeyMap<'a> {
    /// Takes one map from the front of `bytes`.
    pub(super) fn take(bytes: &mut &'a [u8]) -> Result<Self, MalformedPsbt> {
        let mut pairs = Vec::new();
        loop {
            let key = take_sized(bytes)?;
            if key.is_empty() {
                break;
            }
            pairs.push((key, take_sized(bytes)?));
        }
        let mut keys: Vec<_> = pairs.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|two| two[0] == two[1]) {
            return Err(MalformedPsbt::Repeated);
        }
        Ok(Self { pairs })
    }

    /// The value under a type of one byte that has no key data.
    pub(super) fn value(&self, field: u8) -> Option<&'a [u8]> {
        self.pairs.iter().find(|(key, _)| *key == [field]).map(|(_, value)| *value)
    }

    /// The value under a type without key data, if it is as long as it must be.
    pub(super) fn number<const N: usize>(
        &self,
        field: u8,
    ) -> Result<Option<[u8; N]>, MalformedPsbt> {
        let value = self.value(field).map(<[u8; N]>::try_from).transpose();
        value.map_err(|_| MalformedPsbt::Field(field))
    }

    /// The pairs.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + '_ {
        self.pairs.iter().copied()
    }

    /// Refuses a map that has one of these types.
    pub(super) fn forbid(&self, fields: &[u8]) -> Result<(), MalformedPsbt> {
        let found = self.pairs.iter().map(|(key, _)| key[0]).find(|field| fields.contains(field));
        found.map_or(Ok(()), |field| Err(MalformedPsbt::Field(field)))
    }
}

/// Writes one pair.
pub(super) fn put(bytes: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    for part in [key, value] {
        VarInt::from(part.len()).consensus_encode(bytes).expect("a vector takes any bytes");
        bytes.extend_from_slice(part);
    }
}

/// Takes a number in the form of a length from the front of `bytes`.
pub(super) fn take_size(bytes: &mut &[u8]) -> Result<u64, MalformedPsbt> {
    let (&first, rest) = bytes.split_first().ok_or(MalformedPsbt::CutOff)?;
    let width = match first {
        0xfd => 2,
        0xfe => 4,
        0xff => 8,
        small => {
            *bytes = rest;
            return Ok(u64::from(small));
        }
    };
    let (number, rest) = rest.split_at_checked(width).ok_or(MalformedPsbt::CutOff)?;
    *bytes = rest;
    let mut wide = [0; 8];
    wide[..width].copy_from_slice(number);
    Ok(u64::from_le_bytes(wide))
}

fn take_sized<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], MalformedPsbt> {
    let size = usize::try_from(take_size(bytes)?).map_err(|_| MalformedPsbt::CutOff)?;
    let (taken, rest) = bytes.split_at_checked(size).ok_or(MalformedPsbt::CutOff)?;
    *bytes = rest;
    Ok(taken)
}

/// Why bytes are not a PSBT that is looked at. Fields go by their type in the BIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPsbt {
    /// More bytes than a request may have.
    #[error("the transaction is too large: {REQUEST_BYTES} bytes are the most")]
    TooLarge,
    /// Something else.
    #[error("this is not a PSBT")]
    NotAPsbt,
    /// It ends in the middle.
    #[error("the PSBT is cut off")]
    CutOff,
    /// Something follows it.
    #[error("something follows the PSBT")]
    Trailing,
    /// A map has a key twice.
    #[error("the PSBT has a field twice")]
    Repeated,
    /// A version that nobody knows.
    #[error("the PSBT has the unknown version {0}")]
    Version(u32),
    /// A field that must be there is not.
    #[error("the PSBT lacks the field {0:#04x}")]
    Missing(u8),
    /// A field is not of its form, or may not be there.
    #[error("the PSBT's field {0:#04x} is wrong")]
    Field(u8),
    /// Its transaction is not an unsigned one with inputs and outputs.
    #[error("the PSBT's transaction is signed already, or has no inputs or outputs")]
    Transaction,
    /// Its inputs require lock times that no transaction can have at once.
    #[error("the PSBT's inputs require contradicting lock times")]
    LockTime,
    /// More inputs or outputs than are reviewed.
    #[error("the transaction has too many inputs or outputs: {TRANSACTION_PARTS} are the most")]
    TooManyParts,
}
